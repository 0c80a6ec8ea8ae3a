"""The phase machine of one chain: imitation → interaction → transmission, one phase a step.

A phase that is cancelled or fails leaves the chain as it was. One that is done is part of the chain, and appended to the sink
before the next begins; where the sink fails, the record waits as `unsaved`, and nothing goes on before it is kept.
Random numbers depend on (seed, generation, phase, attempt) alone, so a chain that is stepped, run, resumed or branched is
the same chain.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Protocol

import numpy as np

from iicl_tui.agents.base import Agent, Rounds
from iicl_tui.agents.beliefs import Belief
from iicl_tui.chain.config import ChainConfig
from iicl_tui.chain.records import PHASES, Generation, ImitationRecord, InteractionRecord, Phase, PhaseRecord, TransmissionRecord
from iicl_tui.errors import ChainStopped
from iicl_tui.filters.base import Decider, Exhausted, Sample, Scene, hypothesis_gate, sample_gate
from iicl_tui.tasks.base import Example

Status = Literal["new", "under way", "waiting for review", "stuck", "finished"]


class Sink(Protocol):
    """Where records are kept. append raises StoreError when it could not keep one; it may then be tried again."""

    def append(self, record: PhaseRecord) -> None:
        """Keeps a record, durably, before it returns."""


class Chain:
    """One chain: its configuration, what has happened, and what comes next."""

    def __init__(
        self,
        config: ChainConfig,
        generations: Sequence[Generation] = (),
        sink: Sink | None = None,
        decider: Decider | None = None,
    ) -> None:
        self.config = config
        self.task = config.task
        self.start = config.start
        self.sink = sink
        self.decider = decider
        self._generations = list(generations)
        self._unsaved: PhaseRecord | None = None
        self._pause = False
        self._step_lock = asyncio.Lock()

    # -- what there is ------------------------------------------------------------------------------------------------

    @property
    def generations(self) -> Sequence[Generation]:
        """Generations 1, 2, … as far as they have come (the last may be incomplete)."""
        return self._generations

    @property
    def unsaved(self) -> PhaseRecord | None:
        """A record that happened and that the sink could not keep yet."""
        return self._unsaved

    @property
    def stuck(self) -> bool:
        """A filter's redraws are used up; the chain can only be branched."""
        return bool(self._generations) and self._generations[-1].stuck

    @property
    def next(self) -> tuple[int, Phase] | None:
        """The generation and phase that the next step does; None when the chain is finished or stuck."""
        if self.stuck:
            return None
        if not self._generations:
            return 1, "imitation"
        last = self._generations[-1]
        if last.interaction is None:
            return last.index, "interaction"
        if last.transmission is None:
            return last.index, "transmission"
        return (last.index + 1, "imitation") if last.index < self.config.generations else None

    @property
    def status(self) -> Status:
        """In one or two words, as lists show it."""
        if self.stuck:
            return "stuck"
        if self.next is None:
            return "finished"
        if self.waits_for_person:
            return "waiting for review"
        return "under way" if self._generations else "new"

    @property
    def waits_for_person(self) -> bool:
        """Whether the next phase asks a person."""
        upcoming = self.next
        if upcoming is None or upcoming[1] == "imitation":
            return False
        return self.config.asks_at("hypothesis" if upcoming[1] == "interaction" else "samples")

    def agent(self, generation: int) -> Agent:
        """The agent of a generation: the chain's agents take turns."""
        return self.config.agents[(generation - 1) % len(self.config.agents)]

    def data(self, generation: int) -> tuple[Example, ...]:
        """dᵗ; d⁰ for 0."""
        return self.start.samples if generation == 0 else self._generations[generation - 1].data

    def rounds(self, generation: int, latest: Sequence[Example] | None = None) -> Rounds:
        """What the agent of a generation has before it: dᵗ⁻¹, and what it saw in its own last `lookback` rounds.

        latest: in place of dᵗ⁻¹ (to see what would follow from other samples).
        """
        turns = len(self.config.agents)
        own = [generation - turns * back for back in range(self.config.lookback, 0, -1)]
        earlier = [self.data(at - 1) for at in own if at >= 1]
        return [*earlier, self.data(generation - 1) if latest is None else latest]

    def beliefs(self, first: int, last: int) -> list[Belief | None]:
        """The beliefs of generations first … last (each after its imitation), computed together agent by agent."""
        out: list[Belief | None] = [None] * (last - first + 1)
        turns = len(self.config.agents)
        for turn, agent in enumerate(self.config.agents):
            mine = [t for t in range(first, last + 1) if (t - 1) % turns == turn]
            known = agent.beliefs([(self.rounds(t), self._evidence(t)) for t in mine])
            for t, belief in zip(mine, known, strict=True):
                out[t - first] = belief
        return out

    def belief(self, generation: int) -> Belief | None:
        """The belief of one generation. For the generation after the last one: what its imitation will draw from."""
        return self.agent(generation).beliefs([(self.rounds(generation), self._evidence(generation))])[0]

    def belief_if(self, generation: int, samples: Sequence[Example]) -> Belief | None:
        """The belief that generation + 1 would have if these samples were passed on now, exactly."""
        return self.agent(generation + 1).beliefs([(self.rounds(generation + 1, samples), {})])[0]

    def _evidence(self, generation: int) -> Mapping[str, Any]:
        return self._generations[generation - 1].imitation.evidence if generation <= len(self._generations) else {}

    def _rng(self, generation: int, phase: Phase, attempt: int) -> np.random.Generator:
        key = (generation, 1 + PHASES.index(phase), attempt)
        return np.random.default_rng(np.random.SeedSequence(self.config.seed, spawn_key=key))

    # -- what comes next ----------------------------------------------------------------------------------------------

    async def step(self) -> PhaseRecord:
        """Does the next phase and keeps its record. Raises ChainStopped when there is none, StoreError when it cannot be kept
        (it is then tried again, first of all, by the next step), and whatever an agent or filter raises.

        Where nothing follows a record that could not be kept before, keeping it is the step.
        """
        async with self._step_lock:
            unsaved = self._unsaved
            record = await self._next_record(self.config.generations) or unsaved
            if record is None:
                raise self.no_more()
            return record

    async def run(self, until: int | None = None, done: Callable[[PhaseRecord], None] | None = None) -> None:
        """Steps until generation `until` (default: the last) is complete, the chain is stuck, or pause is called.

        done: called after each phase. Between phases others get their turn, and a cancellation is taken.
        """
        self._pause = False
        until = self.config.generations if until is None else until
        while not self._pause:
            async with self._step_lock:  # asked within: another step may be what reaches the goal
                record = await self._next_record(until)
            if record is None:
                return
            if done is not None:
                done(record)
            await asyncio.sleep(0)

    async def _next_record(self, until: int) -> PhaseRecord | None:
        """Does the next phase and keeps its record; None where there is none up to generation `until`."""
        self.flush()
        upcoming = self.next
        if upcoming is None or upcoming[0] > until:
            return None
        record = await self._phase(*upcoming)
        self._take(record)
        self._unsaved = record
        self.flush()
        return record

    def pause(self) -> None:
        """Lets `run` return after the phase under way."""
        self._pause = True

    def flush(self) -> None:
        """Keeps the record that could not be kept before, if there is one. Raises StoreError."""
        if self._unsaved is not None and self.sink is not None:
            self.sink.append(self._unsaved)
        self._unsaved = None

    def _take(self, record: PhaseRecord) -> None:
        if isinstance(record, ImitationRecord):
            self._generations.append(Generation(record.generation, record))
        else:
            self._generations[-1] = self._generations[-1].with_record(record)

    def no_more(self) -> ChainStopped:
        """Why no phase follows, and what can be done: for a chain whose `next` is None."""
        if self.stuck:
            interaction = self._generations[-1].interaction
            assert interaction is not None
            return ChainStopped(
                f"The chain is stuck in generation {interaction.generation}",
                f"The filter {interaction.exhausted} let no hypothesis pass; the agent drew {interaction.redraws + 1} times.",
                "Branch from an earlier generation, with another seed or a milder filter.",
            )
        return ChainStopped("The chain is finished", f"All {self.config.generations} generations are done.", "Branch it to go on.")

    async def _phase(self, generation: int, phase: Phase) -> PhaseRecord:
        if phase == "imitation":
            return await self._imitate(generation)
        if phase == "interaction":
            return await self._interact(generation)
        return await self._transmit(generation)

    async def _imitate(self, generation: int) -> ImitationRecord:
        imitation = await self.agent(generation).imitate(self.rounds(generation), self._rng(generation, "imitation", 0))
        turn = (generation - 1) % len(self.config.agents)
        return ImitationRecord(generation, turn, imitation.hypothesis, imitation.evidence)

    async def _interact(self, generation: int) -> InteractionRecord:
        agent, rounds = self.agent(generation), self.rounds(generation)
        drawn = 0

        async def propose() -> int:
            nonlocal drawn
            attempt, drawn = drawn, drawn + 1
            if attempt == 0:
                return self._generations[-1].imitation.hypothesis
            await asyncio.sleep(0)
            return (await agent.imitate(rounds, self._rng(generation, "imitation", attempt))).hypothesis

        scene = Scene(self.task, generation, self.start, self.decider)
        kinds = tuple(each.kind for each in self.config.filters)
        try:
            hypothesis = await hypothesis_gate(self.config.filters, propose, scene)()
        except Exhausted as why:
            return InteractionRecord(generation, kinds, why.hypothesis, drawn - 1, tuple(scene.decisions), why.filter)
        return InteractionRecord(generation, kinds, hypothesis, max(drawn - 1, 0), tuple(scene.decisions))

    async def _transmit(self, generation: int) -> TransmissionRecord:
        hypothesis = self._generations[-1].hypothesis
        agent = self.agent(generation)
        attempt = drawn = 0

        async def draw(count: int) -> list[Sample]:
            nonlocal attempt, drawn
            rng = self._rng(generation, "transmission", attempt)
            attempt += 1
            examples = await agent.transmit(hypothesis, count, rng)
            first, drawn = drawn, drawn + len(examples)
            return [Sample(example, first + i) for i, example in enumerate(examples)]

        scene = Scene(self.task, generation, self.start, self.decider)
        aside: list[Sample] = []
        passed = await sample_gate(self.config.filters, draw, hypothesis, scene, aside)(self.task.samples)
        return TransmissionRecord(generation, tuple(sorted([*passed, *aside], key=lambda sample: sample.number)))

    async def first_samples(self, hypothesis: int) -> tuple[Example, ...]:
        """The samples that the present generation's transmission would draw first if this hypothesis went on.

        For an exact agent only: an agent that is paid for must not be asked ahead.
        """
        generation = self._generations[-1].index
        return await self.agent(generation).transmit(hypothesis, self.task.samples, self._rng(generation, "transmission", 0))
