"""Ranked: the likeliest hypotheses, one per line, with their rules written out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from iicl_tui.bayes import inference
from iicl_tui.charts.heading import heading, mark_key
from iicl_tui.charts.numbers import HORIZONTAL, eighths, probability_text
from iicl_tui.charts.picture import (
    ACCENT,
    CURSOR,
    DIM,
    MARK,
    TEXT,
    Picture,
    Role,
    fit_hue,
    ink,
    notice,
    shorten,
    state_hue,
    text_width,
)
from iicl_tui.charts.view import BeliefView, Direction, hues, view_scale

_P_WIDTH = 8
_LEAST_BAR = 8


def order(log_p: NDArray[np.float64]) -> NDArray[np.intp]:
    """All hypotheses, the most probable first; ties in the order of the space."""
    return np.argsort(inference.ranks(log_p), kind="stable")


def rank_of(log_p: NDArray[np.float64], hypothesis: int) -> tuple[int, int]:
    """(rank from 1, number of hypotheses that share it)."""
    ranks = inference.ranks(log_p)
    return int(ranks[hypothesis]), int((ranks == ranks[hypothesis]).sum())


class _Columns(NamedTuple):
    names: bool  # "A on", or only "on" under a row of names
    widths: tuple[int, ...]  # of each factor's column
    gap: int
    rank: int
    marks: int
    fit: int
    bar: int

    @property
    def rules(self) -> int:
        """First column of the rules."""
        return 3 + self.rank + self.marks + 1


def _prefixes(values: tuple[str, ...]) -> dict[str, str]:
    """Each value's shortest prefix, all of one length, that tells the values apart."""
    for length in range(1, max(map(len, values)) + 1):
        if len({value[:length] for value in values}) == len(values):
            return {value: value[:length] for value in values}
    return {value: value for value in values}


def _columns(view: BeliefView, width: int) -> _Columns:
    rank = max(2, len(str(view.space.size)))
    marks = max(1, len(view.marks))
    fit = text_width(f"{view.explained_of}/{view.explained_of}") + 2 if view.explained is not None else 0
    fixed = 2 + rank + 1 + marks + 1 + _P_WIDTH

    def values_width(factor: int) -> int:
        return max(map(text_width, view.space.factors[factor].values))

    factors = range(len(view.space.factors))
    full = tuple(text_width(view.space.factors[f].name) + 1 + values_width(f) for f in factors)
    short = tuple(max(values_width(f), min(text_width(view.space.factors[f].name), 6)) for f in factors)
    tight = tuple(max(map(len, _prefixes(view.space.factors[f].values).values())) for f in factors)
    for names, widths, gap, with_fit in (
        (True, full, 2, fit), (False, short, 2, fit), (False, short, 1, fit), (False, tight, 1, fit),
        (False, tight, 1, 0),
    ):  # fmt: skip
        used = fixed + sum(widths) + gap * (len(widths) - 1) + with_fit
        if used <= width:
            room = width - used - 2
            return _Columns(names, widths, gap, rank, marks, with_fit, min(room, 60) if room >= _LEAST_BAR else 0)
    return _Columns(False, tight, 1, rank, marks, 0, 0)


class _Layout(NamedTuple):
    top: int  # first row of the list
    rows: int
    first: int  # rank, from 0, of the first row
    order: NDArray[np.intp]
    columns: _Columns


def _layout(view: BeliefView, width: int, height: int, log_p: NDArray[np.float64]) -> _Layout:
    columns = _columns(view, width)
    top = min(1 if columns.names else 2, max(height - 1, 0))
    rows, ordered, first = max(height - top, 1), order(log_p), 0
    if view.cursor is not None:
        at = int(np.flatnonzero(ordered == view.cursor)[0])
        first = max(0, min(at - rows // 2, len(ordered) - rows)) if at >= rows else 0
    return _Layout(top, rows, first, ordered, columns)


def draw(view: BeliefView, width: int, height: int) -> Picture:
    """The picture, width × height cells; the list scrolls to the cursor."""
    if view.log_p is None or width < 1 or height < 1:
        return notice(width, height, view.absent)
    layout, scale = _layout(view, width, height, view.log_p), view_scale(view)
    picture = Picture(width, height)
    shown = layout.order[layout.first : layout.first + layout.rows]
    bar = layout.columns.bar
    bars = eighths(scale.lengths(view.log_p[shown]), bar).tolist()
    ghosts = None if view.previous is None else eighths(scale.lengths(view.previous[shown]), bar).tolist()
    ranks = inference.ranks(view.log_p)[shown]
    colours = hues(view)[shown].tolist()
    _rules(picture, view, layout, shown)
    for row, hypothesis in enumerate(shown.tolist()):
        y = layout.top + row
        x = _figures(picture, view, layout.columns, y, hypothesis, int(ranks[row]))
        if bar:
            _bar(picture, x, y, bars[row], colours[row], None if ghosts is None else ghosts[row])
        if view.cursor == hypothesis:
            picture.put(0, y, "▸", ACCENT)
            picture.inks[y] |= CURSOR
    if layout.top == 2 and not layout.columns.names:
        _names(picture, view, layout.columns)
    if layout.top:
        place = f"{layout.first + 1}–{layout.first + len(shown)} of {view.space.size}"
        notes = (scale.text if bar else "", f"ranks {place}" if layout.first else f"likeliest {len(shown)}")
        ghost = [(f"│ {view.ghost}", ink(Role.GHOST))] if ghosts is not None and bar else []
        heading(picture, view, (notes, notes[1:]), mark_key(view, *ghost))
    return picture


def _rules(picture: Picture, view: BeliefView, layout: _Layout, shown: NDArray[np.intp]) -> None:
    """Write all shown rules, one factor's column at a time."""
    columns, codes = layout.columns, view.space.codes[shown]
    rows = np.zeros(len(shown), dtype=np.intp)
    palette = np.array([ink(Role.VALUE, state_hue(code)) for code in range(max(view.space.shape))], dtype=np.int32)
    x = columns.rules
    for factor, (owner, width) in enumerate(zip(view.space.factors, columns.widths, strict=True)):
        own, start, room = codes[:, factor], x, width
        values: Sequence[str] = owner.values
        if columns.names:
            room = max(map(text_width, values))
            start = x + width - room
            picture.put_column(x, layout.top, [owner.name], width - room, rows, np.full(len(shown), DIM, dtype=np.int32))
        elif max(map(text_width, values)) > width:
            values = list(_prefixes(owner.values).values())
        picture.put_column(start, layout.top, values, room, own.astype(np.intp), palette[own])
        x += width + columns.gap


def _figures(picture: Picture, view: BeliefView, columns: _Columns, y: int, hypothesis: int, rank: int) -> int:
    """Write rank, marks, probability and d⁰ count in row y; returns the first column of the bar."""
    log_p = view.log_p
    assert log_p is not None
    picture.put_right(2 + columns.rank, y, str(rank), DIM)
    symbols = "".join(mark.symbol for mark in view.marks if mark.hypothesis == hypothesis)
    picture.put(3 + columns.rank, y, symbols, MARK)
    x = columns.rules + sum(columns.widths) + columns.gap * (len(columns.widths) - 1) + _P_WIDTH
    picture.put_right(x, y, probability_text(float(log_p[hypothesis])), TEXT)
    if columns.fit and view.explained is not None:
        count = int(view.explained[hypothesis])
        x += columns.fit
        picture.put_right(x, y, f"{count}/{view.explained_of}", ink(Role.VALUE, fit_hue(count, view.explained_of)))
    return x + 2


def _names(picture: Picture, view: BeliefView, columns: _Columns) -> None:
    x = columns.rules
    for factor, width in zip(view.space.factors, columns.widths, strict=True):
        name = factor.name if text_width(factor.name) <= width else factor.name[:width]
        picture.put(x, 1, shorten(name, width), DIM)
        x += width + columns.gap


def _bar(picture: Picture, x: int, y: int, length: int, hue: int, ghost: int | None) -> None:
    full, rest = divmod(length, 8)
    picture.put(x, y, "█" * full + (HORIZONTAL[rest] if rest else ""), ink(Role.BAR, hue))
    if ghost and ghost != length:
        column = (ghost - 1) // 8
        picture.put(x + column, y, "│", ink(Role.GHOST, hue, under=hue if column < full else 0))


def position(view: BeliefView, width: int, height: int, hypothesis: int) -> tuple[int, int] | None:
    """(x, y) of the beginning of the hypothesis's line; None if it is not drawn."""
    if view.log_p is None or width < 1 or height < 1:
        return None
    layout = _layout(view, width, height, view.log_p)
    row = int(np.flatnonzero(layout.order == hypothesis)[0]) - layout.first
    return (0, layout.top + row) if 0 <= row < layout.rows and layout.top + row < height else None


def hypothesis_at(view: BeliefView, width: int, height: int, x: int, y: int) -> int | None:
    """The hypothesis on that line."""
    if view.log_p is None or width < 1 or height < 1 or not (0 <= x < width and 0 <= y < height):
        return None
    layout = _layout(view, width, height, view.log_p)
    at = layout.first + y - layout.top
    return int(layout.order[at]) if y >= layout.top and at < len(layout.order) else None


def neighbour(view: BeliefView, width: int, height: int, hypothesis: int, direction: Direction) -> int:
    """Up and down: the next rank; left and right: a page."""
    if view.log_p is None:
        return hypothesis
    layout = _layout(view, max(width, 1), max(height, 1), view.log_p)
    at = int(np.flatnonzero(layout.order == hypothesis)[0])
    at += {"up": -1, "down": 1, "left": -layout.rows, "right": layout.rows}[direction]
    return int(layout.order[min(max(at, 0), len(layout.order) - 1)])
