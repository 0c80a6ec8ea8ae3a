"""The belief chart in each of its forms, and its readout."""

from __future__ import annotations

from types import ModuleType

from iicl_tui.charts import mosaic_transposed, ranked, strips
from iicl_tui.charts.numbers import bounds_text, probability_text
from iicl_tui.charts.picture import Picture
from iicl_tui.charts.view import BeliefView, Direction, Form, in_effective_set, likeliest

FORMS: dict[Form, ModuleType] = {"strips": strips, "mosaic": mosaic_transposed, "ranked": ranked}


def draw(view: BeliefView, width: int, height: int) -> Picture:
    """The picture of the view in its form, width × height cells."""
    picture: Picture = FORMS[view.form].draw(view, width, height)
    return picture


def hypothesis_at(view: BeliefView, width: int, height: int, x: int, y: int) -> int | None:
    """The hypothesis that `draw` put at the cell."""
    found: int | None = FORMS[view.form].hypothesis_at(view, width, height, x, y)
    return found


def position(view: BeliefView, width: int, height: int, hypothesis: int) -> tuple[int, int] | None:
    """A cell, (x, y), that stands for the hypothesis; None if it is not drawn."""
    found: tuple[int, int] | None = FORMS[view.form].position(view, width, height, hypothesis)
    return found


def neighbour(view: BeliefView, width: int, height: int, hypothesis: int, direction: Direction) -> int:
    """The neighbour of the hypothesis in this direction; the hypothesis itself at an edge."""
    found: int = FORMS[view.form].neighbour(view, width, height, hypothesis, direction)
    return found


def readout(view: BeliefView) -> str:
    """One line on the hypothesis under the cursor, or without a cursor on the likeliest one; "" without a belief."""
    if view.log_p is None:
        return ""
    hypothesis = likeliest(view.log_p) if view.cursor is None else view.cursor
    rank, equals = ranked.rank_of(view.log_p, hypothesis)
    rule = "  ".join(f"{name} {value}" for name, value in view.space.assignment(hypothesis).items())
    symbols = "".join(mark.symbol for mark in view.marks if mark.hypothesis == hypothesis)
    parts = [
        "likeliest" if view.cursor is None else "",
        symbols,
        rule,
        f" P {probability_text(float(view.log_p[hypothesis]))}{_bounds(view, hypothesis)}",
        f" rank {rank}" + (f" with {equals - 1} equal" if equals > 1 else ""),
    ]
    if view.explained is not None:
        parts.append(f" d⁰ {int(view.explained[hypothesis])}/{view.explained_of}")
    if in_effective_set(view, hypothesis):
        parts.append(" in H_eff")
    return " ".join(part for part in parts if part)


def _bounds(view: BeliefView, hypothesis: int) -> str:
    """The bounds of P, "(.004–.09)"; empty if P is known exactly."""
    if view.low is None or view.high is None:
        return ""
    return f" ({bounds_text(float(view.low[hypothesis]), float(view.high[hypothesis]))})"
