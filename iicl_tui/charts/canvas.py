"""A canvas of braille dots, 2 × 4 a cell: lines and bands in layers, one ink a layer.

A cell of a terminal has one colour. Where several layers meet in a cell, it shows one of them, and the columns take
turns: curves that coincide become dashes in both colours, and no dot ever has another curve's colour.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BLANK = 0x2800
"""The braille pattern without a dot."""

_DASH = 2  # columns that one of several layers keeps before the next has its turn
_BIT = np.array([[0, 3], [1, 4], [2, 5], [6, 7]])  # which bit of a braille pattern is the dot of this row and column

Dots = NDArray[np.intp]


class Canvas:
    """Dots of several layers.

    Args:
        layers: number of layers.
        columns: width in cells.
        rows: height in cells.
    """

    def __init__(self, layers: int, columns: int, rows: int) -> None:
        self.columns, self.rows = columns, rows
        self._dots: NDArray[np.bool_] = np.zeros((layers, rows, columns, 8), dtype=np.bool_)

    def lines(self, layers: Dots, x0: Dots, y0: Dots, x1: Dots, y1: Dots) -> None:
        """Draw straight lines, all (N,): the layer of each, and the dots of its ends, from the upper left."""
        dx, dy = x1 - x0, y1 - y0
        lengths = np.maximum(np.abs(dx), np.abs(dy)) + 1
        line = np.repeat(np.arange(len(lengths)), lengths)
        step = np.arange(len(line)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        share = step / np.maximum(lengths - 1, 1)[line]
        x = x0[line] + np.floor(share * dx[line] + 0.5).astype(np.intp)
        y = y0[line] + np.floor(share * dy[line] + 0.5).astype(np.intp)
        self._dots[layers[line], y >> 2, x >> 1, _BIT[y & 3, x & 1]] = True

    def band(self, layer: int, columns: Dots, tops: Dots, bottoms: Dots) -> None:
        """Shade between two curves: dotted edges and sparse dots between them; a column by itself is a dotted bar.

        Args:
            layer: the layer to draw in.
            columns: (N,) dot columns.
            tops: (N,) upper dot row of each column; above the canvas it has no edge.
            bottoms: (N,) lower dot row; below the canvas it has no edge.
        """
        y = np.arange(4 * self.rows)[:, None]
        alone = ~(np.isin(columns - 1, columns) | np.isin(columns + 1, columns))
        edges = ((y == tops) | (y == bottoms)) & ((columns % 2 == 0) | alone)
        sparse = ((columns + 2 * y) % 8 == 0) | (alone & (y % 2 == 0))
        down, at = np.nonzero((y >= tops) & (y <= bottoms) & (sparse | edges))
        across = columns[at]
        self._dots[layer, down >> 2, across >> 1, _BIT[down & 3, across & 1]] = True

    def cells(self) -> tuple[NDArray[np.uint32], NDArray[np.intp]]:
        """What to show.

        Returns:
            (rows, columns) braille characters, and the layer of each cell; −1 where it has no dot.
        """
        patterns = np.packbits(self._dots, axis=3, bitorder="little")[..., 0]
        present = patterns > 0
        place = np.cumsum(present, axis=0, dtype=np.uint8)
        turn = 1 + np.arange(self.columns, dtype=np.uint8) // _DASH % np.maximum(place[-1], 1)
        shown = present & (place == turn)
        layer = np.where(place[-1] > 0, shown.argmax(axis=0), -1)
        pattern = np.where(shown, patterns, 0).max(axis=0)
        return BLANK + pattern.astype(np.uint32), layer
