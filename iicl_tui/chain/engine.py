"""The phase machine of one chain: imitation → interaction → transmission, one phase a step.

A phase that is cancelled or fails leaves the chain as it was. One that is done is part of the chain, and appended to the sink
before the next begins; where the sink fails, the record waits as `unsaved`, and nothing goes on before it is kept. A call to a
model is a record of its own, kept before its reply is read: a phase that is done again takes it from there.
Random numbers depend on (seed, generation, phase, attempt) alone, so a chain that is stepped, run, resumed or branched is
the same chain.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import ClassVar, Literal, Protocol

import numpy as np

from iicl_tui.agents.access import Access
from iicl_tui.agents.base import Agent, Datasets, Refine
from iicl_tui.agents.beliefs import Belief
from iicl_tui.agents.calls import Call, Exchange, Purpose, dialogue
from iicl_tui.agents.model_session import ChainServices, PendingCall, RecordedModelSession
from iicl_tui.agents.money import Price, Spent, spent
from iicl_tui.chain.config import ChainConfig
from iicl_tui.chain.records import (
    PHASES,
    Generation,
    ImitationRecord,
    InteractionRecord,
    Phase,
    PhaseRecord,
    Record,
    TransmissionRecord,
)
from iicl_tui.errors import ChainStopped
from iicl_tui.filters.base import (
    Decider,
    Exhausted,
    Filter,
    PhaseContext,
    PoolExample,
    Sample,
    cannot_receive_hypothesis,
    cannot_refine,
    hypothesis_gate,
    sample_gate,
)
from iicl_tui.tasks.base import Example

_FILTERS = 1 + len(PHASES)
"""In the key of a filter's random numbers, beside the phases of the agents'."""

Status = Literal["new", "under way", "waiting for review", "stuck", "finished"]


class Sink(Protocol):
    """Where records are kept. append raises StoreError when it could not keep one; it may then be tried again."""

    def append(self, record: Record) -> None:
        """Keeps a record, durably, before it returns."""

    def ready(self, room: int) -> None:
        """Raises StoreError where it is seen beforehand that a record of so many bytes could not be kept: then nothing is asked
        that costs."""


class Chain:
    """One chain: its configuration, what has happened, and what comes next."""

    SESSION: ClassVar[type[RecordedModelSession]] = RecordedModelSession
    """How its agents speak with their models."""

    def __init__(
        self,
        config: ChainConfig,
        generations: Sequence[Generation] = (),
        sink: Sink | None = None,
        decider: Decider | None = None,
        calls: Sequence[Call] = (),
        access: Access | None = None,
    ) -> None:
        """calls: those on record. access: which keys may go where; absent, each to its own provider alone."""
        self.config = config
        self.task = config.task
        self.start = config.start
        self.sink = sink
        self.decider = decider
        self.budget = config.budget
        self.access = access or Access()
        self.calling: PendingCall | None = None
        """What is being asked for at this moment."""
        self.notice: Callable[[str], None] = lambda text: None
        """Told of what a person should hear of once, as a parameter that a model does not take."""
        self._generations = list(generations)
        self._calls: dict[int, list[Call]] = {}
        for call in calls:
            self._calls.setdefault(call.generation, []).append(call)
        self._unsaved: list[Record] = []
        self._spent = spent(calls, self._price)
        self._pause = False
        self._step_lock = asyncio.Lock()

    # -- what there is ------------------------------------------------------------------------------------------------

    @property
    def generations(self) -> Sequence[Generation]:
        """Generations 1, 2, … as far as they have come (the last may be incomplete)."""
        return self._generations

    @property
    def calls(self) -> tuple[Call, ...]:
        """All calls to models, in the order in which they were made."""
        return tuple(call for generation in sorted(self._calls) for call in self._calls[generation])

    def calls_of(self, generation: int, phase: Phase | None = None) -> tuple[Call, ...]:
        """The calls of one generation, or of one of its phases."""
        return tuple(call for call in self._calls.get(generation, ()) if phase is None or call.phase == phase)

    @property
    def spent(self) -> Spent:
        """What all calls have cost."""
        return self._spent

    def spent_in(self, generation: int) -> Spent:
        """What the calls of one generation have cost."""
        return spent(self._calls.get(generation, ()), self._price)

    def _price(self, call: Call) -> Price | None:
        return self.agent(call.generation).price

    @property
    def unsaved(self) -> tuple[Record, ...]:
        """Records that happened and that the sink could not keep yet, in their order."""
        return tuple(self._unsaved)

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
        return "under way" if self._generations or any(self._calls.values()) else "new"

    @property
    def unread(self) -> bool:
        """The next phase was begun and came to a reply that cannot be read: a person says what becomes of it."""
        upcoming = self.next
        return upcoming is not None and self.agent(upcoming[0]).awaits_person(self.calls_of(*upcoming))

    @property
    def waits_for_person(self) -> bool:
        """Whether the next phase asks a person."""
        upcoming = self.next
        if self.unread:
            return True
        if upcoming is None or upcoming[1] == "imitation":
            return False
        return self.config.asks_at("hypothesis" if upcoming[1] == "interaction" else "samples")

    def agent(self, generation: int) -> Agent:
        """The agent of a generation: the chain's agents take turns."""
        return self.config.agents[(generation - 1) % len(self.config.agents)]

    def data(self, generation: int) -> tuple[Example, ...]:
        """dᵗ; d⁰ for 0."""
        return self.start.samples if generation == 0 else self._generations[generation - 1].data

    def rounds(self, generation: int, latest: Sequence[Example] | None = None) -> Datasets:
        """What the agent of a generation has before it: dᵗ⁻¹, and what it saw in its own last `lookback` rounds.

        latest: in place of dᵗ⁻¹ (to see what would follow from other samples).
        """
        turns = len(self.config.agents)
        own = [generation - turns * back for back in range(self.config.lookback, 0, -1)]
        earlier = [self.data(at - 1) for at in own if at >= 1]
        return [*earlier, self.data(generation - 1) if latest is None else latest]

    def looks_back(self, generation: int) -> int:
        """How many earlier rounds the agent of a generation still has before it when it learns: of its own data where it is
        computed, of its own dialogue where it is a model."""
        if self.agent(generation).exact:
            return len(self.rounds(generation)) - 1
        return min(len(self._earlier(generation)), self.config.lookback)

    def beliefs(self, first: int, last: int) -> list[Belief | None]:
        """The beliefs of generations first … last (each after its imitation), computed together agent by agent."""
        out: list[Belief | None] = [None] * (last - first + 1)
        turns = len(self.config.agents)
        for turn, agent in enumerate(self.config.agents):
            mine = [t for t in range(first, last + 1) if (t - 1) % turns == turn]
            known = agent.beliefs([(self.rounds(t), self.calls_of(t, "imitation")) for t in mine])
            for t, belief in zip(mine, known, strict=True):
                out[t - first] = belief
        return out

    def belief(self, generation: int) -> Belief | None:
        """The belief of one generation. For the generation after the last one: what its imitation will draw from."""
        if generation > len(self._generations) and not self.agent(generation).exact:
            return None  # calls that are on record already belong to a phase that is not over
        return self.agent(generation).beliefs([(self.rounds(generation), self.calls_of(generation, "imitation"))])[0]

    def belief_if(self, generation: int, samples: Sequence[Example]) -> Belief | None:
        """The belief that generation + 1 would have if these samples were passed on now, exactly; None where it is not computed."""
        return self.agent(generation + 1).beliefs([(self.rounds(generation + 1, samples), ())])[0]

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
            unsaved = [record for record in self._unsaved if not isinstance(record, Call)]
            record = await self._next_record(self.config.generations)
            if record is None and unsaved:
                record = unsaved[-1]
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
        self._unsaved.append(record)
        self.flush()
        return record

    def pause(self) -> None:
        """Lets `run` return after the phase under way."""
        self._pause = True

    def flush(self) -> None:
        """Keeps the records that could not be kept before, if there are any. Raises StoreError."""
        while self._unsaved:
            if self.sink is not None:
                self.sink.append(self._unsaved[0])
            del self._unsaved[0]

    async def close(self) -> None:
        """Gives up the agents' connections; the chain can be gone on with all the same."""
        for agent in self.config.agents:
            await agent.close()

    def _ready(self, room: int) -> None:
        if self.sink is not None:
            self.sink.ready(room)

    def _keep(self, call: Call) -> None:
        self._calls.setdefault(call.generation, []).append(call)
        self._spent = self._spent + spent([call], self._price)
        self._unsaved.append(call)
        self.flush()

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
                f"The filter {interaction.exhausted} let no hypothesis pass; the agent drew {_times(interaction.redraws + 1)}"
                + (f" and mended its hypothesis {_times(len(interaction.refinements))}." if interaction.refinements else "."),
                "Branch from an earlier generation or from d⁰, with another seed or a milder filter.",
            )
        return ChainStopped("The chain is finished", f"All {self.config.generations} generations are done.", "Branch it to go on.")

    async def _phase(self, generation: int, phase: Phase) -> PhaseRecord:
        if phase == "imitation":
            return await self._imitate(generation)
        if phase == "interaction":
            return await self._interact(generation)
        return await self._transmit(generation)

    def _model_session(self, generation: int, phase: Phase) -> RecordedModelSession:
        services = ChainServices(
            self._keep, self._ready, lambda: self._spent, lambda: self.budget, self._tell, lambda text: self.notice(text),
            lambda: self.decider, self.access,
        )  # fmt: skip
        calls = self._calls.setdefault(generation, [])
        previous = self._generations[generation - 2].hypothesis if generation > 1 else None
        lookback = self.config.lookback
        return self.SESSION(services, generation, phase, calls, self._earlier(generation), lookback, previous)

    def _tell(self, calling: PendingCall | None) -> None:
        self.calling = calling

    def _earlier(self, generation: int) -> tuple[Exchange, ...]:
        """The last look-back rounds that the agent of a generation said in its own earlier turns."""
        said: list[Exchange] = []
        turns = len(self.config.agents)
        for own in range(generation - turns, 0, -turns):
            if len(said) >= self.config.lookback:
                break
            said = [*dialogue(self._calls.get(own, ())), *said]
        return tuple(said)

    async def _imitate(self, generation: int) -> ImitationRecord:
        session = self._model_session(generation, "imitation")
        hypothesis = await self.agent(generation).imitate(self.rounds(generation), self._rng(generation, "imitation", 0), session)
        return ImitationRecord(generation, (generation - 1) % len(self.config.agents), hypothesis)

    def _phase_context(self, generation: int, phase: Phase, refine: Refine = cannot_refine) -> PhaseContext:
        seed = np.random.SeedSequence(self.config.seed, spawn_key=(generation, _FILTERS, PHASES.index(phase)))
        return PhaseContext(
            self.task, generation, self.start, self.decider, refine=refine, belief=lambda: self.belief(generation),
            pool=lambda: self.pool(generation), seed=seed,
            accepts_edit=not cannot_receive_hypothesis(self.task, [self.agent(generation)]),
        )  # fmt: skip

    def pool(self, generation: int) -> Sequence[PoolExample]:
        """What a generation may pass on beside what it makes: d⁰, and all that was made before it and not thrown away."""
        known = [PoolExample(example, 0) for example in self.start.samples]
        for earlier in self._generations[: generation - 1]:
            made = earlier.transmission.samples if earlier.transmission is not None else ()
            known += [PoolExample(s.example, earlier.index) for s in made if s.origin is None and s.verdict != "rejected"]
        return known

    async def _interact(self, generation: int) -> InteractionRecord:
        agent, rounds = self.agent(generation), self.rounds(generation)
        session = self._model_session(generation, "interaction")
        drawn = refined = 0

        async def propose() -> int:
            nonlocal drawn
            attempt, drawn = drawn, drawn + 1
            if attempt == 0:
                return self._generations[-1].imitation.hypothesis
            await asyncio.sleep(0)
            return await agent.imitate(rounds, self._rng(generation, "imitation", attempt), session)

        async def refine(purpose: Purpose, hypothesis: int, examples: Sequence[Example]) -> int:
            nonlocal refined
            rng = self._rng(generation, "interaction", refined)
            refined += 1
            await asyncio.sleep(0)
            return await agent.refine(purpose, hypothesis, examples, rounds, rng, session)

        context = self._phase_context(generation, "interaction", refine)
        kinds = tuple(each.kind for each in self.config.filters)
        exhausted = None
        try:
            hypothesis = await hypothesis_gate(self.config.filters, propose, context)()
        except Exhausted as why:
            hypothesis, exhausted = why.hypothesis, why.filter
        redraws = max(drawn - 1, 0)
        decisions, refinements = tuple(context.decisions), tuple(context.refinements)
        return InteractionRecord(generation, kinds, hypothesis, redraws, decisions, exhausted, refinements)

    async def _transmit(self, generation: int) -> TransmissionRecord:
        return TransmissionRecord(generation, await self._made(generation, self._generations[-1].hypothesis, self.config.filters))

    async def _made(self, generation: int, hypothesis: int, filters: Sequence[Filter]) -> tuple[Sample, ...]:
        """Every sample that is seen at the second gate, in order, each with its verdict."""
        agent, rounds = self.agent(generation), self.rounds(generation)
        session = self._model_session(generation, "transmission")
        context = self._phase_context(generation, "transmission")
        attempt = 0

        async def draw(count: int) -> list[Sample]:
            nonlocal attempt
            rng = self._rng(generation, "transmission", attempt)
            attempt += 1
            examples = await agent.transmit(hypothesis, count, rounds, rng, session)
            return [Sample(example, next(context.numbers)) for example in examples]

        aside: list[Sample] = []
        passed = await sample_gate(filters, draw, hypothesis, context, aside)(self.task.samples)
        seen = {sample.number: sample for sample in (*aside, *passed)}  # the last word on each
        return tuple(seen[number] for number in sorted(seen))

    async def would_pass_on(self, hypothesis: int) -> tuple[Example, ...]:
        """What the present generation's transmission would pass on if this hypothesis went on; where a person is asked about the
        samples, what would be drawn first.

        For an exact agent only: an agent that is paid for must not be asked ahead.
        """
        filters = () if self.config.asks_at("samples") else self.config.filters
        made = await self._made(self._generations[-1].index, hypothesis, filters)
        return tuple(sample.example for sample in made if sample.passes)


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
