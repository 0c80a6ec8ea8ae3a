"""The records of filters: what was decided, refined, said and passed on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from iicl_tui.tasks.base import Example

Verdict = Literal["approve", "reject", "edit"]
"""A decider's verdict on one hypothesis or sample."""
SampleStatus = Literal["approved", "rejected", "edited", "pooled"]
"""The fate of a sample: passed on as drawn, thrown away, passed on as edited, or kept in the pool for later generations."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person or a script decided about a drawn hypothesis.

    Attributes:
        shown: The hypothesis that was drawn.
        hypothesis: The hypothesis that goes on; differs from `shown` only for the verdict "edit".
        seconds: Time taken, in seconds.
    """

    shown: int
    verdict: Verdict
    hypothesis: int
    reason: str = ""
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Refinement:
    """An agent was asked to improve its hypothesis, or to choose another one.

    Attributes:
        filter: Kind of the filter that asked.
        shown: The hypothesis before.
        hypothesis: The hypothesis after.
        failing: Number of examples of d⁰ that the hypothesis got wrong before.
    """

    filter: str
    shown: int
    hypothesis: int
    failing: int


@dataclass(frozen=True, slots=True)
class Exchange:
    """A pair that an agent said to its partner, who guessed the input from the output.

    Attributes:
        guess: The pair as the partner understood it, if that was wrong; None: it guessed right.
    """

    example: Example
    guess: Example | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample at the sample gate.

    Attributes:
        example: The example as it goes on.
        number: Its place among all samples seen in this generation, redraws included.
        shown: The example as it was drawn, if it was edited.
        seconds: Time taken to decide, in seconds.
        origin: The earlier generation that made it (0: d⁰) if it was taken from the pool; None if it was made now.
    """

    example: Example
    number: int = 0
    verdict: SampleStatus = "approved"
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
        """The example before any edit."""
        return self.example if self.shown is None else self.shown


class PoolExample(NamedTuple):
    """An example of an earlier generation that may be passed on again.

    Attributes:
        origin: The generation that made it; 0 for d⁰.
    """

    example: Example
    origin: int
