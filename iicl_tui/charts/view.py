"""The contents of a belief chart, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from iicl_tui.bayes.space import ProductSpace
from iicl_tui.charts.numbers import Scale, scale_for
from iicl_tui.charts.picture import fit_hue, state_hue

Form = Literal["strips", "mosaic", "ranked"]
ScaleKind = Literal["log", "linear"]
Direction = Literal["left", "right", "up", "down"]

NO_BELIEF = "no belief for this generation"


class Mark(NamedTuple):
    """A named hypothesis: h*, ĥ, hᵗ. The symbol is one cell wide."""

    symbol: str
    name: str
    hypothesis: int


@dataclass(frozen=True, eq=False)
class BeliefView:
    """A belief over all hypotheses, and how to draw it.

    Attributes:
        log_p: (H,) natural logarithms of normalised probabilities, −inf allowed; None if the belief is unknown.
        previous: (H,) the belief named by `ghost`, usually the last generation's, drawn as a ghost.
        explained: (H,) number of d⁰ examples that each hypothesis explains, of `explained_of`.
        by: the grouping of the space (a factor or a partition) to group and colour by; None: d⁰ examples explained.
        ghost: name of `previous`.
        low: (H,) lower bounds of log_p, if it is not known exactly.
        high: (H,) upper bounds of log_p.
        bounds: lower and upper bound of the probability of each of `view_groups`.
        caption: how the belief is known.
        absent: why there is no belief.
        effective: how many examples of d⁰ the hypotheses of H_eff explain at least; None if no filter restricts the chain to them.

    Raises:
        ValueError: an array has another shape or holds NaN.
    """

    space: ProductSpace
    log_p: NDArray[np.float64] | None
    previous: NDArray[np.float64] | None = None
    marks: tuple[Mark, ...] = ()
    explained: NDArray[np.integer] | None = None
    explained_of: int = 0
    form: Form = "strips"
    scale: ScaleKind = "log"
    by: int | None = None
    cursor: int | None = None
    title: str = ""
    ghost: str = "last generation"
    low: NDArray[np.float64] | None = None
    high: NDArray[np.float64] | None = None
    bounds: tuple[tuple[float, float], ...] = ()
    caption: str = ""
    absent: str = NO_BELIEF
    effective: int | None = None

    def __post_init__(self) -> None:
        for name in ("log_p", "previous", "explained", "low", "high"):
            array = getattr(self, name)
            if array is None:
                continue
            if array.shape != (self.space.size,):
                raise ValueError(f"{name} must have the shape ({self.space.size},), not {array.shape}")
            if np.isnan(array).any():
                raise ValueError(f"{name} must not contain NaN")


@dataclass(frozen=True, eq=False)
class Group:
    """The hypotheses that share a strip and a colour."""

    name: str  # "screen on", "8 of 8"
    short: str  # "on", "8/8"
    hue: int
    members: NDArray[np.intp]  # in the order of the space


@lru_cache(64)
def _groups_of_grouping(space: ProductSpace, grouping: int) -> tuple[Group, ...]:
    split, own = space.groupings[grouping], grouping >= len(space.factors)  # a partition's values need no name before them
    return tuple(
        Group(value if own else f"{split.name} {value}", value, state_hue(code), np.flatnonzero(split.codes == code))
        for code, value in enumerate(split.values)
    )


def groups_of(space: ProductSpace, by: int | None, explained: NDArray[np.integer] | None, explained_of: int) -> tuple[Group, ...]:
    """Every hypothesis in one group: by a grouping's value, or by the number of examples explained, most first."""
    if by is not None:
        return _groups_of_grouping(space, by)
    if explained is None:
        return (Group("all", "all", state_hue(0), np.arange(space.size)),)
    return tuple(
        Group(
            f"{count} of {explained_of}",
            f"{count}/{explained_of}",
            fit_hue(count, explained_of),
            np.flatnonzero(explained == count),
        )
        for count in np.unique(explained)[::-1].tolist()
    )


def view_groups(view: BeliefView) -> tuple[Group, ...]:
    """The groups of a view. Those by examples explained say which of them make up H_eff."""
    groups = groups_of(view.space, view.by, view.explained, view.explained_of)
    if view.by is not None or view.explained is None or view.effective is None:
        return groups
    inside = [in_effective_set(view, int(group.members[0])) for group in groups]
    return tuple(
        replace(group, name=f"{group.name} H_eff") if there else group for group, there in zip(groups, inside, strict=True)
    )


def in_effective_set(view: BeliefView, hypothesis: int) -> bool:
    """Whether the chain's filter lets the hypothesis pass."""
    return view.effective is not None and view.explained is not None and bool(view.explained[hypothesis] >= view.effective)


def group_totals(groups: tuple[Group, ...], log_p: NDArray[np.float64]) -> list[float]:
    """The probability of each group."""
    p = np.exp(log_p)
    return [float(p[group.members].sum()) for group in groups]


def hues(view: BeliefView) -> NDArray[np.int32]:
    """(H,) the hue of each hypothesis's group."""
    if view.by is not None:
        split = view.space.groupings[view.by]
        palette = np.array([state_hue(v) for v in range(len(split.values))], dtype=np.int32)
        return palette[split.codes]
    if view.explained is not None:
        palette = np.array([fit_hue(n, view.explained_of) for n in range(view.explained_of + 1)], dtype=np.int32)
        return palette[np.clip(view.explained, 0, view.explained_of)]
    return np.full(view.space.size, state_hue(0), dtype=np.int32)


def view_scale(view: BeliefView) -> Scale:
    """One scale for the belief and its ghost."""
    arrays = [array for array in (view.log_p, view.previous) if array is not None]
    return scale_for(view.scale, view.space.size, max((float(array.max()) for array in arrays), default=0.0))


def likeliest(log_p: NDArray[np.float64], candidates: NDArray[np.intp] | None = None) -> int:
    """The likeliest hypothesis (of the candidates); the first if several are equally likely."""
    if candidates is None:
        return int(np.argmax(log_p))
    return int(candidates[np.argmax(log_p[candidates])])


def by_text(view: BeliefView) -> str:
    """What the view is grouped and coloured by, in words."""
    if view.by is not None:
        return f"by {view.space.groupings[view.by].name}"
    return "by d⁰ explained" if view.explained is not None else ""
