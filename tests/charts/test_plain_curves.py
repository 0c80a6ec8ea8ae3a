"""Curves as plotext plots them."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import plotext
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from panels import entropy

from iicl_tui.charts.plain_curves import draw


@pytest.fixture
def plotted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[float], list[float]]]:
    """What is handed to plotext."""
    calls: list[tuple[list[float], list[float]]] = []
    real = plotext.plot

    def spy(xs: list[float], ys: list[float], **options: Any) -> None:
        calls.append((list(xs), list(ys)))
        real(xs, ys, **options)

    monkeypatch.setattr(plotext, "plot", spy)
    return calls


@settings(max_examples=60, deadline=None)
@given(
    arrays(float, st.integers(0, 30), elements=st.floats(allow_nan=True, allow_infinity=True)),
    st.integers(0, 130),
    st.integers(0, 30),
    st.none() | st.integers(-2, 32),
)
def test_any_numbers_at_any_size(values: Any, width: int, height: int, selected: int | None) -> None:
    picture = draw(entropy(values, selected=selected), width, height)
    assert (picture.width, picture.height) == (width, height)
    text = "".join(picture.plain())
    assert "\x1b" not in text
    assert "nan" not in text


def test_neither_nan_nor_infinity_nor_what_is_beyond_the_limits_reaches_plotext(plotted: list[Any]) -> None:
    draw(entropy([1.0, np.nan, 2.0, 3.0, np.inf, -np.inf, 1e300, 4.0, -7.0]), 60, 12)
    assert plotted
    for xs, ys in plotted:
        assert np.isfinite(xs).all()
        assert np.isfinite(ys).all()
        assert 0 <= min(ys) <= max(ys) <= 5.49
        if 1.0 in xs or 4.0 in xs:
            raise AssertionError("a gap was drawn over")
    assert [2.0, 3.0] in [xs for xs, _ in plotted]


def test_ten_thousand_points_become_two_a_column_and_keep_the_extremes(plotted: list[Any]) -> None:
    values = np.random.default_rng(0).uniform(1, 4, 10_000)
    values[7_777], values[1_234] = 5.4, 0.1
    picture = draw(entropy(values, selected=5_000, references=()), 80, 14)
    ((xs, ys),) = plotted
    assert len(xs) <= 2 * 80
    assert max(ys) == 5.4
    assert min(ys) == 0.1
    assert xs == sorted(xs)
    assert "▴" in picture.plain()[12]


def test_a_long_stretch_of_nothing_stays_a_gap(plotted: list[Any]) -> None:
    values = np.ones(10_000)
    values[3_000:6_000] = np.nan
    draw(entropy(values, references=()), 80, 14)
    assert len(plotted) == 2
    assert max(plotted[0][0]) < 3_000
    assert min(plotted[1][0]) >= 6_000


def test_one_point_is_a_marker_and_lines_have_names_and_levels_too() -> None:
    text = "\n".join(draw(entropy([3.0]), 60, 12).plain())
    assert "●" in text
    assert "uniform" in text
    assert "one-hot" in text
    assert "5.49" in text
    assert "┄" in text
    lonely = "\n".join(draw(entropy([np.nan, 2.0, np.nan, np.nan]), 60, 12).plain()[1:-2])
    assert lonely.count("●") == 2  # the point and the name


def test_two_threads_do_not_disturb_each_other() -> None:
    panels = [entropy(np.linspace(0, level, 6)) for level in (1, 5)]
    expected = [draw(panel, 60, 12).plain() for panel in panels]
    wrong: list[int] = []

    def work(which: int) -> None:
        wrong.extend(which for _ in range(20) if draw(panels[which], 60, 12).plain() != expected[which])

    threads = [threading.Thread(target=work, args=(which,)) for which in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_line_that_leaves_the_panel_is_cut_and_does_not_run_along_its_edge(plotted: list[Any]) -> None:
    values = [1.0, 9.0, 9.0, 9.0, 1.0]
    picture = draw(entropy(values), 60, 12)
    assert len(plotted) == 2
    (first, _), (last, _) = plotted
    assert max(first) < 1
    assert min(last) > 3
    assert "↑" in picture.plain()[1]
