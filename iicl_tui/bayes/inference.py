"""Bayesian inference over a finite space, in log space. All entropies and log-probabilities are in nats."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def log_normalise(log_weights: Array) -> Array:
    """(…, H) unnormalised log weights → log-probabilities over the last axis.

    −inf (an impossible hypothesis) stays −inf. Raises ValueError if a row has no possible hypothesis or a NaN.
    """
    top = log_weights.max(axis=-1, keepdims=True)
    if not np.isfinite(top).all():
        raise ValueError("no hypothesis is possible: every weight is zero, or one is not a number")
    shifted = log_weights - top
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def temper(log_p: Array, temperature: float) -> Array:
    """p^(1/τ), renormalised over the last axis; τ = 1 changes nothing, τ → 0 is the arg max."""
    return log_p if temperature == 1.0 else log_normalise(log_p / temperature)


def posterior(log_prior: Array, log_likelihood: Array, temperature: float = 1.0) -> Array:
    """(…, H) log P(h|d) by Bayes' rule, raised to 1/τ and renormalised. Raises ValueError where d is impossible."""
    return temper(log_normalise(log_prior + log_likelihood), temperature)


def entropy(log_p: Array) -> Array:
    """H = −Σ p ln p over the last axis, in nats; 0 ln 0 = 0. One-hot gives 0, uniform over n gives ln n."""
    p = np.exp(log_p)
    terms = np.where(p > 0, p * np.where(p > 0, log_p, 0.0), 0.0)
    return np.maximum(-terms.sum(axis=-1), 0.0)


def sample(log_p: Array, rng: np.random.Generator) -> int:
    """One hypothesis drawn from (H,) log-probabilities, by inversion (one uniform number)."""
    cumulative = np.cumsum(np.exp(log_p))
    drawn = int(np.searchsorted(cumulative, rng.random() * cumulative[-1], side="right"))
    if drawn >= log_p.size:  # the uniform number times the total rounded up to the total itself
        drawn = int(np.flatnonzero(np.isfinite(log_p))[-1])
    return drawn


def is_mode(log_p: Array) -> NDArray[np.bool_]:
    """(…, H): which hypotheses tie for the maximum over the last axis. Equal sums in another order differ by rounding,
    hence the tolerance of 1e-9 nats, far below any difference that one example or one prior weight makes."""
    return log_p >= log_p.max(axis=-1, keepdims=True) - 1e-9


def modes(log_p: Array) -> NDArray[np.intp]:
    """The hypotheses that tie for the maximum of (H,) log-probabilities."""
    return np.flatnonzero(is_mode(log_p))


def argmax(log_p: Array, rng: np.random.Generator) -> int:
    """The likeliest hypothesis; ties are broken uniformly at random."""
    best = modes(log_p)
    return int(best[0] if best.size == 1 else best[rng.integers(best.size)])


def rank(log_p: Array, hypothesis: int) -> int:
    """1 for the likeliest; ties share the better rank."""
    return int((log_p > log_p[hypothesis] + 1e-9).sum()) + 1


def total_variation(p: Array, q: Array) -> float:
    """½ Σ |p − q|, from 0 (the same) to 1 (disjoint)."""
    return float(0.5 * np.abs(p - q).sum())
