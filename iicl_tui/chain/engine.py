"""Runs one chain: imitation → interaction → transmission, one phase a step.

A phase that is cancelled or fails leaves the chain as it was. The record of a finished phase joins the chain, and the sink saves it
before the next phase begins. If the sink fails, the record waits in `unsaved`, and no phase begins before it is saved. A call to a
model is a record of its own, saved before its reply is read, so a repeated phase reuses the recorded reply.
Random numbers depend on (seed, generation, phase, attempt) alone: stepping, running, resuming and branching give the same chain.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from iicl_tui.agents.access import Access
from iicl_tui.agents.base import Agent, ChooseWithin, Datasets, Refine, RefineRequest, as_chooser
from iicl_tui.agents.calls import Call
from iicl_tui.agents.model_session import ChainServices, PendingCall, RecordedModelSession
from iicl_tui.agents.money import spent, tokens_text
from iicl_tui.chain.config import ChainConfig
from iicl_tui.chain.history import ChainHistory
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
from iicl_tui.errors import ChainStopped, LabError, StoreError
from iicl_tui.filters.base import (
    Decider,
    Exhausted,
    Filter,
    PhaseContext,
    Sample,
    cannot_choose,
    cannot_receive_hypothesis,
    cannot_refine,
    hypothesis_gate,
    sample_gate,
)
from iicl_tui.registry import plug_in_of
from iicl_tui.tasks.base import Example

_FILTERS = 1 + len(PHASES)
"""The part of a spawn key that stands for filters; agents use the numbers of their phases."""


class Sink(Protocol):
    """Where records are saved."""

    def append(self, record: Record) -> None:
        """Saves a record durably before it returns. Raises StoreError if it cannot; the same append may then be repeated."""

    def append_loosely(self, *calls: Call) -> None:
        """Saves calls, all or none, so that they survive the end of this process, and a power cut after `sync`.

        Raises as `append`.
        """

    def sync(self) -> None:
        """Makes durable what was appended loosely. Raises StoreError if that fails; then none of it is saved."""

    def check_space(self, size: int) -> None:
        """Raises StoreError if a record of this many bytes could not be saved, before anybody pays for a reply."""


@dataclass
class _Learner:
    """Implements `filters.base.Learner`. next_rng: gives the random numbers of the next request to the agent."""

    agent: Agent
    rounds: Datasets
    session: RecordedModelSession
    next_rng: Callable[[], Awaitable[np.random.Generator]]

    @property
    def noise(self) -> float:
        return float(getattr(self.agent, "noise", 0.0))

    async def speak(self, hypothesis: int, count: int, rng: np.random.Generator) -> Sequence[Example]:
        return await self.agent.transmit(hypothesis, count, self.rounds, rng, self.session)

    async def learn(self, examples: Sequence[Example], instead: bool) -> int:
        datasets = [examples] if instead else [*self.rounds, examples]
        return await self.agent.imitate(datasets, await self.next_rng(), self.session)


class Chain(ChainHistory):
    """One chain that can be stepped, run and paused.

    Attributes:
        sink: Where records are saved; None: in memory only.
        decider: Who decides for the human filter and on unreadable replies; None: nobody.
        budget: What all calls may cost.
        access: Which keys may go to which servers.
        calling: The call in progress.
        on_notice: Called with each sentence that a person should read once, such as that a model ignores a parameter.
    """

    SESSION: ClassVar[type[RecordedModelSession]] = RecordedModelSession
    """How agents talk to their models."""

    def __init__(
        self,
        config: ChainConfig,
        generations: Sequence[Generation] = (),
        sink: Sink | None = None,
        decider: Decider | None = None,
        calls: Sequence[Call] = (),
        access: Access | None = None,
    ) -> None:
        """Sets up a chain that continues after these records.

        Args:
            config: The checked configuration.
            generations: The generations on record.
            sink: Where records are saved; None: in memory only.
            decider: Who decides for the human filter and on unreadable replies; None: nobody.
            calls: The calls on record, in the order in which they were made.
            access: Which keys may go to which servers. By default each key goes to its own provider only.
        """
        super().__init__(config, generations, calls)
        self.sink = sink
        self.decider = decider
        self.budget = config.budget
        self.access = access or Access()
        self.calling: PendingCall | None = None
        self.on_notice: Callable[[str], None] = lambda text: None
        self._unsaved: list[Record] = []
        self._loose: list[Call] = []  # saved, but not durable yet
        self._pause = False
        self._step_lock = asyncio.Lock()

    @property
    def unsaved(self) -> tuple[Record, ...]:
        """Records that the sink could not save yet, oldest first."""
        return tuple(self._unsaved)

    def _rng(self, generation: int, phase: Phase, attempt: int) -> np.random.Generator:
        key = (generation, 1 + PHASES.index(phase), attempt)
        return np.random.default_rng(np.random.SeedSequence(self.config.seed, spawn_key=key))

    # -- running ---------------------------------------------------------------------------------------------------

    async def step(self) -> PhaseRecord:
        """Runs the next phase and saves its record. In a finished chain, a step saves what is still unsaved.

        Raises:
            ChainStopped: No phase follows.
            StoreError: The record could not be saved. The next step tries again first.
            Exception: Whatever an agent or filter raises.
        """
        async with self._step_lock:
            unsaved = [record for record in self._unsaved if not isinstance(record, Call)]
            record = await self._next_record(self.config.generations)
            if record is None and unsaved:
                record = unsaved[-1]
            if record is None:
                raise self.end_error()
            return record

    async def run(self, until: int | None = None, done: Callable[[PhaseRecord], None] | None = None) -> None:
        """Steps until generation `until` (default: the last) is complete, the chain is stuck, or `pause` is called.

        Other tasks run between phases, and a cancellation takes effect there.

        Args:
            until: The last generation to run.
            done: Called after each phase.
        """
        self._pause = False
        until = self.config.generations if until is None else until
        while not self._pause:
            async with self._step_lock:  # another step may have reached the goal meanwhile
                record = await self._next_record(until)
            if record is None:
                return
            if done is not None:
                done(record)
            await asyncio.sleep(0)

    async def _next_record(self, until: int) -> PhaseRecord | None:
        """Runs the next phase and saves its record; None if there is none up to generation `until`."""
        self.flush()
        upcoming = self.next
        if upcoming is None or upcoming[0] > until:
            return None
        record = await self._run_phase(*upcoming)
        self._add(record)
        self._unsaved.append(record)
        self.flush()
        return record

    def pause(self) -> None:
        """Makes `run` return after the phase in progress."""
        self._pause = True

    def flush(self) -> None:
        """Saves all unsaved records. Raises StoreError."""
        while self._unsaved:
            if self.sink is not None:
                self.sink.append(self._unsaved[0])
            del self._unsaved[0]

    async def close(self) -> None:
        """Closes the agents' connections. The chain can still continue; it opens them again when needed."""
        for agent in self.config.agents:
            await agent.close()

    def _check_space(self, size: int) -> None:
        if self.sink is not None:
            self.sink.check_space(size)

    def _save_call(self, call: Call) -> None:
        self._keep(call)
        self.flush()

    def _save_loosely(self, *calls: Call) -> None:
        """As `_save_call`, for calls that are saved at once, but they may be lost in a power cut before `_sync`."""
        for call in calls:
            self._keep(call)
        # No phase begins before the record of the last one is saved.
        unsaved = [record for record in self._unsaved if isinstance(record, Call)]
        if self.sink is not None:
            self.sink.append_loosely(*unsaved)
            self._loose += unsaved
        self._unsaved.clear()

    def _keep(self, call: Call) -> None:
        self._add_call(call)
        self._spent = self._spent + spent([call], self._price)
        self._unsaved.append(call)

    def _sync(self) -> None:
        loose, self._loose = self._loose, []
        if self.sink is None:
            return
        try:
            self.sink.sync()
        except StoreError:
            self._unsaved[:0] = loose
            raise

    def _save_loss(self, loss: Call) -> None:
        """Records attempts that may be billed although no reply came. A disk that fails is met again by the next step."""
        lost = spent([loss], self._price)
        self._losses.append(loss)
        self._spent = self._spent + lost
        self._unsaved.append(loss)
        with contextlib.suppress(StoreError):
            self.flush()
        self.on_notice(
            f"A call that got no reply may be billed for up to {tokens_text(lost.tokens)}. They count against the budget."
        )

    def _add(self, record: PhaseRecord) -> None:
        if isinstance(record, ImitationRecord):
            self._generations.append(Generation(record.generation, record))
        else:
            self._generations[-1] = self._generations[-1].with_record(record)

    async def _run_phase(self, generation: int, phase: Phase) -> PhaseRecord:
        try:
            if phase == "imitation":
                return await self._imitate(generation)
            if phase == "interaction":
                return await self._interact(generation)
            return await self._transmit(generation)
        except LabError:
            raise
        except Exception as error:
            if not (plug_in := plug_in_of(error)):
                raise
            raise ChainStopped(
                f"The plug-in {plug_in} failed",
                f"In the {phase} of generation {generation} it raised {type(error).__name__}: {error}",
                "Every finished phase is saved. Update the plug-in, or report this to its author; then resume.",
            ) from error

    def _model_session(self, generation: int, phase: Phase) -> RecordedModelSession:
        services = ChainServices(
            self._save_call, self._check_space, lambda: self._spent, lambda: self.budget, self._set_calling,
            lambda text: self.on_notice(text), lambda: self.decider, self.access, self._save_loss, self._save_loosely, self._sync,
        )  # fmt: skip
        calls = self._calls.setdefault(generation, [])
        previous = self._generations[generation - 2].hypothesis if generation > 1 else None
        dialogue, lookback = self._earlier_dialogue(generation), self.config.lookback
        is_first, past = generation <= len(self.config.agents), partial(self._past, generation)
        return self.SESSION(services, generation, phase, calls, dialogue, lookback, previous, is_first, past)

    def _set_calling(self, calling: PendingCall | None) -> None:
        self.calling = calling

    async def _imitate(self, generation: int) -> ImitationRecord:
        session = self._model_session(generation, "imitation")
        hypothesis = await self.agent(generation).imitate(self.rounds(generation), self._rng(generation, "imitation", 0), session)
        return ImitationRecord(generation, (generation - 1) % len(self.config.agents), hypothesis)

    def _phase_context(
        self, generation: int, phase: Phase, refine: Refine = cannot_refine, choose_within: ChooseWithin = cannot_choose
    ) -> PhaseContext:
        seed = np.random.SeedSequence(self.config.seed, spawn_key=(generation, _FILTERS, PHASES.index(phase)))
        return PhaseContext(
            self.task, generation, self.start, self.decider, refine=refine, choose_within=choose_within,
            belief=lambda: self.belief(generation), pool=lambda: self.pool(generation), seed=seed,
            accepts_edit=not cannot_receive_hypothesis(self.task, [self.agent(generation)]),
        )  # fmt: skip

    async def _interact(self, generation: int) -> InteractionRecord:
        agent, rounds = self.agent(generation), self.rounds(generation)
        session = self._model_session(generation, "interaction")
        drawn = asked = 0

        async def propose() -> int:
            nonlocal drawn
            attempt, drawn = drawn, drawn + 1
            if attempt == 0:
                return self._generations[-1].imitation.hypothesis
            await asyncio.sleep(0)
            return await agent.imitate(rounds, self._rng(generation, "imitation", attempt), session)

        async def refine(request: RefineRequest) -> int:
            return await agent.refine(request, rounds, await next_rng(), session)

        async def choose_within(members: NDArray[np.bool_]) -> int | None:
            rng = await next_rng()
            return await as_chooser(agent).choose_within(members, rounds, rng, session)

        async def next_rng() -> np.random.Generator:
            nonlocal asked
            attempt, asked = asked, asked + 1
            await asyncio.sleep(0)
            return self._rng(generation, "interaction", attempt)

        learner = _Learner(agent, rounds, session, next_rng) if agent.exact else None
        context = replace(self._phase_context(generation, "interaction", refine, choose_within), learner=learner)
        kinds = tuple(each.kind for each in self.config.filters)
        exhausted = None
        try:
            hypothesis = await hypothesis_gate(self.config.filters, propose, context)()
        except Exhausted as why:
            hypothesis, exhausted = why.hypothesis, why.filter
        redraws = max(drawn - 1, 0)
        return InteractionRecord(
            generation, kinds, hypothesis, redraws, tuple(context.decisions), exhausted, tuple(context.refinements),
            tuple(context.exchanges),
        )  # fmt: skip

    async def _transmit(self, generation: int) -> TransmissionRecord:
        return TransmissionRecord(
            generation, await self._draw_samples(generation, self._generations[-1].hypothesis, self.config.filters)
        )

    async def _draw_samples(self, generation: int, hypothesis: int, filters: Sequence[Filter]) -> tuple[Sample, ...]:
        """Draws samples until enough pass, then takes what is mixed in from d⁰, which no filter judges.

        Returns:
            Every sample that the filters saw, in order, each with its last verdict; then those of d⁰.
        """
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

        stopped: list[Sample] = []
        wanted = self.config.own_samples
        passed = await sample_gate(filters, draw, hypothesis, context, stopped)(wanted) if wanted else ()
        seen = {sample.number: sample for sample in (*stopped, *passed)}
        kept = [Sample(example, next(context.numbers), origin=0) for example in self.mixed_in(generation)]
        return (*(seen[number] for number in sorted(seen)), *kept)

    async def would_pass_on(self, hypothesis: int) -> tuple[Example, ...]:
        """What the current generation would pass on from this hypothesis. If a person decides on samples: the first ones drawn.

        For exact agents only, since a call to a model costs money.
        """
        filters = () if self.config.asks_at("samples") else self.config.filters
        made = await self._draw_samples(self._generations[-1].index, hypothesis, filters)
        return tuple(sample.example for sample in made if sample.passes)
