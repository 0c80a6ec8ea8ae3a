"""How a Bayesian agent learns, for many datasets at once: weights of hypotheses, and draws from them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iicl_tui.agents.bayesian import BayesianAgent
from iicl_tui.bayes.inference import TIE
from iicl_tui.study.theory.outcomes import Outcomes

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

IMPOSSIBLE = -1e12
"""Stands for −inf in matrix products, where 0 · −inf would be no number."""

_POSSIBLE = IMPOSSIBLE / 2
_SAFE = 600.0
"""Weights down to exp(−600) are ordinary numbers, so that a row needs no shift by its greatest one."""


@dataclass(frozen=True, eq=False)
class Learner:
    """An agent's inference.

    Attributes:
        log_prior: (H,) log P₀ in nats, with the greatest at 0.
        log_outcomes: (K + 1, H) log p(outcome | h) / τ, each row with its greatest at 0, then log P₀ / τ. Counts of outcomes with
            a column of ones (see `outcomes.counted`) times this is the log of the tempered posterior, up to a constant of each row.
        least: The least possible entry of the outcomes, and of the prior.
        takes_maximum: It takes the likeliest hypothesis.
        noise: ε, with which it makes examples.
        temperature: τ.
    """

    log_prior: Array
    log_outcomes: Array
    least: tuple[float, float]
    takes_maximum: bool
    noise: float
    temperature: float

    def log_weights(self, counts: Array, out: Array | None = None) -> Array:
        """(N, H) log of the posterior^(1/τ), up to a constant of each row, from (N, K + 1) counts and ones."""
        return np.matmul(counts, self.log_outcomes, out=out)

    def weights(self, log_weights: Array, most: float, out: Array | None = None) -> Array:
        """(N, H) the chances of each hypothesis to be learned, up to a factor of each row; a row of zeros if none is possible.

        Args:
            log_weights: As `log_weights` gives them.
            most: No row counts more outcomes than this.
            out: Where to put the result; may be `log_weights`.
        """
        if self.takes_maximum:
            return likeliest(log_weights)
        if self.in_range(most):
            return np.exp(log_weights, out=out)
        top = log_weights.max(axis=1, keepdims=True)
        return np.exp(np.subtract(log_weights, np.maximum(top, _POSSIBLE), out=out), out=out)

    def in_range(self, most: float) -> bool:
        """Whether the greatest weight of a row of possible data with at most so many outcomes is above exp(−600)."""
        outcome, prior = self.least
        return -prior < _SAFE if outcome <= _POSSIBLE else -outcome * most < _SAFE


def likeliest(log_weights: Array) -> Array:
    """(N, H) 1 for the hypotheses that tie for the maximum of a row, 0 for others and in rows where none is possible."""
    top = log_weights.max(axis=1, keepdims=True)
    return ((log_weights >= top - TIE) & (top > _POSSIBLE)).astype(np.float64)


def learner_of(agent: BayesianAgent, outcomes: Outcomes) -> Learner:
    """The inference of an agent."""
    log_prior = agent.log_prior - agent.log_prior.max()
    log_p = outcomes.log_p(agent.noise)
    log_p = (log_p - log_p.max(axis=1, keepdims=True)) / agent.temperature
    tempered = log_prior / agent.temperature
    table = np.vstack([log_p, tempered])
    least = (_least(log_p), float(tempered[np.isfinite(tempered)].min()))
    return Learner(
        log_prior, np.where(np.isfinite(table), table, IMPOSSIBLE), least, agent.takes_maximum, agent.noise, agent.temperature
    )


def _least(log_p: Array) -> float:
    least = float(log_p.min())
    return least if np.isfinite(least) else IMPOSSIBLE


def drawn(sums: Array, uniform: Array) -> Ints:
    """(N,) draws by inversion; −1 where all is impossible.

    Args:
        sums: (N, H) cumulative sums of weights.
        uniform: (N,) in [0, 1).
    """
    total = sums[:, -1]
    wanted = np.minimum(uniform * total, np.nextafter(total, 0.0))
    places = (sums > wanted[:, None]).argmax(axis=1)
    places[total <= 0] = -1
    return places
