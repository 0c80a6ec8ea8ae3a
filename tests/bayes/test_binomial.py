"""Intervals of a probability from a count: exact tails, and coverage for every P and any number of draws."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from iicl_tui.agents.beliefs import from_draws
from iicl_tui.bayes.binomial import log_interval
from iicl_tui.bayes.space import Factor, ProductSpace


def at_least(count: int, draws: int, p: float) -> float:
    """P(at least `count` of the draws), exactly."""
    exact = Fraction(p)
    return float(sum(math.comb(draws, n) * exact**n * (1 - exact) ** (draws - n) for n in range(count, draws + 1)))


@pytest.mark.parametrize("level", [0.5, 0.95, 0.99])
@pytest.mark.parametrize("draws", [1, 2, 7, 10, 40])
def test_each_end_leaves_half_of_the_rest_in_its_tail(draws: int, level: float) -> None:
    for count in range(draws + 1):
        low, high = map(math.exp, log_interval(count, draws, level))
        if count:
            assert at_least(count, draws, low) == pytest.approx((1 - level) / 2, rel=1e-9)
        if count < draws:
            assert 1 - at_least(count + 1, draws, high) == pytest.approx((1 - level) / 2, rel=1e-9)
        assert low <= count / draws <= high


def test_the_rule_of_three() -> None:
    """Nothing in K draws: the upper end is 1 − .025^(1/K)."""
    for draws in (1, 3, 10, 100, 1000):
        assert log_interval(0, draws) == (-math.inf, pytest.approx(math.log1p(-(0.025 ** (1 / draws))), rel=1e-12))
        assert log_interval(draws, draws) == (pytest.approx(math.log(0.025) / draws, rel=1e-12), 0)


def test_more_of_the_same_draws_narrow_the_interval() -> None:
    widths = []
    for draws in (0, 2, 10, 50, 250, 1000):
        low, high = log_interval(draws // 2, draws)
        widths.append(math.exp(high) - math.exp(low))
    assert widths == sorted(widths, reverse=True)
    assert widths[0] == 1


@pytest.mark.parametrize("numbers", [(-1, 3), (4, 3), (1, 3, 0), (1, 3, 1), (1, 3, math.nan)])
def test_no_interval_from_numbers_out_of_bounds(numbers: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="interval"):
        log_interval(*numbers)


@pytest.mark.parametrize("level", [0.8, 0.95])
@pytest.mark.parametrize("draws", [1, 2, 5, 10, 30, 100])
def test_the_coverage_is_at_least_the_level_for_every_p(draws: int, level: float) -> None:
    """Exactly: the sum of the binomial probabilities of the counts whose intervals hold P."""
    ends = np.exp([log_interval(count, draws, level) for count in range(draws + 1)])
    choose = np.array([float(math.comb(draws, count)) for count in range(draws + 1)])
    counts = np.arange(draws + 1)
    hard = np.clip(ends.ravel()[:, None] + [-1e-9, 1e-9], 0, 1).ravel()  # coverage jumps beside the ends
    for p in (0.0, 1e-6, 0.001, 1 / 243, 0.01, 0.03, 0.1, 0.25, 0.5, 0.7, 0.99, 0.999, 1.0, *hard.tolist()):
        chance = choose * p**counts * (1 - p) ** (draws - counts)
        holds = (ends[:, 0] <= p) & (p <= ends[:, 1])
        assert chance[holds].sum() >= level - 1e-9


SPACE = ProductSpace(tuple(Factor(f"f{place}", ("on", "off", "und")) for place in range(3)))
TIMES = 400


@pytest.mark.slow
@pytest.mark.parametrize("draws", [1, 3, 10, 50])
@pytest.mark.parametrize("peaked", [0.02, 0.2, 1.0])
def test_beliefs_from_draws_bound_rules_and_states_as_often_as_they_say(draws: int, peaked: float) -> None:
    """Draws are simulated from known beliefs, from nearly one rule to nearly uniform. Each of the 27 rules and 9 states must be in
    its own interval at least 95 % of the time, up to 4 standard errors of the simulation (.044 for 400 beliefs)."""
    rng = np.random.default_rng(1000 * draws + round(100 * peaked))
    p = rng.dirichlet(np.full(SPACE.size, peaked))
    p[rng.integers(SPACE.size)] += 0.01  # one of the improbable ones has about the P = .01 that is easily missed
    p /= p.sum()
    members = [np.flatnonzero(SPACE.codes[:, factor] == value) for factor in range(3) for value in range(3)]
    rules, states = np.zeros(SPACE.size), np.zeros(len(members))
    for _ in range(TIMES):
        belief = from_draws(SPACE, rng.choice(SPACE.size, size=draws, p=p).tolist(), draws)
        assert belief.low is not None
        assert belief.high is not None
        assert (belief.low <= belief.log_p).all()
        assert (belief.log_p <= belief.high).all()
        rules += (np.exp(belief.low) <= p) & (p <= np.exp(belief.high))
        for place, group in enumerate(members):
            low, high = belief.group_bounds(group) or (math.nan, math.nan)
            assert low <= np.exp(belief.log_p[group]).sum() * (1 + 1e-12)
            assert np.exp(belief.log_p[group]).sum() <= high * (1 + 1e-12)
            states[place] += low <= p[group].sum() <= high
    least = 0.95 - 4 * math.sqrt(0.95 * 0.05 / TIMES)
    assert rules.min() / TIMES >= least
    assert states.min() / TIMES >= least
