"""Film strip: one frame per generation with a bar for every group of hypotheses; the selected one is marked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from iicl_tui.bayes.space import ProductSpace
from iicl_tui.charts.numbers import VERTICAL, eighths
from iicl_tui.charts.picture import ACCENT, CURSOR, DIM, Picture, Role, ink, notice, shorten, text_width
from iicl_tui.charts.view import Group, group_totals

_WIDEST = 6
_REST = "rest"


@dataclass(frozen=True, eq=False)
class FilmView:
    """The belief of every generation, by group.

    Attributes:
        totals: (generations, groups) probability of each group in each generation; NaN where no belief is known.
        selected: the selected row of totals.
        first: the generation of row 0.

    Raises:
        ValueError: totals has another shape.
    """

    groups: tuple[Group, ...]
    totals: NDArray[np.float64]
    selected: int
    first: int = 0

    def __post_init__(self) -> None:
        if self.totals.ndim != 2 or self.totals.shape[1] != len(self.groups):
            raise ValueError(f"totals must have the shape (generations, {len(self.groups)}), not {self.totals.shape}")


def film_totals(groups: tuple[Group, ...], space: ProductSpace, beliefs: list[NDArray[np.float64] | None]) -> NDArray[np.float64]:
    """(generations, groups) totals for `FilmView` from the log-probabilities of every generation."""
    totals = np.full((len(beliefs), len(groups)), np.nan)
    for row, log_p in enumerate(beliefs):
        if log_p is not None:
            totals[row] = group_totals(groups, log_p)
    return totals


class _Layout(NamedTuple):
    gutter: int
    frame: int  # columns of a frame, its gap included
    start: int  # row of totals that is the first frame drawn
    frames: int
    lines: tuple[tuple[int, ...], ...]  # indices of the groups that each line adds up
    rows: int  # rows per line
    numbers: bool

    @property
    def foot(self) -> int:
        """The row of the generations' numbers."""
        return len(self.lines) * self.rows


def _layout(view: FilmView, width: int, height: int) -> _Layout:
    count = len(view.totals)
    names = [group.short for group in view.groups] + ([_REST] if len(view.groups) > height else [])
    gutter = max(map(text_width, names), default=0) + 2
    if gutter * 3 > width:
        gutter = 0
    frame = min(max((width - gutter) // max(count, 1), 1), _WIDEST)
    frames = max(min(count, (width - gutter) // frame), 1)
    start = min(max(view.selected - frames // 2, 0), max(count - frames, 0))
    groups = range(len(view.groups))
    numbers = height > len(groups) or (frame == 1 and height > 1)
    room = height - numbers
    lines: list[tuple[int, ...]] = [(group,) for group in groups]
    if len(lines) > room:
        lines = [*lines[: room - 1], tuple(groups[room - 1 :])]
    return _Layout(gutter, frame, start, frames, tuple(lines), max(room // max(len(lines), 1), 1), numbers)


def draw(view: FilmView, width: int, height: int) -> Picture:
    """The picture, width × height cells: as many generations as fit around the selected one.

    A dot is a probability of 0; a dash stands where no belief is known.
    """
    if width < 1 or height < 1 or not len(view.totals):
        return notice(width, height, "no generation yet")
    layout = _layout(view, width, height)
    picture = Picture(width, height)
    window = view.totals[layout.start : layout.start + layout.frames]
    known = np.isfinite(window).all(axis=1)
    bar = max(layout.frame - 1, 1)
    for number, members in enumerate(layout.lines):
        group, top = view.groups[members[0]], number * layout.rows
        if layout.gutter:
            name = shorten(group.short if len(members) == 1 else _REST, layout.gutter - 2)
            picture.put_right(layout.gutter - 2, top + layout.rows - 1, name, ink(Role.VALUE, group.hue))
        share = window[:, list(members)].sum(axis=1)
        heights = eighths(np.where(known, share, 0.0).clip(0.0, 1.0), layout.rows)
        cells = VERTICAL[np.clip(heights - 8 * np.arange(layout.rows - 1, -1, -1)[:, None], 0, 8)]
        cells[-1, heights == 0] = ord("·")
        cells[-1, ~known] = ord("–")
        codes = np.where(heights > 0, ink(Role.BAR, group.hue), DIM).repeat(layout.frame)
        area = np.s_[top : top + layout.rows, layout.gutter : layout.gutter + len(codes)]
        columns = np.flatnonzero(np.arange(picture.chars[area].shape[1]) % layout.frame < bar)
        picture.chars[area][:, columns] = cells.repeat(layout.frame, axis=1)[:, columns]
        picture.inks[area][:, columns] = codes[columns]
    _select(picture, view, layout, bar)
    return picture


def _select(picture: Picture, view: FilmView, layout: _Layout, bar: int) -> None:
    x, y = layout.gutter + (view.selected - layout.start) * layout.frame, layout.foot
    if not 0 <= view.selected - layout.start < layout.frames:
        return
    picture.inks[:y, x : x + bar] |= CURSOR
    if not layout.numbers:
        if layout.gutter:  # there is a column free before the frame
            picture.put(x - 1, y - 1, "▸", ACCENT)
        return
    label = f"▴{view.first + view.selected}"
    label_end = min(x + text_width(label), picture.width)
    label_start = label_end - text_width(label)
    longest = len(str(view.first + len(view.totals)))
    every = next(n for n in (1, 2, 5, 10, 20, 50, 100, 200, 500, 10**6) if n * layout.frame > longest + 1)
    for row in range(layout.start, layout.start + layout.frames):
        generation, column = view.first + row, layout.gutter + (row - layout.start) * layout.frame
        end = column + len(str(generation))
        if generation % every == 0 and end <= picture.width and (end < label_start or column > label_end):
            picture.put(column, y, str(generation), DIM)
    if layout.gutter and layout.start > 0:
        picture.put(layout.gutter - 1, y, "‹", DIM)
    if layout.start + layout.frames < len(view.totals):
        picture.put(picture.width - 1, y, "›", DIM)
    picture.put(label_start, y, label if label_start > x - 1 else f"{view.first + view.selected}▴", ACCENT)


def generation_at(view: FilmView, width: int, height: int, x: int, y: int) -> int | None:
    """The row of totals whose frame is at the cell."""
    if not (0 <= x < width and 0 <= y < height) or not len(view.totals):
        return None
    layout = _layout(view, width, height)
    frame = (x - layout.gutter) // layout.frame
    return layout.start + frame if 0 <= frame < layout.frames else None


def position(view: FilmView, width: int, height: int, row: int) -> int | None:
    """The first column of the frame of a row of totals; None if it is not drawn."""
    if width < 1 or height < 1 or not len(view.totals):
        return None
    layout = _layout(view, width, height)
    frame = row - layout.start
    return layout.gutter + frame * layout.frame if 0 <= frame < layout.frames else None
