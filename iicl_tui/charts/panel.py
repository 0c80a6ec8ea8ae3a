"""A panel of curves: its values, and their positions in width × height cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, isfinite
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from iicl_tui.charts.picture import ACCENT, MARK, TEXT, Role, ink, state_hue, text_width

Array = NDArray[np.float64]
Box = tuple[int, int, int, int, int]

LEAST_WIDTH, LEAST_HEIGHT = 18, 5
"""Minimum size; a smaller panel shows only its title."""

_LABELS_FROM = 34  # columns from which a panel names its curves at their ends
_COMFORTABLE = 34, 8  # another panel is put beside or below only if each has this size
_TOLERANCE = 1e-9  # of the panel's range: a value this far outside is a rounding error


@dataclass(frozen=True, eq=False)
class Series:
    """One curve.

    Attributes:
        values: (T,) by generation; NaN or infinite where nothing is known.
        style: "state.N", "mark", "accent" or "text".
        low: (T,) lower end of an interval around each value, or None.
        high: (T,) upper end; a band is drawn where both ends are known.
    """

    name: str
    values: Array
    style: str = "text"
    low: Array | None = None
    high: Array | None = None


@dataclass(frozen=True, eq=False)
class Panel:
    """A few curves on common axes.

    Attributes:
        low: value at the lower edge.
        high: value at the upper edge.
        references: named levels.
        selected: index of the selected generation; None or out of range: none.
        first: generation of index 0.
    """

    title: str
    series: tuple[Series, ...]
    low: float
    high: float
    references: tuple[tuple[str, float], ...] = ()
    selected: int | None = None
    first: int = 0

    @property
    def length(self) -> int:
        """Number of generations."""
        return max((len(series.values) for series in self.series), default=0)

    def looks_like(self, other: Panel) -> bool:
        """Whether both have the same picture."""
        return (
            (self.title, self.low, self.high, self.references, self.selected, self.first)
            == (other.title, other.low, other.high, other.references, other.selected, other.first)
            and len(self.series) == len(other.series)
            and all(map(_same_curve, self.series, other.series))
        )

    def values(self) -> Array:
        """(series, generations) all values; NaN beyond the end of a series."""
        out = np.full((len(self.series), self.length), np.nan)
        for row, series in zip(out, self.series, strict=True):
            row[: len(series.values)] = series.values
        return out


def _same_curve(one: Series, other: Series) -> bool:
    return (one.name, one.style) == (other.name, other.style) and all(
        first is second or (first is not None and second is not None and np.array_equal(first, second, equal_nan=True))
        for first, second in ((one.values, other.values), (one.low, other.low), (one.high, other.high))
    )


class Layout(NamedTuple):
    """The positions of a panel's parts.

    Attributes:
        labels: of the y axis, low and high.
        left: columns before the canvas.
        columns: width of the canvas.
        rows: height of the canvas, which begins in row 1.
        right: columns after the canvas, for the names of the curves.
        last: generation index at the right edge.
    """

    labels: tuple[str, str]
    left: int
    columns: int
    rows: int
    right: int
    low: float
    high: float
    last: int

    def dots_across(self, indices: Array) -> NDArray[np.intp]:
        """Dot columns of generation indices, 0 … 2·columns − 1."""
        return _nearest((2 * self.columns - 1) * indices / self.last)

    def dots_down(self, values: Array) -> NDArray[np.intp]:
        """Dot rows of values from low to high, 4·rows − 1 … 0."""
        top = 4 * self.rows - 1
        return top - _nearest(top * ((values - self.low) / (self.high - self.low)))

    def column(self, index: int) -> int:
        """The picture's column of a generation index."""
        return self.left + floor(round((2 * self.columns - 1) * index / self.last + 0.5, 8)) // 2

    def row(self, value: float) -> int:
        """The picture's row of a value; the edge's where it is outside."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return self.rows - floor(round((4 * self.rows - 1) * share + 0.5, 8)) // 4

    def inside(self, values: Array) -> NDArray[np.bool_]:
        """Which values the panel can show. Unknown ones are not inside."""
        slack = _TOLERANCE * (self.high - self.low)
        return (values >= self.low - slack) & (values <= self.high + slack)


def _nearest(dots: Array) -> NDArray[np.intp]:
    return np.floor(np.round(dots + 0.5, 8)).astype(np.intp)


def layout_of(panel: Panel, width: int, height: int) -> Layout:
    """The layout of a panel of width × height cells."""
    low, high = (panel.low, panel.high) if panel.high > panel.low else (panel.low, panel.low + 1.0)
    labels = (number_text(low), number_text(high))
    left = max(map(len, labels)) + 1
    names = [series.name for series in panel.series] + [name for name, _ in panel.references]
    right = min(max(map(text_width, names), default=0) + 3, 2 * width // 5) if width >= _LABELS_FROM else 0
    return Layout(labels, left, width - left - right, height - 3, right, low, high, max(panel.length - 1, 1))


def ticks(panel: Panel, layout: Layout) -> list[int]:
    """Generation indices that the x axis names: every 1st, 2nd, 5th, 10th, …"""
    room = len(str(panel.first + panel.length)) + 3
    steps = (n * power for power in (10**e for e in range(8)) for n in (1, 2, 5))
    step = next(step for step in steps if step * layout.columns / layout.last >= room)
    return list(range(-panel.first % step, panel.length, step))


class Segments(NamedTuple):
    """Straight pieces of curves within the panel, (N,) each: number of the series, and both ends as index and value."""

    series: NDArray[np.intp]
    x0: Array
    y0: Array
    x1: Array
    y1: Array


def visible_segments(panel: Panel, layout: Layout, bins: int) -> Segments:
    """The pieces between neighbouring known values, cut where they leave the panel.

    Args:
        panel: the curves.
        layout: its layout.
        bins: a series with more than two values a bin is drawn by each bin's least and greatest.
    """
    values = panel.values()
    xs = np.broadcast_to(np.arange(values.shape[1], dtype=float), values.shape)
    if values.shape[1] > 2 * bins:
        xs, values = _condensed(values, bins)
    known = np.isfinite(values)
    series, at = np.nonzero(known[:, :-1] & known[:, 1:])
    return _cut(Segments(series, xs[series, at], values[series, at], xs[series, at + 1], values[series, at + 1]), layout)


def _condensed(values: Array, bins: int) -> tuple[Array, Array]:
    """(series, 2 · bins) indices and values of each bin's least and greatest, in the order of the indices.

    A bin without a known value keeps an unknown one, so that the gap stays.
    """
    count = values.shape[1]
    size = -(-count // bins)
    binned = np.full((len(values), size * bins), np.nan)
    binned[:, :count] = values
    parts = binned.reshape(len(values), bins, size)
    known, begins = np.isfinite(parts), np.arange(bins) * size
    ends = (np.where(known, parts, np.inf).argmin(axis=2), np.where(known, parts, -np.inf).argmax(axis=2))
    chosen = np.sort(np.concatenate([begins + end for end in ends], axis=1), axis=1)
    return chosen.astype(float), np.take_along_axis(binned, chosen, axis=1)


def _cut(parts: Segments, layout: Layout) -> Segments:
    """The parts of the segments between the layout's low and high."""
    low, high = layout.low, layout.high
    if all(layout.inside(ends).all() for ends in (parts.y0, parts.y1)):
        return parts._replace(y0=np.clip(parts.y0, low, high), y1=np.clip(parts.y1, low, high))
    far = 1e6 * (high - low)  # keeps differences finite; a piece that goes further is upright anyway
    y0, y1 = (np.clip(ends, low - far, high + far) for ends in (parts.y0, parts.y1))
    dx, dy = parts.x1 - parts.x0, y1 - y0
    level = np.abs(dy) <= 1e-12 * (high - low)  # a smaller rise cannot be seen, and would overflow the division
    crossings = [np.where(level, 0.0, (edge - y0) / np.where(level, 1.0, dy)) for edge in (low, high)]
    enters = np.minimum(*crossings).clip(0.0)
    leaves = np.where(level, 1.0, np.maximum(*crossings).clip(None, 1.0))
    seen = (enters <= leaves) & (~level | layout.inside(y0))
    x0, x1 = parts.x0 + enters * dx, parts.x0 + leaves * dx
    y0, y1 = y0 + enters * dy, np.where(leaves < 1, y0 + leaves * dy, y1)
    y0, y1 = np.clip(y0, low, high), np.clip(y1, low, high)
    return Segments(parts.series[seen], x0[seen], y0[seen], x1[seen], y1[seen])


def style_ink(style: str) -> int:
    """The ink of a series' style."""
    if style.startswith("state."):
        return ink(Role.VALUE, state_hue(int(style.removeprefix("state."))))
    return int({"mark": MARK, "accent": ACCENT}.get(style, TEXT))


def number_text(value: float) -> str:
    """A number in at most 7 cells; a dash for an unknown one."""
    if not isfinite(value):
        return "–"
    if value == 0:
        return "0"
    if 1000 <= abs(value) < 999_999.5:
        return f"{value:,.0f}"
    if abs(value) >= 1000 or abs(value) < 0.0005:
        return f"{value:.0e}".replace("e-0", "e-").replace("e+0", "e")
    return f"{value:.3f}" if abs(value) < 1 else f"{value:.2f}".removesuffix(".00")


def panel_boxes(count: int, width: int, height: int, current: int = 0) -> list[Box]:
    """(panel, x, y, width, height) of the panels that fit, beside and below one another; at least one.

    If not all fit, starts with the panel `current`.
    """
    if not count or width < 1 or height < 1:
        return []
    across = max(1, min(count, (width + 2) // (_COMFORTABLE[0] + 2)))
    down = max(1, min(-(-count // across), height // _COMFORTABLE[1]))
    across = -(-min(count, across * down) // down)
    start = 0 if across * down >= count else current % count
    box_width, box_height = (width - 2 * (across - 1)) // across, height // down
    boxes = []
    for place in range(min(across * down, count)):
        row, column = divmod(place, across)
        boxes.append(((start + place) % count, column * (box_width + 2), row * box_height, box_width, box_height))
    return boxes


def generation_at(panels: Sequence[Panel], width: int, height: int, x: int, y: int, current: int = 0) -> int | None:
    """The index of the generation that is nearest to the cell; None beside the canvases."""
    for number, left, top, box_width, box_height in panel_boxes(len(panels), width, height, current):
        panel = panels[number]
        if not (left <= x < left + box_width and top <= y < top + box_height) or not panel.length:
            continue
        if box_width < LEAST_WIDTH or box_height < LEAST_HEIGHT:
            return None
        layout = layout_of(panel, box_width, box_height)
        column = x - left - layout.left
        if not 0 <= column < layout.columns:
            return None
        return min(round(column * layout.last / max(layout.columns - 1, 1)), panel.length - 1)
    return None
