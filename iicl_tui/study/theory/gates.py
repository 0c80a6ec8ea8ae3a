"""The filters of hypotheses as maps of distributions.

Before the filters an agent would learn h with the chances p(h), independently in each draw. A filter that has it draw again makes
of p another distribution, which has a closed form. What a distribution lacks to 1 is the chance that the chain stops.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iicl_tui.study.theory.learning import IMPOSSIBLE, Learner, likeliest

Array = NDArray[np.float64]

Gate = Callable[[Array, Array, Learner], Array]
"""(N, H) chances of each proposal, (N, H) log weights of the agent's belief, the agent → (N, H) chances of what passes."""


@dataclass(frozen=True, eq=False)
class Redraw:
    """Each proposal h passes with the chance a(h); else the agent draws again, at most R times.

    With r = Σ p(h)(1 − a(h)), the chance that a draw is rejected, h passes with the chance p(h) a(h) (1 + r + … + r^R).

    Attributes:
        accepts: (H,) a.
        redraws: R.
    """

    accepts: Array
    redraws: int

    def __call__(self, p: Array, log_weights: Array, learner: Learner) -> Array:
        """See `Gate`."""
        passed = p * self.accepts
        ends = np.clip(1 - p.sum(axis=1) + passed.sum(axis=1), 0.0, 1.0)  # 1 − r: it passes, or an earlier filter stops
        return passed * _geometric(ends, self.redraws + 1)[:, None]


@dataclass(frozen=True, eq=False)
class Restrict:
    """A proposal among the members passes; in place of any other the agent chooses from its belief restricted to them.

    Attributes:
        members: (H,).
    """

    members: NDArray[np.bool_]

    def __call__(self, p: Array, log_weights: Array, learner: Learner) -> Array:
        """See `Gate`."""
        outside = p[:, ~self.members].sum(axis=1)
        within = np.where(self.members, log_weights, 2 * IMPOSSIBLE)
        top = within.max(axis=1, keepdims=True)
        chosen = likeliest(within) if learner.takes_maximum else np.exp(within - np.maximum(top, IMPOSSIBLE / 2))
        mass = chosen.sum(axis=1)
        share = np.divide(outside, mass, out=np.zeros_like(mass), where=mass > 0)
        return p * self.members + chosen * share[:, None]


def _geometric(ends: Array, terms: int) -> Array:
    """1 + r + … + r^(terms − 1), from 1 − r."""
    with np.errstate(divide="ignore", invalid="ignore"):
        sums = -np.expm1(terms * np.log1p(-ends)) / ends
    return np.where(ends > 0, sums, float(terms))


def normalised(weights: Array) -> Array:
    """(N, H) each row divided by its sum; rows of zeros stay."""
    total = weights.sum(axis=1, keepdims=True)
    return np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
