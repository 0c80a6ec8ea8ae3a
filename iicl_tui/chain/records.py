"""What a chain leaves behind: frozen records, one a phase. Evidence and decisions only; all else is derived."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from iicl_tui.agents.calls import Call
from iicl_tui.filters.base import Decision, Refinement, Sample
from iicl_tui.record_tables import PHASES as PHASES
from iicl_tui.record_tables import Phase as Phase
from iicl_tui.tasks.base import Example


@dataclass(frozen=True, slots=True)
class ImitationRecord:
    """hᵗ as learned from dᵗ⁻¹. agent: which of the chain's agents, from 0."""

    generation: int
    agent: int
    hypothesis: int

    phase: Phase = "imitation"


@dataclass(frozen=True, slots=True)
class InteractionRecord:
    """hᵗ as it goes on. filters: their kinds in order; redraws: how often the agent drew again; refinements: in their order.

    exhausted: the kind of the filter whose redraws were used up: then the chain stops here, and hypothesis is the last seen.
    """

    generation: int
    filters: tuple[str, ...]
    hypothesis: int
    redraws: int = 0
    decisions: tuple[Decision, ...] = ()
    exhausted: str | None = None
    refinements: tuple[Refinement, ...] = ()

    phase: Phase = "interaction"


@dataclass(frozen=True, slots=True)
class TransmissionRecord:
    """The samples made from hᵗ, in the order drawn, each with its verdict."""

    generation: int
    samples: tuple[Sample, ...]

    phase: Phase = "transmission"


PhaseRecord = ImitationRecord | InteractionRecord | TransmissionRecord

Record = PhaseRecord | Call
"""What is kept of a chain, one block each. A call comes before the phase that it belongs to."""


@dataclass(frozen=True)
class Generation:
    """One generation, as far as it has come."""

    index: int
    imitation: ImitationRecord
    interaction: InteractionRecord | None = None
    transmission: TransmissionRecord | None = None

    @property
    def complete(self) -> bool:
        """All three phases are done."""
        return self.transmission is not None

    @property
    def stuck(self) -> bool:
        """A filter's redraws were used up: nothing can follow."""
        return self.interaction is not None and self.interaction.exhausted is not None

    @property
    def hypothesis(self) -> int:
        """hᵗ: the one that goes on, or, before the interaction, the one learned."""
        return (self.interaction or self.imitation).hypothesis

    @cached_property
    def data(self) -> tuple[Example, ...]:
        """dᵗ: what is passed on; empty before the transmission."""
        return tuple(s.example for s in self.transmission.samples if s.passes) if self.transmission else ()

    def with_record(self, record: InteractionRecord | TransmissionRecord) -> Generation:
        """The generation one phase further."""
        if isinstance(record, InteractionRecord):
            return replace(self, interaction=record)
        return replace(self, transmission=record)


def in_order(generations: Sequence[Generation], calls: Sequence[Call]) -> Iterator[Record]:
    """All records in the order in which they happened. calls: in theirs."""
    left = list(reversed(calls))
    for generation in generations:
        for record in (generation.imitation, generation.interaction, generation.transmission):
            if record is None:
                continue
            while left and (left[-1].generation, left[-1].phase) == (record.generation, record.phase):
                yield left.pop()
            yield record
    yield from reversed(left)
