"""The laboratory with agents that are language models: what it says of calls, money, keys and beliefs."""

from __future__ import annotations

import asyncio
import threading
from math import prod
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from model_host import lab_of
from speaking import RULE, SHARES, connected, follows, measured, rule, samples, spoken
from textual.widgets import Input, Static
from waiting import until

from iicl_tui.agents.calls import Reply, Request, Usage
from iicl_tui.agents.failures import CallFailed
from iicl_tui.agents.money import money_text, spent_text
from iicl_tui.agents.retry import RetryPolicy
from iicl_tui.chain.engine import Chain
from iicl_tui.store import settings as stored
from iicl_tui.store.settings import Settings
from iicl_tui.tui.screens.error import ErrorScreen
from iicl_tui.tui.screens.lab import LabScreen
from iicl_tui.tui.screens.messages import MessagesScreen
from iicl_tui.tui.screens.transcript import TranscriptScreen
from iicl_tui.tui.widgets.inline_form import InlineForm
from iicl_tui.tui.widgets.lab_chart import LabChart
from iicl_tui.tui.widgets.log_list import LogList
from iicl_tui.tui.widgets.phases import PhaseLine

SIZES = [(80, 24), (120, 40), (200, 60)]
LOGPROBS = {"belief": "logprobs"}
ELSEWHERE = {"base-url": "http://elsewhere.example:8080/v1", "key-env": "SOME_KEY"}
KEY = {"SOME_KEY": "sk-secret"}
BILLED = "The provider may still bill the call that was given up."


# -- money


async def test_what_is_spent_stands_above_and_grows_with_every_call(tmp_path: Path) -> None:
    async with lab_of(tmp_path) as host:
        assert "0 tokens" in host.header
        seen = []
        for _ in range(5):
            await host.press("space")
            assert spent_text(host.chain.spent) in host.header
            seen.append(host.chain.spent.dollars)
        assert 0 < seen[0] == seen[1] < seen[2] < seen[3] == seen[4]
        assert f"{money_text(host.chain.spent_in(2).dollars)}" in host.text("#phases")
        await host.press("left_square_bracket")
        assert host.state.selected == 1
        assert f"{money_text(host.chain.spent_in(1).dollars)}" in host.text("#phases")
        assert host.state.cost != ""
        await host.press("left_curly_bracket")
        assert host.state.cost == ""


async def test_what_is_spent_grows_in_mid_phase_too(tmp_path: Path) -> None:
    async with lab_of(tmp_path, agent={"belief": "samples", "draws": 3}) as host:
        send, gate, second = host.model.send, asyncio.Event(), asyncio.Event()

        async def slow(request: Request) -> Reply:
            if len(host.model.requests) == 2:
                second.set()
                await gate.wait()
            return await send(request)

        host.model.send = slow  # type: ignore[method-assign]
        host.screen.action_next_phase()
        await second.wait()
        host.screen._tick()
        await host.pilot.pause()
        assert host.chain.spent.calls == 2
        assert spent_text(host.chain.spent) in host.header
        assert host.words.startswith("draws another rule")
        gate.set()
        await host.rest()
        assert spent_text(host.chain.spent) in host.header


async def test_money_has_its_place_also_where_there_is_little(tmp_path: Path) -> None:
    chain = {"title": "E2 spurious bias · GPT · high · h033", "generations": 4}
    async with lab_of(tmp_path, size=(80, 24), steps=3, chain=chain) as host:
        assert money_text(host.chain.spent.dollars) in host.header
        assert money_text(host.chain.spent_in(1).dollars) in (await _looked_at(host, 1)).text("#phases")


@pytest.mark.parametrize(("size", "tokens"), [((60, 16), False), ((80, 24), True), ((120, 40), True)])
async def test_a_long_title_leaves_what_is_spent_its_room(tmp_path: Path, size: tuple[int, int], tokens: bool) -> None:
    chain = {"title": "A title that says at length what it is all about, " * 3, "generations": 4}
    async with lab_of(tmp_path, size=size, steps=3, chain=chain) as host:
        for _ in range(2):
            header = host.header
            assert header.startswith("≡ A title that")
            assert "…" in header
            assert "generation 2/4" in header
            assert (spent_text if tokens else lambda spent: money_text(spent.dollars))(host.chain.spent) in header
            assert header.rstrip().endswith("● saved")
            await host.press("space")


async def test_names_of_phases_are_shortened_where_they_do_not_fit(tmp_path: Path) -> None:
    for size, following, names in [
        ((80, 24), True, ("◉ Imitation", "○ Interaction", "○ Transmission")),
        ((60, 16), True, ("gen. 2 of 4 ", "◉ Imitation", "○ Interaction", "○ Transmission")),
        ((60, 16), False, ("gen. 1 of 4 ", "● Imitation", "● Interaction", "● Transmission")),
    ]:
        folder = tmp_path / f"{size[0]}{following}"
        folder.mkdir()
        async with lab_of(folder, size=size, steps=3, chain={"generations": 4}) as host:
            line = (await _looked_at(host, 2 if following else 1)).text("#phases")
            assert all(name in line for name in names), line
    folder = tmp_path / "many"
    folder.mkdir()
    async with lab_of(folder, size=(60, 16), steps=3, chain={"generations": 12345}) as host:
        assert "generation" not in host.text("#phases")
        line = host.screen.query_one(PhaseLine)
        line.place = "generation 10000 of 12345, looking back"
        await host.pilot.pause()
        assert host.text("#phases").strip() == "gen. 10000 of 12345   ◉ Imitation ○ Interaction ○ Trans."


async def _looked_at(host: Any, generation: int) -> Any:
    host.screen.look_at(generation)
    await host.rest()
    return host


async def test_an_unknown_price_says_so(tmp_path: Path) -> None:
    async with lab_of(tmp_path, agent={"model": "nobody-knows-it"}) as host:
        assert "not known" in host.words
        assert "token-budget" in host.words
        await host.press("space")
        assert host.header.count("price unknown") == 1
        assert host.state.cost.endswith("tokens")


async def test_a_chain_without_models_says_nothing_of_money(tmp_path: Path) -> None:
    async with lab_of(tmp_path, agent=[{"kind": "bayes"}], steps=2) as host:
        assert "token" not in host.header
        assert host.state.cost == host.state.belief.caption == ""
        assert host.screen.check_action("budget", ()) is False


async def test_a_new_chain_says_what_it_will_take(tmp_path: Path) -> None:
    async with lab_of(tmp_path, size=(80, 24), chain={"budget": 2.5}) as host:
        assert host.words.startswith("About 6 calls and ")
        assert "The budget is $2.50." in host.words
        assert "Next: an agent sees d⁰" in host.words
        await host.press("space")
        assert "About" not in host.words


PRICE = {"price": {"input": 1000.0, "output": 1000.0}, "max-tokens": 1000}  # a dollar for a thousand tokens


@pytest.mark.parametrize("size", SIZES)
async def test_a_budget_that_is_reached_is_raised_in_the_lab(tmp_path: Path, size: tuple[int, int]) -> None:
    def answer(request: Request) -> Reply:
        made = follows(config)(request)
        assert isinstance(made, str)
        return Reply(made, usage=Usage(500, 500))

    config, _ = spoken()
    async with lab_of(tmp_path, answer, size=size, agent=PRICE, chain={"budget": 3.0, "generations": 2}) as host:
        await host.press("R")
        assert isinstance(host.app.screen, ErrorScreen)
        assert "budget" in host.app.screen.text
        await host.pilot.press("escape")
        made = len(host.model.requests)
        assert 0 < made < 4
        assert host.words == "The next call was not sent: it could pass the budget of $3.00."
        assert host.actions == ["lab.budget", "lab.next-phase"]
        await host.press("dollar_sign")
        field = host.screen.query_one(InlineForm).query_one(Input)
        assert field.value == "6"
        assert spent_text(host.chain.spent) in str(host.screen.query_one("#ask-hint", Static).content)
        for wrong in ("", "much", "-1", "1e9", "9" * 30):
            field.value = wrong
            await host.press("enter")
            assert host.chain.budget.dollars == 3.0
        field.value = "0.5"
        await host.pilot.pause()
        assert "less than what is spent" in str(host.screen.query_one("#ask-hint", Static).content)
        field.value = "100"
        await host.press("enter")
        assert not host.screen.query(InlineForm)
        assert "budget" not in host.words
        await host.press("R")
        assert host.chain.status == "finished"
        assert host.chain.config.budget.dollars == 3.0  # the file keeps its own


async def test_a_budget_in_tokens_is_asked_for_where_there_is_one(tmp_path: Path) -> None:
    async with lab_of(tmp_path, chain={"token-budget": 1000}) as host:
        await host.press("space", "escape", "dollar_sign")
        ask = host.screen.query_one(InlineForm)
        assert [question.key for question in ask.questions] == ["dollars", "tokens"]
        assert ask.answers["tokens"] == "2000"
        await host.press("enter")
        assert (host.chain.budget.dollars, host.chain.budget.tokens) == (10.0, 2000)


@pytest.mark.parametrize("chain", [{"budget": 0.03}, {"budget": 0.0}, {"token-budget": 100}, {"budget": 0.03, "token-budget": 7}])
async def test_the_budget_that_is_proposed_lets_the_next_call_be_made(tmp_path: Path, chain: dict[str, Any]) -> None:
    async with lab_of(tmp_path, agent=PRICE, chain=chain) as host:
        await host.press("space", "escape", "dollar_sign")
        assert not host.model.requests
        ask = host.screen.query_one(InlineForm)
        hint = ask.query_one("#ask-hint", Static)
        assert "does not fit" not in str(hint.content)
        proposed = dict(ask.answers)
        assert all(sum(digit != "0" for digit in text.replace(".", "")) <= 2 for text in proposed.values())
        field = ask.query(Input).last()
        least = float(field.value)
        field.value = "1"
        await host.pilot.pause()
        assert "The next call still does not fit." in str(hint.content)
        field.value = f"{least:g}"
        await host.press("enter", "space")
        assert len(host.model.requests) == 1


# -- waiting and calling


async def test_what_is_asked_for_is_said_and_escape_gives_it_up_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with lab_of(tmp_path) as host:
        now = [100.0]
        monkeypatch.setattr("iicl_tui.agents.model_session.time", SimpleNamespace(monotonic=lambda: now[0]))
        monkeypatch.setattr(LabScreen, "clock", staticmethod(lambda: now[0]))
        host.model.hold = True
        host.screen.action_next_phase()
        await host.model.asked.wait()
        await until(lambda: host.state.activity.busy)  # once, all is made anew
        host.screen._tick()
        await host.pilot.pause()
        assert host.words == "asks what it learns · gpt-6-luna · 0 s"
        assert host.actions == ["app.back"]
        chart, drawn = host.screen.query_one(LabChart), []
        monkeypatch.setattr(chart, "redraw", lambda: drawn.append(chart.view))
        belief = chart.view
        for seconds in (1, 2, 65):
            now[0] = 100.0 + seconds
            host.screen._tick()
            await host.pilot.pause()
            assert host.words == f"asks what it learns · gpt-6-luna · {seconds} s"
            assert chart.view is belief
        assert not drawn
        assert host.screen._ticker._active.is_set()
        await host.press("escape")
        assert host.app.screen is host.screen
        assert not host.screen._ticker._active.is_set()
        assert host.chain.calling is None
        assert not host.chain.calls
        assert "asks for" not in host.words
        [said] = [note.message for note in host.app._notifications]
        assert said.startswith("A call that got no reply may be billed for up to "), "at most its prompt and its longest reply"
        host.model.hold = False
        monkeypatch.undo()
        await host.press("space")
        assert host.chain.next == (1, "interaction")


async def test_while_it_waits_it_says_for_what_and_how_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with lab_of(tmp_path, size=(80, 24)) as host:
        host.model.answers = lambda request: CallFailed("busy", "The server is \x1b[31mbusy", retry_after=40)
        agent = host.chain.config.agents[0]
        agent.retry_policy = RetryPolicy(4)  # type: ignore[attr-defined]
        host.screen.action_next_phase()
        await until(lambda: host.chain.calling is not None and host.chain.calling.waiting is not None)
        calling = host.chain.calling
        assert calling is not None
        assert calling.waiting is not None
        now = calling.waiting.until - 37
        monkeypatch.setattr(LabScreen, "clock", staticmethod(lambda: now))
        host.screen._tick()
        await host.pilot.pause()
        assert host.words.startswith("try 2 of 4 in 37 s: The server is ␛[31mbusy · asks what it learns")
        assert "try 2 of 4 in 37 s" in host.text("#words")
        assert "Esc cancel" in host.text("#words")
        await host.press("escape")
        assert host.chain.calling is None
        assert host.app.screen is host.screen


async def test_quitting_in_mid_call_says_once_what_it_may_cost(tmp_path: Path) -> None:
    async with lab_of(tmp_path) as host:
        host.model.hold = True
        host.screen.action_run_to_end()
        await host.model.asked.wait()
        await host.pilot.press("q")
        assert host.app.return_code is None
        assert [note.title for note in host.app._notifications] == ["A model is being asked"]
        assert all(BILLED in note.message for note in host.app._notifications)
        assert host.chain.calling is not None, "the warning alone gives nothing up"
        await host.pilot.press("q")
        assert host.app.return_code is not None
        chain = host.chain
    assert [call.purpose for call in chain.recorded_calls] == ["no-reply"], "what it may cost is recorded on the way out"
    assert not chain.unsaved


async def test_giving_up_a_wait_between_two_tries_costs_nothing_and_says_nothing(tmp_path: Path) -> None:
    async with lab_of(tmp_path) as host:
        host.model.answers = lambda request: CallFailed("busy", "busy", retry_after=30.0)
        host.screen.action_next_phase()
        await until(lambda: host.chain.calling is not None and host.chain.calling.waiting is not None)
        await host.press("escape")
        assert not host.app._notifications
        assert host.chain.calling is None


async def test_a_run_may_be_paused_while_a_model_is_asked(tmp_path: Path) -> None:
    async with lab_of(tmp_path) as host:
        host.model.hold = True
        host.screen.action_run_to_end()
        await host.model.asked.wait()
        host.screen._tick()
        host.screen.rebuild()
        assert host.actions == ["app.back", "lab.pause"]
        host.screen.action_pause()
        host.model.release.set()
        await host.rest()
        assert host.chain.next == (1, "interaction")


async def test_the_screen_lives_on_while_a_library_loads_in_a_thread(tmp_path: Path) -> None:
    gate = threading.Event()
    async with lab_of(tmp_path) as host:
        send = host.model.send

        async def slow(request: Request) -> Reply:
            await asyncio.to_thread(gate.wait)
            return await send(request)

        host.model.send = slow  # type: ignore[method-assign]
        host.screen.action_next_phase()
        await until(lambda: host.chain.calling is not None)
        await host.pilot.press("v", "left_curly_bracket")
        assert host.state.belief.form == "mosaic"
        assert host.state.selected == 0
        await until(lambda: "asks what it learns" in host.words)  # the timer goes on by itself
        gate.set()
        await host.rest()
        assert host.chain.next == (1, "interaction")


async def test_what_a_model_does_not_take_is_told_once(tmp_path: Path) -> None:
    config, _ = spoken()

    def answer(request: Request) -> Any:
        if request.temperature is not None:
            return CallFailed("parameter", "no", parameter="temperature")
        return follows(config)(request)

    async with lab_of(tmp_path, answer, agent={"model": "[/] odd"}) as host:
        await host.press("g", "g")
        assert [text for text in host.toasts if "temperature" in text] == [
            "[/] odd does not support temperature. It is left out, and each call's record says so."
        ]


async def test_connections_are_given_up_when_the_lab_is_left(tmp_path: Path) -> None:
    async with lab_of(tmp_path, steps=1) as host:
        await host.press("g")
        assert host.model.closed == 0
        await host.pilot.press("escape")
        await until(lambda: host.app.screen.query("#list").first() is not None)
        await until(lambda: host.model.closed == 1)


async def test_a_connection_that_cannot_be_closed_ends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with lab_of(tmp_path) as host:
        await host.press("space")

        async def broken() -> None:
            raise OSError("gone")

        monkeypatch.setattr(host.model, "close", broken)
        screen = host.screen
        await host.pilot.press("escape")
        await until(lambda: not screen.is_running)
    assert host.app.return_code in (None, 0)


# -- keys and hosts


@pytest.mark.parametrize(
    ("written", "answer"), [("no", "no"), ("No", "no"), ("yes", "yes"), (" YES ", "yes"), ("always", "always"),
                            ("Always", "always")],
)  # fmt: skip
async def test_a_host_of_the_sessions_own_gets_a_key_only_when_one_says_so(tmp_path: Path, written: str, answer: str) -> None:
    async with lab_of(tmp_path, agent=ELSEWHERE, environment=KEY, size=(80, 24)) as host:
        credential = host.chain.config.agents[0].credential
        assert credential is not None
        await host.press("space")
        ask = host.screen.query_one(InlineForm)
        assert not host.model.requests
        assert ask.answers == {"answer": "no"}
        said = str(ask.query_one("#ask-hint", Static).content)
        assert "elsewhere.example:8080" in said
        assert "SOME_KEY" in said
        assert "sk-secret" not in host.text("#ask-hint")
        for other in ("perhaps", "", "yess", "nö", "a", "A", "y", "n", "al", "ye", "alway"):
            ask.query_one(Input).value = other
            await host.press("enter")
            assert not host.model.requests
        ask.query_one(Input).value = written
        await host.press("enter")
        assert not host.screen.query(InlineForm)
        assert len(host.model.requests) == 1
        assert host.chain.access.key(credential) == (None if answer == "no" else "sk-secret")
        await host.press("space", "space", "space")
        assert len(host.model.requests) == 3  # and it is not asked again
        kept = stored.load(tmp_path / "settings.toml")[0].hosts
        assert kept == (("SOME_KEY@http://elsewhere.example:8080",) if answer == "always" else ())
        assert host.app.settings.hosts == kept


async def test_a_question_is_answered_with_the_mouse_alone(tmp_path: Path) -> None:
    async with lab_of(tmp_path, agent=ELSEWHERE, environment=KEY, size=(80, 24)) as host:

        async def click(words: str) -> None:
            line = host.text("#ask-keys")
            assert await host.pilot.click("#ask-keys", offset=(line.index(words) + 1, 0))
            await host.rest()

        await host.press("space")
        await click("cancel")
        assert host.app.screen is host.screen
        assert not host.screen.query(InlineForm)
        assert not host.model.requests
        await host.press("space")
        ask = host.screen.query_one(InlineForm)
        await click("·")
        assert ask.answers == {"answer": "no"}
        await click("other values")
        assert ask.answers == {"answer": "yes"}
        await host.pilot.press(*"always")  # in place of what stood there
        await click("do it")
        assert len(host.model.requests) == 1
        assert host.app.settings.hosts == ("SOME_KEY@http://elsewhere.example:8080",)


@pytest.mark.parametrize(
    ("agent", "entry"),
    [
        ({"key-env": "SOME_KEY"}, "SOME_KEY@api.openai.com"),
        ({"base-url": "http://api.openai.com/v1"}, "http://api.openai.com"),
        ({"base-url": "https://elsewhere.example/v1"}, "elsewhere.example"),
    ],
)
async def test_the_question_names_variable_and_host_and_always_keeps_just_that(
    tmp_path: Path, agent: dict[str, str], entry: str
) -> None:
    environment = {"SOME_KEY": "sk-secret", "OPENAI_API_KEY": "sk-other"}
    async with lab_of(tmp_path, agent=agent, environment=environment) as host:
        credential = host.chain.config.agents[0].credential
        assert credential is not None
        await host.press("space")
        ask = host.screen.query_one(InlineForm)
        said = str(ask.query_one("#ask-hint", Static).content)
        assert said.startswith(entry.rpartition("@")[2])
        assert agent.get("key-env", "OPENAI_API_KEY") in said
        assert ("unencrypted" in said) is False  # nothing goes there yet
        assert host.chain.access.key(credential) is None
        await host.press(*"always")
        said = str(ask.query_one("#ask-hint", Static).content)
        assert ("unencrypted" in said) is entry.startswith("http://")
        await host.press("enter")
        assert host.app.settings.hosts == (entry,)
        assert host.chain.access.key(credential) == environment[agent.get("key-env", "OPENAI_API_KEY")]
        assert len(host.model.requests) == 1


async def test_a_host_that_cannot_be_written_down_gets_the_key_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").mkdir()
    async with lab_of(tmp_path, agent=ELSEWHERE, environment=KEY) as host:
        await host.press("space")
        host.screen.query_one(InlineForm).query_one(Input).value = "always"
        await host.press("enter")
        assert len(host.model.requests) == 1
        assert any(each.title == "The host was not saved" for each in host.app._notifications)


async def test_a_question_about_a_key_that_is_not_answered_starts_nothing(tmp_path: Path) -> None:
    async with lab_of(tmp_path, agent=ELSEWHERE, environment=KEY) as host:
        await host.press("R", "escape")
        assert not host.screen.query(InlineForm)
        assert not host.model.requests
        await host.press("R")
        assert host.screen.query(InlineForm)
        await host.press("enter")
        assert host.chain.status == "finished"  # what was asked for first: a run


async def test_each_pair_of_a_key_and_a_host_is_asked_about_once(tmp_path: Path) -> None:
    agents = [
        {"kind": "openai", "belief": "none", **ELSEWHERE},
        {"kind": "openai", "belief": "none", **ELSEWHERE},
        {"kind": "openai", "belief": "none", **ELSEWHERE, "key-env": "OTHER_KEY"},
        {"kind": "mistral", "belief": "none", "base-url": "http://third.example", "key-env": "SOME_KEY"},
    ]
    async with lab_of(tmp_path, agent=agents, environment={**KEY, "OTHER_KEY": "x"}) as host:
        await host.press("space")
        assert "SOME_KEY" in str(host.screen.query_one("#ask-hint", Static).content)
        await host.press("enter")
        assert "OTHER_KEY" in str(host.screen.query_one("#ask-hint", Static).content)
        await host.press("enter")
        assert "third.example" in str(host.screen.query_one("#ask-hint", Static).content)
        await host.press("enter", "space")
        assert not host.screen.query(InlineForm)
        assert host.chain.next == (1, "transmission")


async def test_nobody_is_asked_where_there_is_no_key_or_the_host_is_agreed_to(tmp_path: Path) -> None:
    for number, (environment, hosts) in enumerate([({}, ()), (KEY, ("SOME_KEY@http://elsewhere.example:8080",))]):
        folder = tmp_path / str(number)
        folder.mkdir()
        settings = Settings(hosts=hosts)
        async with lab_of(folder, agent=ELSEWHERE, environment=environment, settings=settings) as host:
            await host.press("space")
            assert not host.screen.query(InlineForm)
            assert len(host.model.requests) == 1


# -- beliefs


@pytest.mark.parametrize("size", SIZES)
async def test_the_chart_says_how_the_belief_is_known(tmp_path: Path, size: tuple[int, int]) -> None:
    config, _ = spoken()
    async with lab_of(tmp_path, measured(config), size=size, agent=LOGPROBS) as host:
        assert "no belief yet" in host.text("#chart")
        await host.press("space")
        assert "factorised, along one reply; ≤ 21% unobserved" in host.text("#caption")
        readout = host.text("#readout")
        parts = [SHARES[name][state] for name, state in RULE.items()]
        sums = [sum(SHARES[name].values()) for name in RULE]
        p = prod(part / total for part, total in zip(parts, sums, strict=True))
        high = prod(part + 1 - total for part, total in zip(parts, sums, strict=True))
        assert f"P {p:.3f} ({prod(parts):.3f}".replace("(0", "(") in readout
        assert f"–{high:.3f})".replace("–0", "–") in readout
        for form in ("mosaic", "ranked", "strips"):
            await host.press("v")
            assert host.state.belief.form == form
            assert host.text("#chart").strip()
        await host.press("left_curly_bracket")
        assert "before it has seen data" in host.text("#chart")
        assert not host.screen.query_one("#caption").display


async def test_estimated_beliefs_say_from_how_many_draws(tmp_path: Path) -> None:
    config, _ = spoken()
    replies = [rule(config, 5), rule(config, 5), "?", rule(config, 7), samples(config, 1, 2, 3, 4)]
    agent = {"kind": "anthropic", "model": "x", "belief": "samples", "draws": 4}
    async with lab_of(tmp_path, replies, agent=agent, size=(200, 60)) as host:
        await host.press("space")
        assert "estimated from 3 of 4 draws, 95% intervals" in host.text("#caption")
        assert "%" in host.text("#chart")
        assert host.state.belief.bounds
        assert host.state.objects.unobserved is None
        assert "unobserved" not in host.text("#each-title")


async def test_a_key_puts_the_belief_beside_bayes_rule(tmp_path: Path) -> None:
    config, _ = spoken()
    agent = {"kind": "openai", "model": "x", "belief": "samples", "draws": 2, "ask-prior": True}
    replies = [*[rule(config, 3)] * 2, *[rule(config, 5)] * 2]
    async with lab_of(tmp_path, replies, agent=agent, size=(200, 60)) as host:
        await host.press("space")
        assert host.state.bayes is False
        assert "Bayes' rule: off" in host.text("#choices")
        await host.press("P")
        assert host.state.bayes is True
        assert "Bayes' rule: on" in host.text("#choices")
        assert "total variation from Bayes' rule" in host.text("#caption")
        assert "Bayes' rule, noise" in host.text("#chart")
        await host.press("left_curly_bracket")
        assert "estimated from 2 draws" in host.text("#caption")
        await host.press("P")
        assert host.state.bayes is False


async def test_what_is_unobserved_has_a_pattern_and_a_word(tmp_path: Path) -> None:
    config, _ = spoken()
    async with lab_of(tmp_path, measured(config), size=(200, 60), agent=LOGPROBS, steps=0) as host:
        await host.press("space")
        assert "╱ unobserved ≤20%" in host.text("#each-title")
        lines = host.text("#objects").split("\n")
        assert "╱" in lines[4]  # C: a fifth of it was not listed
        assert "╱" not in lines[6]  # D: certain
        assert "und .70–.90" in lines[5]


async def test_a_belief_that_is_not_asked_for_is_said_to_be_so(tmp_path: Path) -> None:
    async with lab_of(tmp_path, agent={"belief": "none"}, size=(80, 24), steps=4) as host:
        for pane in ("1", "3"):
            await host.press(pane)
            assert 'belief = "none"' in host.text("#chart" if pane == "1" else "#objects")
        await host.press("2", "R")
        assert host.chain.status == "finished"


# -- messages and transcript


@pytest.mark.parametrize("lookback", [0, 2])
async def test_the_messages_of_the_next_call_are_those_that_the_model_gets(tmp_path: Path, lookback: int) -> None:
    async with lab_of(tmp_path, chain={"lookback": lookback, "generations": 3}, filter=[{"kind": "self-refine"}]) as host:
        for _ in range(9):
            await host.press("M")
            screen = host.app.screen
            assert isinstance(screen, MessagesScreen)
            found = screen._entries
            await host.pilot.press("escape")
            await host.press("space")
            request = host.model.requests[-1]
            assert [entry.text for entry in found[:-1]] == [message.text for message in request.messages]
            assert [entry.title.partition(":")[0].partition(",")[0] for entry in found[:-1]] == [m.role for m in request.messages]
            assert f"seed: {request.seed}" in found[-1].text
            assert f"max-tokens: {request.max_tokens}" in found[-1].text
        assert len(host.model.requests) == 9
        await host.press("M")
        assert host.app.screen is host.screen  # the chain is over


async def test_an_exact_agent_is_sent_nothing(tmp_path: Path) -> None:
    agents = [{"kind": "bayes", "noise": 0.1}, {"kind": "openai", "belief": "none"}]
    async with lab_of(tmp_path, agent=agents) as host:
        await host.press("M")
        assert host.app.screen is host.screen
        assert "nothing is sent" in host.toasts[-1]
        await host.press("g", "M")
        assert isinstance(host.app.screen, MessagesScreen)


async def test_the_transcript_has_every_call_in_full(tmp_path: Path) -> None:
    config, _ = spoken()
    reply = "Rule: [/] \x1b]0;x\x07 " + "long " * 500
    answers = iter([reply, rule(config, config.task.read_hypothesis(RULE)), rule(config, 3)])
    made = measured(config)
    async with lab_of(
        tmp_path,
        lambda request: made(request) if "Write examples" in request.prompt else next(answers),
        chain={"generations": 1},
        filter=[{"kind": "self-refine"}],
    ) as host:
        await host.press("g", "t")
        screen = host.app.screen
        assert isinstance(screen, TranscriptScreen)
        kinds = [entry.kind for entry in screen._entries]
        assert kinds == ["", "call", "call", "", "call", "refinement", "", "call", ""]
        first = screen._entries[1]
        assert reply in first.text
        assert host.model.requests[0].prompt in first.text
        assert "problem:" in first.text
        assert "asks again" in screen._entries[2].title
        refined = screen._entries[5]
        assert refined.title == "self-refine"
        assert f"shown: {config.task.rule(config.task.read_hypothesis(RULE))}" in refined.text
        assert screen._entries[7].text.startswith("<$0.0001 · 400 + 60 tokens · m-1")
        assert screen._entries[8].text.count("against h¹") == 1 + sum(
            config.task.predict(3, sample.example.input) != sample.example.output
            for sample in host.chain.generations[0].transmission.samples[:3]  # type: ignore[union-attr]
        )
        await host.pilot.press("slash", *"long", "enter")
        assert "\x1b" not in host.app.screen.query_one("#text").render_line(3).text
        await host.pilot.press("escape", "escape")
        notes = [item.note for block in host.state.data for item in block.items if "against" in item.note]
        assert notes


async def test_the_list_of_a_transcript_has_each_calls_cost_at_a_small_size(tmp_path: Path) -> None:
    async with lab_of(tmp_path, size=(80, 24), steps=3, agent={"model": "gpt-6-luna", "belief": "none"}) as host:
        await host.press("t")
        entries = host.app.screen.query_one(LogList)
        lines = [entries.render_line(y).text for y in range(entries.size.height)]
        shown = [line for line in lines if " tokens" in line]
        assert len(shown) == 2
        for call, line in zip(host.chain.calls, shown, strict=True):
            assert call.usage is not None
            assert f"  {money_text(host.chain.spent_in(1).dollars)[:3]}" in line
            assert f" · {call.usage.prompt} + {call.usage.completion} tokens" in line
            assert line.endswith("…")
            assert " ·  · " not in line


async def test_calls_of_a_phase_that_is_not_over_are_in_the_transcript(tmp_path: Path) -> None:
    config, model = spoken(agent={"belief": "samples", "draws": 4})
    asked = follows(config)
    model.answers = lambda request: CallFailed("key-refused", "The key was refused") if len(model.requests) > 2 else asked(request)
    chain = Chain(config)
    with pytest.raises(CallFailed):
        await chain.step()
    from iicl_tui.present.transcript import entries

    assert [entry.kind for entry in entries(chain)] == ["", "call", "call"]
    connected(config, model)
