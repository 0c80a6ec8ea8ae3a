"""Pearson's statistics and their bounds, for tests of simulated distributions against exact ones, and against each other."""

from __future__ import annotations

import numpy as np


def bound(freedom: int, deviations: float = 3.3) -> float:
    """The chi-square quantile at so many standard deviations (Wilson and Hilferty 1931)."""
    part = 2 / (9 * freedom)
    return freedom * (1 - part + deviations * part**0.5) ** 3


def pearson(counts: np.ndarray, p: np.ndarray) -> tuple[float, int]:
    """Pearson's statistic and its degrees of freedom; cells of fewer than 5 expected are taken together."""
    expected = counts.sum() * p / p.sum()
    large = expected >= 5
    observed = np.append(counts[large], counts[~large].sum())
    expected = np.append(expected[large], expected[~large].sum())
    assert not observed[expected == 0].any(), "something impossible happened"
    there = expected >= 1
    if there.sum() < 2:
        return 0.0, 0
    return float((((observed - expected) ** 2)[there] / expected[there]).sum()), int(there.sum()) - 1


def two_samples(first: np.ndarray, second: np.ndarray) -> tuple[float, int]:
    """Pearson's statistic that two rows of counts come from one distribution; cells of fewer than 10 are taken together."""
    large = first + second >= 10
    rows = np.array([np.append(each[large], each[~large].sum()) for each in (first, second)], dtype=float)
    rows = rows[:, rows.sum(axis=0) > 0]
    expected = rows.sum(axis=1, keepdims=True) * rows.sum(axis=0) / rows.sum()
    return float(((rows - expected) ** 2 / expected).sum()), rows.shape[1] - 1
