"""What holds of curves in braille dots and of those that plotext plots."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from panels import entropy

from iicl_tui.charts import curves, plain_curves
from iicl_tui.charts.panel import Panel, Series
from iicl_tui.charts.picture import Picture, Role, unpack

Draw = Callable[[Panel, int, int], Picture]


@pytest.fixture(params=[curves.draw, plain_curves.draw], ids=["braille", "plotext"])
def draw(request: pytest.FixtureRequest) -> Draw:
    return request.param


def test_the_marker_lies_on_the_line(draw: Draw) -> None:
    for height in range(6, 30):
        values = np.linspace(0, 5.49, 5)
        picture = draw(entropy(values, references=(), selected=None), 70, height)
        rows = [y for x in range(70) for y in range(1, height) if picture.chars[y, x] == ord("●")]
        assert len(rows) == 6  # five points and the name
        for y in range(1, height - 2):
            for x in range(70):
                if picture.chars[y, x] == ord("●") and 8 < x < 50:
                    around = picture.chars[max(y - 1, 0) : y + 2, x - 1 : x + 2]
                    assert ((around >= 0x2800) & (around <= 0x28FF)).any()


def test_each_line_keeps_its_ink_and_its_own_marker(draw: Draw) -> None:
    series = tuple(Series(name, np.full(5, level), f"state.{n}") for n, (name, level) in enumerate(
        (("on", 0.1), ("off", 0.5), ("und", 0.9))
    ))  # fmt: skip
    picture = draw(Panel("P(screen)", series, 0, 1, selected=2), 90, 16)
    for marker, hue in (("●", 1), ("▲", 2), ("■", 3)):
        inks = {int(picture.inks[y, x]) for y, x in zip(*np.nonzero(picture.chars == ord(marker)), strict=True)}
        assert [unpack(code)[:2] for code in inks] == [(Role.VALUE, hue)]
    top = picture.plain()[0]
    assert "● on 0.100" in top
    assert "■ und 0.900" in top
