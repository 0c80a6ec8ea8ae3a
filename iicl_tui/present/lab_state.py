"""What the lab shows, as one frozen value. Widgets get parts of it."""

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
    """How the belief is drawn.

    Attributes:
        by: Index of the factor to group and colour by; None groups by the number of d⁰ examples explained.
        ghost: Also draw the previous belief.
        cursor: The hypothesis under the cursor.
        bayes: Draw what Bayes' rule makes of the agent's own prior in place of the previous belief.
    """

    form: Form = "strips"
    scale: ScaleKind = "linear"
    by: int | None = None
    ghost: bool = True
    cursor: int | None = None
    bayes: bool = False


class Saving(NamedTuple):
    """Whether everything is saved.

    Attributes:
        reason: Why not, in a few words.
    """

    kind: Literal["saved", "unsaved", "read-only", "memory"] = "memory"
    reason: str = ""


@dataclass(frozen=True)
class Activity:
    """What the chain is doing.

    Attributes:
        goal: The last generation of a run.
        pausing: The run stops after this phase.
        asking: The chain waits for a person's decision.
        budget_reached: The next call was not sent because of the budget.
    """

    kind: Literal["idle", "step", "run"] = "idle"
    goal: int = 0
    pausing: bool = False
    asking: bool = False
    budget_reached: bool = False

    @property
    def busy(self) -> bool:
        return self.kind != "idle"


IDLE = Activity()


Sign = Literal["●", "◉", "○", "✗"]


class PhaseStep(NamedTuple):
    """One phase of the selected generation.

    Attributes:
        mark: Done ●, next ◉, later ○, or stuck ✗.
        detail: Who or what carries it out.
    """

    phase: Phase
    mark: Sign
    detail: str = ""


class DataItem(NamedTuple):
    """One example as a line.

    Attributes:
        mark: ✓ approved, ✗ rejected, ✎ edited, ○ in the pool, or "" if nobody decided.
    """

    text: str
    mark: str = ""
    note: str = ""


class DataBlock(NamedTuple):
    """A dataset or a hypothesis of the selected generation: d², h³, d³.

    Attributes:
        empty: Shown while there are no items.
        lines: Each item has its own line.
    """

    name: str
    caption: str
    items: tuple[DataItem, ...] = ()
    empty: str = ""
    lines: bool = False


@dataclass(frozen=True, eq=False)
class GenerationRows:
    """The list of generations, 0 … total.

    Attributes:
        now: The generation in progress or next.
        entropy, explained: (T,) for the generations that have begun; entropy in nats.
        initial: Number of d⁰ examples that can be explained.
        note: A note on generation `now` while it is not complete.
        name: Short name of the metric.
        metric: (T,) A metric of the task, shown instead of `explained`.
        drawn: (T,) Whether the entropy is that of draws, which can show only a part of its range.
    """

    selected: int
    now: int
    total: int
    entropy: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    explained: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    initial: int = 0
    note: str = ""
    name: str = ""
    metric: NDArray[np.float64] | None = None
    drawn: NDArray[np.bool_] | None = None

    @property
    def latest(self) -> int:
        """The last generation that can be selected."""
        return max(self.now, len(self.entropy))


@dataclass(frozen=True, eq=False)
class LabState:
    """Everything that the lab shows.

    Attributes:
        selected: The selected generation, 0 for d⁰.
        now: The generation in progress or next.
        words: The message under the phases.
        action_ids: Ids of the actions that fit the message, in this order.
    """

    title: str
    facts: tuple[str, ...]
    saving: Saving
    activity: Activity
    selected: int
    now: int
    last: int
    total: int
    belief: BeliefView
    film: FilmView
    objects: MarginalsView
    curves: tuple[Panel, ...]
    phases: tuple[PhaseStep, ...]
    words: str
    action_ids: tuple[str, ...]
    data: tuple[DataBlock, ...]
    rows: GenerationRows
    steppable: bool
    """The next phase can be run here: the chain has one, and the file can be written."""
    waits_for_person: bool
    cost: str = ""
    """What the selected generation has cost, if models were asked."""
    calling: str = ""
    """The call in progress, or what it waits for."""
    bayes: bool | None = None
    """Whether Bayes' rule is drawn beside the belief; None if no model's prior is known."""
    entropy_range: tuple[float, float] | None = None
    """The entropies that the draws of the selected belief can show; None if it is not estimated from draws."""

    @property
    def following(self) -> bool:
        """The current generation is selected."""
        return self.selected == self.now
