"""The protocol of a filter, and how filters compose.

A filter stands at two gates: the hypothesis that an agent learned, and each sample made from it. It pulls what comes
from the filters before it, again if it wants a redraw, until it is content; so whatever passes has passed them all.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import count
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np

from iicl_tui import registry
from iicl_tui.agents.base import Agent, Refine, ReplyAnswer, Unreadable
from iicl_tui.agents.beliefs import Belief
from iicl_tui.agents.calls import Purpose
from iicl_tui.errors import Fault
from iicl_tui.schema import Field
from iicl_tui.schema import Path as KeyPath
from iicl_tui.tasks.base import Example, Start, Task

Verdict = Literal["approve", "reject", "edit"]
Standing = Literal["approved", "rejected", "edited", "pooled"]
"""Of a sample: passed on (as it was drawn, or edited), thrown away, or not passed on now but kept in the pool."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person (or a script) decided about a drawn hypothesis. hypothesis: what goes on (the shown one but for edit)."""

    shown: int
    verdict: Verdict
    hypothesis: int
    reason: str = ""
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Refinement:
    """An agent was asked to mend its hypothesis. filter: the kind that asked; failing: how many of d⁰ it got wrong before."""

    filter: str
    shown: int
    hypothesis: int
    failing: int


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample at the gate. example: as it goes on; shown: as it was drawn, where it was edited. seconds: time taken.

    number: its place among all that were seen in this generation, redraws included. origin: the earlier generation that made it
    (0: it is of d⁰), where it was taken from the pool; None: it was made now.
    """

    example: Example
    number: int = 0
    verdict: Standing = "approved"
    shown: Example | None = None
    reason: str = ""
    seconds: float | None = None
    origin: int | None = None

    @property
    def passes(self) -> bool:
        """Approved and edited samples are passed on."""
        return self.verdict in ("approved", "edited")

    @property
    def drawn(self) -> Example:
        """As it was made, before anybody edited it."""
        return self.example if self.shown is None else self.shown


class Pooled(NamedTuple):
    """An example of an earlier generation that may be passed on again. origin: that generation, 0 for d⁰."""

    example: Example
    origin: int


@dataclass(frozen=True)
class HypothesisShown:
    """What a decider sees at the first gate. attempt: 0 for the first draw; redraws_left: how often it may still reject."""

    context: PhaseContext
    hypothesis: int
    attempt: int
    redraws_left: int
    blind: bool


@dataclass(frozen=True)
class SamplesShown:
    """What a decider sees at the second gate. kept: what passed in earlier rounds. refill: rejected ones are drawn again.

    again: a filter after this one asks for more than what was decided before in this phase.
    """

    context: PhaseContext
    hypothesis: int
    samples: tuple[Sample, ...]
    kept: tuple[Sample, ...]
    attempt: int
    redraws_left: int
    refill: bool
    blind: bool
    again: bool = False

    @property
    def first(self) -> bool:
        """These are the first samples that are decided on in this phase."""
        return not self.again and not self.attempt


class Decider(Protocol):
    """Who decides for the human filter, and on replies that could not be read: the screens, or a list of scripted decisions."""

    async def hypothesis(self, shown: HypothesisShown) -> Decision:
        """A verdict on the drawn hypothesis."""

    async def samples(self, shown: SamplesShown) -> Sequence[Sample]:
        """A verdict on each of shown.samples, in their order."""

    async def reply(self, shown: Unreadable) -> ReplyAnswer | None:
        """What to do about a reply that could not be read; None where nobody can say."""


async def cannot_refine(purpose: Purpose, hypothesis: int, examples: Sequence[Example]) -> int:
    """Where no agent is at hand."""
    raise LookupError(f"nobody is there for {purpose}")


def _nobody() -> Belief | None:
    return None


def _no_pool() -> Sequence[Pooled]:
    return ()


@dataclass(frozen=True)
class PhaseContext:
    """What the filters know in one phase of one generation.

    Attributes:
        refine: Asks the generation's agent to improve a hypothesis.
        belief: The agent's belief given the data before it.
        pool: d⁰ and every earlier sample that was not rejected.
        seed: Seed of the filters' own random numbers.
        numbers: Counts the samples seen in this generation, in order.
        accepts_edit: The agent can be given another hypothesis than its own.
        memory: What each filter remembers during the phase.
        exhausted_filters: Kinds of filters that can let nothing more pass in this phase.
        decisions, refinements: Filled in order by those who decide and refine.
    """

    task: Task
    generation: int
    start: Start
    decider: Decider | None = None
    decisions: list[Decision] = field(default_factory=list)
    refine: Refine = cannot_refine
    refinements: list[Refinement] = field(default_factory=list)
    belief: Callable[[], Belief | None] = _nobody
    pool: Callable[[], Sequence[Pooled]] = _no_pool
    seed: np.random.SeedSequence = field(default_factory=lambda: np.random.SeedSequence(0))
    numbers: Iterator[int] = field(default_factory=count)
    memory: dict[Filter, Any] = field(default_factory=dict)
    accepts_edit: bool = True
    exhausted_filters: list[str] = field(default_factory=list)

    @cached_property
    def rng(self) -> np.random.Generator:
        """The filters' own random numbers in this phase of this generation."""
        return np.random.default_rng(self.seed)

    def anew(self) -> PhaseContext:
        """The same as it was when the phase began, for a rehearsal: what happens in it changes nothing here."""
        return replace(self, decisions=[], refinements=[], numbers=count(), memory={}, exhausted_filters=[])

    async def refined(self, by: Purpose, hypothesis: int, examples: Sequence[Example]) -> int:
        """The hypothesis mended in the light of the examples, put on record. by: the kind of the filter that asks."""
        after = await self.refine(by, hypothesis, examples)
        failing = len(self.start.samples) - int(self.task.explained(self.start.samples)[hypothesis])
        self.refinements.append(Refinement(by, hypothesis, after, failing))
        return after


Propose = Callable[[], Awaitable[int]]
"""The next hypothesis drawn."""
Draw = Callable[[int], Awaitable[Sequence[Sample]]]
"""So many samples drawn; those of them that pass."""


class Exhausted(Exception):
    """A filter's redraws are used up. hypothesis: the last one it saw."""

    def __init__(self, filter: str, attempts: int, hypothesis: int) -> None:
        super().__init__(filter)
        self.filter = filter
        self.attempts = attempts
        self.hypothesis = hypothesis


class Filter(Protocol):
    """One filter. A gate where it has no say returns what it is given."""

    kind: str

    def asks_at(self, gate: Literal["hypothesis", "samples"]) -> bool:
        """Whether a person is asked at this gate."""

    async def hypothesis(self, propose: Propose, context: PhaseContext) -> int:
        """The hypothesis that goes on. Raises Exhausted when its redraws are used up."""

    async def samples(self, draw: Draw, count: int, hypothesis: int, context: PhaseContext) -> Sequence[Sample]:
        """The samples seen, in order, each with its verdict; those that pass are at most count."""


class OfSamples:
    """A filter that has a say on samples alone, and asks nobody."""

    def asks_at(self, gate: Literal["hypothesis", "samples"]) -> bool:
        """Never."""
        return False

    async def hypothesis(self, propose: Propose, context: PhaseContext) -> int:
        """All pass."""
        return await propose()


class OfHypotheses:
    """A filter that has a say on hypotheses alone, and asks nobody."""

    def asks_at(self, gate: Literal["hypothesis", "samples"]) -> bool:
        """Never."""
        return False

    async def samples(self, draw: Draw, count: int, hypothesis: int, context: PhaseContext) -> Sequence[Sample]:
        """All pass."""
        return await draw(count)


def hypothesis_gate(filters: Sequence[Filter], propose: Propose, context: PhaseContext) -> Propose:
    """All filters in order as one source of hypotheses."""
    for each in filters:
        propose = _hypothesis_of(each, propose, context)
    return propose


def _hypothesis_of(one: Filter, propose: Propose, context: PhaseContext) -> Propose:
    async def passed() -> int:
        return await one.hypothesis(propose, context)

    return passed


def sample_gate(filters: Sequence[Filter], draw: Draw, hypothesis: int, context: PhaseContext, aside: list[Sample]) -> Draw:
    """All filters in order as one source of samples; those that do not pass are laid aside."""
    for each in filters:
        draw = _samples_of(each, draw, hypothesis, context, aside)
    return draw


def _samples_of(one: Filter, draw: Draw, hypothesis: int, context: PhaseContext, aside: list[Sample]) -> Draw:
    async def passed(count: int) -> Sequence[Sample]:
        seen = await one.samples(draw, count, hypothesis, context)
        aside.extend(sample for sample in seen if not sample.passes)
        return [sample for sample in seen if sample.passes]

    return passed


class _AskedAgain(Exception):
    """More examples are wanted than there are."""


async def passing(
    filters: Sequence[Filter], examples: Sequence[Example], wanted: int, hypothesis: int, context: PhaseContext
) -> tuple[Example, ...] | None:
    """What these filters would pass on, `wanted` at most, if these were the first examples that came to them in this phase.

    None where that hangs on examples that they ask for after these. The context stays as it is. Raises what the filters raise.
    """
    context, coming = context.anew(), iter([examples])

    async def draw(count: int) -> list[Sample]:
        for given in coming:
            return [Sample(example, next(context.numbers)) for example in given]
        raise _AskedAgain

    try:
        passed = await sample_gate(filters, draw, hypothesis, context, [])(wanted)
    except _AskedAgain:
        return None
    return tuple(sample.example for sample in passed)


@dataclass(frozen=True)
class FilterKind:
    """A filter as the configuration knows it. build: option values (by key) → a filter.

    suits: adds what is wrong with this filter for the chain's agents. pools: it may lay samples aside and take them from earlier
    generations.
    """

    name: str
    title: str
    help: str
    fields: tuple[Field, ...]
    build: Callable[[Mapping[str, Any], Task, KeyPath, list[Fault]], Filter]
    suits: Callable[[Any, Task, Sequence[Agent], KeyPath, list[Fault]], None] = lambda filter, task, agents, path, faults: None
    order: int = 100
    pools: bool = False


def judges_by_d0(kind: str, task: Task, path: KeyPath, faults: list[Fault]) -> None:
    """Adds a fault for a filter that judges hypotheses by what they explain of d⁰, where all of them explain the same."""
    if not task.explains:
        words = f"in the task {task.name} every hypothesis explains the same examples, so {kind} can judge none; leave it out"
        faults.append(Fault((*path, "kind"), words))


def cannot_receive_hypothesis(task: Task, agents: Sequence[Agent]) -> bool:
    """One of the agents is a model that states no rule in this task, so that it cannot be told of one either."""
    return any(not agent.exact for agent in agents) and task.wording is not None and not task.wording.states_rule


def filter_kinds() -> Mapping[str, FilterKind]:
    """Every kind of filter there is, by the name that files use."""
    return registry.kinds("iicl_tui.filters")
