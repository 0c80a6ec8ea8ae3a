"""Chains over servers that can do more or less: several replies to a call, and temperatures that work or do not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from loopback import Answer, Loopback, Seen, Text, status, token
from speaking import spoken

from iicl_tui.agents.calls import Usage
from iicl_tui.chain.config import read_config
from iicl_tui.chain.engine import Chain
from iicl_tui.present.belief_provenance import caption
from iicl_tui.present.costs import estimate_text
from iicl_tui.present.next_messages import first_entries
from iicl_tui.present.temperature_warnings import temperature_warnings

RULE = 'Rule: {"A": "on", "B": "off", "screen": "off"}'
SAMPLES = "Input: A\nOutput: on\n" * 4
TASK = {"objects": ["A", "B", "screen"], "spurious": "screen", "hypothesis": 3, "initial": 4}


@pytest.fixture
def server() -> Iterator[Loopback]:
    with Loopback() as running:
        yield running


def config(server: Loopback, **agent: Any) -> Any:
    table = {"kind": "openai", "model": "m", "base-url": f"{server.url}/v1", **agent}
    return read_config({"chain": {"title": "t", "generations": 2, "seed": 1}, "task": TASK, "agent": [table]})


async def finished(chain: Chain) -> Chain:
    await chain.run()
    await chain.close()
    return chain


def choices(seen: Seen, count: int) -> Answer:
    choice = {"message": {"role": "assistant", "content": RULE}, "finish_reason": "stop", "logprobs": None}
    usage = {"prompt_tokens": 100, "completion_tokens": 20 * count, "total_tokens": 100 + 20 * count}
    return status(200, {"model": "m", "choices": [{"index": at, **choice} for at in range(count)], "usage": usage})


def replies(seen: Seen, most: int) -> Answer:
    if "Write examples" in seen.body["messages"][-1]["content"]:
        return Text(SAMPLES)
    return choices(seen, min(seen.body.get("n", 1), most))


@pytest.mark.parametrize(("most", "asked"), [(99, [None, 9]), (4, [None, 9, *[None] * 5]), (1, [None, 9, *[None] * 8])])
async def test_draws_are_asked_for_together_and_the_rest_one_by_one(server: Loopback, most: int, asked: list[int | None]) -> None:
    server.replies = lambda seen: replies(seen, most)
    chain = await finished(Chain(config(server, belief="samples", draws=10)))
    drawn = [call for call in chain.calls_of(1) if call.purpose == "draw"]
    assert len(drawn) == 9
    assert drawn[0].without == (() if most == 99 else ("n",))
    assert drawn[1].usage == (Usage(0, 0) if most > 1 else Usage(100, 20))
    learned = [seen.body.get("n") for seen in server.seen if "Write examples" not in seen.body["messages"][-1]["content"]]
    assert learned[: len(asked)] == asked
    assert (learned.count(9) == 2) is (most == 99), "what was ignored once is not asked for again"
    belief = chain.belief(2)
    assert belief is not None
    assert belief.draws == (10, 10)
    again = Chain(config(server, belief="samples", draws=10), chain.generations, calls=chain.calls)
    assert again.spent == chain.spent


async def test_a_server_that_refuses_several_replies_is_asked_for_one(server: Loopback) -> None:
    def reply(seen: Seen) -> Answer:
        if "n" in seen.body:
            return status(400, {"error": {"message": "Only one completion choice is allowed"}})
        return replies(seen, 1)

    server.replies = reply
    chain = Chain(config(server, belief="samples", draws=4))
    notices: list[str] = []
    chain.on_notice = notices.append
    await finished(chain)
    assert sum(call.purpose == "draw" for call in chain.calls) == 2 * 3
    assert not notices
    assert sum("n" in seen.body for seen in server.seen) == 1


LETTERS = {"A": 0.4, "B": 0.3, "C": 0.2, "D": 0.1}


@pytest.mark.parametrize(
    ("raw", "tau", "note"),
    [
        (True, 0.5, "at τ = 1, not 0.5: log-probabilities before the temperature"),
        (False, 0.5, ""),
        (None, 0.5, "may be at τ = 1, not 0.5"),
        (True, 1.0, ""),
    ],
)
async def test_raw_log_probabilities_are_said_where_the_temperature_is_not_1(
    server: Loopback, raw: bool | None, tau: float, note: str
) -> None:
    def reply(seen: Seen) -> Answer:
        last = seen.body["messages"][-1]["content"]
        if "Choose one" in last:
            power = 1 / seen.body["temperature"] if raw is False else 1.0
            shares = {letter: p**power for letter, p in LETTERS.items()} if raw is not None else {"A": 1.0}
            return Text("A", (token("A", {letter: p / sum(shares.values()) for letter, p in shares.items()}),), "length")
        if "Write examples" in last:
            return Text(SAMPLES)
        pieces = ['Rule: {"A": "', "on", '", "B": "', "off", '", "screen": "', "off", '"}']
        states = {"on": {"on": 0.8, "off": 0.2}, "off": {"off": 0.7, "on": 0.3}}
        return Text(RULE, [token(piece, states.get(piece)) for piece in pieces])

    server.replies = reply
    chain = await finished(Chain(config(server, belief="logprobs", temperature=tau)))
    assert sum(call.purpose == "probe" for call in chain.calls) == (2 if tau != 1 else 0), "once a session"
    for generation in (1, 2):
        belief = chain.belief(generation)
        assert belief is not None
        assert belief.source == "logprobs"
        assert (note in belief.notes) if note else not any("τ" in each for each in belief.notes)
        assert note in caption(chain, belief)
    again = Chain(config(server, belief="logprobs", temperature=tau), chain.generations, calls=chain.calls)
    assert [b and b.notes for b in again.beliefs(1, 2)] == [b and b.notes for b in chain.beliefs(1, 2)]


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ({"kind": "anthropic", "model": "claude-opus-4-7", "temperature": 0.5}, "is known to take no temperature"),
        ({"kind": "anthropic", "model": "claude-opus-4-7"}, ""),
        ({"kind": "anthropic", "temperature": 0.5}, ""),
        ({"kind": "openai", "temperature": 0.1}, ""),
        ({"kind": "openai", "temperature": 0.1, "reasoning-effort": "low"}, 'only with reasoning-effort = "none"'),
        ({"kind": "openai", "base-url": "http://localhost:1/v1", "temperature": 0.5}, "It is not known whether gpt-6-luna heeds"),
        ({"kind": "embedded", "temperature": 0.5}, ""),
        ({"kind": "bayes", "temperature": 0.5}, ""),
    ],
)
def test_a_temperature_that_does_not_work_is_a_warning_before_the_first_call(agent: dict[str, Any], words: str) -> None:
    made = read_config({"chain": {"title": "t", "generations": 1}, "agent": [agent]})
    found = temperature_warnings(made)
    assert [words in each for each in found] == ([True] if words else [])
    assert words in estimate_text(made, made.budget)


async def test_a_refused_temperature_is_known_from_the_record(server: Loopback) -> None:
    def reply(seen: Seen) -> Answer:
        if "temperature" in seen.body:
            return status(400, {"error": {"message": "Unsupported parameter: 'temperature'", "param": "temperature"}})
        return replies(seen, 1)

    server.replies = reply
    chain = await finished(Chain(config(server, belief="none", temperature=0.5)))
    assert temperature_warnings(chain.config, chain.calls) == ("m does not take a temperature: its replies are not at τ = 0.5.",)


def test_draws_that_come_with_one_call_are_billed_one_prompt() -> None:
    def prompt(kind: str, draws: int) -> int:
        config, _ = spoken(agent={"kind": kind, "model": "m", "belief": "samples", "draws": draws})
        agent = config.agents[0]
        return agent.estimate_usage([config.start.samples], 0, 0, range(1)).prompt

    one = prompt("openai", 2) - prompt("openai", 1)
    assert one > 100
    assert prompt("openai", 17) - prompt("openai", 1) == one  # 16 replies to one call
    assert prompt("openai", 18) - prompt("openai", 1) == 2 * one
    assert prompt("anthropic", 17) - prompt("anthropic", 1) == 16 * one


async def test_the_page_of_the_first_messages_warns_of_a_temperature_that_does_nothing() -> None:
    for temperature, warned in ((0.5, True), (1.0, False)):
        config, _ = spoken(agent={"kind": "openai", "model": "gpt-5-mini", "temperature": temperature})
        found = [entry for entry in await first_entries(config) if entry.title == "warning"]
        assert bool(found) is warned
        assert all("temperature" in entry.text for entry in found)
