"""Spaces and beliefs to draw."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iicl_tui.bayes.space import Factor, ProductSpace

STATES = ("on", "off", "und")


def product(*sizes: int) -> ProductSpace:
    """A space with factors f0, f1, … of these numbers of values a, b, c, …"""
    return ProductSpace(tuple(Factor(f"f{i}", tuple("abcdefghijklmnopqrstuvwxyz"[:n])) for i, n in enumerate(sizes)))


def acre(objects: int = 5) -> ProductSpace:
    names = [*"ABCDEFGHIJ"[: objects - 1], "screen"]
    return ProductSpace(tuple(Factor(name, STATES) for name in names))


def random_belief(space: ProductSpace, seed: int = 0, spread: float = 3.0) -> NDArray[np.float64]:
    """Log-probabilities with a few impossible hypotheses."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(0.0, spread, space.size)
    if space.size > 3:
        scores[rng.random(space.size) < 0.1] = -np.inf
        scores[0] = 0.0
    peak = scores.max()
    return scores - peak - np.log(np.exp(scores - peak).sum())
