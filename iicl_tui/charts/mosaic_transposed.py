"""The mosaic with its first factors across and the others down, where more hypotheses have a tile of their own in this way."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from iicl_tui.bayes.space import Partition, ProductSpace
from iicl_tui.charts import mosaic
from iicl_tui.charts.picture import Picture
from iicl_tui.charts.view import BeliefView, Direction


@dataclass(frozen=True, eq=False)
class _Turn:
    """space: the factors in another order. by: (groupings,) where each grouping has gone. there: (H,) the place in it of every
    hypothesis; back: the opposite."""

    space: ProductSpace
    by: tuple[int, ...]
    there: NDArray[np.intp]
    back: NDArray[np.intp]

    def view(self, view: BeliefView) -> BeliefView:
        """The same belief over the turned space."""
        names = ("log_p", "previous", "explained", "low", "high")
        arrays = {name: getattr(view, name)[self.back] for name in names if getattr(view, name) is not None}
        marks = tuple(replace(mark, hypothesis=int(self.there[mark.hypothesis])) for mark in view.marks)
        cursor = None if view.cursor is None else int(self.there[view.cursor])
        return replace(
            view, space=self.space, by=None if view.by is None else self.by[view.by], marks=marks, cursor=cursor, **arrays
        )


@lru_cache(64)
def _turn(space: ProductSpace, width: int, height: int) -> _Turn | None:
    """None where the order of the space is as good."""
    tiles, split = mosaic.tiles(space, width, height)
    if tiles == space.size or not split:
        return None
    count = len(space.factors)
    order = [*range(split, count), *range(split)]
    back = np.arange(space.size).reshape(space.shape).transpose(order).ravel()
    partitions = tuple(Partition(each.name, each.values, each.codes[back]) for each in space.partitions)
    other = ProductSpace(tuple(space.factors[at] for at in order), partitions)
    if mosaic.tiles(other, width, height)[0] <= tiles:
        return None
    by = (*(order.index(at) for at in range(count)), *range(count, count + len(partitions)))
    return _Turn(other, by, np.argsort(back), back)


def draw(view: BeliefView, width: int, height: int) -> Picture:
    """The picture, width × height cells."""
    turn = _turn(view.space, width, height)
    return mosaic.draw(view if turn is None else turn.view(view), width, height)


def position(view: BeliefView, width: int, height: int, hypothesis: int) -> tuple[int, int] | None:
    """(x, y) of the upper left cell of the hypothesis's tile; None if it is not drawn."""
    turn = _turn(view.space, width, height)
    if turn is None:
        return mosaic.position(view, width, height, hypothesis)
    return mosaic.position(turn.view(view), width, height, int(turn.there[hypothesis]))


def hypothesis_at(view: BeliefView, width: int, height: int, x: int, y: int) -> int | None:
    """The hypothesis whose tile is at the cell; the likeliest one if a tile stands for several."""
    turn = _turn(view.space, width, height)
    if turn is None:
        return mosaic.hypothesis_at(view, width, height, x, y)
    found = mosaic.hypothesis_at(turn.view(view), width, height, x, y)
    return None if found is None else int(turn.back[found])


def moved(view: BeliefView, width: int, height: int, hypothesis: int, direction: Direction) -> int:
    """The next tile in that direction, or the same hypothesis at an edge."""
    turn = _turn(view.space, width, height)
    if turn is None:
        return mosaic.moved(view, width, height, hypothesis, direction)
    return int(turn.back[mosaic.moved(turn.view(view), width, height, int(turn.there[hypothesis]), direction)])
