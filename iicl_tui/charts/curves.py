"""Curves: numbers by generation, drawn in braille dots."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from iicl_tui.charts.canvas import Canvas
from iicl_tui.charts.panel import (
    LEAST_HEIGHT,
    LEAST_WIDTH,
    Layout,
    Panel,
    Series,
    layout_of,
    number_text,
    panel_boxes,
    style_ink,
    ticks,
    visible_segments,
)
from iicl_tui.charts.picture import ACCENT, DIM, STRONG, Picture, Role, ink, notice, shorten, text_width, unpack

_MARKERS = "●▲■◆○△□◇"
_ABOVE, _BELOW = "↑", "↓"  # in place of a marker: the value is off the scale
_REFERENCE = ord("┄")
_SELECTED = ord("┊")
_SPACE = ord(" ")


def placeholder(panel: Panel, width: int, height: int) -> Picture | None:
    """What stands in place of a panel without room or values; None if there are both."""
    if width < LEAST_WIDTH or height < LEAST_HEIGHT:
        return notice(width, height, panel.title)
    if not panel.length:
        return notice(width, height, f"{panel.title}: no generation yet")
    return None


def draw(panel: Panel, width: int, height: int) -> Picture:
    """The picture of one panel, width × height cells."""
    if (empty := placeholder(panel, width, height)) is not None:
        return empty
    layout, picture = layout_of(panel, width, height), Picture(width, height)
    _axes(picture, panel, layout)
    _bands(picture, panel, layout)
    draw_levels(picture, panel, layout)
    _lines(picture, panel, layout)
    draw_marks(picture, panel, layout)
    return picture


def draw_panels(panels: Sequence[Panel], width: int, height: int, current: int = 0) -> Picture:
    """As many panels as fit in one picture, width × height cells."""
    picture = Picture(width, height)
    for panel, x, y, box_width, box_height in panel_boxes(len(panels), width, height, current):
        picture.paste(draw(panels[panel], box_width, box_height), x, y)
    return picture


def draw_marks(picture: Picture, panel: Panel, layout: Layout) -> None:
    """Everything in front of the lines: markers, the selected generation, the names and the title."""
    inks = [style_ink(series.style) for series in panel.series]
    _selected(picture, panel, layout)
    _markers(picture, panel, layout, inks)
    _end_labels(picture, panel, layout, inks)
    _title(picture, panel, inks, key=not layout.right)


def _canvas(picture: Picture, layout: Layout) -> tuple[NDArray[np.uint32], NDArray[np.int32]]:
    """The characters and the inks of the picture's part between the axes."""
    area = np.s_[1 : 1 + layout.rows, layout.left : layout.left + layout.columns]
    return picture.chars[area], picture.inks[area]


def _axes(picture: Picture, panel: Panel, layout: Layout) -> None:
    bottom, axis = 1 + layout.rows, layout.left - 1
    picture.chars[1:bottom, axis], picture.inks[1:bottom, axis] = ord("│"), DIM
    for label, row in zip(layout.labels, (bottom - 1, 1), strict=True):
        picture.put_right(axis + 1, row, f"{label}┤", DIM)
    line = ["└", *"─" * layout.columns]
    for tick in ticks(panel, layout):
        column, text = layout.column(tick), str(panel.first + tick)
        line[column - axis] = "┬"
        picture.put(min(column - len(text) // 2, picture.width - len(text)), bottom + 1, text, DIM)
    picture.put(axis, bottom, "".join(line), DIM)


def _lines(picture: Picture, panel: Panel, layout: Layout) -> None:
    canvas = Canvas(len(panel.series), layout.columns, layout.rows)
    parts = visible_segments(panel, layout, 2 * layout.columns)
    ends = layout.dots_across(parts.x0), layout.dots_down(parts.y0), layout.dots_across(parts.x1), layout.dots_down(parts.y1)
    canvas.lines(parts.series, *ends)
    _show(picture, layout, canvas, [style_ink(series.style) for series in panel.series])


def _bands(picture: Picture, panel: Panel, layout: Layout) -> None:
    """The intervals around the values, in a fainter ink than the curves."""
    banded = [series for series in panel.series if series.low is not None and series.high is not None]
    if not banded:
        return
    canvas = Canvas(len(banded), layout.columns, layout.rows)
    for layer, series in enumerate(banded):
        columns, tops, bottoms = _band(series, layout)
        canvas.band(layer, columns, tops, bottoms)
    hues = [unpack(style_ink(series.style)).hue for series in banded]
    _show(picture, layout, canvas, [ink(Role.GHOST, hue) for hue in hues])


def _band(series: Series, layout: Layout) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """(dot columns, upper dot rows, lower dot rows) of a series' band where both of its ends are known.

    An end outside the panel is one dot row beyond its edge.
    """
    assert series.low is not None
    assert series.high is not None
    known = np.isfinite(series.low) & np.isfinite(series.high)
    span = layout.high - layout.low
    low, high = (
        np.clip(np.where(known, ends, layout.low), layout.low - span, layout.high + span) for ends in (series.low, series.high)
    )
    at = np.arange(2 * layout.columns) * layout.last / max(2 * layout.columns - 1, 1)
    before = np.floor(at).astype(np.intp)
    own = layout.dots_across(np.flatnonzero(known).astype(float))
    at[own], before[own] = np.flatnonzero(known), np.flatnonzero(known)  # an interval without neighbours gets a column, too
    after = np.where(at > before, before + 1, before)
    there = np.flatnonzero(after < len(known))
    there = there[known[before[there]] & known[after[there]]]
    share, before, after = (at - before)[there], before[there], after[there]
    lower, upper = ((1 - share) * ends[before] + share * ends[after] for ends in (low, high))
    return there, _end_rows(upper, layout), _end_rows(lower, layout)


def _end_rows(ends: NDArray[np.float64], layout: Layout) -> NDArray[np.intp]:
    """Dot rows of a band's ends; one beyond the canvas for an end outside the panel."""
    beyond = np.where(ends > layout.high, -1, 4 * layout.rows)
    return np.where(layout.inside(ends), layout.dots_down(ends), beyond)


def _show(picture: Picture, layout: Layout, canvas: Canvas, inks: list[int]) -> None:
    """Put the canvas's dots into the picture, each layer in its ink."""
    dots, layer = canvas.cells()
    chars, codes = _canvas(picture, layout)
    drawn = layer >= 0
    chars[drawn] = dots[drawn]
    codes[drawn] = np.array(inks, dtype=np.int32)[layer[drawn]]


def draw_levels(picture: Picture, panel: Panel, layout: Layout) -> None:
    """The named levels, except where a curve is."""
    chars, codes = _canvas(picture, layout)
    for _, level in panel.references:
        if layout.low <= level <= layout.high:
            row = layout.row(level) - 1
            free = chars[row] == _SPACE
            chars[row, free], codes[row, free] = _REFERENCE, DIM


def _selected(picture: Picture, panel: Panel, layout: Layout) -> None:
    """A vertical line through the selected generation, except where a curve is."""
    if panel.selected is None or not 0 <= panel.selected < panel.length:
        return
    column = layout.column(panel.selected)
    chars, codes = _canvas(picture, layout)
    cells = chars[:, column - layout.left]
    free = (cells == _SPACE) | (cells == _REFERENCE)
    cells[free], codes[free, column - layout.left] = _SELECTED, DIM
    picture.put(column, 1 + layout.rows, "▴", ACCENT)


def _marked(known: NDArray[np.bool_], panel: Panel, layout: Layout) -> NDArray[np.bool_]:
    """(series, generations) which values have a marker: all known ones; if these are too many, the last one, the selected
    one and each one without neighbours."""
    count, length = known.shape
    if 4 * length <= layout.columns:
        return known
    apart = np.zeros((count, length + 2), dtype=np.bool_)
    apart[:, 1:-1] = known
    marked = known & ~apart[:, :-2] & ~apart[:, 2:]
    last = length - 1 - known[:, ::-1].argmax(axis=1)
    marked[np.arange(count), last] = known[np.arange(count), last]
    if panel.selected is not None and 0 <= panel.selected < length:
        marked[:, panel.selected] = known[:, panel.selected]
    return marked


def _markers(picture: Picture, panel: Panel, layout: Layout, inks: list[int]) -> None:
    """Each series' own markers. Those that fall into one cell take turns by generation; a value off the scale has an arrow."""
    values = panel.values()
    marked = _marked(np.isfinite(values), panel, layout)
    at = np.flatnonzero(marked.any(axis=0))
    values, marked = values[:, at], marked[:, at]
    columns = layout.left + layout.dots_across(at.astype(float)) // 2
    rows = np.where(marked, 1 + layout.dots_down(np.where(marked, values, layout.low).clip(layout.low, layout.high)) // 4, -1)
    inside, off = layout.inside(values), np.where(values > layout.high, ord(_ABOVE), ord(_BELOW))
    for number, code in enumerate(inks):
        shared = rows == rows[number]
        turn = shared[:number].sum(axis=0) == at % shared.sum(axis=0)
        shown = marked[number] & turn
        place = rows[number, shown], columns[shown]
        marker = ord(_MARKERS[number % len(_MARKERS)])
        picture.chars[place], picture.inks[place] = np.where(inside[number], marker, off[number])[shown], code


def _end_labels(picture: Picture, panel: Panel, layout: Layout, inks: list[int]) -> None:
    """Names beside the ends of the curves, from the highest to the lowest, then those of the levels, one a row."""
    if not layout.right:
        return
    ends: list[tuple[float, str, int]] = []
    for number, series in enumerate(panel.series):
        known = series.values[np.isfinite(series.values)]
        if len(known):
            ends.append((float(known[-1]), f"{_MARKERS[number % len(_MARKERS)]} {series.name}", inks[number]))
    ends = sorted(ends[: layout.rows], key=lambda end: -end[0])
    rows = label_rows([layout.row(value) for value, _, _ in ends], layout.rows)
    labels = [(row, text, code) for row, (_, text, code) in zip(rows, ends, strict=True)]
    free = sorted(set(range(1, 1 + layout.rows)) - set(rows), reverse=True)
    for name, level in panel.references[: len(free)]:
        row = min(free, key=lambda each: abs(each - layout.row(level)))
        free.remove(row)
        labels.append((row, name, int(DIM)))
    for row, text, code in labels:
        picture.put(picture.width - layout.right + 1, row, shorten(text, layout.right - 1), code)


def label_rows(wanted: Sequence[int], count: int) -> list[int]:
    """Distinct rows from 1 to count, in order and as near as possible to the wanted ones.

    Labels that want one row stand around it: isotonic regression of (row − place), by pooling adjacent violators.

    Args:
        wanted: rows from the top down, at most `count` of them.
        count: number of rows.
    """
    blocks: list[tuple[float, int]] = []  # mean of (row − place), labels
    for place, row in enumerate(wanted):
        mean, size = float(row - place), 1
        while blocks and blocks[-1][0] >= mean:
            before, more = blocks.pop()
            mean, size = (before * more + mean * size) / (more + size), more + size
        blocks.append((mean, size))
    most = count - len(wanted) + 1
    offsets = [min(max(round(mean), 1), most) for mean, size in blocks for _ in range(size)]
    return [offset + place for place, offset in enumerate(offsets)]


def _title(picture: Picture, panel: Panel, inks: list[int], key: bool) -> None:
    """The title and, at the right, the selected generation's values. With `key`, the curves are named only here."""
    column = picture.put(0, 0, shorten(panel.title, picture.width), STRONG) + 2
    parts: list[tuple[str, int]] = []
    for number, series in enumerate(panel.series):
        chosen = panel.selected if panel.selected is not None else len(series.values) - 1
        value = float(series.values[chosen]) if 0 <= chosen < len(series.values) else float("nan")
        parts.append((f"{_MARKERS[number % len(_MARKERS)]} {series.name} {number_text(value)}", inks[number]))
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
