"""Trajectories: numbers by generation, drawn by plotext.

This is the only module that knows plotext, whose figure is one global; every use of it is inside one lock and begins
with a clear figure. Only finite numbers within the panel's limits are handed to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import isfinite
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from iicl_tui.charts.picture import (
    ACCENT,
    DIM,
    MARK,
    STRONG,
    TEXT,
    Picture,
    Role,
    ink,
    notice,
    shorten,
    state_hue,
    text_width,
)

_LOCK = Lock()
_MARKERS = "●▲■◆○△□◇"
_REFERENCE = "┄"
_FIRST_COLOUR = 16  # numbers that plotext gives back, so that we know whose cell it is
_ESCAPE = re.compile(r"\x1b\[([0-9;]*)m")
_Points = tuple[float, ...]
_LEAST_WIDTH, _LEAST_HEIGHT = 18, 5
_LABELS_FROM = 34  # columns from which a panel names its lines at their ends
_COMFORTABLE = 34, 8  # a panel's size below which another panel is not put beside or below it


@dataclass(frozen=True, eq=False)
class Series:
    """One line: values by generation, NaN or infinite where nothing is known. style: state.N, mark, accent or text."""

    name: str
    values: NDArray[np.float64]
    style: str = "text"


@dataclass(frozen=True, eq=False)
class Panel:
    """A few lines on common axes. references: named levels. first: generation of index 0.

    selected: an index into the values, or −1: none of them.
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


def style_ink(style: str) -> int:
    """The ink of a series' style."""
    if style.startswith("state."):
        return ink(Role.VALUE, state_hue(int(style.removeprefix("state."))))
    return int({"mark": MARK, "accent": ACCENT}.get(style, TEXT))


def number_text(value: float) -> str:
    """A number in at most 7 cells."""
    if value == 0:
        return "0"
    if 1000 <= abs(value) < 999_999.5:
        return f"{value:,.0f}"
    if abs(value) >= 1000 or abs(value) < 0.0005:
        return f"{value:.0e}".replace("e-0", "e-").replace("e+0", "e")
    return f"{value:.3f}" if abs(value) < 1 else f"{value:.2f}".removesuffix(".00")


@dataclass(frozen=True)
class _Layout:
    labels: tuple[str, ...]  # of the y axis: low, high
    left: int  # columns before the canvas
    columns: int  # of the canvas
    rows: int
    right: int  # columns after it
    low: float
    high: float
    last: int  # index at the right edge

    def cell(self, index: float, value: float) -> tuple[int, int]:
        """(x, y) of the cell in which plotext's braille line, 2 × 4 dots a cell, has this point."""
        across = (2 * self.columns - 1) * index / self.last
        up = (4 * self.rows - 1) * (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return self.left + int(round(0.5 + across, 8)) // 2, self.rows - int(round(0.5 + up, 8)) // 4


def _layout(panel: Panel, width: int, height: int) -> _Layout:
    low, high = (panel.low, panel.high) if panel.high > panel.low else (panel.low, panel.low + 1.0)
    labels = (number_text(low), number_text(high))
    left = max(map(len, labels)) + 1
    names = [series.name for series in panel.series] + [name for name, _ in panel.references]
    right = min(max(map(text_width, names), default=0) + 3, 2 * width // 5) if width >= _LABELS_FROM else 0
    return _Layout(labels, left, width - left - right, height - 3, right, low, high, max(panel.length - 1, 1))


def draw(panel: Panel, width: int, height: int) -> Picture:
    """The picture of one panel, width × height cells."""
    if width < _LEAST_WIDTH or height < _LEAST_HEIGHT:
        return notice(width, height, panel.title)
    if not panel.length:
        return notice(width, height, f"{panel.title}: no generation yet")
    layout, picture = _layout(panel, width, height), Picture(width, height)
    inks = [style_ink(series.style) for series in panel.series]
    picture.paste(_plot(panel, layout, inks, width - layout.right, height - 1), 0, 1)
    _levels(picture, panel, layout)
    _markers(picture, panel, layout, inks)
    _selected(picture, panel, layout)
    _end_labels(picture, panel, layout, inks)
    _title(picture, panel, inks, key=not layout.right)
    return picture


def _plot(panel: Panel, layout: _Layout, inks: Sequence[int], width: int, height: int) -> Picture:
    lines = tuple(
        (number, *stretch)
        for number, series in enumerate(panel.series)
        for stretch in _stretches(series.values, layout.columns, layout.low, layout.high)
        if len(stretch[0]) > 1
    )
    return _plotted(lines, tuple(inks), layout, tuple(_ticks(panel, layout)), panel.first, width, height)


@lru_cache(64)  # looking back at another generation leaves the lines as they are, and plotext takes milliseconds
def _plotted(
    lines: tuple[tuple[int, _Points, _Points], ...],
    inks: tuple[int, ...],
    layout: _Layout,
    ticks: tuple[int, ...],
    first: int,
    width: int,
    height: int,
) -> Picture:
    """Axes and lines, drawn by plotext in colours that number the series from _FIRST_COLOUR."""
    import plotext  # with the first curve: the belief is on the screen before

    with _LOCK:
        plotext.clear_figure()
        plotext.theme("clear")
        plotext.limit_size(False, False)
        plotext.plotsize(width, height)
        plotext.xaxes(True, False)
        plotext.yaxes(True, False)
        plotext.xlim(0, layout.last)
        plotext.ylim(layout.low, layout.high)
        plotext.yticks([layout.low, layout.high], list(layout.labels))
        plotext.xticks(list(ticks), [str(first + tick) for tick in ticks])
        for number, xs, ys in lines:
            plotext.plot(list(xs), list(ys), marker="braille", color=_FIRST_COLOUR + number)
        if not lines:  # plotext leaves an axis without data unnumbered
            plotext.plot([0, layout.last], [layout.low, layout.low], marker=" ")
        text: str = plotext.build()
    picture = Picture(width, height)
    for y, line in enumerate(text.split("\n")[:height]):
        _line(picture, y, line, inks)
    return picture


def _ticks(panel: Panel, layout: _Layout) -> list[int]:
    room = len(str(panel.first + panel.length)) + 3
    steps = (n * power for power in (10**e for e in range(8)) for n in (1, 2, 5))
    step = next(step for step in steps if step * layout.columns / layout.last >= room)
    offset = -panel.first % step
    return list(range(offset, panel.length, step))


def _stretches(values: NDArray[np.float64], columns: int, low: float, high: float) -> Iterator[tuple[_Points, _Points]]:
    """The known parts of a series, cut at what is unknown, with at most two points a column: its least and its most."""
    known = np.isfinite(values)
    clipped = np.clip(np.where(known, values, 0.0), low, high)
    if len(values) <= 2 * columns:
        keep = np.arange(len(values))
    else:
        chosen: list[int] = []
        for part in np.array_split(np.arange(len(values)), columns):
            finite = part[known[part]]
            if len(finite):
                chosen += sorted({int(finite[clipped[finite].argmin()]), int(finite[clipped[finite].argmax()])})
            else:
                chosen.append(int(part[0]))
        keep = np.array(chosen)
    edges = np.flatnonzero(np.diff(known[keep], prepend=False, append=False))
    for begin, end in edges.reshape(-1, 2).tolist():
        stretch = keep[begin:end]
        yield tuple(stretch.astype(float).tolist()), tuple(clipped[stretch].tolist())


def _levels(picture: Picture, panel: Panel, layout: _Layout) -> None:
    """The named levels, behind the lines."""
    across = slice(layout.left, layout.left + layout.columns)
    for _, level in panel.references:
        if layout.low <= level <= layout.high:
            row = layout.cell(0, level)[1]
            free = picture.chars[row, across] == ord(" ")
            picture.chars[row, across][free] = ord(_REFERENCE)
            picture.inks[row, across][free] = DIM


def _markers(picture: Picture, panel: Panel, layout: _Layout, inks: list[int]) -> None:
    """A series' own marker on every generation; where these are many on its last, the chosen and every lonely one."""
    for number, series in enumerate(panel.series):
        known = np.isfinite(series.values)
        if 4 * len(known) > layout.columns:
            apart = np.concatenate(([False], known, [False]))
            marked = known & ~apart[:-2] & ~apart[2:]
            marked[np.flatnonzero(known)[-1:]] = True
            if panel.selected is not None and 0 <= panel.selected < len(known):
                marked[panel.selected] = known[panel.selected]
        else:
            marked = known
        for index in np.flatnonzero(marked).tolist():
            x, y = layout.cell(index, float(series.values[index]))
            picture.put(x, y, _MARKERS[number % len(_MARKERS)], inks[number])


def _line(picture: Picture, y: int, line: str, inks: Sequence[int]) -> None:
    """Write a line of plotext's, its colours turned back into the series that they stand for."""
    x, code, start = 0, int(DIM), 0
    for match in _ESCAPE.finditer(line):
        x = picture.put(x, y, line[start : match.start()], code)
        parts = match.group(1).split(";")
        number = int(parts[2]) - _FIRST_COLOUR if parts[:2] == ["38", "5"] else -1
        code = inks[number] if 0 <= number < len(inks) else int(DIM)
        start = match.end()
    picture.put(x, y, line[start:], code)


def _selected(picture: Picture, panel: Panel, layout: _Layout) -> None:
    if panel.selected is None or not 0 <= panel.selected < panel.length:
        return
    column = layout.cell(panel.selected, 0.0)[0]
    cells = picture.chars[1 : 1 + layout.rows, column]
    free = (cells == ord(" ")) | (cells == ord(_REFERENCE))
    cells[free] = ord("┊")
    picture.inks[1 : 1 + layout.rows, column][free] = DIM
    picture.put(column, 1 + layout.rows, "▴", ACCENT)


def _end_labels(picture: Picture, panel: Panel, layout: _Layout, inks: list[int]) -> None:
    """Names beside the ends of the lines; lines before levels, and each on the nearest row that is free."""
    if not layout.right:
        return
    ends: list[tuple[float, str, int]] = []
    for number, series in enumerate(panel.series):
        known = series.values[np.isfinite(series.values)]
        if len(known):
            text = f"{_MARKERS[number % len(_MARKERS)]} {series.name}"
            ends.append((float(known[-1]), text, inks[number]))
    ends.sort(key=lambda end: -end[0])  # of two that end on one row the higher one has the higher name
    wanted = [(layout.cell(0, value)[1], text, code) for value, text, code in ends]
    wanted += [(layout.cell(0, level)[1], name, int(DIM)) for name, level in panel.references]
    free = set(range(1, 1 + layout.rows))
    for row, text, code in wanted:
        if not free:
            break
        nearest = min((abs(y - row), -y) for y in free)[1] * -1
        free.remove(nearest)
        picture.put(picture.width - layout.right + 1, nearest, shorten(text, layout.right - 1), code)


def _title(picture: Picture, panel: Panel, inks: list[int], key: bool) -> None:
    column = picture.put(0, 0, shorten(panel.title, picture.width), STRONG) + 2
    parts: list[tuple[str, int]] = []
    for number, series in enumerate(panel.series):
        chosen = panel.selected if panel.selected is not None else len(series.values) - 1
        value = float(series.values[chosen]) if 0 <= chosen < len(series.values) else float("nan")
        shown = number_text(value) if isfinite(value) else "–"
        parts.append((f"{_MARKERS[number % len(_MARKERS)]} {series.name} {shown}", inks[number]))
    if len(parts) == 1 and not key:
        parts = [(parts[0][0].rsplit(" ", 1)[1], parts[0][1])]
    if column + sum(text_width(text) + 2 for text, _ in parts) - 2 > picture.width:
        parts = [(text.rsplit(" ", 1)[0], code) for text, code in parts] if key else []
    end = picture.width
    for text, code in reversed(parts):
        if end - text_width(text) < column:
            break
        picture.put_right(end, 0, text, code)
        end -= text_width(text) + 2


def panel_boxes(count: int, width: int, height: int, current: int = 0) -> list[tuple[int, int, int, int, int]]:
    """(panel, x, y, width, height) of the panels that have room, beside and below one another; one at least.

    If some have none, those from `current` on are shown.
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


def draw_panels(panels: Sequence[Panel], width: int, height: int, current: int = 0) -> Picture:
    """As many panels as have room in one picture, width × height cells."""
    picture = Picture(width, height)
    for panel, x, y, box_width, box_height in panel_boxes(len(panels), width, height, current):
        picture.paste(draw(panels[panel], box_width, box_height), x, y)
    return picture


def generation_at(panels: Sequence[Panel], width: int, height: int, x: int, y: int, current: int = 0) -> int | None:
    """The index of the generation that is nearest to the cell; None beside the canvases."""
    for number, left, top, box_width, box_height in panel_boxes(len(panels), width, height, current):
        panel = panels[number]
        if not (left <= x < left + box_width and top <= y < top + box_height) or not panel.length:
            continue
        if box_width < _LEAST_WIDTH or box_height < _LEAST_HEIGHT:
            return None
        layout = _layout(panel, box_width, box_height)
        column = x - left - layout.left
        if not 0 <= column < layout.columns:
            return None
        return min(round(column * layout.last / max(layout.columns - 1, 1)), panel.length - 1)
    return None
