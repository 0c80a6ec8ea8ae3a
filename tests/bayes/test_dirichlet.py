"""Estimates from draws, and what entropy they can show at all."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iicl_tui.bayes.dirichlet import entropy_range, log_mean
from iicl_tui.bayes.inference import entropy

profile = settings(derandomize=True, deadline=None, max_examples=200)


@pytest.mark.parametrize("counts", [[], [-1, 2], [[1]], [math.nan], [math.inf]])
def test_no_estimate_from_counts_that_are_none(counts: list[float]) -> None:
    with pytest.raises(ValueError, match="counts"):
        log_mean(counts)


def test_the_mean_is_counts_and_one_draw_spread_over_all() -> None:
    counts = np.zeros(243)
    counts[7], counts[11] = 9, 1
    p = np.exp(log_mean(counts))
    assert p.sum() == pytest.approx(1)
    assert p[7] == pytest.approx((9 + 1 / 243) / 11)
    assert p[0] == pytest.approx(1 / 243 / 11)
    alone = np.zeros(243)
    alone[0] = 10
    assert np.exp(log_mean(alone)[0]) == pytest.approx(0.91, abs=0.005)
    assert np.exp(log_mean(alone, 121.5)[0]) == pytest.approx(0.08, abs=0.005)


@pytest.mark.slow
@given(st.integers(1, 300))
@profile
def test_no_draws_leave_the_prior(size: int) -> None:
    assert np.exp(log_mean(np.zeros(size))) == pytest.approx(np.full(size, 1 / size))


def partitions(total: int, parts: int, most: int) -> Iterator[list[int]]:
    """All ways to put `total` draws on `parts` hypotheses, as descending counts."""
    if parts == 0:
        if total == 0:
            yield []
        return
    for first in range(min(total, most), -1, -1):
        for rest in partitions(total - first, parts - 1, first):
            yield [first, *rest]


@pytest.mark.parametrize("weight", [0.5, 1.0, 20.0])
@pytest.mark.parametrize(("draws", "size"), [(0, 4), (1, 3), (4, 3), (5, 9), (7, 4), (9, 2)])
def test_no_draws_show_an_entropy_out_of_the_range_and_some_show_its_ends(draws: int, size: int, weight: float) -> None:
    low, high = entropy_range(draws, size, weight)
    shown = [float(entropy(log_mean(counts, weight))) for counts in partitions(draws, size, draws)]
    assert (min(shown), max(shown)) == pytest.approx((low, high))


def test_ten_draws_show_at_least_0_80_and_at_most_2_87_nats_of_the_5_49_of_a_uniform_belief() -> None:
    """By hand: ten equal draws leave (10 + 1/243) / 11 to one hypothesis and 1/243/11 to each other one."""
    low, high = entropy_range(10, 243)
    all_equal = [(10 + 1 / 243) / 11, *[1 / 243 / 11] * 242]
    all_different = [(1 + 1 / 243) / 11] * 10 + [1 / 243 / 11] * 233
    for end, p in ((low, all_equal), (high, all_different)):
        assert sum(p) == pytest.approx(1)
        assert end == pytest.approx(-sum(each * math.log(each) for each in p))
    assert (round(low, 2), round(high, 2)) == (0.80, 2.87)
    assert high < math.log(243) - 2.6
