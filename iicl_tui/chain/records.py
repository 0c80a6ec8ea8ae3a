"""The records of a chain: evidence and decisions, one frozen record per phase. Everything else is derived from them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from iicl_tui.agents.calls import Call
from iicl_tui.filters.base import Decision, Exchange, PoolExample, Refinement, Sample
from iicl_tui.record_tables import PHASES as PHASES
from iicl_tui.record_tables import Phase as Phase
from iicl_tui.tasks.base import Example


@dataclass(frozen=True, slots=True)
class ImitationRecord:
    """hᵗ as learned from dᵗ⁻¹.

    Attributes:
        agent: Index of the agent among the chain's agents.
    """

    generation: int
    agent: int
    hypothesis: int

    phase: Phase = "imitation"


@dataclass(frozen=True, slots=True)
class InteractionRecord:
    """hᵗ after the filters.

    Attributes:
        filters: Their kinds, in order.
        hypothesis: The one that goes on; if a filter was exhausted, the last one seen.
        redraws: How often the agent drew again.
        decisions, refinements, exchanges: In the order in which they were made.
        exhausted: The kind of the filter whose redraws were used up. The chain stops here.
    """

    generation: int
    filters: tuple[str, ...]
    hypothesis: int
    redraws: int = 0
    decisions: tuple[Decision, ...] = ()
    exhausted: str | None = None
    refinements: tuple[Refinement, ...] = ()
    exchanges: tuple[Exchange, ...] = ()

    phase: Phase = "interaction"


@dataclass(frozen=True, slots=True)
class TransmissionRecord:
    """The samples made from hᵗ, in the order drawn, each with its verdict."""

    generation: int
    samples: tuple[Sample, ...]

    phase: Phase = "transmission"


PhaseRecord = ImitationRecord | InteractionRecord | TransmissionRecord

Record = PhaseRecord | Call
"""One block of a session file. A call comes before the phase that it belongs to."""


@dataclass(frozen=True)
class Generation:
    """One generation with the phases that are done."""

    index: int
    imitation: ImitationRecord
    interaction: InteractionRecord | None = None
    transmission: TransmissionRecord | None = None

    @property
    def complete(self) -> bool:
        """Whether all three phases are done."""
        return self.transmission is not None

    @property
    def stuck(self) -> bool:
        """Whether a filter's redraws were used up, so that the chain cannot continue."""
        return self.interaction is not None and self.interaction.exhausted is not None

    @property
    def hypothesis(self) -> int:
        """hᵗ: the hypothesis that goes on; before the interaction, the one learned."""
        return (self.interaction or self.imitation).hypothesis

    @cached_property
    def data(self) -> tuple[Example, ...]:
        """dᵗ, the data passed on; empty before the transmission."""
        return tuple(s.example for s in self.transmission.samples if s.passes) if self.transmission else ()

    @cached_property
    def pooled(self) -> tuple[PoolExample, ...]:
        """What it made and later generations may pass on: every sample of its own that was not rejected."""
        made = self.transmission.samples if self.transmission else ()
        return tuple(PoolExample(s.example, self.index) for s in made if s.origin is None and s.verdict != "rejected")

    def with_record(self, record: InteractionRecord | TransmissionRecord) -> Generation:
        """The generation with the record of one more phase."""
        if isinstance(record, InteractionRecord):
            return replace(self, interaction=record)
        return replace(self, transmission=record)


def in_order(generations: Sequence[Generation], calls: Sequence[Call]) -> Iterator[Record]:
    """All records in the order in which they were made."""
    left = list(reversed(calls))
    for generation in generations:
        for record in (generation.imitation, generation.interaction, generation.transmission):
            if record is None:
                continue
            while left and (left[-1].generation, left[-1].phase) == (record.generation, record.phase):
                yield left.pop()
            yield record
    yield from reversed(left)
