"""Means over chains with intervals, and differences of two conditions. The chain is the unit: a chain counts once.

Intervals are of Student's t or by the bootstrap's percentiles. A spread of chains is never given in place of an interval.

Chains that share a seed use the same random numbers, so that their values depend on each other. Where several of them are averaged
they are one cluster, and clusters are the unit: the standard error of a mean x̄ of n values in G clusters is

    √( G/(G − 1) · Σ over clusters of (Σ in the cluster of (x − x̄))² ) / n,

which is s/√n where each chain is a cluster of its own (Liang and Zeger 1986). t has G − 1 degrees of freedom.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import ceil, exp, expm1, floor, isfinite, log10, nan, sqrt
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from iicl_tui.bayes import beta

Array = NDArray[np.float64]
Method = Literal["t", "bootstrap"]

LEVEL = 0.95
CUT = "intervals end at the limits of the measure"
"""Said where some were cut."""
RESAMPLES = 4000
"""Of the bootstrap."""
_ROUNDING = 1e-9
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
        cut: Whether the interval reached beyond what the measure can be, and ends at its limit.
    """

    value: float
    low: float
    high: float
    error: float
    count: int
    how: str
    cut: bool = False

    def within(self, low: float, high: float) -> Estimate:
        """The same for a measure with these limits. The interval still holds the truth as often, since it cannot be beyond them."""
        if not isfinite(self.low) or (low - _ROUNDING <= self.low and self.high <= high + _ROUNDING):
            return self
        return replace(self, low=min(max(self.low, low), high), high=max(min(self.high, high), low), cut=True)


@lru_cache(maxsize=1024)
def t_quantile(level: float, freedom: float) -> float:
    """t with P(|T| ≤ t) = level for Student's distribution with this many degrees of freedom, which need not be whole.

    ν / (ν + T²) has the distribution Beta(ν/2, 1/2).
    """
    log_x = beta.log_quantile(1 - level, freedom / 2, 0.5)
    return sqrt(freedom * -expm1(log_x) / exp(log_x))


def mean(
    values: Sequence[float] | Array, method: Method = "t", level: float = LEVEL, clusters: Sequence[object] | None = None
) -> Estimate:
    """The mean of one value a chain, with its interval. Unknown values are left out.

    Values that are all equal have an interval without width. One value, or one cluster, has none.

    Args:
        clusters: For each value what it shares with others, such as the seed; None: each is a cluster of its own.
    """
    sample = _Sample.of(values, clusters)
    said = _said(method, level)
    if not len(sample.values):
        return Estimate(nan, nan, nan, nan, 0, said)
    middle, count = float(sample.values.mean()), len(sample.values)
    if sample.clusters < 2:
        return Estimate(middle, nan, nan, nan, count, said)
    error = sample.error
    if method == "bootstrap":
        low, high = _percentiles(sample.resampled(), level)
    else:
        reach = t_quantile(level, sample.clusters - 1) * error
        low, high = middle - reach, middle + reach
    return Estimate(middle, low, high, error, count, said)


def difference(
    first: Sequence[float] | Array,
    second: Sequence[float] | Array,
    method: Method = "t",
    level: float = LEVEL,
    clusters: tuple[Sequence[object] | None, Sequence[object] | None] = (None, None),
) -> Estimate:
    """The mean of `first` minus that of `second`, for chains that have nothing to do with each other (Welch 1947)."""
    one, two = _Sample.of(first, clusters[0]), _Sample.of(second, clusters[1])
    said = f"{_said(method, level)}, unpaired"
    if not len(one.values) or not len(two.values):
        return Estimate(nan, nan, nan, nan, 0, said)
    middle = float(one.values.mean() - two.values.mean())
    count = len(one.values) + len(two.values)
    if one.clusters < 2 or two.clusters < 2:
        return Estimate(middle, nan, nan, nan, count, said)
    parts = np.array([one.error**2, two.error**2])
    error = sqrt(float(parts.sum()))
    if method == "bootstrap":
        low, high = _percentiles(one.resampled(1) - two.resampled(2), level)
    elif error == 0:
        low = high = middle
    else:
        freedom = float(parts.sum() ** 2 / (parts**2 / np.array([one.clusters - 1, two.clusters - 1])).sum())
        reach = t_quantile(level, freedom) * error
        low, high = middle - reach, middle + reach
    return Estimate(middle, low, high, error, count, said)


def paired_difference(
    first: Sequence[float] | Array,
    second: Sequence[float] | Array,
    method: Method = "t",
    level: float = LEVEL,
    clusters: Sequence[object] | None = None,
) -> Estimate:
    """The mean of the differences of pairs, for chains that share their seed. A pair with an unknown value is left out."""
    found = mean(np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64), method, level, clusters)
    return Estimate(found.value, found.low, found.high, found.error, found.count, f"{_said(method, level)}, paired")


@dataclass(frozen=True, eq=False)
class _Sample:
    """Known values, and the sum and number of those in each cluster."""

    values: Array
    sums: Array
    counts: Array

    @classmethod
    def of(cls, values: Sequence[float] | Array, clusters: Sequence[object] | None) -> _Sample:
        array = np.asarray(values, dtype=np.float64)
        known = np.isfinite(array)
        array = array[known]
        if clusters is None:
            return cls(array, array, np.ones(len(array)))
        numbers: dict[object, int] = {}
        places = [numbers.setdefault(name, len(numbers)) for name, there in zip(clusters, known.tolist(), strict=True) if there]
        counts = np.bincount(places, minlength=len(numbers)).astype(np.float64)
        return cls(array, np.bincount(places, array, minlength=len(numbers)).astype(np.float64), counts)

    @property
    def clusters(self) -> int:
        """G."""
        return len(self.counts)

    @property
    def error(self) -> float:
        """The standard error of the mean."""
        off = self.sums - self.counts * self.values.mean()
        return sqrt(float(off @ off) * self.clusters / (self.clusters - 1)) / len(self.values)

    def resampled(self, stream: int = 0) -> Array:
        """(RESAMPLES,) means of clusters drawn with replacement. The same values give the same draws."""
        rng = np.random.default_rng(np.random.SeedSequence(self.clusters, spawn_key=(stream,)))
        parts = []
        for _ in range(RESAMPLES // _AT_ONCE):
            drawn = rng.integers(0, self.clusters, (_AT_ONCE, self.clusters))
            parts.append(self.sums[drawn].sum(axis=1) / self.counts[drawn].sum(axis=1))
        return np.concatenate(parts)


def number(value: float, digits: int = 3) -> str:
    """A number for a table; "–" if it is not known."""
    if not isfinite(value):
        return "–"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    text = f"{value:.{digits}f}"
    return text if float(text) or not value else f"{value:.1g}"


def text(estimate: Estimate, digits: int = 3) -> str:
    """ "0.912 [0.880, 0.944]"; only the mean where there is no interval."""
    return f"{number(estimate.value, digits)} {interval(estimate, digits)}".rstrip()


def interval(estimate: Estimate, digits: int = 3) -> str:
    """ "[0.880, 0.944]"; "" if there is none."""
    return f"[{', '.join(ends(estimate, digits))}]" if isfinite(estimate.low) else ""


def ends(estimate: Estimate, digits: int = 3) -> tuple[str, str]:
    """The ends of the interval, rounded away from its middle, so that they still hold what they held."""
    return _end(estimate.low, floor, digits), _end(estimate.high, ceil, digits)


def _end(value: float, to_whole: Callable[[float], int], digits: int) -> str:
    """An end of an interval with the places of `number`; to_whole: floor or ceil."""
    size = abs(value)
    small = 0 < size < 0.5 * 10.0**-digits
    places = 0 if size >= 1000 else -floor(log10(size)) if small else digits
    scaled = value * 10.0**places
    near = round(scaled)
    whole = near if abs(scaled - near) < 1e-6 else to_whole(scaled)  # a rounding error is not worth a whole place
    if not places:
        return f"{whole:,}"
    return f"{whole / 10.0**places:.1g}" if small else f"{whole / 10.0**places:.{digits}f}"


def _said(method: Method, level: float) -> str:
    kind = "Student's t" if method == "t" else f"bootstrap of chains, {RESAMPLES:,} resamples, percentiles"
    return f"{100 * level:.6g}% interval, {kind}"


def _percentiles(means: Array, level: float) -> tuple[float, float]:
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
