"""Mosaic: one tile per hypothesis, first factors down, the others across; a tile keeps its place in every generation."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import log, prod
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from iicl_tui.bayes.space import ProductSpace
from iicl_tui.charts.heading import heading, mark_key
from iicl_tui.charts.picture import (
    CURSOR,
    DIM,
    LEVELS,
    MARK,
    Picture,
    Role,
    ink,
    notice,
    shorten,
    state_hue,
    text_width,
)
from iicl_tui.charts.view import BeliefView, Direction, by_text, hues, view_scale

_WIDE = 3.0  # the best ratio of tiles across to tiles down
_SHADES = np.array([ord(c) for c in "·░░░░▒▒▒▒▓▓▓▓███"], dtype=np.uint32)  # by level, so that the mosaic reads without colour


class _Layout(NamedTuple):
    split: int  # factors [0, split) go down, the others across
    down: int  # how many of the factors down have rows of their own; a tile shows the likeliest of the rest
    across: int  # how many of the factors across have columns of their own
    rows: int
    columns: int
    tile_width: int
    tile_height: int
    gutter: int
    value_widths: tuple[int, ...]  # of the row headers; empty: no headers
    header_rows: int
    top: int  # of the tiles


@lru_cache(64)
def _split(shape: tuple[int, ...]) -> int:
    def badness(split: int) -> float:
        return abs(log(prod(shape[split:]) / prod(shape[:split]) / _WIDE))

    return min(range(len(shape)), key=badness)


def _fitting(shape: tuple[int, ...], room: int) -> int:
    """How many leading factors fit with one place for each combination of values."""
    return max(n for n in range(len(shape) + 1) if n == 0 or prod(shape[:n]) <= room)


@lru_cache(64)
def _layout(space: ProductSpace, width: int, height: int) -> _Layout:
    split = _split(space.shape)
    across_shape, down_shape = space.shape[split:], space.shape[:split]
    top = 1 if height > 2 else 0
    if prod(down_shape) <= height - top:  # a place for every hypothesis is worth more than headers
        header_rows = min(len(across_shape), height - top - prod(down_shape))
    else:
        header_rows = len(across_shape) if height - top - len(across_shape) >= 4 else 0
    down = _fitting(down_shape, max(height - top - header_rows, 1))
    value_widths = tuple(
        max(map(text_width, (factor.name, *factor.values))) for factor in space.factors[:down]
    )  # fmt: skip
    across_names = [text_width(factor.name) for factor in space.factors[split:]] if header_rows else []
    taken = sum(value_widths) + len(value_widths)
    gutter = max(taken, max(across_names, default=-1) + 1, taken + min(across_names, default=-1) + 1)
    if gutter > width // 3 or gutter + min(prod(across_shape), width // 2) > width:
        value_widths, gutter = (), 0
    across = _fitting(across_shape, max(width - gutter, 1))
    rows, columns = prod(down_shape[:down]), prod(across_shape[:across])
    roomy = taken + max(across_names, default=-1) + 1  # then each row factor's name is right above its values
    if gutter and (width - roomy) // columns == (width - gutter) // columns:
        gutter = roomy
    tile_width = max((width - gutter) // columns, 1)
    tile_height = max(min((height - top - header_rows) // rows, (tile_width + 1) // 2, 4), 1)
    tile_width = min(tile_width, 2 * tile_height + 2)
    return _Layout(
        split, down, across, rows, columns, tile_width, tile_height, gutter, value_widths, header_rows,
        top + header_rows,
    )  # fmt: skip


def tiles(space: ProductSpace, width: int, height: int) -> tuple[int, int]:
    """(number of tiles, number of factors that go down)."""
    layout = _layout(space, max(width, 1), max(height, 1))
    return layout.rows * layout.columns, layout.split


def _owners(log_p: NDArray[np.float64], layout: _Layout, space: ProductSpace) -> NDArray[np.intp]:
    """(rows, columns) the hypothesis that each tile shows: the likeliest of those that share it."""
    everything = np.arange(space.size)
    if layout.rows * layout.columns == space.size:
        return everything.reshape(layout.rows, layout.columns)
    height = prod(space.shape[layout.down : layout.split])
    shared = (layout.rows, height, layout.columns, -1)
    beliefs = log_p.reshape(shared).swapaxes(1, 2).reshape(layout.rows, layout.columns, -1)
    owners = everything.reshape(shared).swapaxes(1, 2).reshape(layout.rows, layout.columns, -1)
    best = beliefs.argmax(axis=2)[:, :, None]
    return np.take_along_axis(owners, best, axis=2)[:, :, 0]


def draw(view: BeliefView, width: int, height: int) -> Picture:
    """The picture, width × height cells."""
    if view.log_p is None or width < 1 or height < 1:
        return notice(width, height, view.absent)
    layout, scale = _layout(view.space, width, height), view_scale(view)
    picture = Picture(width, height)
    owners = _owners(view.log_p, layout, view.space)
    lengths = scale.lengths(view.log_p[owners])
    levels = np.rint(lengths * LEVELS).astype(np.int32)
    codes = Role.TILE | hues(view)[owners] << 4 | levels << 10
    size = (layout.tile_height, layout.tile_width)
    area = np.s_[layout.top : layout.top + layout.rows * size[0], layout.gutter : layout.gutter + layout.columns * size[1]]
    held = picture.chars[area].shape
    picture.chars[area] = _SHADES[levels].repeat(size[0], 0).repeat(size[1], 1)[: held[0], : held[1]]
    picture.inks[area] = codes.repeat(size[0], 0).repeat(size[1], 1)[: held[0], : held[1]]
    _thin_dots(picture, layout, levels)
    if view.by is None and view.explained is not None:
        named = np.isin(owners, [mark.hypothesis for mark in view.marks])  # a mark takes the place of the count
        _counts(picture, layout, view.explained[owners], (levels > 0) & ~named)
    _headers(picture, view, layout)
    _marks(picture, view, layout)
    if height > 2:
        shared = view.space.size // (layout.rows * layout.columns)
        joined = f"{shared} h a tile" if shared > 1 else ""
        explained = f"likeliest of {joined}" if joined else ""
        variants = (
            (scale.text, explained, by_text(view)),
            (scale.text, explained),
            (scale.text, joined),
            (joined or scale.text,),
            (joined,),
        )
        heading(picture, view, variants, [*mark_key(view), *_colour_key(view)])
    return picture


def _thin_dots(picture: Picture, layout: _Layout, levels: NDArray[np.int32]) -> None:
    """Leave one dot in each tile at the scale's floor, not one in every cell."""
    rows, columns = np.nonzero(levels == 0)
    height, width = layout.tile_height, layout.tile_width
    for dy in range(height):
        for dx in range(width):
            if (dy, dx) != ((height - 1) // 2, (width - 1) // 2):
                picture.chars[layout.top + rows * height + dy, layout.gutter + columns * width + dx] = ord(" ")


def _counts(picture: Picture, layout: _Layout, explained: NDArray[np.integer], wanted: NDArray[np.bool_]) -> None:
    """Write at each tile's end how many d⁰ examples it explains.

    Brightness shows the probability, so without colour nothing else shows the count.
    """
    for row, column in np.argwhere(wanted).tolist():
        text = str(int(explained[row, column]))
        if len(text) < layout.tile_width:
            at = layout.gutter + (column + 1) * layout.tile_width - len(text)
            y = layout.top + row * layout.tile_height
            if y < picture.height and at + len(text) <= picture.width:
                picture.chars[y, at : at + len(text)] = [ord(digit) for digit in text]


def _colour_key(view: BeliefView) -> list[tuple[str, int]]:
    if view.by is None or len(view.space.groupings[view.by].values) > 5:
        return []
    values = view.space.groupings[view.by].values
    return [(f"■ {value}", ink(Role.VALUE, state_hue(code))) for code, value in enumerate(values)]


def _headers(picture: Picture, view: BeliefView, layout: _Layout) -> None:
    space = view.space
    first_header = layout.top - layout.header_rows
    across = space.factors[layout.split : layout.split + layout.across]
    for number, owner in enumerate(across[: layout.header_rows]):
        if layout.gutter:
            picture.put_right(layout.gutter - 1, first_header + number, owner.name, DIM)
        code = _header_ink(view, layout.split + number)
        step = prod(space.shape[layout.split + number + 1 : layout.split + layout.across]) * layout.tile_width
        texts, repeated = _abbreviated(owner.values, step)
        blocks = prod(space.shape[layout.split : layout.split + number + 1]) if repeated else len(texts)
        for position in range(blocks):
            value = position % len(owner.values)
            if texts:
                picture.put(layout.gutter + position * step, first_header + number, texts[value], code(value))

    taken = sum(layout.value_widths) + len(layout.value_widths)
    free = [
        first_header + number
        for number, owner in enumerate(across[: layout.header_rows])
        if taken + text_width(owner.name) + 1 <= layout.gutter
    ]
    x = 0
    for factor, width in enumerate(layout.value_widths):
        owner, step = space.factors[factor], prod(space.shape[factor + 1 : layout.down])
        if free:
            picture.put_right(x + width, free[-1], owner.name, DIM)
        code = _header_ink(view, factor)
        for position in range(prod(space.shape[: factor + 1])):
            value = position % len(owner.values)
            y = layout.top + position * step * layout.tile_height
            picture.put_right(x + width, y, owner.values[value], code(value))
        x += width + 1


def _header_ink(view: BeliefView, factor: int) -> Callable[[int], int]:
    """The ink of a factor's values in a header: their colours if the tiles are coloured by this factor."""
    return lambda value: ink(Role.VALUE, state_hue(value)) if factor == view.by else int(DIM)


def _abbreviated(values: tuple[str, ...], step: int) -> tuple[list[str], bool]:
    """The values shortened to fit `step` columns.

    Returns:
        The texts, empty if they would be ambiguous, and whether they are short enough to repeat in every block.
    """
    for room, repeated in ((step - 1, True), (step, False)):
        texts = [value if text_width(value) <= room else shorten(value, room + 1)[:-1] for value in values]
        if len(set(texts)) == len(values) and all(texts):
            return texts, repeated
    return [], False


def _marks(picture: Picture, view: BeliefView, layout: _Layout) -> None:
    if view.cursor is not None:
        _cursor(picture, layout, *_cell(layout, _place(view.space, layout, view.cursor)))
    places: dict[tuple[int, int], str] = {}
    for mark in view.marks:
        place = _place(view.space, layout, mark.hypothesis)
        places[place] = places.get(place, "") + mark.symbol
    for place, symbols in places.items():
        x, y = _cell(layout, place)
        if len(symbols) > layout.tile_width:
            symbols = "✱"
        x += (layout.tile_width - len(symbols)) // 2
        y += (layout.tile_height - 1) // 2
        for number, symbol in enumerate(symbols):
            _put_on_tile(picture, x + number, y, symbol)


def _cursor(picture: Picture, layout: _Layout, x: int, y: int) -> None:
    """A frame around the tile; a tile of one column is highlighted."""
    last = layout.tile_height - 1
    if layout.tile_width == 1:
        picture.inks[y : y + layout.tile_height, x : x + 1] |= CURSOR
        return
    for row in range(layout.tile_height):
        left, right = "[]" if last == 0 else "┌┐" if row == 0 else "└┘" if row == last else "││"
        _put_on_tile(picture, x, y + row, left)
        _put_on_tile(picture, x + layout.tile_width - 1, y + row, right)


def _put_on_tile(picture: Picture, x: int, y: int, char: str) -> None:
    """Put a character on a tile and keep the tile's colour and brightness."""
    if 0 <= x < picture.width and 0 <= y < picture.height:
        picture.chars[y, x] = ord(char)
        picture.inks[y, x] = picture.inks[y, x] & ~15 | MARK


def _place(space: ProductSpace, layout: _Layout, hypothesis: int) -> tuple[int, int]:
    across = prod(space.shape[layout.split :])
    down = prod(space.shape[: layout.split])
    row, column = divmod(hypothesis, across)
    return row * layout.rows // down, column * layout.columns // across


def _cell(layout: _Layout, place: tuple[int, int]) -> tuple[int, int]:
    return layout.gutter + place[1] * layout.tile_width, layout.top + place[0] * layout.tile_height


def position(view: BeliefView, width: int, height: int, hypothesis: int) -> tuple[int, int] | None:
    """(x, y) of the upper left cell of the hypothesis's tile; None if it is not drawn."""
    if view.log_p is None or width < 1 or height < 1:
        return None
    layout = _layout(view.space, width, height)
    x, y = _cell(layout, _place(view.space, layout, hypothesis))
    return (x, y) if x < width and y < height else None


def hypothesis_at(view: BeliefView, width: int, height: int, x: int, y: int) -> int | None:
    """The hypothesis whose tile is at the cell; the likeliest one if a tile stands for several."""
    if view.log_p is None or width < 1 or height < 1 or not (0 <= x < width and 0 <= y < height):
        return None
    layout = _layout(view.space, width, height)
    row, column = (y - layout.top) // layout.tile_height, (x - layout.gutter) // layout.tile_width
    if not (0 <= row < layout.rows and 0 <= column < layout.columns):
        return None
    return int(_owners(view.log_p, layout, view.space)[row, column])


def neighbour(view: BeliefView, width: int, height: int, hypothesis: int, direction: Direction) -> int:
    """The hypothesis of the next tile in this direction; the same hypothesis at an edge."""
    if view.log_p is None:
        return hypothesis
    layout = _layout(view.space, max(width, 1), max(height, 1))
    row, column = _place(view.space, layout, hypothesis)
    row += {"up": -1, "down": 1}.get(direction, 0)
    column += {"left": -1, "right": 1}.get(direction, 0)
    if not (0 <= row < layout.rows and 0 <= column < layout.columns):
        return hypothesis
    return int(_owners(view.log_p, layout, view.space)[row, column])
