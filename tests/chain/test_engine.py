"""One chain: stepped, run, resumed, paused, cancelled and failing, it is the same chain."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from deciders import Unasked

from iicl_tui.agents.base import Datasets, ModelSession
from iicl_tui.agents.bayesian import BayesianAgent
from iicl_tui.agents.beliefs import Belief
from iicl_tui.agents.calls import Call
from iicl_tui.chain.config import ChainConfig
from iicl_tui.chain.engine import Chain
from iicl_tui.chain.records import Generation, ImitationRecord, InteractionRecord, PhaseRecord, TransmissionRecord
from iicl_tui.errors import ChainStopped, LabError, StoreError
from iicl_tui.filters.base import Decision, HypothesisShown, Sample, SamplesShown
from iicl_tui.filters.human import NeedsPerson
from iicl_tui.filters.scripted import ScriptedDecider
from iicl_tui.tasks.base import Example

Make = Callable[..., ChainConfig]
Records = Callable[[Chain], list[PhaseRecord]]

SCRIPT: dict[str, Any] = {
    "default": "approve",
    "generation": [
        {
            "index": 1,
            "interaction": {"decision": [{"verdict": "reject"}, {"verdict": "reject"}, {}]},
            "transmission": {"sample": [{"verdict": "rejected"}, {}, {"verdict": "rejected"}, {}, {"verdict": "rejected"}]},
        },
        {
            "index": 2,
            "interaction": {"decision": [{"verdict": "edit", "hypothesis": dict.fromkeys("ABC", "off") | {"screen": "on"}}]},
            "transmission": {"sample": [{"verdict": "edited", "input": ["C", "A"], "output": "off"}]},
        },
    ],
}

VARIED: dict[str, Any] = {
    "task": {
        "objects": ["A", "B", "C", "screen"],
        "spurious": "screen",
        "bias": "low",
        "draw": "overlap",
        "initial": 2,
        "samples": 3,
    },
    "chain": {"generations": 5, "seed": 11, "lookback": 2},
    "agent": [{"noise": 0.1}, {"choose": "map", "noise": 0.2, "temperature": 0.5}],
    "filter": [{"kind": "effective-set", "least": 1, "mode": "restrict"}, {"kind": "human"}],
}
"""Everything at once: two agents in turn, look-back, noise, an effective set and a person."""


def chain_of(config: ChainConfig, done: Sequence[PhaseRecord] = (), **more: Any) -> Chain:
    """A chain from the records so far, as a session file is opened."""
    generations: list[Generation] = []
    for record in done:
        if isinstance(record, ImitationRecord):
            generations.append(Generation(record.generation, record))
        else:
            generations[-1] = generations[-1].with_record(record)
    if "decider" not in more:
        more["decider"] = ScriptedDecider(SCRIPT, config.task)
    return Chain(config, generations, **more)


@pytest.fixture
async def whole(config: Make, records: Records) -> list[PhaseRecord]:
    chain = chain_of(config(**VARIED))
    await chain.run()
    return records(chain)


async def test_a_whole_chain(config: Make, whole: list[PhaseRecord]) -> None:
    assert [(r.generation, r.phase) for r in whole] == [
        (t, phase) for t in range(1, 6) for phase in ("imitation", "interaction", "transmission")
    ]
    assert [r.agent for r in whole if isinstance(r, ImitationRecord)] == [0, 1, 0, 1, 0]
    assert [(r.filters, r.exhausted) for r in whole if isinstance(r, InteractionRecord)] == [(("effective-set", "human"), None)] * 5
    first, second = (r for r in whole if isinstance(r, InteractionRecord) and r.generation < 3)
    assert [d.verdict for d in first.decisions] == ["reject", "reject", "approve"]
    assert first.redraws >= 2
    assert [d.verdict for d in second.decisions] == ["edit"]
    assert second.hypothesis == config(**VARIED).task.read_hypothesis(dict.fromkeys("ABC", "off") | {"screen": "on"})
    made = [r.samples for r in whole if isinstance(r, TransmissionRecord)]
    assert [s.verdict for s in made[0]] == ["rejected", "approved", "rejected", "approved", "rejected", "approved"]
    assert [s.number for s in made[0]] == list(range(6))
    assert made[1][0].verdict == "edited"
    assert made[1][0].example == Example(("A", "C"), "off")
    assert all(sum(s.passes for s in samples) == 3 for samples in made)


async def test_a_chain_of_one_generation_says_so_at_its_end(config: Make) -> None:
    chain = Chain(config(chain={"generations": 1}))
    await chain.run()
    assert chain.end_error().what == "Its one generation is done."


async def test_stepping_is_running(config: Make, records: Records, whole: list[PhaseRecord]) -> None:
    chain = chain_of(config(**VARIED))
    for expected in whole:
        assert chain.next == (expected.generation, expected.phase)
        assert await chain.step() == expected
    assert chain.next is None
    assert chain.status == "finished"
    with pytest.raises(ChainStopped, match="finished"):
        await chain.step()
    assert records(chain) == whole


async def test_resuming_at_every_phase_gives_the_same(config: Make, records: Records, whole: list[PhaseRecord]) -> None:
    for done in range(len(whole) + 1):
        chain = chain_of(config(**VARIED), whole[:done])
        await chain.run()
        assert records(chain) == whole


async def test_running_in_parts_gives_the_same(config: Make, records: Records, whole: list[PhaseRecord]) -> None:
    chain = chain_of(config(**VARIED))
    seen: list[PhaseRecord] = []
    await chain.run(0, seen.append)
    assert not seen
    await chain.run(2, seen.append)
    assert seen == whole[:6]
    await chain.step()
    await chain.run(3, seen.append)
    assert chain.next == (4, "imitation")
    await chain.run(done=seen.append)
    assert seen == whole[:6] + whole[7:]
    await chain.run()
    assert records(chain) == whole


async def test_another_seed_is_another_chain(config: Make, records: Records) -> None:
    chains = []
    for seed in (1, 2, 1):
        chain = Chain(config(chain={"seed": seed}, agent=[{}], task={"hypothesis": 5}, start={"sample": []}))
        await chain.run()
        chains.append(records(chain))
    assert chains[0] == chains[2]
    assert chains[0] != chains[1]


class Hesitant:
    """A decider that gives others their turn before and after it decides."""

    def __init__(self, decider: Any) -> None:
        self.decider = decider

    async def hypothesis(self, shown: HypothesisShown) -> Decision:
        await asyncio.sleep(0)
        decision = await self.decider.hypothesis(shown)
        await asyncio.sleep(0)
        return decision

    async def samples(self, shown: SamplesShown) -> Sequence[Sample]:
        await asyncio.sleep(0)
        samples = await self.decider.samples(shown)
        await asyncio.sleep(0)
        return samples


async def test_cancelling_at_every_await_leaves_the_chain_as_it_was(
    config: Make, records: Records, whole: list[PhaseRecord], memory: Any
) -> None:
    checked = config(**VARIED)
    chain = chain_of(checked, decider=Hesitant(ScriptedDecider(SCRIPT, checked.task)), sink=memory)
    for done, expected in enumerate(whole):
        for turns in range(1000):
            step = asyncio.ensure_future(chain.step())
            for _ in range(turns):
                await asyncio.sleep(0)
            if step.done():
                assert step.result() == expected
                break
            step.cancel()
            with pytest.raises(asyncio.CancelledError):
                await step
            assert records(chain) == memory.records == whole[:done]
            assert not chain.unsaved
        else:
            pytest.fail("the step never ends")
    assert records(chain) == memory.records == whole


async def test_a_run_cancelled_between_phases_goes_on(config: Make, records: Records, whole: list[PhaseRecord]) -> None:
    chain = chain_of(config(**VARIED))

    def cancel(record: PhaseRecord) -> None:
        running.cancel()

    while chain.next is not None:
        running = asyncio.ensure_future(chain.run(done=cancel))
        with pytest.raises(asyncio.CancelledError):
            await running
    assert records(chain) == whole


async def test_pausing(config: Make, records: Records, whole: list[PhaseRecord]) -> None:
    chain = chain_of(config(**VARIED))
    for expected in range(1, len(whole) + 1):
        await chain.run(done=lambda _: chain.pause())
        assert records(chain) == whole[:expected]


async def test_steps_at_the_same_time_are_taken_one_after_the_other(
    config: Make, records: Records, whole: list[PhaseRecord]
) -> None:
    checked = config(**VARIED)
    chain = chain_of(checked, decider=Hesitant(ScriptedDecider(SCRIPT, checked.task)))
    assert await asyncio.gather(*(chain.step() for _ in whole)) == whole
    assert records(chain) == whole


async def test_running_while_stepping_ends_at_its_goal(config: Make, records: Records, whole: list[PhaseRecord]) -> None:
    checked = config(**VARIED)
    chain = chain_of(checked, decider=Hesitant(ScriptedDecider(SCRIPT, checked.task)))
    await asyncio.gather(chain.run(2), chain.step(), chain.run(1), chain.step())
    assert records(chain) == whole[:6]
    await chain.run(4)
    await asyncio.gather(*(chain.run() for _ in range(4)))
    assert records(chain) == whole


async def test_runs_and_steps_at_the_same_time_keep_each_record_once(
    config: Make, records: Records, whole: list[PhaseRecord], memory: Any
) -> None:
    """A phase that two of them did would stand in the file twice, though the chain in memory looks right."""
    checked = config(**VARIED)
    chain = chain_of(checked, decider=Hesitant(ScriptedDecider(SCRIPT, checked.task)), sink=memory)
    await asyncio.gather(chain.run(2), chain.run(2), chain.step(), chain.run(1))
    assert memory.records == records(chain) == whole[:6]
    await asyncio.gather(chain.run(3), chain.run())
    assert memory.records == records(chain) == whole


async def test_steps_at_the_same_time_keep_each_record_once(config: Make, whole: list[PhaseRecord], memory: Any) -> None:
    checked = config(**VARIED)
    chain = chain_of(checked, decider=Hesitant(ScriptedDecider(SCRIPT, checked.task)), sink=memory)
    await asyncio.gather(*(chain.step() for _ in whole))
    assert memory.records == whole


async def test_a_sink_that_fails_keeps_the_record_and_is_tried_first(
    config: Make, records: Records, whole: list[PhaseRecord], memory: Any
) -> None:
    chain = chain_of(config(**VARIED), sink=memory)
    await chain.run(1)
    memory.fail_next = 3
    with pytest.raises(StoreError):
        await chain.run()
    assert chain.unsaved == (whole[3],)
    assert records(chain) == whole[:4]
    for again in (chain.step, chain.run):
        with pytest.raises(StoreError):
            await again()
        assert chain.unsaved == (whole[3],)
        assert records(chain) == whole[:4]
        assert memory.records == whole[:3]
    assert await chain.step() == whole[4]
    assert not chain.unsaved
    assert memory.records == whole[:5]
    await chain.run()
    assert memory.records == records(chain) == whole


async def test_the_last_record_is_kept_by_running_again(config: Make, whole: list[PhaseRecord], memory: Any) -> None:
    chain = chain_of(config(**VARIED), whole[:-1], sink=memory)
    memory.fail_next = 1
    with pytest.raises(StoreError):
        await chain.run()
    assert chain.next is None
    await chain.run()
    assert memory.records == whole[-1:]
    assert not chain.unsaved
    chain.flush()
    assert len(memory.records) == 1


async def test_the_last_record_is_kept_by_one_more_step(config: Make, whole: list[PhaseRecord], memory: Any) -> None:
    chain = chain_of(config(**VARIED), whole[:-1], sink=memory)
    memory.fail_next = 1
    with pytest.raises(StoreError):
        await chain.step()
    assert await chain.step() == whole[-1]
    assert memory.records == whole[-1:]
    with pytest.raises(ChainStopped):
        await chain.step()


class Failing(Unasked):
    """Fails so many times, then approves."""

    def __init__(self, times: int) -> None:
        self.times = times

    def _answer(self) -> None:
        if self.times:
            self.times -= 1
            raise RuntimeError("no answer")

    async def hypothesis(self, shown: HypothesisShown) -> Decision:
        self._answer()
        return Decision(shown.hypothesis, "approve", shown.hypothesis)

    async def samples(self, shown: SamplesShown) -> Sequence[Sample]:
        self._answer()
        return shown.samples


@pytest.mark.parametrize("gates", ["hypothesis", "samples"])
async def test_a_decider_that_raises_leaves_the_chain_as_it_was(config: Make, records: Records, memory: Any, gates: str) -> None:
    document = {"filter": [{"kind": "human", "gates": gates}], "chain": {"generations": 2}}
    undisturbed = Chain(config(**document), decider=Failing(0))
    await undisturbed.run()
    chain = Chain(config(**document), sink=memory, decider=Failing(2))
    for _ in range(2):
        with pytest.raises(RuntimeError, match="no answer"):
            await chain.run()
        assert len(records(chain)) == len(memory.records) == (1 if gates == "hypothesis" else 2)
        assert chain.status == "waiting for review"
    await chain.run()
    assert records(chain) == records(undisturbed) == memory.records


async def test_nobody_there_and_then_somebody(config: Make, records: Records) -> None:
    chain = Chain(config(filter=[{"kind": "human"}], chain={"generations": 1}))
    assert chain.status == "new"
    assert not chain.waits_for_person
    for expected in (1, 2):
        with pytest.raises(NeedsPerson):
            await chain.run()
        assert len(records(chain)) == expected
        assert chain.waits_for_person
        assert chain.status == "waiting for review"
        chain.decider = Failing(0)
        await chain.step()
        chain.decider = None
    assert chain.status == "finished"
    assert not chain.waits_for_person


async def test_a_stuck_chain_says_so_and_stays(config: Make, records: Records, memory: Any) -> None:
    # The prior knows only "everything on", and d⁰ says that A is off: with noise it is learned, and never passes.
    document = {
        "task": {"objects": ["A", "B"]},
        "agent": [{"noise": 0.1, "prior": {"A": {"off": 0, "und": 0}, "B": {"off": 0, "und": 0}}}],
        "filter": [{"kind": "effective-set", "redraws": 7}],
        "start": {"hypothesis": {"A": "off", "B": "on"}, "sample": [{"input": ["A"], "output": "off"}]},
    }
    chain = Chain(config(**document), sink=memory)
    await chain.run()
    assert chain.stuck
    assert chain.status == "stuck"
    assert chain.next is None
    last = records(chain)[-1]
    assert isinstance(last, InteractionRecord)
    assert (last.exhausted, last.redraws, last.hypothesis, last.generation) == ("effective-set", 7, 0, 1)
    assert memory.records == records(chain)
    with pytest.raises(ChainStopped, match="stuck in generation 1") as caught:
        await chain.step()
    assert "drew 8 times" in caught.value.what
    assert isinstance(caught.value, LabError)
    again = chain_of(config(**document), records(chain), decider=None)
    assert again.stuck
    await again.run()
    assert records(again) == records(chain)


async def test_contradicting_data_stop_an_agent_without_noise(config: Make, records: Records) -> None:
    both = [{"input": ["A"], "output": "on"}, {"input": ["A"], "output": "off"}]
    chain = Chain(config(start={"sample": both}))
    for _ in range(2):
        with pytest.raises(ChainStopped, match="No hypothesis explains"):
            await chain.run()
        assert not records(chain)
    assert chain.belief(1) is None
    assert chain.beliefs(1, 1) == [None]


async def test_all_samples_rejected_leave_the_prior(config: Make) -> None:
    chain = Chain(config(filter=[{"kind": "human", "gates": "samples", "on-reject": "drop"}]))
    chain.decider = ScriptedDecider({"default": "reject"}, chain.task)
    await chain.run(1)
    assert chain.data(1) == ()
    assert len(chain.generations[0].transmission.samples) == 4  # type: ignore[union-attr]
    belief = chain.belief(2)
    assert belief is not None
    agent = chain.agent(2)
    assert isinstance(agent, BayesianAgent)
    np.testing.assert_allclose(belief.log_p, agent.log_prior)
    await chain.run()
    assert chain.status == "finished"


@pytest.mark.parametrize("blind", [True, False])
async def test_blindness_is_handed_on(config: Make, blind: bool) -> None:
    seen = []

    class Noting(Failing):
        async def hypothesis(self, shown: HypothesisShown) -> Decision:
            seen.append(shown.blind)
            return await super().hypothesis(shown)

        async def samples(self, shown: SamplesShown) -> Sequence[Sample]:
            seen.append(shown.blind)
            return await super().samples(shown)

    chain = Chain(config(filter=[{"kind": "human", "blind": blind}], chain={"generations": 1}), decider=Noting(0))
    await chain.run()
    assert seen == [blind, blind]


class Listening:
    """An agent that notes what it is shown, and answers with hypothesis 0."""

    kind = "listening"
    exact = True
    price = None
    credential = None

    def awaits_person(self, calls: Sequence[Call]) -> bool:
        return False

    def __init__(self) -> None:
        self.rounds: list[list[tuple[Example, ...]]] = []

    def describe(self) -> str:
        return "listening"

    async def imitate(self, rounds: Datasets, rng: np.random.Generator, session: ModelSession) -> int:
        self.rounds.append([tuple(examples) for examples in rounds])
        return 0

    async def transmit(
        self, hypothesis: int, count: int, rounds: Datasets, rng: np.random.Generator, session: ModelSession
    ) -> tuple[Example, ...]:
        number = int(rng.integers(31))
        return (Example((f"x{number}",), "on"),) * count

    def beliefs(self, generations: Sequence[tuple[Datasets, Sequence[Call]]]) -> list[Belief | None]:
        self.asked = [[tuple(examples) for examples in rounds] for rounds, _ in generations]
        return [Belief(np.zeros(1), "exact")] * len(generations)


@pytest.mark.parametrize("turns", [1, 2, 3])
@pytest.mark.parametrize("lookback", [0, 1, 3])
async def test_an_agent_looks_back_on_its_own_rounds(config: Make, turns: int, lookback: int) -> None:
    agents: list[Any] = [Listening() for _ in range(turns)]  # as much of an agent as this chain needs
    chain = Chain(replace(config(chain={"generations": 9, "lookback": lookback}), agents=tuple(agents)))
    await chain.run()
    data = [chain.data(t) for t in range(10)]
    assert data[0] == chain.start.samples
    for turn, agent in enumerate(agents):
        mine = [t for t in range(1, 10) if (t - 1) % turns == turn]
        for nth, t in enumerate(mine):
            before = mine[max(nth - lookback, 0) : nth]
            assert agent.rounds[nth] == [data[at - 1] for at in (*before, t)]
    assert len(chain.beliefs(2, 8)) == 7
    for turn, agent in enumerate(agents):
        assert agent.asked == [agent.rounds[(t - 1) // turns] for t in range(2, 9) if (t - 1) % turns == turn]


async def test_beliefs_together_are_beliefs_one_by_one(config: Make) -> None:
    chain = chain_of(config(**VARIED))
    await chain.run()
    for first, last in ((1, 5), (2, 4), (5, 5), (3, 2)):
        together = chain.beliefs(first, last)
        assert len(together) == max(last - first + 1, 0)
        for t, belief in zip(range(first, last + 1), together, strict=True):
            alone = chain.belief(t)
            assert belief is not None
            assert alone is not None
            np.testing.assert_allclose(belief.log_p, alone.log_p, atol=1e-9)


async def test_what_a_belief_would_be_is_what_it_becomes(config: Make) -> None:
    chain = chain_of(config(**VARIED))
    while chain.next is not None:
        record = await chain.step()
        if record.phase == "transmission":
            t = record.generation
            would, becomes = chain.belief_if(t, chain.data(t)), chain.belief(t + 1)
            assert would is not None
            assert becomes is not None
            np.testing.assert_allclose(would.log_p, becomes.log_p)


async def test_the_would_pass_on_are_those_that_are_drawn(config: Make) -> None:
    chain = Chain(config())
    await chain.step()
    await chain.step()
    ahead = await chain.would_pass_on(chain.generations[-1].hypothesis)
    other = await chain.would_pass_on(3)
    assert [e.input for e in ahead] == [e.input for e in other]  # the same scenes, whatever the rule
    await chain.step()
    assert chain.data(1) == ahead


async def test_redraws_of_the_hypothesis_are_draws_of_their_own(config: Make) -> None:
    """Rejecting again and again shows the belief, not one hypothesis for ever."""
    document = {"filter": [{"kind": "human", "gates": "hypothesis", "redraws": 60}], "start": {"sample": []}}
    chain = Chain(config(**document))
    chain.decider = ScriptedDecider({"default": "reject"}, chain.task)
    await chain.run()
    last = chain.generations[0].interaction
    assert last is not None
    assert last.exhausted == "human"
    shown = [decision.shown for decision in last.decisions]
    assert len(shown) == 61
    assert shown[0] == chain.generations[0].imitation.hypothesis
    assert len(set(shown)) > 40  # of 243 equally likely ones, 61 draws give about 54 different
