"""What the laboratory shows, as one frozen value. Widgets get parts of it; nothing in it changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from iicl_tui.chain.records import Phase
from iicl_tui.charts.film import FilmView
from iicl_tui.charts.marginals import MarginalsView
from iicl_tui.charts.panel import Panel
from iicl_tui.charts.view import BeliefView, Form, ScaleKind

Pane = Literal["belief", "curves", "objects", "data", "generations"]
PANES: tuple[Pane, ...] = ("belief", "curves", "objects", "data", "generations")

FORMS: tuple[Form, ...] = ("strips", "mosaic", "ranked")


@dataclass(frozen=True)
class ChartSettings:
    """How the belief is looked at. by: the factor that makes strips and colours; None = by the d⁰ examples explained."""

    form: Form = "strips"
    scale: ScaleKind = "log"
    by: int | None = None
    ghost: bool = True
    cursor: int | None = None


class Saving(NamedTuple):
    """How safe what happened is. reason: why it is not saved, in a few words."""

    kind: Literal["saved", "unsaved", "read-only", "memory"] = "memory"
    reason: str = ""


@dataclass(frozen=True)
class Activity:
    """What the chain is doing. goal: the generation that a run goes to; pausing: it stops after the phase under way."""

    kind: Literal["idle", "step", "run"] = "idle"
    goal: int = 0
    pausing: bool = False
    asking: bool = False
    """A person is being asked at this moment."""
    held_back: bool = False
    """The budget has held back the next call."""

    @property
    def busy(self) -> bool:
        return self.kind != "idle"


IDLE = Activity()


Sign = Literal["●", "◉", "○", "✗"]


class PhaseStep(NamedTuple):
    """One phase of the generation looked at: done ●, next ◉, to come ○, or stuck ✗. detail: who or what does it."""

    phase: Phase
    mark: Sign
    detail: str = ""


class DataItem(NamedTuple):
    """One example as a line. mark: ✓ approved, ✗ rejected, ✎ edited, ○ in the pool, or nothing where it was given."""

    text: str
    mark: str = ""
    note: str = ""


class DataBlock(NamedTuple):
    """A dataset or a hypothesis of the generation looked at: d², h³, d³. empty: what is said when there is nothing yet.
    lines: each item has a line of its own."""

    name: str
    caption: str
    items: tuple[DataItem, ...] = ()
    empty: str = ""
    lines: bool = False


@dataclass(frozen=True, eq=False)
class GenerationRows:
    """The list of generations, 0 … total. entropy, explained: (T,) of those begun. now: the one under way or next.

    figure: (T,) a figure of the task in the place of `explained`, where there is one; name: what it is called.
    """

    look: int
    now: int
    total: int
    entropy: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    explained: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    initial: int = 0
    note: str = ""
    """What is said of `now` while it is not complete."""
    name: str = ""
    figure: NDArray[np.float64] | None = None

    @property
    def latest(self) -> int:
        """The last one that can be looked at."""
        return max(self.now, len(self.entropy))


@dataclass(frozen=True, eq=False)
class LabState:
    """Everything that the laboratory shows.

    look: the generation looked at, 0 for d⁰. now: the one under way or about to begin. offers: ids of the actions that
    are worth doing now, in this order.
    """

    title: str
    facts: tuple[str, ...]
    saving: Saving
    activity: Activity
    look: int
    now: int
    last: int
    total: int
    belief: BeliefView
    film: FilmView
    objects: MarginalsView
    curves: tuple[Panel, ...]
    phases: tuple[PhaseStep, ...]
    words: str
    offers: tuple[str, ...]
    data: tuple[DataBlock, ...]
    rows: GenerationRows
    steppable: bool
    """A next phase can be done here (the chain has one, and the file may be written to)."""
    waits_for_person: bool
    cost: str = ""
    """What the generation looked at has cost, where models are asked."""
    calling: str = ""
    """What a model is being asked for at this moment, or what is waited for."""

    @property
    def following(self) -> bool:
        """The view is where the chain is."""
        return self.look == self.now
