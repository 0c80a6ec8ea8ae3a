"""Marginals: one stacked bar a factor, as long as its values are probable."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iicl_tui.bayes.space import ProductSpace
from iicl_tui.tui.charts.heading import NO_BELIEF
from iicl_tui.tui.charts.numbers import HORIZONTAL
from iicl_tui.tui.charts.picture import DIM, Picture, Role, ink, notice, shorten, state_hue, text_width

_PATTERNS = "█▒░▓"  # by the value, so that neighbours differ without colour
_LEAST_BAR = 12


@dataclass(frozen=True, eq=False)
class MarginalsView:
    """log_p: (H,) natural logarithms, or None where no belief is known. by: the factor to point out, if any."""

    space: ProductSpace
    log_p: NDArray[np.float64] | None
    by: int | None = None


def figure_text(p: float) -> str:
    """Three cells: ".72", "1.0", "0"; what is not nothing is never shown as 0."""
    if p <= 0.0:
        return "0"
    if p < 0.005:
        return "~0"
    return "1.0" if p >= 0.995 else f"{p:.2f}"[1:]


def draw(view: MarginalsView, width: int, height: int) -> Picture:
    """The picture, width × height cells."""
    if view.log_p is None or width < 1 or height < 1:
        return notice(width, height, NO_BELIEF)
    picture, space = Picture(width, height), view.space
    p = np.exp(view.log_p)
    names = min(max(text_width(factor.name) for factor in space.factors) + 3, max(width // 3, 3))
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
        _stack(picture, names, y, bar, shares, space.factors[factor].values)
        x = names + bar + 1
        for code, share in enumerate(shares.tolist() if figures else []):
            picture.put_right(x + 4 * code + 3, y, figure_text(share), ink(Role.VALUE, state_hue(code)))
    if shown < count and height > 1:
        picture.put(0, height - 1, shorten(f"… {count - shown} more", width), DIM)
    return picture


def _stack(picture: Picture, x: int, y: int, width: int, shares: NDArray[np.float64], values: tuple[str, ...]) -> None:
    total = float(shares.sum())
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


def _edge(picture: Picture, x: int, y: int, rest: int, end: int, edges: list[int], code: int, owns_left: bool) -> None:
    """A cell that two values share: the left one as a partial block on the right one's hue."""
    if not owns_left:  # the cell's left part is another value's, already drawn there
        return
    right = next((value for value in range(code + 1, len(edges)) if edges[value] > end), code)
    picture.put(x, y, HORIZONTAL[rest], ink(Role.BAR, state_hue(code), under=state_hue(right)))
