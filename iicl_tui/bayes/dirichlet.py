"""Estimates a distribution over hypotheses from a few draws: a Dirichlet posterior, in log space.

Prior: Perks (1947), a Dirichlet with α = A/H for each of H hypotheses. The total weight is A = 1, that of one draw,
however many hypotheses there are. Jeffreys' α = ½ would weigh 121.5 draws for H = 243: after ten equal draws the
posterior mean of their hypothesis would be 8 %, instead of 91 % with Perks' prior.

Any group of hypotheses has a Beta posterior, by the aggregation property of the Dirichlet: with n of K draws in a group
that holds the share s of the hypotheses, P(group) ~ Beta(n + A·s, K − n + A·(1 − s)). The intervals are equal-tailed.
Their coverage is nominal if the truth is drawn from the prior. For a hypothesis that was never drawn the Beta is so
skewed that its mean may lie above the interval: nearly all mass is next to 0, and the long tail sets the mean.
"""

from __future__ import annotations

from functools import lru_cache
from math import exp, expm1, inf, isfinite, lgamma, log, log1p

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

WEIGHT = 1.0
"""A: total weight of the prior, in draws (Perks' prior)."""

LEVEL = 0.95
"""Default probability of an interval."""

_HALF = log(0.5)
_TINY = 1e-300


def log_mean(counts: ArrayLike, weight: float = WEIGHT) -> Array:
    """(H,) log of the posterior means (n + A/H) / (K + A) in nats, from (H,) counts of draws. Uniform without draws.

    Raises:
        ValueError: no hypotheses, a negative count, or a weight that is not positive.
    """
    n = _checked(counts, weight)
    return np.log(n + weight / n.size) - log(float(n.sum()) + weight)


def log_intervals(counts: ArrayLike, weight: float = WEIGHT, level: float = LEVEL) -> tuple[Array, Array]:
    """Log of the ends of each hypothesis' equal-tailed credible interval, in nats, from (H,) counts.

    Returns:
        low (H,) and high (H,).

    Raises:
        ValueError: as `log_mean`, or a level outside (0, 1).
    """
    n = _checked(counts, weight)
    distinct, which = np.unique(n, return_inverse=True)
    ends = [log_interval(float(count), float(n.sum()), 1 / n.size, weight, level) for count in distinct]
    both = np.array(ends).reshape(-1, 2)[which.reshape(-1)]
    return both[:, 0], both[:, 1]


def log_interval(count: float, draws: float, share: float, weight: float = WEIGHT, level: float = LEVEL) -> tuple[float, float]:
    """Log of the ends of a group's equal-tailed credible interval, in nats.

    Args:
        count: draws that fell into the group.
        draws: all draws.
        share: the group's share of all hypotheses. The interval is P = 0 for a share of 0, and P = 1 for 1.
        weight: A.
        level: probability of the interval.

    Raises:
        ValueError: a number is out of its bounds.
    """
    if not (0 <= count <= draws and 0 <= share <= 1 and weight > 0 and 0 < level < 1):
        raise ValueError(f"no interval for {count} of {draws} draws, share {share}, weight {weight}, level {level}")
    if share == 0:
        return -inf, -inf
    if share == 1:
        return 0.0, 0.0
    a, b = count + weight * share, draws - count + weight * (1 - share)
    return beta_log_quantile((1 - level) / 2, a, b), beta_log_quantile((1 + level) / 2, a, b)


def _checked(counts: ArrayLike, weight: float) -> Array:
    n = np.asarray(counts, dtype=np.float64)
    if n.ndim != 1 or n.size == 0 or not (n >= 0).all() or not isfinite(n.sum()) or not 0 < weight < inf:
        raise ValueError("counts must be one number per hypothesis, none negative, and the prior weight must be above 0")
    return n


# -- the Beta distribution -----------------------------------------------------------------------------------------------


def beta_cdf(x: float, a: float, b: float) -> float:
    """P(X ≤ x) for X ~ Beta(a, b), the regularised incomplete beta function I_x(a, b); a, b > 0."""
    if x <= 0:
        return 0.0
    return 1.0 if x >= 1 else exp(_log_cdf(log(x), log1p(-x), a, b))


@lru_cache(maxsize=4096)
def beta_log_quantile(q: float, a: float, b: float) -> float:
    """log x with P(X ≤ x) = q for X ~ Beta(a, b), in nats. It may lie far below the log of the smallest float.

    Newton's method on log I as a function of log x, safeguarded by bisection.

    Raises:
        ValueError: unless 0 < q < 1, a > 0, b > 0.
    """
    if not (0 < q < 1 and 0 < a < inf and 0 < b < inf):
        raise ValueError(f"no quantile {q} of Beta({a}, {b})")
    if log(q) <= _log_cdf(_HALF, _HALF, a, b):
        return _below_half(log(q), a, b)
    return log1p(-exp(_below_half(log1p(-q), b, a)))  # X > ½ is 1 − Y with Y ~ Beta(b, a) below ½


def _below_half(log_q: float, a: float, b: float) -> float:
    """Log of the quantile, which must be at most log ½."""
    # For t ≤ ½ the factor (1−t)^(b−1) of the density lies between 1 and 2^(1−b), which bounds I ≈ x^a / (a B(a, b)).
    low = min((log_q + log(a) + _log_beta(a, b) - max(0.0, 1 - b) * -_HALF) / a, _HALF)
    high = _HALF
    at = low
    for _ in range(200):
        log_rest = _log_complement(at)
        log_cdf = _log_cdf(at, log_rest, a, b)
        if log_cdf < log_q:
            low = at
        else:
            high = at
        slope = exp(min(a * at + (b - 1) * log_rest - _log_beta(a, b) - log_cdf, 700.0))  # d log I / d log x
        step = (log_q - log_cdf) / slope if slope > 0 else inf
        new = at + step
        if not low <= new <= high:
            new = (low + high) / 2
        if abs(new - at) <= 2e-16 * abs(at):
            return new
        at = new
    return at


def _log_complement(log_x: float) -> float:
    """log(1 − x), accurate for small x and for x near 1."""
    return log(-expm1(log_x)) if log_x > _HALF else log1p(-exp(log_x))


def _log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)


def _log_cdf(log_x: float, log_rest: float, a: float, b: float) -> float:
    """log I_x(a, b), with log_rest = log(1 − x)."""
    if exp(log_x) > (a + 1) / (a + b + 2):  # the fraction for 1 − x converges faster here
        return log1p(-min(exp(_log_series(log_rest, log_x, b, a)), 1.0 - 1e-16))
    return min(_log_series(log_x, log_rest, a, b), 0.0)


def _log_series(log_x: float, log_rest: float, a: float, b: float) -> float:
    """log I_x(a, b) by its continued fraction (DLMF 8.17.22), for x < (a + 1) / (a + b + 2).

    Evaluated by the modified Lentz method (Thompson and Barnett 1986). Needs O(√max(a, b)) terms.
    """
    x = exp(log_x)
    c, d = 1.0, 1 / _not_zero(1 - (a + b) * x / (a + 1))
    fraction = d
    for m in range(1, 10_000):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 / _not_zero(1 + term * d)
            c = _not_zero(1 + term / c)
            fraction *= c * d
        if abs(c * d - 1) < 1e-16:
            break
    return a * log_x + b * log_rest - log(a) - _log_beta(a, b) + log(fraction)


def _not_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
