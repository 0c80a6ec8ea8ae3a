"""Estimates a distribution over hypotheses from a few draws: a Dirichlet posterior, in log space.

Prior: Perks (1947), a Dirichlet with α = A/H for each of H hypotheses. The total weight is A = 1, that of one draw,
however many hypotheses there are. Jeffreys' α = ½ would weigh 121.5 draws for H = 243: after ten equal draws the
posterior mean of their hypothesis would be 8 %, instead of 91 % with Perks' prior.

Intervals are not taken from this posterior: for a hypothesis that was never drawn they would hold the truth far too
seldom (9 % of the time for P = .01 and ten draws). See `bayes.binomial`.
"""

from __future__ import annotations

from math import inf, isfinite, log

import numpy as np
from numpy.typing import ArrayLike, NDArray

from iicl_tui.bayes.inference import entropy

Array = NDArray[np.float64]

WEIGHT = 1.0
"""A: total weight of the prior, in draws (Perks' prior)."""


def log_mean(counts: ArrayLike, weight: float = WEIGHT) -> Array:
    """(H,) log of the posterior means (n + A/H) / (K + A) in nats, from (H,) counts of draws. Uniform without draws.

    Raises:
        ValueError: no hypotheses, a negative count, or a weight that is not positive.
    """
    n = np.asarray(counts, dtype=np.float64)
    if n.ndim != 1 or n.size == 0 or not (n >= 0).all() or not isfinite(n.sum()) or not 0 < weight < inf:
        raise ValueError("counts must be one number per hypothesis, none negative, and the prior weight must be above 0")
    return np.log(n + weight / n.size) - log(float(n.sum()) + weight)


def entropy_range(draws: int, size: int, weight: float = WEIGHT) -> tuple[float, float]:
    """The least and the greatest entropy, in nats, that the means of so many draws can have, whatever the truth.

    The least has all draws equal, the greatest spreads them over the hypotheses as evenly as possible: entropy is Schur-concave.
    10 draws of 243 hypotheses give .80 to 2.87; a uniform belief has 5.49.

    Args:
        draws: K.
        size: H, the number of hypotheses.
        weight: A.
    """
    equal = np.zeros(size)
    equal[0] = draws
    spread = np.full(size, draws // size)
    spread[: draws % size] += 1
    return float(entropy(log_mean(equal, weight))), float(entropy(log_mean(spread, weight)))
