"""A picture made of characters: a grid of cells, each with one character and one ink.

Inks are whole numbers, so that numpy can fill a thousand cells at once. An ink says what a cell means; the theme
decides its colour, and plain text needs none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from iicl_tui.text import SECOND_HALF, cell_codes
from iicl_tui.text import shorten as shorten
from iicl_tui.text import text_width as text_width

LEVELS = 15  # the brightest tile
FIT_STEPS = 8  # steps of the colour ramp for "d⁰ examples explained"

_STATES = 32
_FIT_BASE = 1 + _STATES


class Role(IntEnum):
    """The kind of a cell."""

    TEXT = 0
    DIM = 1
    STRONG = 2
    MARK = 3  # a named hypothesis; with a hue it lies on a tile
    GHOST = 4  # the last generation; with `under` it lies on a bar
    BAR = 5  # a block character; with `under` the rest of the cell has that hue
    TILE = 6  # its background, or its shade, is the brightness of the hue
    SEGMENT = 7  # a part of a stacked bar: solid in colour, a pattern without colour
    LABEL = 8  # words on a segment
    ACCENT = 9
    VALUE = 10  # text in its hue


class Ink(NamedTuple):
    """The parts of an ink."""

    role: Role
    hue: int = 0
    level: int = 0
    under: int = 0
    cursor: bool = False


CURSOR = 1 << 20  # bitwise or with any ink


def ink(role: Role, hue: int = 0, level: int = 0, under: int = 0, cursor: bool = False) -> int:
    """The number of an ink: hue and under from `state_hue` or `fit_hue`, or 0; level 0 … LEVELS."""
    return role | hue << 4 | level << 10 | under << 14 | (CURSOR if cursor else 0)


@lru_cache(4096)
def unpack(code: int) -> Ink:
    """The parts of an ink number; the inverse of `ink`."""
    return Ink(Role(code & 15), code >> 4 & 63, code >> 10 & 15, code >> 14 & 63, bool(code & CURSOR))


def state_hue(value: int) -> int:
    """The hue of the value-th value of a factor."""
    return 1 + value % _STATES


def fit_hue(explained: int, of: int) -> int:
    """The hue of a number of explained examples, on a ramp from none to all."""
    return _FIT_BASE + (round(FIT_STEPS * explained / of) if of else FIT_STEPS)


def hue_name(hue: int) -> tuple[str, int]:
    """("state", value), ("fit", 0 … FIT_STEPS) or ("none", 0)."""
    if hue == 0:
        return "none", 0
    return ("fit", hue - _FIT_BASE) if hue >= _FIT_BASE else ("state", hue - 1)


TEXT, DIM, STRONG, MARK, ACCENT = Role.TEXT, Role.DIM, Role.STRONG, Role.MARK, Role.ACCENT

_BLANK = ord(" ")


class Picture:
    """A width × height grid of cells.

    Attributes:
        chars: (height, width) code points.
        inks: (height, width) ink numbers.
    """

    __slots__ = ("chars", "height", "inks", "width")

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = max(width, 0), max(height, 0)
        self.chars: NDArray[np.uint32] = np.full((self.height, self.width), _BLANK, dtype=np.uint32)
        self.inks: NDArray[np.int32] = np.zeros((self.height, self.width), dtype=np.int32)

    def put(self, x: int, y: int, text: str, code: int = TEXT, limit: int | None = None) -> int:
        """Write the text from (x, y), at most `limit` cells of it, cut at the edges; returns the column after it."""
        if limit is not None:
            text = shorten(text, limit)
        cells = cell_codes(text)
        end = x + len(cells)
        if not 0 <= y < self.height or not cells or x >= self.width or end <= 0 or not self.width:
            return end
        first, last = max(x, 0), min(end, self.width)
        row = self.chars[y]
        if first > 0 and row[first] == SECOND_HALF:
            row[first - 1] = _BLANK
        if last < self.width and row[last] == SECOND_HALF:
            row[last] = _BLANK
        row[first:last] = cells[first - x : last - x]
        if row[first] == SECOND_HALF:
            row[first] = _BLANK
        if last < end and cells[last - x] == SECOND_HALF:
            row[last - 1] = _BLANK
        self.inks[y, first:last] = code
        return end

    def put_right(self, end: int, y: int, text: str, code: int = TEXT) -> None:
        """Write the text so that it ends before column `end`."""
        self.put(end - text_width(text), y, text, code)

    def put_column(
        self, x: int, y: int, texts: Sequence[str], width: int, which: NDArray[np.intp], codes: NDArray[np.int32]
    ) -> None:
        """Write a column of texts: row y + i gets texts[which[i]], padded to `width` cells, in the ink codes[i]."""
        end = min(x + width, self.width)
        if end <= x:
            return
        table = np.full((len(texts), width), _BLANK, dtype=np.uint32)
        for number, text in enumerate(texts):
            cells = cell_codes(shorten(text, width))
            table[number, : len(cells)] = cells
        if end - x < width:
            table[table[:, end - x] == SECOND_HALF, end - x - 1] = _BLANK
        rows = min(len(which), self.height - y)
        self.chars[y : y + rows, x:end] = table[which[:rows], : end - x]
        self.inks[y : y + rows, x:end] = codes[:rows, None]

    def put_middle(self, y: int, text: str, code: int = TEXT) -> None:
        """Write the text in the middle of row y, shortened to fit."""
        text = shorten(text, self.width)
        self.put((self.width - text_width(text)) // 2, y, text, code)

    def runs(self, y: int) -> Iterator[tuple[str, int]]:
        """Row y as runs of one ink: (text, ink number); the texts together are `width` cells wide."""
        inks = self.inks[y]
        text = self.chars[y].tobytes().decode("utf-32-le")
        edges = (np.flatnonzero(inks[1:] != inks[:-1]) + 1).tolist()
        start = 0
        for end in [*edges, self.width]:
            yield text[start:end].replace("\0", ""), int(inks[start]) if self.width else 0
            start = end

    def plain(self) -> list[str]:
        """The picture as lines of text without trailing blanks."""
        return [row.tobytes().decode("utf-32-le").replace("\0", "").rstrip() for row in self.chars]

    def changed_rows(self, other: Picture) -> NDArray[np.bool_]:
        """(height,) which rows differ from another picture of the same size."""
        different: NDArray[np.bool_] = ((self.chars != other.chars) | (self.inks != other.inks)).any(axis=1)
        return different

    def paste(self, other: Picture, x: int, y: int) -> None:
        """Copy another picture onto this one, with its upper left corner at (x, y) ≥ (0, 0)."""
        width, height = min(other.width, self.width - x), min(other.height, self.height - y)
        if width > 0 and height > 0:
            self.chars[y : y + height, x : x + width] = other.chars[:height, :width]
            self.inks[y : y + height, x : x + width] = other.inks[:height, :width]


def notice(width: int, height: int, text: str) -> Picture:
    """A picture of one sentence, for when there is nothing to draw; wrapped if it is wider than the picture."""
    picture = Picture(width, height)
    rows = _rows(text, picture.width)
    if len(rows) > picture.height:
        rows = [text]
    for number, row in enumerate(rows, (picture.height - len(rows) + 1) // 2):
        picture.put_middle(number, row, DIM)
    return picture


def _rows(text: str, width: int) -> list[str]:
    """The text wrapped between words; a word that is too long for a row is left as it is."""
    rows: list[str] = []
    for word in text.split(" "):
        if rows and text_width(rows[-1]) + 1 + text_width(word) <= width:
            rows[-1] += f" {word}"
        else:
            rows.append(word)
    return rows
