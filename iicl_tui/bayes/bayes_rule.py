"""How near a learner's beliefs are to Bayes' rule with its own prior and a 0/1 likelihood with label noise.

With noise ε and Y outputs an example has the probability 1 − ε if the hypothesis gives its output, else ε / (Y − 1). For a
hypothesis that gets w of the examples wrong, Bayes' rule makes of the prior P₀

    B_ε(h) ∝ P₀(h) exp(−λ w(h)),    λ = ln((1 − ε)(Y − 1) / ε) nats per wrong example.

Fitted is the noise that minimises the sum over generations of KL(P(·|d) ‖ B_ε). That sum is convex in λ, and its minimum is
where Bayes' rule expects as many wrong examples as the beliefs do: the maximum-likelihood estimate of an exponential family.
The noise lies between 0 (λ = ∞) and chance, 1 − 1/Y (λ = 0, where the data say nothing).

Each generation alone gives a noise, too. The interval is one for the median of such fits, if they are independent draws (the
generations of one chain follow each other, so that this is an approximation). From six generations on it lies between order
statistics of the T fits, with coverage 1 − 2 P(Binomial(T, ½) < j) whatever their distribution. With fewer, even the range of
all fits has too low a level, 1 − 2^(1 − T). It is then widened on both sides by k times its length R. It misses the median m
only if all fits are on one side of it, and min |x − m| > k R, that is min > c max with c = k / (1 + k). If the density does not
rise away from m, the distribution function F of the distance is concave, so that F(x) − F(c x) ≤ (1 − c) F(x), and this has
at most the probability (1 − c)^(T − 1). The level is therefore at least 1 − (2 (1 + k))^(1 − T), and k is chosen to make it 95 %.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb, exp, inf, isinf, log

import numpy as np
from numpy.typing import ArrayLike, NDArray

from iicl_tui.bayes.inference import log_normalise

Array = NDArray[np.float64]

LEVEL = 0.95
_STEPS = 200


@dataclass(frozen=True, eq=False)
class BayesFit:
    """Beliefs beside Bayes' rule.

    Attributes:
        noise: The noise that fits all generations best; NaN if none of them says anything about it.
        interval: Of the median noise of a generation, extended to `noise`; None if fewer than two generations say anything.
        level: The level of the interval: at least .95.
        noises: (T,) The noise that fits each generation best; NaN where its data say nothing about it.
        distances: (T,) The total variation of each belief from Bayes' rule with `noise`.
        own_distances: (T,) The same with the generation's own noise.
        log_bayes: (T, H) What Bayes' rule makes of the prior with `noise`, in nats.
    """

    noise: float
    interval: tuple[float, float] | None
    level: float
    noises: Array
    distances: Array
    own_distances: Array
    log_bayes: Array


def fit(log_prior: Array, log_p: Array, wrong: ArrayLike, outputs: int) -> BayesFit:
    """Fits the noise.

    Args:
        log_prior: (H,) log P₀ in nats.
        log_p: (T, H) log P(h | d) of each generation, in nats.
        wrong: (T, H) how many of the examples that a generation saw each hypothesis gets wrong.
        outputs: Y.
    """
    counts = np.asarray(wrong, dtype=np.float64)
    possible = np.isfinite(log_prior)
    # Only differences count. Without the least of them a weight of ∞ can be taken to its limit.
    counts = counts - counts[:, possible].min(axis=1, keepdims=True)
    telling = counts[:, possible].max(axis=1) > 0
    p = np.exp(log_p)
    weights = np.array([_weight(log_prior, p[[t]], counts[[t]]) if telling[t] else np.nan for t in range(len(p))])
    common = _weight(log_prior, p[telling], counts[telling]) if telling.any() else np.nan
    noises = np.array([_noise(weight, outputs) for weight in weights])
    noise = _noise(common, outputs)
    log_bayes = by_bayes(log_prior, counts, 0.0 if np.isnan(common) else common)
    own = np.concatenate(
        [by_bayes(log_prior, counts[[t]], 0.0 if np.isnan(weights[t]) else weights[t]) for t in range(len(p))] or [log_p]
    )
    known = np.sort(noises[telling])
    ends, level = median_interval(known) if len(known) > 1 else (None, 0.0)
    interval = (max(min(ends[0], noise), 0.0), min(max(ends[1], noise), 1 - 1 / outputs)) if ends is not None else None
    return BayesFit(noise, interval, level, noises, total_variation(p, log_bayes), total_variation(p, own), log_bayes)


def by_bayes(log_prior: Array, wrong: Array, weight: float) -> Array:
    """(T, H) log P₀(h) exp(−λ w(h)), normalised; for λ = ∞ only hypotheses with the fewest wrong examples are possible.

    Args:
        log_prior: (H,) in nats.
        wrong: (T, H) w.
        weight: λ ≥ 0 in nats.
    """
    if not isinf(weight):
        return log_normalise(log_prior - weight * wrong)
    least = wrong[:, np.isfinite(log_prior)].min(axis=1, keepdims=True)
    return log_normalise(np.where(wrong > least, -inf, log_prior))


def total_variation(p: Array, log_q: Array) -> Array:
    """(T,): half the sum of the absolute differences of probabilities."""
    return np.abs(p - np.exp(log_q)).sum(axis=-1) / 2


def median_interval(values: Array, level: float = LEVEL) -> tuple[tuple[float, float], float]:
    """The narrowest interval between order statistics, or around all of them, that holds the median with this level.

    Around all of them it supposes a density that does not rise away from the median; see above.

    Args:
        values: Two or more draws in ascending order.
        level: The level that is wanted.

    Returns:
        The interval, and its level, which is at least what is wanted.
    """
    count = len(values)
    tails = np.cumsum([comb(count, k) for k in range(count)]) / 2.0**count  # P(Binomial ≤ k)
    place = max((j for j in range(count // 2) if 1 - 2 * tails[j] >= level), default=None)
    if place is not None:
        return (float(values[place]), float(values[count - 1 - place])), float(1 - 2 * tails[place])
    low, high = float(values[0]), float(values[-1])
    more = ((1 - level) ** (-1 / (count - 1)) / 2 - 1) * (high - low)
    return (low - more, high + more), level


def _weight(log_prior: Array, p: Array, wrong: Array) -> float:
    """λ: where Bayes' rule expects as many wrong examples as the beliefs do. wrong: the least of each row is 0.

    Newton's method on the logarithm of the expectation, safeguarded by bisection.
    """
    expected = float((p * wrong).sum())
    if expected <= 0:
        return inf
    low, high, at = 0.0, inf, 0.0
    for _ in range(_STEPS):
        q = np.exp(by_bayes(log_prior, wrong, at))
        means = (q * wrong).sum(axis=1)
        mean = float(means.sum())
        if mean <= expected:
            if at == 0:
                return 0.0
            high = at
        else:
            low = at
        variance = float((q * wrong**2).sum() - (means**2).sum())
        step = (log(mean) - log(expected)) * mean / variance if mean > 0 and variance > 0 else inf
        new = at + step
        if not low < new < high:
            new = (low + high) / 2 if high < inf else max(2 * low, 1.0)
        if abs(new - at) <= 1e-14 * max(at, 1.0):
            return new
        at = new
    return at


def _noise(weight: float, outputs: int) -> float:
    """ε of λ; NaN stays."""
    return (outputs - 1) * exp(-weight) / (1 + (outputs - 1) * exp(-weight))
