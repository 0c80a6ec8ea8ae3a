"""What the laboratory's state says of chains of language models; no screen is needed for it."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from deciders import Unasked
from narrow import not_none
from speaking import RULE, SHARES, InMemory, connected, follows, measured, rule, samples, spoken

from iicl_tui.agents.access import Access
from iicl_tui.agents.base import ReplyAnswer
from iicl_tui.agents.beliefs import Belief
from iicl_tui.agents.calls import Call, Reply, Usage
from iicl_tui.agents.failures import CallFailed
from iicl_tui.agents.key_consent import KeyRequest, key_requests, next_key_request
from iicl_tui.agents.model_session import PendingCall
from iicl_tui.agents.money import Budget, Spent, spent_text
from iicl_tui.agents.retry import RetryWait
from iicl_tui.bayes import dirichlet
from iicl_tui.chain.config import ChainConfig
from iicl_tui.chain.engine import Chain
from iicl_tui.present.costs import budget_text, cost_text, estimate_text
from iicl_tui.present.lab_builder import build_lab_state
from iicl_tui.present.lab_session import LabSession
from iicl_tui.present.lab_state import Activity, ChartSettings, LabState
from iicl_tui.present.next_messages import first_entries, next_entries
from iicl_tui.present.preview import outcome_text, read_preview
from iicl_tui.present.transcript import entries
from iicl_tui.store.library import summary
from iicl_tui.store.session import SessionFile

BY_SCREEN = ChartSettings(by=4)
EXACT = {"kind": "bayes", "noise": 0.05}
LOGPROBS = {"kind": "openai", "model": "gpt-6-luna", "belief": "logprobs"}
DRAWS = {"kind": "mistral", "model": "m", "belief": "samples", "draws": 4}


def _next(chain: Chain, declined: Collection[str] = ()) -> KeyRequest | None:
    return next_key_request(chain.config.agents, chain.access, declined)


async def stepped(config: ChainConfig, model: InMemory, steps: int, answers: Any = None, **chain: Any) -> LabSession:
    model.answers = answers or measured(config)
    session = LabSession(Chain(config, **chain))
    for _ in range(steps):
        await session.chain.step()
    session.refresh()
    return session


def at(session: LabSession, look: int | None = None, **charts: Any) -> LabState:
    return build_lab_state(session, look, replace(BY_SCREEN, **charts))


# -- how a belief is known


async def test_bounds_of_log_probabilities_hold_what_is_shown_and_leave_open_what_was_not_listed() -> None:
    session = await stepped(*spoken(agent=LOGPROBS), 1)
    state = at(session)
    view, objects = state.belief, state.objects
    assert view.log_p is not None
    assert view.low is not None
    assert view.high is not None
    assert (view.low <= view.log_p + 1e-12).all()
    assert (view.log_p <= view.high + 1e-12).all()
    assert objects.unobserved is not None
    for factor, name in enumerate(SHARES):
        seen = sum(SHARES[name].values())
        assert objects.unobserved[factor] == pytest.approx(1 - seen, abs=1e-9)  # nothing but states was listed: seen + open = 1
        low, high = objects.bounds[factor]
        for code, value in enumerate(("on", "off", "und")):
            share = SHARES[name].get(value, 0.0)
            assert low[code] == pytest.approx(share, abs=1e-9)
            assert high[code] == pytest.approx(share + 1 - seen, abs=1e-9)
    assert view.bounds == pytest.approx(list(zip(*(ends.tolist() for ends in objects.bounds[4]), strict=True)))
    by_fit = at(session, by=None).belief
    assert len(by_fit.bounds) == len(session.fit_groups)
    for (least, most), group in zip(by_fit.bounds, session.fit_groups, strict=True):
        assert least - 1e-12 <= np.exp(view.log_p[group.members]).sum() <= most + 1e-12


def exact_ends(count: int, draws: int) -> tuple[float, float]:
    """Where as many, or as few, of the draws have a probability of 2.5 %, from the sums of binomial probabilities; by bisection."""

    def at_least(p: float, least: int) -> float:
        return sum(math.comb(draws, k) * p**k * (1 - p) ** (draws - k) for k in range(least, draws + 1))

    def rising(wanted: float, least: int) -> float:
        low, high = 0.0, 1.0
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if at_least(middle, least) < wanted else (low, middle)
        return low

    return (rising(0.025, count) if count else 0.0), (rising(0.975, count + 1) if count < draws else 1.0)


async def test_bounds_of_draws_are_intervals_and_nothing_is_open() -> None:
    config, model = spoken(agent=DRAWS)
    replies = [rule(config, 5), rule(config, 5), rule(config, 5), rule(config, 7), samples(config, 1, 2, 3, 4)]
    session = await stepped(config, model, 1, replies)
    state = at(session)
    assert state.belief.caption == "estimated from 4 draws, 95% intervals"
    assert state.objects.unobserved is None
    assert state.belief.low is not None
    assert np.exp(state.belief.low[5]) < 0.75 < np.exp(state.belief.high[5])  # type: ignore[index]
    panel = next(panel for panel in state.curves if panel.title == "How likely, for screen?")
    for code, (name, curve) in enumerate(zip(("on", "off", "und"), panel.series, strict=True)):
        assert curve.low is not None
        assert curve.high is not None
        stated = [config.task.space.assignment(each)["screen"] for each in (5, 5, 5, 7)]
        low, high = exact_ends(stated.count(name), 4)
        assert (curve.low[0], curve.high[0]) == pytest.approx((low, high), abs=1e-9)
        assert curve.low[0] <= curve.values[0] <= curve.high[0]
        assert state.belief.bounds[code] == pytest.approx((low, high), abs=1e-9)
    rules = next(panel for panel in state.curves if panel.title.startswith("How likely are h*"))
    assert all(curve.low is not None and curve.high is not None for curve in rules.series)
    assert all(not one.low[0] > one.values[0] and not one.values[0] > one.high[0] for one in rules.series)  # type: ignore[index]
    for (lows, highs), factor in zip(state.objects.bounds, range(5), strict=True):
        shares = config.task.space.marginal(np.exp(not_none(state.belief.log_p)), factor)
        assert (lows <= shares).all()
        assert (shares <= highs).all()


async def test_the_entropy_of_draws_has_the_range_that_they_can_show_and_no_uniform_level() -> None:
    config, model = spoken(agent=DRAWS)
    replies = [rule(config, 5), rule(config, 5), rule(config, 5), rule(config, 7), samples(config, 1, 2, 3, 4)]
    session = await stepped(config, model, 1, replies)
    state = at(session)
    least, most = dirichlet.entropy_range(4, 243)
    assert state.entropy_range == (least, most)
    panel = next(panel for panel in state.curves if panel.title == "How unsure? Entropy of draws, nats")
    (curve,) = panel.series
    assert curve.low is not None
    assert curve.high is not None
    assert (curve.low[0], curve.high[0]) == (least, most)
    assert least < curve.values[0] < most < math.log(243)
    assert panel.references == (("draws' most", most), ("draws' least", least))
    assert state.rows.drawn is not None
    assert state.rows.drawn.tolist() == [True]


async def test_an_entropy_of_draws_is_never_joined_to_one_that_is_known_otherwise() -> None:
    config, model = spoken(agent=[EXACT, DRAWS], chain={"generations": 4})
    model.answers = lambda request: samples(config, 1, 2, 3, 4) if "Write examples" in request.prompt else rule(config, 5)
    state = at(await stepped(config, model, 10))
    panel = next(panel for panel in state.curves if panel.title == "How unsure? Entropy, nats")
    exact, drawn = panel.series
    assert np.isfinite(exact.values).tolist() == [True, False, True, False]
    assert np.isfinite(drawn.values).tolist() == [False, True, False, True]
    assert exact.low is None
    assert drawn.low is not None
    assert np.isfinite(drawn.low).tolist() == [False, True, False, True]
    assert state.entropy_range == dirichlet.entropy_range(4, 243)
    assert at(await stepped(*spoken(agent=[EXACT]), 1)).entropy_range is None


async def test_an_exact_belief_has_no_bounds_and_says_how_it_is_known_only_where_others_are_known_otherwise() -> None:
    alone = await stepped(*spoken(agent=[EXACT]), 1)
    assert (at(alone).belief.caption, at(alone).belief.low, at(alone).belief.bounds, at(alone).objects.bounds) == ("", None, (), ())
    mixed = await stepped(*spoken(agent=[EXACT, LOGPROBS]), 1)
    assert at(mixed).belief.caption == "exact"
    assert at(mixed).belief.low is None


async def test_a_factorised_belief_says_that_its_temperature_is_not_known() -> None:
    plain = at(await stepped(*spoken(agent=LOGPROBS), 1)).belief.caption
    assert "τ" not in plain
    tempered = at(await stepped(*spoken(agent={**LOGPROBS, "temperature": 0.5}), 1)).belief.caption
    assert tempered == f"{plain} · may be at τ = 1, not 0.5"


async def test_a_ghost_that_is_known_in_another_way_says_how() -> None:
    session = await stepped(*spoken(agent=[EXACT, LOGPROBS], chain={"generations": 4}), 10)
    exact, other = "last generation, exact", "last generation, factorised, along one reply"
    ghosts = [at(session, look).belief.ghost for look in (1, 2, 3, 4)]
    assert ghosts == ["before any data", exact, other, exact]
    assert [at(session, look).belief.previous is None for look in range(5)] == [True, False, False, False, False]
    same = await stepped(*spoken(agent=LOGPROBS), 4)
    assert at(same, 2).belief.ghost == "last generation"


async def test_generations_without_a_belief_are_gaps_in_film_and_curves() -> None:
    silent = {"kind": "openai", "belief": "none"}
    session = await stepped(*spoken(agent=[EXACT, silent, LOGPROBS], chain={"generations": 6}), 13)
    state = at(session, 2)
    assert state.belief.log_p is None
    assert state.belief.previous is not None
    assert np.isfinite(state.film.totals).all(axis=1).tolist() == [True, False, True, True, False]
    known = np.isfinite(state.curves[0].series[0].values)
    assert known.tolist() == [True, False, True, True, False, False]
    assert at(session, 3).belief.previous is None
    assert build_lab_state(session, 3, ChartSettings(by=None)).film.totals.shape == (5, len(session.fit_groups))


async def test_the_notebooks_reading_has_its_own_entropy_beside() -> None:
    session = await stepped(*spoken(agent={**LOGPROBS, "reading": "notebook"}), 1)
    belief = session.chain.belief(1)
    assert belief is not None
    assert belief.notebook_entropy is not None
    assert at(session).belief.caption.endswith(f" · their entropy {belief.notebook_entropy:.3f} nats")
    assert at(session).objects.unobserved is None


async def test_what_else_is_to_be_known_of_a_belief_stands_in_its_caption() -> None:
    session = await stepped(*spoken(agent={**LOGPROBS, "json-schema": True}), 1)
    assert at(session).belief.caption.endswith(" · under a JSON schema")
    hostile = Belief(np.log(np.full(243, 1 / 243)), "logprobs", notes=("\x1b[31m" + "x" * 999,))
    session.chain.config.agents[0].beliefs = lambda generations: [hostile] * len(generations)  # type: ignore[method-assign]
    assert "\x1b" not in at(session).belief.caption
    assert len(at(session).belief.caption) <= 200


# -- where no belief is known


async def test_why_no_belief_is_known() -> None:
    def absent(session: LabSession, look: int | None = None) -> str:
        state = at(session, look)
        assert state.belief.log_p is state.objects.log_p is None
        assert state.belief.absent == state.objects.absent
        return state.belief.absent

    new = await stepped(*spoken(agent=LOGPROBS), 0)
    assert absent(new) == "no belief yet: it is known after generation 1 has learned its hypothesis"
    assert "before it has seen data" in absent(new, 0)
    silent = await stepped(*spoken(agent={"belief": "none"}), 1)
    assert 'belief = "none"' in absent(silent)
    config, model = spoken(agent={**LOGPROBS, "fallback": "none"})
    assert absent(await stepped(config, model, 1, follows(config))) == "no belief: the model gave no log-probabilities"
    config, model = spoken(agent=DRAWS)
    person = Person(ReplyAnswer("edit", rule(config, 3)))
    unread = await stepped(config, model, 1, lambda request: "?", decider=person)
    assert absent(unread) == "no belief: none of 4 drawn hypotheses could be read"
    config, model = spoken(agent={**LOGPROBS, "fallback": "none"})
    person = Person(ReplyAnswer("edit", rule(config, 3)))
    written = await stepped(config, model, 1, lambda request: "?", decider=person)
    assert absent(written) == "no belief: a person wrote this hypothesis in place of a reply"
    config, model = spoken(agent={**LOGPROBS, "fallback": "none"})
    odd = await stepped(config, model, 1, lambda request: Reply(rule(config, 3), tokens=(), usage=Usage(1, 1)))
    assert "log-probabilities could not" in absent(odd)


class Person(Unasked):
    """Answers about replies in order."""

    def __init__(self, *answers: ReplyAnswer) -> None:
        self.answers = list(answers)

    async def reply(self, shown: Any) -> ReplyAnswer:
        return self.answers.pop(0)


async def test_calls_of_a_phase_that_is_not_over_say_nothing_of_a_belief_yet() -> None:
    config, model = spoken(agent=DRAWS)
    asked = follows(config)
    model.answers = lambda request: CallFailed("key-refused", "no") if len(model.requests) > 2 else asked(request)
    session = LabSession(Chain(config))
    with pytest.raises(CallFailed):
        await session.chain.step()
    state = at(session)
    assert state.belief.log_p is None
    assert "no belief yet" in state.belief.absent
    assert state.cost != ""
    assert not state.words.startswith("About")  # it is under way


async def test_where_the_chain_stands_before_a_call_one_may_look_back() -> None:
    session = await stepped(*spoken(agent=LOGPROBS), 3)
    assert at(session).action_ids == ("lab.earlier",)
    assert at(await stepped(*spoken(agent=LOGPROBS), 2)).action_ids == ()
    assert at(await stepped(*spoken(agent=[EXACT]), 3)).action_ids == ()


# -- money and calls


def test_costs_in_a_few_letters() -> None:
    assert cost_text(Spent()) == ""
    assert cost_text(Spent(2, 10, 20, 0.5)) == "$0.5000"
    assert cost_text(Spent(2, 10, 20, 0.5, unpriced=1)) == "≥$0.5000"
    assert cost_text(Spent(2, 10, 20, 0.0, unpriced=2)) == "30 tokens"
    assert cost_text(Spent(2, 10, 20, 0.0, unpriced=2, estimated=1)) == "≈30 tokens"
    assert budget_text(Budget(5.0, 20_000)) == "$5.00 and 20,000 tokens"
    assert budget_text(Budget()) == ""


def test_an_estimate_says_what_the_budget_does() -> None:
    config, _ = spoken()
    assert estimate_text(config, Budget(5.0)).endswith(" The budget is $5.00.")
    assert estimate_text(config, Budget(0.0)).endswith(" The budget of $0 stops it before its end.")
    assert estimate_text(config, Budget(None, 10)).endswith(" The budget of 10 tokens stops it before its end.")
    assert estimate_text(config, Budget()).endswith(" There is no budget.")
    unpriced, _ = spoken(agent={"model": "nobody-knows-it"})
    assert "token-budget" in estimate_text(unpriced, Budget(5.0))
    assert "token-budget" not in estimate_text(unpriced, Budget(5.0, 10**9))
    exact, _ = spoken(agent=[EXACT])
    assert estimate_text(exact, Budget(5.0)) == ""


async def test_what_is_spent_is_said_of_chains_with_models_alone() -> None:
    session = await stepped(*spoken(agent=[EXACT, LOGPROBS]), 6)
    assert spent_text(session.chain.spent) in at(session).facts
    assert at(session, 1).cost == ""
    assert at(session, 2).cost == cost_text(session.chain.spent_in(2)) != ""
    exact = await stepped(*spoken(agent=[EXACT]), 3)
    assert not any("token" in fact or "$" in fact for fact in at(exact).facts)


def test_what_is_asked_for_is_counted_by_the_clock_that_is_given() -> None:
    config, _ = spoken()
    session = LabSession(Chain(config))
    assert at(session).calling == ""
    session.chain.calling = PendingCall("imitate", "a \x1b model", 10.0)
    assert build_lab_state(session, None, BY_SCREEN, clock=12.2).calling == "asks what it learns · a ␛ model · 2 s"
    session.chain.calling = PendingCall("draw", "m", 10.0, RetryWait("busy", 2, 5, 20.0))
    assert build_lab_state(session, None, BY_SCREEN, clock=12.2).calling.startswith("try 2 of 5 in 8 s: busy · ")


def test_a_budget_that_held_back_a_call_is_said_and_can_be_changed() -> None:
    config, _ = spoken()
    session = LabSession(Chain(config))
    state = build_lab_state(session, None, BY_SCREEN, Activity(budget_reached=True))
    assert state.words == "The next call was not sent: it could pass the budget of $5.00."
    assert state.action_ids == ("lab.budget", "lab.next-phase")


CONFIG, _ = spoken()


# -- keys


def test_whom_to_ask_about_a_key() -> None:
    def chain(environment: dict[str, str], *agents: dict[str, Any]) -> Chain:
        config, _ = spoken(agent=[{"kind": "openai", "belief": "none", **agent} for agent in agents])
        return Chain(config, access=Access(environment=environment))

    there = {"base-url": "https://Evil.example/v1"}
    assert _next(chain({}, there)) is None
    assert _next(chain({"OPENAI_API_KEY": " "}, there)) is None
    assert _next(chain({"OPENAI_API_KEY": "k"}, {})) is None
    agents = [there, {**there, "key-env": "B"}, {**there, "key-env": "C"}, {**there, "kind": "mistral"}, {"key-env": "B"}]
    asking = chain({"OPENAI_API_KEY": "k", "B": "l", "MISTRAL_API_KEY": "m"}, *agents)
    asked, second, third = key_requests(asking.config.agents, asking.access)
    assert asked == _next(asking)
    assert asked == KeyRequest("evil.example", "evil.example", ("OPENAI_API_KEY", "MISTRAL_API_KEY"))  # one word for both
    assert second == KeyRequest("B@evil.example", "evil.example", ("B",))
    assert third == KeyRequest("B@api.openai.com", "api.openai.com", ("B",))
    assert _next(asking, {"evil.example"}) == second
    asking.access = asking.access.with_entries(["evil.example"])
    assert key_requests(asking.config.agents, asking.access) == [second, third]
    assert _next(chain({"OPENAI_API_KEY": "k"}, there), {"evil.example"}) is None
    agreed = chain({"OPENAI_API_KEY": "k"}, there)
    agreed.access = agreed.access.with_entries(["evil.example"])
    assert _next(agreed) is None


# -- messages, transcript, previews


async def test_the_messages_of_a_new_chain_are_known_before_it_is_made() -> None:
    document: dict[str, Any] = {"filter": [{"kind": "self-refine"}], "chain": {"lookback": 1}}
    config, model = spoken(agent={"extra-body": {"top_k": 5}}, **document)
    found = await first_entries(config)
    assert not model.requests
    chain = Chain(config)
    await chain.step()
    sent = model.requests[0].messages
    assert [entry.text for entry in found[:2]] == [message.text for message in sent]
    assert 'extra body: {"top_k": 5}' in found[2].text
    assert [(entry.phase, entry.kind) for entry in found[3:]] == [("interaction", "supposed"), ("transmission", "supposed")]
    target = config.task.rule(config.start.target)
    assert target in found[4].title
    made, learned = Chain(config), config.start.target
    model.answers = [rule(config, learned), rule(config, learned), samples(config, 1, 2, 3, 4)]
    model.requests.clear()
    await made.run(1)
    assert found[4].text == "\n\n".join(f"[{m.role}]\n{m.text}" for m in model.requests[2].messages)


async def test_messages_of_agents_whose_data_are_not_known_yet_are_supposed() -> None:
    config, _ = spoken(agent=[EXACT, {"kind": "openai", "belief": "none"}])
    (entry,) = await first_entries(config)
    assert (entry.generation, entry.kind) == (2, "supposed")
    assert "Input: " in entry.text
    assert await next_entries(Chain(config)) == []
    exact, _ = spoken(agent=[EXACT])
    assert await first_entries(exact) == []


async def test_hypothesis_search_is_supposed_of_a_rule_that_fails() -> None:
    config, _ = spoken(filter=[{"kind": "hypothesis-search"}])
    found = await first_entries(config)
    assert "tells it what its rule gets wrong" in found[3].title


async def test_persons_and_repairs_stand_in_the_transcript() -> None:
    config, model = spoken(chain={"generations": 2})
    person = Person(ReplyAnswer("redraw"), ReplyAnswer("edit", rule(config, 9)), ReplyAnswer("skip"))
    chain = Chain(config, decider=person)
    two = samples(config, 1, 2)
    cut = Reply("Rule: {", finish="length", usage=Usage(1, 1))
    model.answers = ["?", "?", cut, two, "no more", rule(config, 1), "?", "?"]
    await chain.run()
    found = entries(chain)
    people = [(entry.title, entry.text) for entry in found if entry.kind == "person"]
    assert people[0] == ("a person asked again", "ask again")
    assert people[1] == ("a person replaced the reply", rule(config, 9))
    assert people[2][0] == "a person skipped the reply"
    assert "cut off after max-tokens" in next(entry.text for entry in found if entry.text.endswith("Rule: {"))
    repairs = [entry for entry in found if entry.title.startswith("asks again")]
    assert all("problem: " in entry.text for entry in repairs)
    assert "problem: There are no examples" in repairs[1].text  # the repair of examples is read as examples


async def test_figures_that_a_provider_did_not_give_are_not_made_up() -> None:
    config, _ = spoken()
    call = Call(1, "imitation", "imitate", "asked", rule(config, 2), latency=1.25, attempts=3, without=("seed",))
    (_, entry) = entries(Chain(config, calls=[call]))
    assert entry.text.startswith("tokens unknown · openai gpt-6-luna τ1 · 1.2 s · 3 tries\nleft out: seed\n")


def test_a_session_that_has_only_called_so_far_is_listed_and_previewed(tmp_path: Path) -> None:

    async def broken_off(name: str, after: int, draws: int) -> Path:
        config, model = spoken(agent={**DRAWS, "draws": 4}, chain={"generations": 3})
        asked = follows(config)
        allowed = after * 5 + draws
        model.answers = lambda request: CallFailed("key-refused", "no") if len(model.requests) > allowed else asked(request)
        with SessionFile.create(config, tmp_path / name) as file:
            with pytest.raises(CallFailed):
                await Chain(connected(config, model), sink=file).run()
            return file.path

    first = asyncio.run(broken_off("first.toml", 0, 2))
    listed = summary(first, 0.0)
    assert (listed.generation, listed.status, listed.fault) == (1, "under way", None)
    assert listed.agents == ("mistral m",)
    seen = read_preview(first)
    facts = dict(seen.facts)
    assert facts["state"] == "generation 1 of 3, interrupted in its imitation after 2 calls"
    assert facts["belief"] == "none yet: it is known after generation 1 has learned its hypothesis"
    assert seen.view is None
    assert outcome_text(first) == ""
    second = asyncio.run(broken_off("second.toml", 1, 1))
    assert summary(second, 0.0).generation == 2
    facts = dict(read_preview(second).facts)
    assert facts["state"] == "generation 2 of 3, interrupted in its imitation after 1 call"
    assert "4 draws" in facts["belief"]
    assert "tokens" in facts["spent"]


def test_samples_against_their_rule_are_marked_for_models_alone() -> None:

    async def notes(agents: Sequence[dict[str, Any]]) -> list[str]:
        session = await stepped(*spoken(agent=list(agents), chain={"generations": 2}), 6)
        seen = [item.note for look in (1, 2) for block in at(session, look).data for item in block.items]
        return [note for note in seen if "against" in note]

    model = asyncio.run(notes([LOGPROBS]))
    assert set(model) == {"against h¹", "against h²"}
    assert len(model) == 3  # each once where it was made, and the first where it was seen
    assert asyncio.run(notes([{"kind": "bayes", "noise": 0.5}])) == []


def test_the_rule_of_the_model_is_what_the_tests_say() -> None:
    assert CONFIG.task.write_hypothesis(CONFIG.task.read_hypothesis(RULE)) == RULE
