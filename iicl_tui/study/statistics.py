"""Means over chains with intervals, and differences of two conditions. The chain is the unit: a chain counts once.

Intervals are of Student's t or by the bootstrap's percentiles. A spread of chains is never given in place of an interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import exp, expm1, isfinite, nan, sqrt
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from iicl_tui.bayes import beta

Array = NDArray[np.float64]
Method = Literal["t", "bootstrap"]

LEVEL = 0.95
RESAMPLES = 4000
"""Of the bootstrap."""
_AT_ONCE = 400
"""Resamples in memory together."""


@dataclass(frozen=True)
class Estimate:
    """A mean, or a difference of means, with its interval.

    Attributes:
        value: The mean; NaN without a value.
        low, high: The interval; NaN if there are too few values for one.
        error: The standard error; NaN if there are too few values.
        count: How many chains, or pairs of chains, it comes from. Of a difference without pairs: both conditions' together.
        how: How the interval was made, in words.
    """

    value: float
    low: float
    high: float
    error: float
    count: int
    how: str


@lru_cache(maxsize=1024)
def t_quantile(level: float, freedom: float) -> float:
    """t with P(|T| ≤ t) = level for Student's distribution with this many degrees of freedom, which need not be whole.

    ν / (ν + T²) has the distribution Beta(ν/2, 1/2).
    """
    log_x = beta.log_quantile(1 - level, freedom / 2, 0.5)
    return sqrt(freedom * -expm1(log_x) / exp(log_x))


def mean(values: Sequence[float] | Array, method: Method = "t", level: float = LEVEL) -> Estimate:
    """The mean of one value a chain, with its interval. Unknown values are left out.

    Values that are all equal have an interval without width. One value has none.
    """
    known = _known(values)
    count = len(known)
    if count == 0:
        return Estimate(nan, nan, nan, nan, 0, _said(method, level))
    middle = float(known.mean())
    if count == 1:
        return Estimate(middle, nan, nan, nan, 1, _said(method, level))
    error = float(known.std(ddof=1)) / sqrt(count)
    if method == "bootstrap":
        low, high = _percentiles(_resampled(known), level)
    else:
        reach = t_quantile(level, count - 1) * error
        low, high = middle - reach, middle + reach
    return Estimate(middle, low, high, error, count, _said(method, level))


def difference(
    first: Sequence[float] | Array, second: Sequence[float] | Array, method: Method = "t", level: float = LEVEL
) -> Estimate:
    """The mean of `first` minus that of `second`, for chains that have nothing to do with each other (Welch 1947)."""
    one, two = _known(first), _known(second)
    said = f"{_said(method, level)}, unpaired"
    if not len(one) or not len(two):
        return Estimate(nan, nan, nan, nan, 0, said)
    middle = float(one.mean() - two.mean())
    count = len(one) + len(two)
    if len(one) < 2 or len(two) < 2:
        return Estimate(middle, nan, nan, nan, count, said)
    parts = np.array([one.var(ddof=1) / len(one), two.var(ddof=1) / len(two)])
    error = sqrt(float(parts.sum()))
    if method == "bootstrap":
        low, high = _percentiles(_resampled(one, 1) - _resampled(two, 2), level)
    elif error == 0:
        low = high = middle
    else:
        freedom = float(parts.sum() ** 2 / (parts**2 / np.array([len(one) - 1, len(two) - 1])).sum())
        reach = t_quantile(level, freedom) * error
        low, high = middle - reach, middle + reach
    return Estimate(middle, low, high, error, count, said)


def paired_difference(
    first: Sequence[float] | Array, second: Sequence[float] | Array, method: Method = "t", level: float = LEVEL
) -> Estimate:
    """The mean of the differences of pairs, for chains that share their seed. A pair with an unknown value is left out."""
    found = mean(np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64), method, level)
    return Estimate(found.value, found.low, found.high, found.error, found.count, f"{_said(method, level)}, paired")


def number(value: float, digits: int = 3) -> str:
    """A number for a table; "–" if it is not known."""
    if not isfinite(value):
        return "–"
    text = f"{value:.{digits}f}"
    return text if float(text) or not value else f"{value:.1g}"


def text(estimate: Estimate, digits: int = 3) -> str:
    """ "0.912 [0.880, 0.944]"; only the mean where there is no interval."""
    if not isfinite(estimate.low):
        return number(estimate.value, digits)
    return f"{number(estimate.value, digits)} [{number(estimate.low, digits)}, {number(estimate.high, digits)}]"


def _known(values: Sequence[float] | Array) -> Array:
    array = np.asarray(values, dtype=np.float64)
    return array[np.isfinite(array)]


def _said(method: Method, level: float) -> str:
    kind = "Student's t" if method == "t" else f"bootstrap of chains, {RESAMPLES:,} resamples, percentiles"
    return f"{level:.0%} interval, {kind}"


def _resampled(values: Array, stream: int = 0) -> Array:
    """(RESAMPLES,) means of values drawn with replacement. The same values give the same draws."""
    rng = np.random.default_rng(np.random.SeedSequence(len(values), spawn_key=(stream,)))
    return np.concatenate(
        [values[rng.integers(0, len(values), (_AT_ONCE, len(values)))].mean(1) for _ in range(RESAMPLES // _AT_ONCE)]
    )


def _percentiles(means: Array, level: float) -> tuple[float, float]:
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
