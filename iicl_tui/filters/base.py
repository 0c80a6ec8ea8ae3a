"""The protocol of a filter, and how filters compose.

A filter acts at two gates: on the hypothesis that an agent learned, and on each sample drawn from it. Each filter pulls from
the one before it, and pulls again when it wants a redraw. So whatever comes out of the last filter has passed all of them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from iicl_tui import registry
from iicl_tui.agents.base import Agent, ChooseWithin, Refine, RefineRequest, ReplyAnswer, UnreadableReply
from iicl_tui.agents.beliefs import Belief
from iicl_tui.agents.calls import Purpose
from iicl_tui.errors import Fault
from iicl_tui.filters.records import Decision as Decision
from iicl_tui.filters.records import Exchange as Exchange
from iicl_tui.filters.records import PoolExample as PoolExample
from iicl_tui.filters.records import Refinement as Refinement
from iicl_tui.filters.records import Sample as Sample
from iicl_tui.filters.records import SampleStatus as SampleStatus
from iicl_tui.filters.records import Verdict as Verdict
from iicl_tui.schema import Field
from iicl_tui.schema import Path as KeyPath
from iicl_tui.tasks.base import Example, Start, Task

Gate = Literal["hypothesis", "samples"]


@dataclass(frozen=True)
class HypothesisShown:
    """What a decider sees at the hypothesis gate.

    Attributes:
        attempt: 0 for the first draw.
        redraws_left: How often the decider may still reject.
        blind: Marks of right and wrong must be hidden.
    """

    context: PhaseContext
    hypothesis: int
    attempt: int
    redraws_left: int
    blind: bool


@dataclass(frozen=True)
class SamplesShown:
    """What a decider sees at the sample gate.

    Attributes:
        samples: The samples to decide on.
        kept: The samples that passed in earlier rounds.
        attempt: 0 for the first round.
        redraws_left: How many more rounds there may be.
        refill: Rejected samples are drawn again.
        blind: Marks of right and wrong must be hidden.
        more_requested: A later filter asks for more samples than were decided on before in this phase.
    """

    context: PhaseContext
    hypothesis: int
    samples: tuple[Sample, ...]
    kept: tuple[Sample, ...]
    attempt: int
    redraws_left: int
    refill: bool
    blind: bool
    more_requested: bool = False

    @property
    def first(self) -> bool:
        """These are the first samples decided on in this phase."""
        return not self.more_requested and not self.attempt


class Decider(Protocol):
    """Decides for the human filter, and about replies that could not be read: the review screen, or a script."""

    async def hypothesis(self, shown: HypothesisShown) -> Decision:
        """Returns a verdict on the drawn hypothesis."""

    async def samples(self, shown: SamplesShown) -> Sequence[Sample]:
        """Returns shown.samples in the same order, each with its status."""

    async def reply(self, shown: UnreadableReply) -> ReplyAnswer | None:
        """Returns what to do about a reply that could not be read; None if nobody can decide."""


async def cannot_refine(request: RefineRequest) -> int:
    """Replaces `PhaseContext.refine` when there is no agent. Raises LookupError."""
    raise LookupError(f"there is no agent for {request.purpose}")


class Learner(Protocol):
    """The agent of a generation, as one that speaks and learns again within a phase. Exact agents only."""

    @property
    def noise(self) -> float:
        """Its label noise ε."""

    async def speak(self, hypothesis: int, count: int, rng: np.random.Generator) -> Sequence[Example]:
        """Draws examples of the hypothesis."""

    async def learn(self, examples: Sequence[Example], instead: bool) -> int:
        """Learns a hypothesis from these examples and its data, or instead of its data. Raises ChainStopped as `Agent.imitate`."""


async def cannot_choose(members: NDArray[np.bool_]) -> int | None:
    """Replaces `PhaseContext.choose_within` when there is no agent. Raises LookupError."""
    raise LookupError("there is no agent to choose a hypothesis")


def _no_belief() -> Belief | None:
    return None


def _no_pool() -> Sequence[PoolExample]:
    return ()


@dataclass(frozen=True)
class PhaseContext:
    """What filters know in one phase of one generation.

    Attributes:
        refine: Asks the generation's agent to improve a hypothesis.
        choose_within: Asks the generation's agent to choose among (H,) some hypotheses.
        learner: The generation's agent, in the interaction of an exact agent.
        belief: The agent's belief given the data before it.
        pool: d⁰ and every earlier sample that was not rejected.
        seed: Seed of the filters' own random numbers.
        numbers: Counts the samples seen in this generation, in order.
        accepts_edit: The agent can be given another hypothesis than its own.
        memory: What each filter remembers during the phase.
        exhausted_filters: Kinds of filters that can let nothing more pass in this phase.
        decisions, refinements, exchanges: Filled in order by those who decide, refine and talk.
    """

    task: Task
    generation: int
    start: Start
    decider: Decider | None = None
    decisions: list[Decision] = field(default_factory=list)
    refine: Refine = cannot_refine
    choose_within: ChooseWithin = cannot_choose
    learner: Learner | None = None
    refinements: list[Refinement] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)
    belief: Callable[[], Belief | None] = _no_belief
    pool: Callable[[], Sequence[PoolExample]] = _no_pool
    seed: np.random.SeedSequence = field(default_factory=lambda: np.random.SeedSequence(0))
    numbers: Iterator[int] = field(default_factory=count)
    memory: dict[Filter, Any] = field(default_factory=dict)
    accepts_edit: bool = True
    exhausted_filters: list[str] = field(default_factory=list)

    @cached_property
    def rng(self) -> np.random.Generator:
        """The filters' own random numbers in this phase of this generation."""
        return np.random.default_rng(self.seed)

    def fresh_copy(self) -> PhaseContext:
        """Returns the context as it was when the phase began, for a trial run that changes nothing here."""
        return replace(self, decisions=[], refinements=[], exchanges=[], numbers=count(), memory={}, exhausted_filters=[])

    async def request_refinement(
        self, by: Purpose, hypothesis: int, examples: Sequence[Example], *, only_failing: bool = True
    ) -> int:
        """Asks the agent to improve the hypothesis, and records its answer. Returns the improved hypothesis.

        Args:
            by: Kind of the filter that asks.
            hypothesis: The hypothesis to improve.
            examples: What the agent is shown.
            only_failing: The hypothesis gets all of them wrong; otherwise the agent is to check it against them.
        """
        after = await self.refine(RefineRequest(by, hypothesis, examples, only_failing))
        self.record_refinement(by, hypothesis, after)
        return after

    async def request_choice(self, by: str, hypothesis: int, members: NDArray[np.bool_]) -> int | None:
        """Asks the agent to choose from its belief restricted to some hypotheses, and records it.

        Args:
            by: Kind of the filter that asks.
            hypothesis: The hypothesis that the choice replaces.
            members: (H,) The hypotheses to choose among.

        Returns:
            The choice; None if the agent's belief rules all of them out.
        """
        after = await self.choose_within(members)
        if after is not None:
            self.record_refinement(by, hypothesis, after)
        return after

    def record_refinement(self, by: str, before: int, after: int) -> None:
        """Records that a filter of the kind `by` had the agent replace its hypothesis."""
        failing = len(self.start.samples) - int(self.task.explained(self.start.samples)[before])
        self.refinements.append(Refinement(by, before, after, failing))


Propose = Callable[[], Awaitable[int]]
"""Draws the next hypothesis."""
Draw = Callable[[int], Awaitable[Sequence[Sample]]]
"""Draws this many samples; returns those that pass."""


class Exhausted(Exception):
    """A filter has used up its redraws.

    Attributes:
        hypothesis: The last hypothesis that the filter saw.
    """

    def __init__(self, filter: str, attempts: int, hypothesis: int) -> None:
        super().__init__(filter)
        self.filter = filter
        self.attempts = attempts
        self.hypothesis = hypothesis


class Filter(Protocol):
    """One filter. At a gate where it does not act, it returns what it is given."""

    kind: str

    def asks_at(self, gate: Gate) -> bool:
        """Returns whether a person is asked at this gate."""

    def acts_at(self, gate: Gate) -> bool:
        """Returns whether it can change what passes this gate."""

    async def hypothesis(self, propose: Propose, context: PhaseContext) -> int:
        """Returns the hypothesis that goes on. Raises Exhausted when the redraws are used up."""

    async def samples(self, draw: Draw, count: int, hypothesis: int, context: PhaseContext) -> Sequence[Sample]:
        """Returns all samples seen, in order, each with its status; at most `count` of them pass."""


class SampleFilter:
    """Base class of filters that act on samples only and ask nobody."""

    def asks_at(self, gate: Gate) -> bool:
        """Returns False."""
        return False

    def acts_at(self, gate: Gate) -> bool:
        """Returns whether this is the sample gate."""
        return gate == "samples"

    async def hypothesis(self, propose: Propose, context: PhaseContext) -> int:
        """Lets every hypothesis pass."""
        return await propose()


class HypothesisFilter:
    """Base class of filters that act on hypotheses only and ask nobody."""

    def asks_at(self, gate: Gate) -> bool:
        """Returns False."""
        return False

    def acts_at(self, gate: Gate) -> bool:
        """Returns whether this is the hypothesis gate."""
        return gate == "hypothesis"

    async def samples(self, draw: Draw, count: int, hypothesis: int, context: PhaseContext) -> Sequence[Sample]:
        """Lets every sample pass."""
        return await draw(count)


def hypothesis_gate(filters: Sequence[Filter], propose: Propose, context: PhaseContext) -> Propose:
    """Chains all filters, in order, into one source of hypotheses."""
    for each in filters:
        propose = _filtered_hypotheses(each, propose, context)
    return propose


def _filtered_hypotheses(filter: Filter, propose: Propose, context: PhaseContext) -> Propose:
    async def passed() -> int:
        return await filter.hypothesis(propose, context)

    return passed


def sample_gate(filters: Sequence[Filter], draw: Draw, hypothesis: int, context: PhaseContext, stopped: list[Sample]) -> Draw:
    """Chains all filters, in order, into one source of samples. Samples that do not pass are appended to `stopped`."""
    for each in filters:
        draw = _filtered_samples(each, draw, hypothesis, context, stopped)
    return draw


def _filtered_samples(filter: Filter, draw: Draw, hypothesis: int, context: PhaseContext, stopped: list[Sample]) -> Draw:
    async def passed(count: int) -> Sequence[Sample]:
        seen = await filter.samples(draw, count, hypothesis, context)
        stopped.extend(sample for sample in seen if not sample.passes)
        return [sample for sample in seen if sample.passes]

    return passed


class _MoreRequested(Exception):
    """A filter asked for more examples than there are."""


async def would_pass(
    filters: Sequence[Filter], examples: Sequence[Example], wanted: int, hypothesis: int, context: PhaseContext
) -> tuple[Example, ...] | None:
    """Computes what these filters would pass on if these were the first examples of this phase. The context is not changed.

    Args:
        filters: The filters, in order.
        examples: The examples that come to the first filter.
        wanted: How many examples are to pass at most.
        hypothesis: The hypothesis that the examples were drawn from.
        context: The phase.

    Returns:
        The examples that would pass; None if the filters ask for more examples, since the result then depends on those.

    Raises:
        Exception: Whatever the filters raise.
    """
    context, batches = context.fresh_copy(), iter([examples])

    async def draw(count: int) -> list[Sample]:
        for batch in batches:
            return [Sample(example, next(context.numbers)) for example in batch]
        raise _MoreRequested

    try:
        passed = await sample_gate(filters, draw, hypothesis, context, [])(wanted)
    except _MoreRequested:
        return None
    return tuple(sample.example for sample in passed)


@dataclass(frozen=True)
class FilterKind:
    """A kind of filter, as the configuration knows it.

    Attributes:
        build: Makes a filter from the option values, by key; adds faults to the list.
        check_agents: Adds faults if this filter cannot work with the chain's agents.
        check_new: Adds faults for what is refused in a new chain only: sessions on record that have it stay readable.
        order: Place in lists; lower comes first.
        pools: The filter may put samples into the pool and take samples of earlier generations from it.
        redraws: The filter may have hypotheses or samples drawn again, which costs further calls.
        refines: The filter has the agent refine each hypothesis, which costs further calls.
        asks_at: Whether a person is asked at a gate, given the filter's [[filter]] table.
        embed: Reads the file that a [[filter]] table names into the table, so that a session file stands alone; adds faults.
    """

    name: str
    title: str
    help: str
    fields: tuple[Field, ...]
    build: Callable[[Mapping[str, Any], Task, KeyPath, list[Fault]], Filter]
    check_agents: Callable[[Any, Task, Sequence[Agent], KeyPath, list[Fault]], None] = lambda filter, task, agents, path, faults: (
        None
    )
    check_new: Callable[[Any, Sequence[Agent], KeyPath, list[Fault]], None] = lambda filter, agents, path, faults: None
    order: int = 100
    pools: bool = False
    redraws: bool = True
    refines: bool = False
    asks_at: Callable[[Mapping[str, Any], Gate], bool] = lambda table, gate: False
    embed: Callable[[Mapping[str, Any], KeyPath, list[Fault], Path | None], Mapping[str, Any]] = (
        lambda table, path, faults, folder: table
    )


def check_can_judge_hypotheses(kind: str, task: Task, path: KeyPath, faults: list[Fault]) -> None:
    """Adds a fault if hypotheses cannot be judged by d⁰ because all of them explain the same examples."""
    if not task.predictive:
        words = f"in the task {task.name} every hypothesis explains the same examples, so {kind} has nothing to judge by; remove it"
        faults.append(Fault((*path, "kind"), words))


def cannot_receive_hypothesis(task: Task, agents: Sequence[Agent]) -> bool:
    """Returns whether one of the agents is a model that states no rule in this task, so it cannot receive one either."""
    return any(not agent.exact for agent in agents) and task.wording is not None and not task.wording.states_rule


def filter_kinds() -> Mapping[str, FilterKind]:
    """Returns every kind of filter, installed plug-ins included, by the name used in files."""
    return registry.kinds("iicl_tui.filters")
