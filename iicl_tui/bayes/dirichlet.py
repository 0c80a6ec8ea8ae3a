"""A distribution over hypotheses estimated from a few of its draws: a Dirichlet posterior, in log space.

Prior: Perks' (1947), a Dirichlet whose parameters α = A/H add up to A = 1, one draw's worth, however many hypotheses
there are. Jeffreys' α = ½ would add up to 121.5 for H = 243: ten draws that all say the same would then leave their
hypothesis 8 % of the posterior mean, where Perks' leaves it 91 %.

Any group of hypotheses has a Beta posterior, since parts of a Dirichlet add up: with n of K draws in a group that has
the share s of the hypotheses, P(group) ~ Beta(n + A·s, K − n + A·(1 − s)). The intervals are equal-tailed. They cover
the truth as often as they say when the truth is itself drawn from the prior. The Beta of a hypothesis that was never drawn
is so skewed that its mean may lie above the interval: nearly all of it is next to 0, and the mean is due to the rest.
"""

from __future__ import annotations

from functools import lru_cache
from math import exp, expm1, inf, isfinite, lgamma, log, log1p

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

WEIGHT = 1.0
"""A: the prior's weight in draws (Perks' prior)."""

LEVEL = 0.95
"""The probability that an interval holds."""

_HALF = log(0.5)
_TINY = 1e-300


def log_mean(counts: ArrayLike, weight: float = WEIGHT) -> Array:
    """(H,) counts of the draws of each hypothesis → (H,) log of the posterior means (n + A/H) / (K + A), in nats.

    No draws: the prior's mean, uniform. Raises ValueError where there is no hypothesis, a negative count or no weight.
    """
    n = _checked(counts, weight)
    return np.log(n + weight / n.size) - log(float(n.sum()) + weight)


def log_intervals(counts: ArrayLike, weight: float = WEIGHT, level: float = LEVEL) -> tuple[Array, Array]:
    """(H,) counts → low and high, both (H,): the logs of each hypothesis' equal-tailed credible interval, in nats.

    Raises ValueError as `log_mean`, and for a level that is not between 0 and 1.
    """
    n = _checked(counts, weight)
    kinds, which = np.unique(n, return_inverse=True)
    ends = [log_interval(float(count), float(n.sum()), 1 / n.size, weight, level) for count in kinds]
    both = np.array(ends).reshape(-1, 2)[which.reshape(-1)]
    return both[:, 0], both[:, 1]


def log_interval(count: float, draws: float, share: float, weight: float = WEIGHT, level: float = LEVEL) -> tuple[float, float]:
    """Logs of the equal-tailed credible interval of a group of hypotheses, in nats.

    count: how many of the draws fell into it. share: its part of all hypotheses, from 0 (none: the interval is P = 0)
    to 1 (all of them: P = 1). Raises ValueError where the numbers are out of these bounds.
    """
    if not (0 <= count <= draws and 0 <= share <= 1 and weight > 0 and 0 < level < 1):
        raise ValueError(f"no interval from {count} of {draws} draws, share {share}, weight {weight}, level {level}")
    if share == 0:
        return -inf, -inf
    if share == 1:
        return 0.0, 0.0
    a, b = count + weight * share, draws - count + weight * (1 - share)
    return beta_log_quantile((1 - level) / 2, a, b), beta_log_quantile((1 + level) / 2, a, b)


def _checked(counts: ArrayLike, weight: float) -> Array:
    n = np.asarray(counts, dtype=np.float64)
    if n.ndim != 1 or n.size == 0 or not (n >= 0).all() or not isfinite(n.sum()) or not 0 < weight < inf:
        raise ValueError("counts must be one number of at least 0 a hypothesis, and the prior's weight above 0")
    return n


# -- the Beta distribution -----------------------------------------------------------------------------------------------


def beta_cdf(x: float, a: float, b: float) -> float:
    """P(X ≤ x) for X ~ Beta(a, b): the regularised incomplete beta function I_x(a, b). a, b above 0."""
    if x <= 0:
        return 0.0
    return 1.0 if x >= 1 else exp(_log_cdf(log(x), log1p(-x), a, b))


@lru_cache(maxsize=4096)
def beta_log_quantile(q: float, a: float, b: float) -> float:
    """log x where P(X ≤ x) = q for X ~ Beta(a, b), in nats: it may lie far below the log of the smallest float.

    Newton's method on log I as a function of log x, kept between bounds. Raises ValueError unless 0 < q < 1, a > 0, b > 0.
    """
    if not (0 < q < 1 and 0 < a < inf and 0 < b < inf):
        raise ValueError(f"no quantile {q} of Beta({a}, {b})")
    if log(q) <= _log_cdf(_HALF, _HALF, a, b):
        return _below_half(log(q), a, b)
    return log1p(-exp(_below_half(log1p(-q), b, a)))  # X > ½ is 1 − Y with Y ~ Beta(b, a) below ½


def _below_half(log_q: float, a: float, b: float) -> float:
    """The quantile's log, known to be at most log ½."""
    # For t ≤ ½ the factor (1−t)^(b−1) of the density lies between 1 and 2^(1−b): so much for I ≈ x^a / (a B(a, b)).
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
    """log(1 − x), exact for small x and for x near 1."""
    return log(-expm1(log_x)) if log_x > _HALF else log1p(-exp(log_x))


def _log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)


def _log_cdf(log_x: float, log_rest: float, a: float, b: float) -> float:
    """log I_x(a, b); log_rest = log(1 − x)."""
    if exp(log_x) > (a + 1) / (a + b + 2):  # there the fraction for 1 − x converges faster
        return log1p(-min(exp(_log_series(log_rest, log_x, b, a)), 1.0 - 1e-16))
    return min(_log_series(log_x, log_rest, a, b), 0.0)


def _log_series(log_x: float, log_rest: float, a: float, b: float) -> float:
    """log I_x(a, b) by its continued fraction (DLMF 8.17.22), evaluated by Lentz' method as modified by Thompson and
    Barnett (1986). It converges fast for x < (a + 1) / (a + b + 2), in O(√max(a, b)) terms."""
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
