from __future__ import annotations

from math import exp, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iicl_tui.tui.charts.numbers import eighths, percent_text, probability_text, scale_for


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (1.0, "1.000"),
        (0.0312, "0.031"),
        (0.0005, "0.001"),
        (3.2e-10, "3.2e-10"),
        (9.97e-5, "1.0e-4"),
        (7.2e-9, "7.2e-9"),
    ],
)
def test_probabilities_are_written_as_people_read_them(p: float, text: str) -> None:
    assert probability_text(log(p)) == text


def test_what_underflows_is_not_zero_but_impossible_is() -> None:
    assert probability_text(-800.0) == "3.7e-348"
    assert probability_text(-np.inf) == "0"


@given(st.floats(-1e6, 1e-9))
def test_a_written_probability_fits_and_is_close(log_p: float) -> None:
    text = probability_text(log_p)
    assert len(text) <= 9
    if log_p > -600:
        assert float(text) == pytest.approx(exp(log_p), rel=0.06, abs=5e-4 if log_p > log(5e-4) else 0)


@pytest.mark.parametrize(
    ("p", "text"), [(0, "0%"), (1e-5, "<0.1%"), (0.164, "16.4%"), (0.9999, ">99.9%"), (1.0, "100%"), (0.001, "0.1%")]
)
def test_percent(p: float, text: str) -> None:
    assert percent_text(p) == text


def test_log_scale_goes_from_its_floor_to_one() -> None:
    scale = scale_for("log", 243, log(0.03))
    assert scale.text == "log 1e-6 … 1"
    lengths = scale.lengths(np.log([1.0, 1e-3, 1e-6, 1e-9]))
    assert lengths == pytest.approx([1.0, 0.5, 0.0, 0.0], abs=1e-12)
    assert scale.lengths(np.array([-np.inf])).tolist() == [0.0]


def test_log_floor_is_always_well_below_the_uniform_belief() -> None:
    for size in (2, 243, 2187, 59049):
        assert scale_for("log", size, 0.0).floor <= 1e-3 / size


@pytest.mark.parametrize(("peak", "top"), [(0.03, 0.05), (0.05, 0.05), (0.051, 0.1), (0.11, 0.2), (0.6, 1.0), (1.0, 1.0)])
def test_linear_scale_ends_at_the_next_round_number(peak: float, top: float) -> None:
    scale = scale_for("linear", 243, log(peak))
    assert scale.top == pytest.approx(top)
    assert scale.text == f"linear 0 … {top:g}"
    assert scale.lengths(np.array([log(peak), -np.inf])) == pytest.approx([peak / top, 0.0])


def test_a_belief_that_is_nowhere_possible_has_a_scale() -> None:
    assert scale_for("linear", 3, -np.inf).top > 0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20), st.integers(1, 12))
def test_eighths_are_the_nearest(lengths: list[float], cells: int) -> None:
    heights = eighths(np.array(lengths), cells)
    for length, height in zip(lengths, heights.tolist(), strict=True):
        assert 0 <= height <= 8 * cells
        assert abs(height - length * 8 * cells) <= 0.5
