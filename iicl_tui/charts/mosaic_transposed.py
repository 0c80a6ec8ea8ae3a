"""The mosaic transposed (first factors across, the others down) where that gives more hypotheses a tile of their own."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from iicl_tui.bayes.space import Partition, ProductSpace
from iicl_tui.charts import mosaic
from iicl_tui.charts.picture import Picture
from iicl_tui.charts.view import BeliefView, Direction


class _Transposed(NamedTuple):
    """The space with its factors in another order.

    Attributes:
        space: the transposed space.
        by: (groupings,) the new index of each grouping.
        to_transposed: (H,) the new index of each hypothesis.
        to_original: (H,) the old index of each transposed hypothesis.
    """

    space: ProductSpace
    by: tuple[int, ...]
    to_transposed: NDArray[np.intp]
    to_original: NDArray[np.intp]

    def view(self, view: BeliefView) -> BeliefView:
        """The same belief over the transposed space."""
        names = ("log_p", "previous", "explained", "low", "high")
        arrays = {name: getattr(view, name)[self.to_original] for name in names if getattr(view, name) is not None}
        marks = tuple(mark._replace(hypothesis=int(self.to_transposed[mark.hypothesis])) for mark in view.marks)
        cursor = None if view.cursor is None else int(self.to_transposed[view.cursor])
        return replace(
            view, space=self.space, by=None if view.by is None else self.by[view.by], marks=marks, cursor=cursor, **arrays
        )


@lru_cache(64)
def _transposed(space: ProductSpace, width: int, height: int) -> _Transposed | None:
    """The transposed space; None if it gives no more tiles."""
    tiles, split = mosaic.tiles(space, width, height)
    if tiles == space.size or not split:
        return None
    count = len(space.factors)
    order = [*range(split, count), *range(split)]
    back = np.arange(space.size).reshape(space.shape).transpose(order).ravel()
    partitions = tuple(Partition(each.name, each.values, each.codes[back]) for each in space.partitions)
    transposed = ProductSpace(tuple(space.factors[at] for at in order), partitions)
    if mosaic.tiles(transposed, width, height)[0] <= tiles:
        return None
    by = (*(order.index(at) for at in range(count)), *range(count, count + len(partitions)))
    return _Transposed(transposed, by, np.argsort(back), back)


def draw(view: BeliefView, width: int, height: int) -> Picture:
    """The picture, width × height cells."""
    other = _transposed(view.space, width, height)
    return mosaic.draw(view if other is None else other.view(view), width, height)


def position(view: BeliefView, width: int, height: int, hypothesis: int) -> tuple[int, int] | None:
    """(x, y) of the upper left cell of the hypothesis's tile; None if it is not drawn."""
    other = _transposed(view.space, width, height)
    if other is None:
        return mosaic.position(view, width, height, hypothesis)
    return mosaic.position(other.view(view), width, height, int(other.to_transposed[hypothesis]))


def hypothesis_at(view: BeliefView, width: int, height: int, x: int, y: int) -> int | None:
    """The hypothesis whose tile is at the cell; the likeliest one if a tile stands for several."""
    other = _transposed(view.space, width, height)
    if other is None:
        return mosaic.hypothesis_at(view, width, height, x, y)
    found = mosaic.hypothesis_at(other.view(view), width, height, x, y)
    return None if found is None else int(other.to_original[found])


def neighbour(view: BeliefView, width: int, height: int, hypothesis: int, direction: Direction) -> int:
    """The hypothesis of the next tile in this direction; the same hypothesis at an edge."""
    other = _transposed(view.space, width, height)
    if other is None:
        return mosaic.neighbour(view, width, height, hypothesis, direction)
    return int(
        other.to_original[mosaic.neighbour(other.view(view), width, height, int(other.to_transposed[hypothesis]), direction)]
    )
