from __future__ import annotations

from math import exp, inf, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iicl_tui.charts.numbers import (
    bounds_text,
    eighths,
    hundredths_text,
    percent_text,
    percents_text,
    probability_text,
    scale_for,
)


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
    assert scale.text == "log, 1e-6 to 1"
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
    assert scale.text == f"linear, full = {100 * top:g}%"
    assert scale.lengths(np.array([log(peak), -np.inf])) == pytest.approx([peak / top, 0.0])


def test_a_belief_that_is_nowhere_possible_has_a_scale() -> None:
    assert scale_for("linear", 3, -np.inf).top > 0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20), st.integers(1, 12))
def test_eighths_are_the_nearest(lengths: list[float], cells: int) -> None:
    heights = eighths(np.array(lengths), cells)
    for length, height in zip(lengths, heights.tolist(), strict=True):
        assert 0 <= height <= 8 * cells
        assert abs(height - length * 8 * cells) <= 0.5


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.floats(0, 1), st.floats(0, 1))
def test_bounds_in_words_are_never_narrower_than_they_are(one: float, other: float) -> None:
    low, high = sorted((one, other))
    ends = hundredths_text(low, high).split("–")
    assert float(ends[0]) <= low + 1e-9
    assert float(ends[-1]) >= high - 1e-9
    assert float(ends[-1]) - float(ends[0]) <= high - low + 0.02 + 1e-9
    percents = percents_text(low, high).removesuffix("%").split("–")
    assert [int(end) for end in percents] == [round(100 * float(end)) for end in ends]


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (log(0.004), log(0.09), ".004–.09"),
        (-inf, log(0.5), "0–.5"),
        (log(0.5), 0.0, ".5–1"),
        (log(0.00051), log(0.9999), "5.1e-4–1"),
        (log(0.0046), log(0.0124), ".004–.013"),
        (log(0.9996), log(0.9996), ".999–1"),
        (log(0.00049), log(0.00049), "4.9e-4–4.9e-4"),
        (log(9.96e-5), log(9.96e-5), "9.9e-5–1.0e-4"),
        (log(3.2e-10), log(0.12), "3.2e-10–.12"),
        (-1e6, -900.0, "3e-434295–1.4e-391"),
    ],
)
def test_bounds_of_log_probabilities_in_words(low: float, high: float, text: str) -> None:
    assert bounds_text(low, high) == text


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.floats(-50, 0), st.floats(-50, 0))
def test_bounds_in_words_hold_the_bounds_and_can_be_read_back(one: float, other: float) -> None:
    low, high = sorted((one, other))
    least, most = map(float, bounds_text(low, high).split("–"))
    assert least <= exp(low) * (1 + 1e-8)
    assert most >= exp(high) * (1 - 1e-8)
    assert least == pytest.approx(exp(low), rel=0.11, abs=1.1e-3)
    assert most == pytest.approx(exp(high), rel=0.11, abs=1.1e-3)
    assert float(probability_text(low)) >= least, "the estimate beside them is between them"
    assert float(probability_text(high)) <= most
