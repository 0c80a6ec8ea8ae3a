"""What a chain would ask next is what its model then gets, to the letter, and finding it out changes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from speaking import InMemory, connected, follows, rule, samples, spoken

from iicl_tui.agents.calls import Request
from iicl_tui.agents.failures import CallFailed
from iicl_tui.chain.dry_run import next_call
from iicl_tui.chain.engine import Chain
from iicl_tui.errors import LabError
from iicl_tui.filters.scripted import ScriptedDecider

MANY: dict[str, Any] = {
    "chain": {"generations": 3, "lookback": 2},
    "filter": [{"kind": "self-refine"}, {"kind": "hypothesis-search", "rounds": 2}],
}


def changeable(config: Any, model: InMemory) -> Any:
    """Answers one after the other: readable or not, right or wrong."""

    def answer(request: Request) -> str:
        seed = 7 * len(model.requests)
        if "Write examples" in request.prompt or "examples were asked for" in request.prompt:
            return samples(config, seed % 31, seed % 29, seed % 23, seed % 19) if seed % 4 else "none"
        return rule(config, config.start.target if seed % 3 else 242) if seed % 5 else "I do not know."

    return answer


@pytest.mark.parametrize(
    "agent",
    [
        [{"kind": "openai", "belief": "logprobs", "draws": 3}],
        [{"kind": "mistral", "belief": "samples", "draws": 3, "seed": False}],
        [{"kind": "openai", "belief": "none", "json-schema": True, "top-p": 0.5}, {"kind": "bayes", "noise": 0.1}],
    ],
)
async def test_each_phase_begins_with_the_call_that_was_foretold(agent: list[dict[str, Any]]) -> None:
    config, model = spoken(agent=agent, **MANY)
    model.answers = changeable(config, model)
    chain = Chain(config)
    silent = 0
    while chain.next is not None:
        before, place = (list(chain.calls), len(model.requests)), chain.next
        foretold = await next_call(chain)
        assert (list(chain.calls), len(model.requests)) == before
        try:
            await chain.step()
        except LabError:  # a reply that cannot be read: the phase is broken off, and goes on from the record
            assert len(model.requests) > before[1]
        if foretold is None:
            silent += 1
            assert len(model.requests) == before[1]
            continue
        assert (foretold.generation, foretold.phase) == place
        if len(model.requests) > before[1]:
            assert foretold.request == model.requests[before[1]]
            new = chain.calls[len(before[0]) :]
            assert foretold.purpose == next(call.purpose for call in new if call.purpose != "person")
    assert silent < 9


@pytest.mark.parametrize("kept", range(1, 6))
async def test_a_phase_that_was_broken_off_goes_on_with_the_call_that_was_foretold(kept: int) -> None:
    config, model = spoken(agent={"belief": "samples", "draws": 6})
    asked = follows(config)
    model.answers = lambda request: CallFailed("key-refused", "no") if len(model.requests) > kept else asked(request)
    chain = Chain(config)
    with pytest.raises(CallFailed):
        await chain.step()
    foretold = await next_call(chain)
    assert foretold is not None
    assert foretold.request == model.requests[-1]  # the one that failed
    model.answers = asked
    await chain.step()
    assert model.requests[kept + 1] == foretold.request


async def test_what_is_not_taken_is_left_out_and_named() -> None:
    config, model = spoken(agent={"kind": "anthropic", "belief": "none", "seed": True})
    first = await next_call(Chain(config))
    assert first is not None
    assert first.left_out == ("seed",)  # its API has none
    chain = Chain(config)
    asked = follows(config)
    model.answers = lambda r: CallFailed("parameter", "no", parameter="temperature") if r.temperature is not None else asked(r)
    await chain.run(1)
    foretold = await next_call(chain)
    assert foretold is not None
    assert foretold.left_out == ("temperature", "seed")
    assert foretold.request.temperature is None


async def test_nothing_is_foretold_where_no_model_is_asked_first(config: Any) -> None:
    assert await next_call(Chain(config())) is None
    for kinds, silent in ((("human", "self-refine"), True), (("self-refine", "human"), False)):
        human, _ = spoken(filter=[{"kind": kind} for kind in kinds], chain={"generations": 1})
        chain = Chain(human, decider=ScriptedDecider({"default": "approve"}, human.task))
        await chain.step()
        assert (await next_call(chain) is None) == silent
        chain.decider = None  # then the person is missed before anything is asked
        assert await next_call(chain) is None
    finished, _ = spoken(chain={"generations": 1})
    chain = Chain(finished)
    await chain.run()
    assert await next_call(chain) is None


async def test_where_a_person_is_asked_about_a_reply_nothing_is_foretold() -> None:
    config, model = spoken()
    model.answers = lambda request: "?"
    chain = Chain(config)
    with pytest.raises(LabError):
        await chain.step()
    assert await next_call(chain) is not None  # without one, going on asks the model once more
    chain.decider = ScriptedDecider({"default": "approve"}, config.task)
    assert await next_call(chain) is None


async def test_what_an_agent_says_once_is_heard_although_it_is_said_in_a_rehearsal() -> None:
    config, model = spoken(agent={"belief": "logprobs", "draws": 3})
    asked = follows(config)
    model.answers = lambda request: CallFailed("key-refused", "no") if len(model.requests) > 1 else asked(request)
    first = Chain(config)
    with pytest.raises(CallFailed):
        await first.step()
    fresh, other = spoken(InMemory(asked), agent={"belief": "logprobs", "draws": 3})
    connected(fresh, other)
    said: list[str] = []
    chain = Chain(fresh, calls=first.calls)
    chain.on_notice = said.append
    await next_call(chain)
    await chain.step()
    assert len(said) == 2
    assert len(set(said)) == 2
