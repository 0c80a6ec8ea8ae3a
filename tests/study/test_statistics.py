"""Intervals and differences against textbook values, scipy, and the share of simulated truths that they hold."""

from __future__ import annotations

import importlib
import math
from typing import Any

import numpy as np
import pytest

from iicl_tui.study.statistics import Estimate, difference, interval, mean, number, paired_difference, t_quantile, text


@pytest.fixture
def stats() -> Any:
    """scipy.stats, whose import takes seconds that only the worker which needs it should spend."""
    return importlib.import_module("scipy.stats")


@pytest.mark.parametrize(("freedom", "printed"), [(1, 12.706), (4, 2.776), (9, 2.262), (19, 2.093), (120, 1.980)])
def test_the_quantiles_of_printed_tables(freedom: int, printed: float) -> None:
    assert t_quantile(0.95, freedom) == pytest.approx(printed, abs=0.0005)


@pytest.mark.parametrize("freedom", [1, 2.5, 7, 33.3, 1000])
@pytest.mark.parametrize("level", [0.5, 0.9, 0.999])
def test_the_quantiles_of_scipy(level: float, freedom: float, stats: Any) -> None:
    assert t_quantile(level, freedom) == pytest.approx(stats.t.ppf((1 + level) / 2, freedom), rel=1e-9)


def test_a_mean_by_hand() -> None:
    """1, 2, 3, 4: mean 2.5, standard error √(5/3)/2, and 3.182 standard errors to either side."""
    found = mean([1, 2, 3, 4, math.nan])
    assert (found.value, found.count) == (2.5, 4)
    assert found.error == pytest.approx(math.sqrt(5 / 3) / 2)
    assert (found.low, found.high) == pytest.approx((2.5 - 3.182446 * found.error, 2.5 + 3.182446 * found.error), rel=1e-6)
    assert "Student's t" in found.how


def test_what_has_no_interval() -> None:
    assert math.isnan(mean([]).value)
    one = mean([3.0])
    assert (one.value, math.isnan(one.low), one.count) == (3.0, True, 1)
    assert text(one) == "3.000"
    assert (mean([2.0, 2.0]).low, mean([2.0, 2.0], "bootstrap").high) == (2.0, 2.0)


@pytest.mark.parametrize(("method", "least"), [("t", 0.92), ("bootstrap", 0.88)])
def test_intervals_hold_the_truth_as_often_as_they_say(method, least: float) -> None:
    """Of 300 normal samples of 20: 95 % within four standard errors of .013; the bootstrap's percentiles are a little narrow."""
    rng = np.random.default_rng(1)
    held = [found.low <= 1.0 <= found.high for found in (mean(rng.normal(1.0, 2.0, 20), method) for _ in range(300))]
    assert least <= np.mean(held) <= 0.99


def test_welch_as_scipy_has_it(stats: Any) -> None:
    rng = np.random.default_rng(3)
    one, two = rng.normal(0, 1, 12), rng.normal(0.5, 3, 30)
    found, theirs = difference(one, two), stats.ttest_ind(one, two, equal_var=False).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high))
    assert found.value == pytest.approx(one.mean() - two.mean())
    assert found.how.endswith("unpaired")


def test_pairs_take_out_what_they_share(stats: Any) -> None:
    rng = np.random.default_rng(4)
    seeds = rng.normal(0, 5, 25)
    one, two = seeds + rng.normal(1, 0.1, 25), seeds + rng.normal(0, 0.1, 25)
    paired, unpaired = paired_difference(one, two), difference(one, two)
    assert paired.value == pytest.approx(unpaired.value)
    assert paired.high - paired.low < (unpaired.high - unpaired.low) / 10
    assert paired.low < 1 < paired.high
    theirs = stats.ttest_rel(one, two).confidence_interval(0.95)
    assert (paired.low, paired.high) == pytest.approx((theirs.low, theirs.high))


def test_the_bootstrap_is_near_the_normal_interval_and_the_same_every_time() -> None:
    values = np.random.default_rng(5).normal(size=400)
    found, again, by_t = mean(values, "bootstrap"), mean(values, "bootstrap"), mean(values)
    assert found == again
    assert (found.low, found.high) == pytest.approx((by_t.low, by_t.high), abs=0.01)
    both = difference(values, values + 1, "bootstrap")
    assert both.low < -1 < both.high


@pytest.mark.parametrize("method", ["t", "bootstrap"])
def test_chains_that_share_a_seed_count_as_their_mean(method) -> None:
    """Clusters of equal size: the interval of their means."""
    rng = np.random.default_rng(6)
    values = rng.normal(0, 1, (12, 1)) + rng.normal(0, 0.1, (12, 5))
    names = np.repeat(np.arange(12), 5).tolist()
    found, by_hand = mean(values.ravel(), method, clusters=names), mean(values.mean(axis=1), method)
    assert (found.value, found.low, found.high) == pytest.approx((by_hand.value, by_hand.low, by_hand.high))
    assert found.count == 60
    alone = mean(values.ravel(), method)
    assert found.high - found.low > 1.8 * (alone.high - alone.low)


def test_clusters_by_hand() -> None:
    """1, 2 and 6: mean 3; the sums of what is off are −3 and 3, so that √(2 · 18)/3 = 2, in any order. One cluster has none."""
    assert mean([1, 6, 2, math.nan], clusters=["a", "b", "a", "c"]).error == pytest.approx(2.0)
    assert math.isnan(mean([1, 2], clusters=["a", "a"]).low)
    one, two = ([1, 6, 2], ["a", "b", "a"]), ([4, 5, 9], ["x", "x", "y"])
    found = difference(one[0], two[0], clusters=(one[1], two[1]))
    assert found.error == pytest.approx(math.hypot(2.0, mean(two[0], clusters=two[1]).error))


def test_intervals_of_clusters_hold_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(7)
    names = np.repeat(np.arange(15), 8).tolist()
    held = []
    for _ in range(300):
        values = rng.normal(0, 1, (15, 1)) + rng.normal(0, 1, (15, 8))
        found = mean(values.ravel(), clusters=names)
        held.append(found.low <= 0 <= found.high)
    assert 0.91 <= np.mean(held) <= 0.99


def test_numbers_for_a_table() -> None:
    assert [number(value) for value in (0.5, math.nan, 0.0, 1e-7, -2.0, 22888.53)] == [
        "0.500", "–", "0.000", "1e-07", "-2.000", "22,889",
    ]  # fmt: skip


def test_intervals_in_tables_hold_what_they_held() -> None:
    assert text(Estimate(0.9124, 0.88049, 0.94401, 0.01, 9, "")) == "0.912 [0.880, 0.945]"
    assert interval(Estimate(0, -0.00012, 0.00031, 0, 9, "")) == "[-0.0002, 0.0004]"
    assert interval(Estimate(0, math.nan, math.nan, 0, 9, "")) == ""
    rng = np.random.default_rng(3)
    for low in (*(rng.normal(size=200) * 10.0 ** rng.integers(-7, 6, 200)), 0.0, 0.3, -0.1, 1000.0, 999.9999):
        high = low + abs(rng.normal()) * 10.0 ** rng.integers(-6, 5)
        least, most = (float(end.replace(",", "")) for end in interval(Estimate(low, low, high, 0, 9, ""))[1:-1].split(", "))
        assert least <= low + 1e-9
        assert high <= most + 1e-9
