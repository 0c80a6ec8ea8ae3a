"""The Beta distribution: its distribution function and its quantiles, in log space."""

from __future__ import annotations

from functools import lru_cache
from math import exp, expm1, inf, lgamma, log, log1p

_HALF = log(0.5)
_TINY = 1e-300


def cdf(x: float, a: float, b: float) -> float:
    """P(X ≤ x) for X ~ Beta(a, b), the regularised incomplete beta function I_x(a, b); a, b > 0."""
    if x <= 0:
        return 0.0
    return 1.0 if x >= 1 else exp(_log_cdf(log(x), log1p(-x), a, b))


@lru_cache(maxsize=4096)
def log_quantile(q: float, a: float, b: float) -> float:
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
