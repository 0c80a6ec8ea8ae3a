from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iicl_tui.bayes import inference, markov
from iicl_tui.charts import ranked

weights = st.lists(st.integers(0, 9), min_size=1, max_size=12).filter(any)


def logs(values: list[int]) -> np.ndarray:
    return np.array([math.log(v) if v else -math.inf for v in values])


@given(weights, st.floats(-800, 800))
def test_normalising_divides_by_the_sum_whatever_the_scale(values: list[int], shift: float) -> None:
    p = np.exp(inference.log_normalise(logs(values) + shift))
    np.testing.assert_allclose(p, [float(Fraction(v, sum(values))) for v in values], rtol=1e-9)
    assert [x == 0 for x in p] == [v == 0 for v in values]


@pytest.mark.parametrize("row", [[-math.inf, -math.inf], [math.nan, 0.0], [math.inf, 0.0]])
def test_nothing_possible_is_said_and_not_computed(row: list[float]) -> None:
    with pytest.raises(ValueError, match="no hypothesis is possible"):
        inference.log_normalise(np.array([[0.0, 0.0], row]))


@given(weights, st.sampled_from([1, 2, 3, 5]))
def test_temperature_is_a_power(values: list[int], power: int) -> None:
    powers = [Fraction(v) ** power for v in values]
    tempered = np.exp(inference.temper(inference.log_normalise(logs(values)), 1 / power))
    np.testing.assert_allclose(tempered, [float(p / sum(powers)) for p in powers], rtol=1e-9)


def test_temperatures_at_the_ends() -> None:
    log_p = inference.log_normalise(np.array([0.0, -0.1, -700.0, -math.inf]))
    cold = np.exp(inference.temper(log_p, 0.01))
    assert cold[0] > 0.9999
    hot = np.exp(inference.temper(log_p, 1e9))
    np.testing.assert_allclose(hot, [1 / 3, 1 / 3, 1 / 3, 0], atol=1e-6)
    assert inference.temper(log_p, 1.0) is log_p


def test_bayes_rule() -> None:
    prior, likelihood = [1, 2, 3], [Fraction(1, 2), Fraction(0), Fraction(1, 4)]
    joint = [p * q for p, q in zip(prior, likelihood, strict=True)]
    with np.errstate(divide="ignore"):
        log_likelihood = np.log([float(q) for q in likelihood])
    for power in (1, 2):
        expected = [float(j**power / sum(i**power for i in joint)) for j in joint]
        np.testing.assert_allclose(np.exp(inference.posterior(logs(prior), log_likelihood, 1 / power)), expected)


@given(weights)
def test_entropy_is_the_sum_of_its_definition(values: list[int]) -> None:
    total = sum(values)
    expected = -sum(v / total * math.log(v / total) for v in values if v)
    assert inference.entropy(inference.log_normalise(logs(values))) == pytest.approx(expected, abs=1e-12)


def test_entropy_has_its_bounds() -> None:
    assert inference.entropy(np.full(243, -math.log(243))) == pytest.approx(math.log(243))
    one_hot = np.full((2, 243), -math.inf)
    one_hot[:, 7] = 0.0
    assert inference.entropy(one_hot).tolist() == [0.0, 0.0]
    assert math.copysign(1, inference.entropy(one_hot)[0]) == 1  # no "-0.00" on a screen


def test_sampling_follows_the_probabilities_and_never_draws_the_impossible() -> None:
    p = np.array([0.0, 0.5, 0.0, 0.3, 0.2, 0.0])
    with np.errstate(divide="ignore"):
        log_p = np.log(p)
    rng = np.random.default_rng(5)
    n = 20_000
    counts = np.bincount([inference.sample(log_p, rng) for _ in range(n)], minlength=6)
    assert counts[p == 0].sum() == 0
    # chi-square with 2 degrees of freedom exceeds 13.8 with chance 1e-3; the seed is fixed
    assert (((counts - n * p) ** 2)[p > 0] / (n * p[p > 0])).sum() < 13.8


class Fixed:
    """A generator whose uniform number is what the test says."""

    def __init__(self, value: float) -> None:
        self.value = value

    def random(self) -> float:
        return self.value


@pytest.mark.parametrize("value", [0.0, np.nextafter(1.0, 0.0)])
def test_sampling_at_both_ends_of_the_unit_interval(value: float) -> None:
    log_p = inference.log_normalise(np.array([-math.inf, 0.0, -745.0, 0.0, -math.inf]))
    assert inference.sample(log_p, Fixed(value)) == (1 if value == 0 else 3)  # type: ignore[arg-type]


def test_ties_are_found_and_broken_evenly() -> None:
    log_p = inference.log_normalise(np.array([0.1 + 0.2, 0.3, 0.0, 0.3 - 1e-6]))
    assert inference.modes(log_p).tolist() == [0, 1]
    assert inference.is_mode(np.stack([log_p, log_p[::-1]])).tolist() == [[True, True, False, False], [False, False, True, True]]
    rng = np.random.default_rng(1)
    first = sum(inference.argmax(log_p, rng) == 0 for _ in range(2000))
    assert abs(first - 1000) < 4 * math.sqrt(500)  # four standard deviations
    before = rng.bit_generator.state
    assert inference.argmax(np.array([0.0, -1.0]), rng) == 0
    assert rng.bit_generator.state == before


def test_rank_shares_the_better_place() -> None:
    log_p = np.array([-1.0, -0.5, -1.0, -math.inf, -3.0])
    assert [inference.rank(log_p, h) for h in range(5)] == [2, 1, 2, 5, 4]


@pytest.mark.parametrize(("gap", "tied"), [(0.99e-9, True), (1.01e-9, False)])
def test_the_tolerance_of_ties_is_a_billionth_of_a_nat_everywhere(gap: float, tied: bool) -> None:
    log_p = np.array([-1.0 - gap, -1.0, -2.0, -1.0 - 2 * gap])
    assert inference.is_mode(log_p).tolist() == [tied, True, False, False]
    assert inference.modes(log_p).tolist() == ([0, 1] if tied else [1])
    assert inference.exceeds(log_p[1:2], log_p[:1]).tolist() == [not tied]
    expected = [1, 1, 4, 2] if tied else [2, 1, 4, 3]
    assert inference.ranks(log_p).tolist() == expected
    assert [inference.rank(log_p, h) for h in range(4)] == expected
    assert ranked.rank_of(log_p, 0) == ((1, 2) if tied else (2, 1))
    assert ranked.order(log_p).tolist() == ([0, 1, 3, 2] if tied else [1, 0, 3, 2])
    labels = np.array([[0, 1], [0, 1]])  # two hypotheses that agree everywhere: the more probable one absorbs
    assert markov.absorbing_map(log_p[:2], labels, 1).tolist() == [False, not tied]


@given(st.lists(st.sampled_from([-math.inf, -3.0, -2.0, -1.0 - 1e-15, -1.0, -1.0 + 1e-15]), min_size=1, max_size=12))
def test_ranks_are_those_of_one_hypothesis_at_a_time(values: list[float]) -> None:
    log_p = np.array([*values, 0.0])
    ranks = inference.ranks(log_p)
    assert ranks.tolist() == [inference.rank(log_p, h) for h in range(len(log_p))]
    assert ((ranks == 1) == inference.is_mode(log_p)).all()
    assert ranked.order(log_p).tolist() == sorted(range(len(log_p)), key=lambda h: (ranks[h], h))


def test_total_variation() -> None:
    assert inference.total_variation(np.array([1.0, 0.0]), np.array([0.0, 1.0])) == 1
    assert inference.total_variation(np.array([0.5, 0.5]), np.array([0.25, 0.75])) == 0.25
