"""How far reviewers agree, and how far each is right where the truth is known. Numbers only.

A row passes if it is approved or edited, and does not if it is rejected. Flagged, skipped and undecided rows are missing values.
Krippendorff's α (nominal) is that of the package krippendorff. Its intervals, and those of Cohen's κ, are percentiles of a
bootstrap over rows: equal patterns of verdicts are interchangeable, so that their numbers are drawn from a multinomial
distribution.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iicl_tui.bayes.binomial import log_interval
from iicl_tui.review.decisions import ACCEPTED, VERDICTS

DRAWS = 2000
SEED = 20_261_101
LEVEL = 0.95
UNDECIDED = "–"
CATEGORIES = (*VERDICTS, UNDECIDED)

Verdicts = Mapping[str, str]
"""A reviewer's verdicts, by row."""
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Estimate:
    """A coefficient of agreement.

    Attributes:
        value: 1 for full agreement, 0 for as much as by chance; None if it is undefined, as when all verdicts are the same.
        low, high: The ends of its bootstrap interval; None if they are undefined.
        units: Number of rows that it is about: those with verdicts of two reviewers at least.
    """

    value: float | None
    low: float | None
    high: float | None
    units: int


@dataclass(frozen=True)
class Rate:
    """A share with its Clopper–Pearson interval.

    Attributes:
        count, of: So many of so many.
        low, high: The ends of the interval.
    """

    count: int
    of: int
    low: float
    high: float


@dataclass(frozen=True)
class Detection:
    """A reviewer against the truth, as in signal detection: the signal is a row that should pass.

    Attributes:
        hits: Rows that should pass, and did.
        false_alarms: Rows that should not pass, and did.
        d_prime: z(hit rate) − z(false-alarm rate), in standard deviations. Both rates are (count + ½) / (n + 1), so that it is
            finite (the log-linear correction; Hautus 1995). None if one kind of row is missing.
        criterion: −(z(hit rate) + z(false-alarm rate)) / 2, corrected as d_prime: above 0 if the reviewer rather rejects.
    """

    hits: Rate
    false_alarms: Rate
    d_prime: float | None
    criterion: float | None


def passes(verdict: str | None) -> bool | None:
    """Whether a verdict lets a row pass; None if it leaves that open."""
    return True if verdict in ACCEPTED else False if verdict == "reject" else None


def alpha(raters: Sequence[Verdicts], draws: int = DRAWS, seed: int = SEED) -> Estimate:
    """Krippendorff's α of all reviewers, on whether rows pass."""
    import krippendorff

    patterns = _patterns(raters)
    if not patterns:
        return Estimate(None, None, None, 0)
    values = np.array(list(patterns), dtype=np.int64)  # (pattern, 2): how many reviewers let it pass and not
    counts = np.array(list(patterns.values()), dtype=np.int64)
    units = int(counts.sum())
    if not np.all(values.sum(axis=0) > 0):
        return Estimate(None, None, None, units)
    value = float(krippendorff.alpha(value_counts=np.repeat(values, counts, axis=0), level_of_measurement="nominal"))
    return Estimate(value, *_interval(_alphas(values, _resampled(counts, draws, seed))), units)


def kappa(first: Verdicts, second: Verdicts, draws: int = DRAWS, seed: int = SEED) -> Estimate:
    """Cohen's κ of two reviewers, on whether rows pass. κ = (pₒ − pₑ) / (1 − pₑ) (Cohen 1960)."""
    table = np.zeros((2, 2), dtype=np.int64)
    for key, verdict in first.items():
        a, b = passes(verdict), passes(second.get(key))
        if a is not None and b is not None:
            table[int(a), int(b)] += 1
    units = int(table.sum())
    if not units:
        return Estimate(None, None, None, 0)
    value = float(_kappas(table.reshape(1, 4))[0])
    if not math.isfinite(value):
        return Estimate(None, None, None, units)
    return Estimate(value, *_interval(_kappas(_resampled(table.reshape(4), draws, seed))), units)


def confusions(first: Verdicts, second: Verdicts) -> Counts:
    """How many rows have each pair of verdicts: [the first's, the second's], in the order of CATEGORIES."""
    table = np.zeros((len(CATEGORIES),) * 2, dtype=np.int64)
    for key in first.keys() | second.keys():
        table[CATEGORIES.index(first.get(key, UNDECIDED)), CATEGORIES.index(second.get(key, UNDECIDED))] += 1
    return table


def disagreeing(raters: Sequence[Verdicts]) -> list[str]:
    """The rows that pass for one reviewer and not for another, in the order in which they were decided first."""
    keys = dict.fromkeys(key for verdicts in raters for key in verdicts)
    return [key for key in keys if len({passes(verdicts.get(key)) for verdicts in raters} - {None}) > 1]


def detection(verdicts: Verdicts, truth: Mapping[str, bool]) -> Detection:
    """A reviewer against the truth. truth: for each row, whether it should pass. Rows that were left open are not counted."""
    counts: Counter[tuple[bool, bool]] = Counter()
    for key, verdict in verdicts.items():
        said = passes(verdict)
        if said is not None and key in truth:
            counts[truth[key], said] += 1
    hits, signals = counts[True, True], counts[True, True] + counts[True, False]
    alarms, noises = counts[False, True], counts[False, True] + counts[False, False]
    d_prime = criterion = None
    if signals and noises:
        z = NormalDist().inv_cdf
        z_hit, z_alarm = z((hits + 0.5) / (signals + 1)), z((alarms + 0.5) / (noises + 1))
        d_prime, criterion = z_hit - z_alarm, -(z_hit + z_alarm) / 2
    return Detection(rate(hits, signals), rate(alarms, noises), d_prime, criterion)


def rate(count: int, of: int) -> Rate:
    """A share with its Clopper–Pearson interval, which is 0 to 1 without any."""
    low, high = log_interval(count, of, LEVEL)
    return Rate(count, of, math.exp(low), math.exp(high))


_YES = frozenset({"approve", "approved", "accept", "accepted", "pass", "good", "yes", "true", "1", "1.0"})
_NO = frozenset({"reject", "rejected", "fail", "bad", "no", "false", "0", "0.0"})


def read_truth(text: str) -> bool | None:
    """Whether a field's text says that the row should pass; None if it is neither a word for yes nor one for no."""
    word = text.strip().casefold()
    return True if word in _YES else False if word in _NO else None


def _patterns(raters: Sequence[Verdicts]) -> Counter[tuple[int, int]]:
    """How many rows pass for so many reviewers and do not for so many, among rows with two verdicts at least."""
    found: Counter[tuple[int, int]] = Counter()
    for key in dict.fromkeys(key for verdicts in raters for key in verdicts):
        said = [passes(verdicts.get(key)) for verdicts in raters]
        pair = (said.count(True), said.count(False))
        if sum(pair) > 1:
            found[pair] += 1
    return found


def _resampled(counts: Counts, draws: int, seed: int) -> Counts:
    """Counts of bootstrap samples of the same size. Shape: (draws, len(counts))."""
    total = counts.sum()
    return np.random.default_rng(seed).multinomial(total, counts / total, size=draws)


def _alphas(values: Counts, counts: Counts) -> NDArray[np.float64]:
    """Nominal α = 1 − (n − 1) Σ oᵢⱼ / Σ nᵢ nⱼ over i ≠ j (Krippendorff 2011), of two categories; NaN where it is undefined.

    values: (patterns, 2), how many reviewers gave each value. counts: (draws, patterns).
    """
    size = values.sum(axis=1)
    apart = counts @ (2 * values[:, 0] * values[:, 1] / (size - 1))  # Σ oᵢⱼ over i ≠ j
    totals = counts @ values
    expected = 2.0 * totals[:, 0] * totals[:, 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Any = np.where(expected > 0, 1 - (totals.sum(axis=1) - 1) * apart / expected, np.nan)
    return found


def _kappas(tables: Counts) -> NDArray[np.float64]:
    """κ of 2 × 2 tables. Shape: (draws, 4) to (draws,); NaN where it is undefined."""
    p = tables.reshape(-1, 2, 2) / tables.sum(axis=1)[:, None, None]
    observed = p[:, 0, 0] + p[:, 1, 1]
    expected = (p.sum(axis=2) * p.sum(axis=1)).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Any = np.where(expected < 1, (observed - expected) / (1 - expected), np.nan)
    return found


def _interval(values: NDArray[np.float64]) -> tuple[float | None, float | None]:
    """Percentiles of the samples in which the coefficient is defined."""
    known = values[np.isfinite(values)]
    if not len(known):
        return None, None
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]).tolist()
    return low, high
