"""Marginals: one stacked bar per factor; a value's part is as long as its probability."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iicl_tui.bayes.space import ProductSpace
from iicl_tui.charts.numbers import HORIZONTAL, hundredths_text
from iicl_tui.charts.picture import DIM, Picture, Role, ink, notice, shorten, state_hue, text_width
from iicl_tui.charts.view import NO_BELIEF

_PATTERNS = "█▒░▓"  # by the value, so that neighbours differ without colour
_LEAST_BAR = 12

UNOBSERVED = "╱"
"""The pattern of the unobserved part of a bar."""

Bounds = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Low and high, both (values,)."""


@dataclass(frozen=True, eq=False)
class MarginalsView:
    """The probability of each factor's values.

    Attributes:
        log_p: (H,) natural logarithms, or None if the belief is unknown.
        by: the factor to highlight, if any.
        bounds: of each factor's probabilities, if they are not known exactly.
        unobserved: (factors,) unobserved probability of each factor; with the low bounds it adds up to 1.
        absent: why there is no belief.
        word: the task's plural noun for factors.
    """

    space: ProductSpace
    log_p: NDArray[np.float64] | None
    by: int | None = None
    bounds: tuple[Bounds, ...] = ()
    unobserved: NDArray[np.float64] | None = None
    absent: str = NO_BELIEF
    word: str = "factors"

    @property
    def shows_unobserved(self) -> bool:
        """Whether a bar shows an unobserved part."""
        return self.unobserved is not None and bool((self.unobserved > 0).any())


def figure_text(p: float) -> str:
    """Three cells: ".72", "1.0", "0"; a positive probability is never shown as 0."""
    if p <= 0.0:
        return "0"
    if p < 0.005:
        return "~0"
    return "1.0" if p >= 0.995 else f"{p:.2f}"[1:]


def draw(view: MarginalsView, width: int, height: int) -> Picture:
    """The picture, width × height cells. With an unobserved part, bars show the low bounds and that part."""
    if view.log_p is None or width < 1 or height < 1:
        return notice(width, height, view.absent)
    picture, space = Picture(width, height), view.space
    p = np.exp(view.log_p)
    names = min(max(text_width(factor.name) for factor in space.factors) + 3, max(width // 2, 3))
    most = max(space.shape)
    figures = 4 * most if most <= 6 and width - names - 4 * most - 1 >= _LEAST_BAR else 0
    bar = width - names - (figures + 1 if figures else 0)
    count = len(space.factors)
    pitch = 2 if height >= 2 * count - 1 else 1
    shown = count if count * pitch - (pitch - 1) <= height else max(height - 1, 1)
    if bar < 1:
        return picture
    for factor in range(shown):
        y = factor * pitch
        chosen = factor == view.by
        if chosen:
            picture.put(0, y, "▸", DIM)
        picture.put_right(names - 1, y, shorten(space.factors[factor].name, names - 2), Role.STRONG if chosen else DIM)
        shares = space.marginal(p, factor)
        left_open = float(view.unobserved[factor]) if view.unobserved is not None else 0.0
        certain = view.bounds[factor][0] if left_open > 0 and view.bounds else shares
        _stack(picture, names, y, bar, certain, space.factors[factor].values, left_open)
        x = names + bar + 1
        for code, share in enumerate(shares.tolist() if figures else []):
            picture.put_right(x + 4 * code + 3, y, figure_text(share), ink(Role.VALUE, state_hue(code)))
        if pitch == 2 and view.bounds and y + 1 < height:
            _bounds(picture, names, y + 1, view, factor, shares)
    if shown < count and height > 1:
        picture.put(0, height - 1, shorten(f"… {count - shown} more", width), DIM)
    return picture


def _bounds(picture: Picture, x: int, y: int, view: MarginalsView, factor: int, shares: NDArray[np.float64]) -> None:
    """Writes bounds under the bar, as many as fit, the likeliest value first. Leaves out bounds that look equal."""
    low, high = view.bounds[factor]
    values = view.space.factors[factor].values
    for code in np.argsort(-shares, kind="stable").tolist():
        name = f"{values[code]} "
        text = hundredths_text(float(low[code]), float(high[code]))
        if "–" not in text:
            continue
        if x + text_width(name) + len(text) > picture.width:
            break
        x = picture.put(x, y, name, ink(Role.VALUE, state_hue(code)))
        x = picture.put(x, y, text, DIM) + 2


def _stack(
    picture: Picture, x: int, y: int, width: int, shares: NDArray[np.float64], values: tuple[str, ...], left_open: float = 0.0
) -> None:
    total = float(shares.sum()) + left_open
    edges = np.rint(np.cumsum(shares) / total * 8 * width).astype(int).tolist() if total > 0 else []
    start = 0
    for code, end in enumerate(edges):
        if end == start:
            continue
        hue = state_hue(code)
        first, last = -(-start // 8), end // 8
        if last > first:
            pattern = _PATTERNS[code % len(_PATTERNS)]
            picture.put(x + first, y, pattern * (last - first), ink(Role.SEGMENT, hue))
            text = values[code]
            if text_width(text) + 2 <= last - first:
                picture.put(x + first + (last - first - text_width(text)) // 2, y, text, ink(Role.LABEL, hue))
        rest = end - 8 * last
        if rest and last < width:
            _edge(picture, x + last, y, rest, end, edges, code, 8 * last >= start)
        start = end
    first = -(-start // 8)
    if left_open > 0 and edges and first < width:
        picture.put(x + first, y, _open_text(width - first), DIM)


def _open_text(room: int) -> str:
    """The pattern of the unobserved part, with its name if there is room."""
    word = "unobserved" if room >= 12 else ""
    before = (room - len(word)) // 2
    return UNOBSERVED * before + word + UNOBSERVED * (room - len(word) - before)


def _edge(picture: Picture, x: int, y: int, rest: int, end: int, edges: list[int], code: int, owns_left: bool) -> None:
    """Draws a cell that two values share: a partial block for the left one, on the hue of the right one."""
    if not owns_left:  # the cell's left part belongs to another value and is drawn already
        return
    right = next((value for value in range(code + 1, len(edges)) if edges[value] > end), code)
    under = 0 if end == edges[-1] else state_hue(right)
    picture.put(x, y, HORIZONTAL[rest], ink(Role.BAR, state_hue(code), under=under))
