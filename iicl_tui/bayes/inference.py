"""Bayesian inference over a finite space, in log space. Entropies and log-probabilities are in nats."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

TIE = 1e-9
"""Log-probabilities tie if they differ by at most this many nats. Sums in another order differ by rounding, about 1e-15;
a single example or prior weight makes a difference far above 1e-9."""


def log_normalise(log_weights: Array) -> Array:
    """Normalise (…, H) log weights to log-probabilities over the last axis. −inf (impossible) stays −inf.

    Raises:
        ValueError: a row has no possible hypothesis, or a NaN.
    """
    top = log_weights.max(axis=-1, keepdims=True)
    if not np.isfinite(top).all():
        raise ValueError("no hypothesis is possible: every weight is zero, or one is not a number")
    shifted = log_weights - top
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def temper(log_p: Array, temperature: float) -> Array:
    """p^(1/τ), renormalised over the last axis. τ = 1 changes nothing; τ → 0 approaches the maximum."""
    return log_p if temperature == 1.0 else log_normalise(log_p / temperature)


def posterior(log_prior: Array, log_likelihood: Array, temperature: float = 1.0) -> Array:
    """(…, H) log P(h|d) by Bayes' rule, then tempered by 1/τ. Raises ValueError if d is impossible."""
    return temper(log_normalise(log_prior + log_likelihood), temperature)


def restrict(log_p: Array, members: NDArray[np.bool_]) -> Array | None:
    """(H,) log-probabilities restricted to the members and renormalised; None if no member is possible."""
    inside = np.where(members, log_p, -np.inf)
    return log_normalise(inside) if np.isfinite(inside.max(initial=-np.inf)) else None


def entropy(log_p: Array) -> Array:
    """Shannon entropy −Σ p ln p over the last axis, in nats, with 0 ln 0 = 0. Uniform over n gives ln n."""
    p = np.exp(log_p)
    terms = np.where(p > 0, p * np.where(p > 0, log_p, 0.0), 0.0)
    return np.maximum(-terms.sum(axis=-1), 0.0)


def sample(log_p: Array, rng: np.random.Generator) -> int:
    """Draw one hypothesis from (H,) log-probabilities by inversion, which takes one uniform number."""
    cumulative = np.cumsum(np.exp(log_p))
    drawn = int(np.searchsorted(cumulative, rng.random() * cumulative[-1], side="right"))
    if drawn >= log_p.size:  # the product rounded up to the total itself
        drawn = int(np.flatnonzero(np.isfinite(log_p))[-1])
    return drawn


def exceeds(log_p: Array, other: Array) -> NDArray[np.bool_]:
    """Where log_p is greater than the other, ties excluded (see `TIE`). The arguments broadcast."""
    return log_p > other + TIE


def is_mode(log_p: Array) -> NDArray[np.bool_]:
    """(…, H): which hypotheses tie for the maximum over the last axis."""
    return ~exceeds(log_p.max(axis=-1, keepdims=True), log_p)


def modes(log_p: Array) -> NDArray[np.intp]:
    """The hypotheses that tie for the maximum of (H,) log-probabilities."""
    return np.flatnonzero(is_mode(log_p))


def argmax(log_p: Array, rng: np.random.Generator) -> int:
    """The most probable hypothesis; ties are broken uniformly at random."""
    best = modes(log_p)
    return int(best[0] if best.size == 1 else best[rng.integers(best.size)])


def ranks(log_p: Array) -> NDArray[np.intp]:
    """(H,): the rank of each hypothesis, 1 for the most probable. Ties share the better rank.

    The rank is 1 + the number of hypotheses that exceed this one.
    """
    return np.searchsorted(np.sort(-log_p), -(log_p + TIE)) + 1


def rank(log_p: Array, hypothesis: int) -> int:
    """One hypothesis' rank, as in `ranks`."""
    return int(exceeds(log_p, log_p[hypothesis]).sum()) + 1


def total_variation(p: Array, q: Array) -> float:
    """Total variation distance ½ Σ |p − q|, from 0 (equal) to 1 (disjoint)."""
    return float(0.5 * np.abs(p - q).sum())
