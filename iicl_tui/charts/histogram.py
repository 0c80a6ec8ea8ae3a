"""Some hypotheses as lines with a bar for each of several distributions, on one scale."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iicl_tui.charts.numbers import HORIZONTAL, probability_text
from iicl_tui.charts.picture import DIM, MARK, STRONG, TEXT, Picture, Role, ink, notice, shorten, state_hue, text_width

Array = NDArray[np.float64]

_NUMBER = 7
_LEAST_BAR = 4
_MARKS = 3


@dataclass(frozen=True, eq=False)
class Histogram:
    """What is drawn.

    Attributes:
        rules: The hypotheses in words, as many as may be shown.
        marks: Signs before them, as ★.
        columns: Names of distributions, and the probability of each of these hypotheses.
    """

    rules: tuple[str, ...]
    marks: tuple[str, ...]
    columns: tuple[tuple[str, Array], ...]


def draw(view: Histogram, width: int, height: int) -> Picture:
    """The picture, width × height cells: a head, and a line for each hypothesis as far as there is room."""
    if width < 30 or height < 2 or not view.columns:
        return notice(width, height, "hypotheses")
    picture = Picture(width, height)
    count = len(view.columns)
    rule = min(max(map(text_width, view.rules), default=4), max(width - _MARKS - count * (_NUMBER + 1 + _LEAST_BAR), 8))
    column = (width - _MARKS - rule) // count
    bar = min(column - _NUMBER - 2, 40)
    top = max((float(values.max()) for _, values in view.columns if len(values)), default=0.0) or 1.0
    for place, (name, _) in enumerate(view.columns):
        x = _MARKS + rule + place * column + 1
        picture.put(x, 0, shorten(name, column - 1), STRONG)
    picture.put(_MARKS, 0, shorten("hypothesis", rule), DIM)
    for row in range(min(len(view.rules), height - 1)):
        picture.put(0, row + 1, shorten(view.marks[row], _MARKS - 1), MARK)
        picture.put(_MARKS, row + 1, shorten(view.rules[row], rule), TEXT)
        for place, (_, values) in enumerate(view.columns):
            x, value = _MARKS + rule + place * column + 1, float(values[row])
            picture.put_right(
                x + _NUMBER, row + 1, probability_text(math.log(value)) if value > 0 else "·", TEXT if value > 0 else DIM
            )
            if bar >= _LEAST_BAR:
                full, rest = divmod(round(8 * bar * value / top), 8)
                picture.put(
                    x + _NUMBER + 1, row + 1, "█" * full + (HORIZONTAL[rest] if rest else ""), ink(Role.BAR, state_hue(place))
                )
    return picture
