"""The Beta distribution against exact binomial sums and integrals in closed form."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iicl_tui.bayes import beta

profile = settings(derandomize=True, deadline=None, max_examples=200)

parameters = st.floats(-3, 3).map(lambda power: 10**power)
tails = st.floats(0.001, 0.999)


def binomial_sum(x: float, a: int, b: int) -> float:
    """I_x(a, b) = P(at least a of a + b − 1 trials succeed), exactly, for whole a and b."""
    p, n = Fraction(x), a + b - 1
    return float(sum(math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(a, n + 1)))


@pytest.mark.parametrize("a", [1, 2, 5, 17, 60])
@pytest.mark.parametrize("b", [1, 3, 8, 40])
def test_the_incomplete_beta_function_is_a_binomial_sum_for_whole_numbers(a: int, b: int) -> None:
    for x in (1e-9, 0.01, 0.2, 0.5, 0.77, 0.99, 1 - 1e-9):
        assert beta.cdf(x, a, b) == pytest.approx(binomial_sum(x, a, b), abs=1e-12, rel=1e-10)


@pytest.mark.parametrize("x", [0.001, 0.3, 0.5, 0.9999])
def test_closed_forms(x: float) -> None:
    for a in (1 / 243, 0.5, 1.0, 3.7, 200.0):
        assert beta.cdf(x, a, 1) == pytest.approx(x**a, rel=1e-11)
        assert beta.cdf(x, 1, a) == pytest.approx(-math.expm1(a * math.log1p(-x)), rel=1e-11)
    assert beta.cdf(x, 0.5, 0.5) == pytest.approx(2 / math.pi * math.asin(math.sqrt(x)), rel=1e-11)


@given(st.floats(0, 1), parameters, parameters)
@profile
def test_what_is_not_below_is_above(x: float, a: float, b: float) -> None:
    rest = 1 - x
    x = 1 - rest  # else 1 − x is rounded for a tiny x
    assert beta.cdf(x, a, b) + beta.cdf(rest, b, a) == pytest.approx(1, abs=1e-10 if 0 < x < 1e-3 or x > 0.999 else 1e-11)


def test_the_ends() -> None:
    assert [beta.cdf(x, 2, 3) for x in (-1, 0, 1, 2)] == [0, 0, 1, 1]


@given(tails, parameters, parameters)
@profile
def test_a_quantile_is_where_so_much_lies_below(q: float, a: float, b: float) -> None:
    log_x = beta.log_quantile(q, a, b)
    assert log_x <= 0
    if -700 < log_x < -1e-4:  # else x, or 1 − x, is no longer a float that tells the two apart
        assert beta.cdf(math.exp(log_x), a, b) == pytest.approx(q, abs=1e-10)


@given(st.floats(0.001, 0.5), parameters, parameters)
@profile
def test_the_quantiles_of_the_two_sides_mirror_each_other(q: float, a: float, b: float) -> None:
    low, high = beta.log_quantile(q, a, b), beta.log_quantile(1 - q, b, a)
    assert math.exp(low) == pytest.approx(-math.expm1(high), rel=1e-7, abs=1e-12)


@pytest.mark.parametrize("q", [0.025, 0.5, 0.975])
def test_quantiles_far_below_the_smallest_float(q: float) -> None:
    a = 1 / 243  # Beta(a, 1) has P(X ≤ x) = x^a, so its quantile is q^(1/a)
    assert beta.log_quantile(q, a, 1) == pytest.approx(243 * math.log(q), rel=1e-11)
    b = 10 + 242 / 243
    low, high = beta.log_quantile(0.025, a, b), beta.log_quantile(0.975, a, b)
    assert math.exp(low) == 0
    assert -1000 < low < high < 0
    # so near 0 the density is x^(a−1) / B(a, b), up to x itself
    closed = (math.log(0.025 * a) + math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)) / a
    assert low == pytest.approx(closed, rel=1e-11)


@pytest.mark.parametrize(("q", "a", "b"), [(0, 1, 1), (1, 1, 1), (0.5, 0, 1), (0.5, 1, -1), (math.nan, 1, 1), (0.5, math.inf, 1)])
def test_no_quantile_of_no_distribution(q: float, a: float, b: float) -> None:
    with pytest.raises(ValueError, match="quantile"):
        beta.log_quantile(q, a, b)
