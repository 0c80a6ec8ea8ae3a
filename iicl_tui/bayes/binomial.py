"""Exact intervals of a probability from a count of draws (Clopper and Pearson 1934), in log space.

The interval holds every P for which neither so few nor so many of the draws are improbable: each of the two tails has at
least (1 − level) / 2. Its coverage is therefore at least the level, for every P and every number of draws.
"""

from __future__ import annotations

from math import inf

from iicl_tui.bayes.beta import log_quantile

LEVEL = 0.95
"""Default confidence level of an interval."""


def log_interval(count: int, draws: int, level: float = LEVEL) -> tuple[float, float]:
    """Log of the ends of the interval of P, in nats, where `count` of `draws` draws had what has the probability P.

    P = 0 is in the interval if nothing was counted, P = 1 if everything was.

    Raises:
        ValueError: a number is out of its bounds.
    """
    if not (0 <= count <= draws and 0 < level < 1):
        raise ValueError(f"no interval for {count} of {draws} draws, level {level}")
    tail = (1 - level) / 2
    low = log_quantile(tail, count, draws - count + 1) if count else -inf
    high = log_quantile(1 - tail, count + 1, draws - count) if count < draws else 0.0
    return low, high
