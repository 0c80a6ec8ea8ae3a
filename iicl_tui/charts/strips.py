"""Strips: one strip of bars for each value of the chosen grouping, with all hypotheses in sight."""

from __future__ import annotations

from math import ceil, prod
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from iicl_tui.charts.heading import heading, mark_key
from iicl_tui.charts.numbers import VERTICAL, Scale, eighths, percent_text, percents_text
from iicl_tui.charts.picture import (
    CURSOR,
    DIM,
    MARK,
    Picture,
    Role,
    ink,
    notice,
    shorten,
    text_width,
)
from iicl_tui.charts.view import (
    BeliefView,
    Direction,
    Group,
    by_text,
    group_totals,
    likeliest,
    view_groups,
    view_scale,
)

_GHOST_LINES = np.array([ord(c) for c in "▁▁▁──▔▔▔▔"], dtype=np.uint32)  # by the eighth of the cell that it tops
_FLOOR_DOT = ord("·")  # a bar too short to be drawn
_SEVERAL = "✱"


class _Layout(NamedTuple):
    groups: tuple[Group, ...]  # those that are drawn, from the top
    hidden: int  # groups without a row
    names: tuple[str, ...]
    gutter: int
    bins: int  # bars a strip
    per: int  # hypotheses a bar
    wide: int  # columns a bar
    top: int
    pitch: int  # rows from one strip to the next
    rows: int  # rows of bars
    mark_rows: int
    axis: tuple[int, ...]  # factors named under the strips


def _bars(view: BeliefView, longest: int, room: int) -> int:
    """Hypotheses per bar, so that `longest` hypotheses fit into `room` columns.

    Joins whole trailing factors if that does not waste too much space, so that a bar still stands for a rule.
    """
    needed = ceil(longest / room)
    if not _splits_factor(view) or needed == 1:
        return needed
    joined = 1
    for factor in range(len(view.space.shape) - 1, -1, -1):
        if joined >= needed:
            break
        if factor != view.by:
            joined *= view.space.shape[factor]
    return joined if longest / joined >= room / 4 else needed


def _splits_factor(view: BeliefView) -> bool:
    """Whether the strips are a factor's values; within each strip the other factors then follow in order."""
    return view.by is not None and view.by < len(view.space.factors)


def _layout(view: BeliefView, width: int, height: int) -> _Layout:
    groups = view_groups(view)
    shown = len(groups) if len(groups) <= height else max(height - 1, 1)
    foot = 1 if shown < len(groups) and height > 1 else 0  # for the number of hidden strips
    longest = max(len(group.members) for group in groups)

    others = [factor for factor in range(len(view.space.shape)) if factor != view.by] if _splits_factor(view) else []
    top = 1 if height > shown + foot else 0
    room = height - top - foot
    axis = next((n for n in (2, 1) if (room - n) // shown >= 2 + n and n <= len(others)), 0)
    pitch = max((room - axis) // shown, 1)
    mark_rows = 0 if pitch < 2 else 1 if pitch < 6 else 2

    names = tuple(group.name for group in groups)
    gutter = max(6, *map(text_width, names)) + 1
    if gutter + longest > width:
        names = tuple(group.short for group in groups)
        gutter = max(6, *(min(text_width(name), 10) for name in names)) + 1
    if pitch - mark_rows == 1:  # the total shares the name's line: a name, a blank and six cells
        both = max(gutter, max(min(text_width(group.short), 10) for group in groups) + 8)
        gutter = both if both * 3 <= width else gutter
    if gutter * 3 > width:
        gutter = 0
    per = _bars(view, longest, width - gutter)
    bins = ceil(longest / per)
    wide = max(1, min((width - gutter) // bins, 4))
    return _Layout(
        groups[:shown], len(groups) - shown, names, gutter, bins, per, wide, top, pitch, pitch - mark_rows, mark_rows,
        tuple(others[:axis]),
    )  # fmt: skip


def draw(view: BeliefView, width: int, height: int) -> Picture:
    """The picture, width × height cells."""
    if view.log_p is None or width < 1 or height < 1:
        return notice(width, height, view.absent)
    layout, scale = _layout(view, width, height), view_scale(view)
    picture = Picture(width, height)
    totals = group_totals(layout.groups, view.log_p)
    lengths = scale.lengths(view.log_p)
    ghosts = None if view.previous is None else scale.lengths(view.previous)
    for position, (group, total) in enumerate(zip(layout.groups, totals, strict=True)):
        top = layout.top + position * layout.pitch
        bounds = percents_text(*view.bounds[position]) if position < len(view.bounds) else ""
        _name(picture, layout, position, top, percent_text(total), bounds)
        _draw_bars(picture, layout, group, top, _binned(lengths, group, layout), ghosts)
    _draw_marks(picture, view, layout)
    _draw_axis(picture, view, layout)
    if layout.hidden and height > 1:
        picture.put(0, height - 1, shorten(f"… {layout.hidden} more", width), DIM)
    if layout.top:
        _heading(picture, view, layout, scale)
    return picture


def _heading(picture: Picture, view: BeliefView, layout: _Layout, scale: Scale) -> None:
    binned = f"{layout.per} a column" if layout.per > 1 else ""
    explained = f"likeliest of {binned}" if binned else ""
    by, ghost = by_text(view), []
    if view.previous is not None and layout.rows > 1:
        ghost.append((f"▔ {view.ghost}", ink(Role.GHOST)))
    variants = ((scale.text, explained, by), (scale.text, explained), (scale.text, binned), (binned or scale.text,))
    heading(picture, view, variants, mark_key(view, *ghost))


def _name(picture: Picture, layout: _Layout, position: int, top: int, total: str, bounds: str) -> None:
    if not layout.gutter:
        return
    end, group = layout.gutter - 1, layout.groups[position]
    if layout.rows > 1:
        picture.put_right(end, top, shorten(layout.names[position], end), ink(Role.VALUE, group.hue))
        picture.put_right(end, top + 1, total, DIM)
        if layout.rows > 2 and "–" in bounds and text_width(bounds) <= end:
            picture.put_right(end, top + 2, bounds, DIM)
        return
    name = layout.names[position] if text_width(layout.names[position]) + len(total) < end else group.short
    if text_width(name) + len(total) < end:
        picture.put_right(end, top, total, DIM)
        end -= len(total) + 1
    picture.put_right(end, top, shorten(name, end), ink(Role.VALUE, group.hue))


def _binned(lengths: NDArray[np.float64], group: Group, layout: _Layout) -> NDArray[np.float64]:
    values = lengths[group.members]
    if layout.per == 1:
        return values
    return np.maximum.reduceat(values, np.arange(0, len(values), layout.per))


def _draw_bars(
    picture: Picture,
    layout: _Layout,
    group: Group,
    top: int,
    lengths: NDArray[np.float64],
    ghosts: NDArray[np.float64] | None,
) -> None:
    rows, wide = layout.rows, layout.wide
    heights = np.repeat(eighths(lengths, rows), wide)
    area = np.s_[top : top + rows, layout.gutter : layout.gutter + len(heights)]
    below = 8 * np.arange(rows - 1, -1, -1)[:, None]
    picture.chars[area] = VERTICAL[np.clip(heights - below, 0, 8)]
    picture.inks[area] = ink(Role.BAR, group.hue)
    chars, inks = picture.chars[area], picture.inks[area]
    chars[-1][heights == 0] = _FLOOR_DOT
    inks[-1][heights == 0] = DIM
    if ghosts is None or rows < 2:
        return
    before = np.repeat(eighths(_binned(ghosts, group, layout), rows), wide)
    own_cell, cell = (heights - 1) // 8, (before - 1) // 8  # from the bottom; −1: nothing there
    for columns, code in (
        (np.flatnonzero((before > 0) & (cell > own_cell)), ink(Role.GHOST, group.hue)),
        (np.flatnonzero((before > 0) & (cell < own_cell)), ink(Role.GHOST, group.hue, under=group.hue)),
    ):
        lines = rows - 1 - cell[columns]
        chars[lines, columns] = _GHOST_LINES[before[columns] - 8 * cell[columns]]
        inks[lines, columns] = code


def _draw_marks(picture: Picture, view: BeliefView, layout: _Layout) -> None:
    places: dict[tuple[int, int], list[str]] = {}
    for mark in view.marks:
        place = _place(layout, mark.hypothesis)
        if place is not None:
            places.setdefault(place, []).append(mark.symbol)
    room = layout.wide * max(layout.mark_rows, 1)
    cursor = None if view.cursor is None else _place(layout, view.cursor)
    if cursor is not None:
        x, y = _cell(layout, cursor)
        top = y - layout.rows + 1
        picture.inks[top : y + 1, x : x + layout.wide] |= CURSOR
        if cursor not in places:
            picture.put(x, y + (1 if layout.mark_rows else 0), "↑" * layout.wide, MARK | CURSOR)
    for place, symbols in places.items():
        x, y = _cell(layout, place)
        if len(symbols) > room:
            symbols = [_SEVERAL]
        for number, symbol in enumerate(symbols):
            row, column = divmod(number, layout.wide)
            code = MARK | CURSOR if place == cursor else int(MARK)
            picture.put(x + column, y + row + (1 if layout.mark_rows else 0), symbol, code)


def _draw_axis(picture: Picture, view: BeliefView, layout: _Layout) -> None:
    shape = [size for factor, size in enumerate(view.space.shape) if factor != view.by]
    for number, factor in enumerate(layout.axis):
        owner, step = view.space.factors[factor], prod(shape[number + 1 :])
        room = step // layout.per * layout.wide
        texts = [f"{owner.name} {value}" for value in owner.values]
        if max(map(text_width, texts)) + 2 > room:
            texts = list(owner.values)
        if max(map(text_width, texts)) + 1 > room:
            continue
        y = layout.top + len(layout.groups) * layout.pitch + number
        for position in range(prod(shape[: number + 1])):
            text = texts[position % len(texts)]
            picture.put(layout.gutter + position * room, y, f"╵{text}" if text_width(text) + 2 <= room else text, DIM)


def _place(layout: _Layout, hypothesis: int) -> tuple[int, int] | None:
    """(strip, bar) of a hypothesis, or None if its strip is not drawn."""
    for strip, group in enumerate(layout.groups):
        at = int(np.searchsorted(group.members, hypothesis))
        if at < len(group.members) and group.members[at] == hypothesis:
            return strip, at // layout.per
    return None


def _cell(layout: _Layout, place: tuple[int, int]) -> tuple[int, int]:
    """The lowest left cell of a bar."""
    strip, bar = place
    return layout.gutter + bar * layout.wide, layout.top + strip * layout.pitch + layout.rows - 1


def _hypothesis(view: BeliefView, layout: _Layout, strip: int, bar: int) -> int | None:
    if view.log_p is None or not 0 <= strip < len(layout.groups) or bar < 0:
        return None
    members = layout.groups[strip].members[bar * layout.per : (bar + 1) * layout.per]
    return likeliest(view.log_p, members) if len(members) else None


def position(view: BeliefView, width: int, height: int, hypothesis: int) -> tuple[int, int] | None:
    """(x, y) of the foot of the bar that stands for the hypothesis; None if it is not drawn."""
    if view.log_p is None or width < 1 or height < 1:
        return None
    layout = _layout(view, width, height)
    place = _place(layout, hypothesis)
    return None if place is None else _cell(layout, place)


def hypothesis_at(view: BeliefView, width: int, height: int, x: int, y: int) -> int | None:
    """The hypothesis whose bar or mark is at the cell; the likeliest one if a bar stands for several."""
    if view.log_p is None or width < 1 or height < 1 or not (0 <= x < width and 0 <= y < height):
        return None
    layout = _layout(view, width, height)
    return _hypothesis(view, layout, (y - layout.top) // layout.pitch, (x - layout.gutter) // layout.wide)


def neighbour(view: BeliefView, width: int, height: int, hypothesis: int, direction: Direction) -> int:
    """The hypothesis of the next bar in this direction; the same hypothesis at an edge."""
    if view.log_p is None:
        return hypothesis
    layout = _layout(view, max(width, 1), max(height, 1))
    place = _place(layout, hypothesis)
    if place is None:
        return hypothesis
    strip, bar = place
    if direction in ("left", "right"):
        found = _hypothesis(view, layout, strip, bar + (1 if direction == "right" else -1))
    else:
        strip += 1 if direction == "down" else -1
        if not 0 <= strip < len(layout.groups):
            return hypothesis
        last = (len(layout.groups[strip].members) - 1) // layout.per
        found = _hypothesis(view, layout, strip, min(bar, last))
    return hypothesis if found is None else found
