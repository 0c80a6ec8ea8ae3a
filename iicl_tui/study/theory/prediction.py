"""What theory predicts of a chain: the distribution of every generation, where it ends, and how fast."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from iicl_tui.bayes import markov
from iicl_tui.bayes.inference import total_variation
from iicl_tui.bayes.markov import Ends
from iicl_tui.chain.config import ChainConfig
from iicl_tui.errors import LabError
from iicl_tui.store.array_cache import ArrayCache
from iicl_tui.study.theory.ensemble import Ensemble, simulate
from iicl_tui.study.theory.setting import setting_of
from iicl_tui.study.theory.transitions import Law, NoMatrix, law_of

Array = NDArray[np.float64]

CHAINS = 10_000
"""How many chains are simulated where there is no matrix."""

LEVEL = 0.95
MOST_EIGEN = 1500
"""Hypotheses of a matrix whose eigenvalues are computed; they take seconds."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """What is predicted of a chain.

    Attributes:
        distributions: (T, H) of hᵗ. A row sums to 1 less the chance that the chain has stopped.
        law: The exact law; None if it was simulated.
        ends: Where the chain ends: exact only.
        second_eigenvalue: |λ₂| of a whole turn of the agents; None if it was not computed.
        why_simulated: Why there is no exact law; "" if there is one.
        chains: How many chains were simulated; 0 if none.
    """

    config: ChainConfig
    distributions: Array
    law: Law | None = None
    ends: Ends | None = None
    second_eigenvalue: float | None = None
    why_simulated: str = ""
    chains: int = 0

    @property
    def exact(self) -> bool:
        """Whether nothing was simulated."""
        return self.law is not None

    @property
    def stationary(self) -> Array | None:
        """(H,) the stationary distribution, if there is one and the chain does not stop: of the first agent's generations."""
        if self.ends is None or len(self.ends.classes) != 1 or self.ends.chances[0] < 1 - 1e-9:
            return None
        return self.ends.distributions[0]

    @property
    def stopped(self) -> Array:
        """(T,) the chance that the chain has stopped."""
        return np.clip(1 - self.distributions.sum(axis=1), 0.0, 1.0)

    @property
    def errors(self) -> Array:
        """(T,) how far the distributions are from the truth at most, in total variation, with probability .95 each; 0 if exact."""
        if self.exact:
            return np.zeros(len(self.distributions))
        return np.array([sampling_distance(row, self.chains) + deviation(self.chains) for row in self.distributions])

    @property
    def relaxation(self) -> float | None:
        """Transitions in which the distance to the stationary distribution falls to 1/e in the end; None if it is not known."""
        if self.second_eigenvalue is None or self.law is None:
            return None
        if self.second_eigenvalue <= 0:
            return 0.0
        slowest = -math.log(min(self.second_eigenvalue, 1 - 1e-15))
        return len(self.law.turns) / slowest


def predict(
    config: ChainConfig,
    generations: int | None = None,
    *,
    chains: int = CHAINS,
    exact: bool | None = None,
    cache: ArrayCache | None = None,
    progress: Callable[[float], None] | None = None,
) -> Prediction:
    """Predicts a chain of Bayesian agents: exactly where it can, else by simulation.

    Args:
        generations: T; None: the configuration's.
        chains: How many chains to simulate if it must.
        exact: True: never simulate. False: always do.
        cache: Where matrices are kept; None: nowhere.
        progress: Called now and then with the share of a matrix, or of the simulation, that is done.

    Raises:
        LabError: The chain has no theory, or none that is exact.
    """
    wanted = config.generations if generations is None else generations
    if wanted < 1:
        raise LabError("Nothing to predict", f"A chain of {wanted} generations does nothing; give at least one.")
    setting = setting_of(config)
    if exact is not False:
        try:
            law = law_of(setting, cache, progress)
        except NoMatrix as error:
            if exact:
                raise
            why = error.what
        else:
            return _exact(config, law, wanted)
    else:
        why = "It was asked for."
    simulated = simulate(
        config, chains, generations=wanted, progress=None if progress is None else lambda done, of: progress(done / of)
    )
    return Prediction(config, simulated.frequencies, why_simulated=why, chains=chains)


def _exact(config: ChainConfig, law: Law, generations: int) -> Prediction:
    rows = [law.first]
    for t in range(generations - 1):
        rows.append(rows[-1] @ law.turns[t % len(law.turns)])
    cycle = reduce(np.matmul, law.turns)
    eigenvalue = markov.second_eigenvalue(cycle) if len(cycle) <= MOST_EIGEN else None
    return Prediction(config, np.array(rows), law, markov.ends(cycle, law.first), eigenvalue)


def sampling_distance(p: Array, draws: int) -> float:
    """The expected total variation of the frequencies of so many draws from their distribution p, at most: ½ Σ √(p(1 − p)/n).

    By Jensen's inequality for the square root. About .8 of it is expected where all expected counts are large.
    """
    return float(np.sqrt(np.maximum(p * (1 - p), 0.0) / draws).sum() / 2)


def deviation(draws: int, level: float = LEVEL) -> float:
    """By how much a total variation exceeds its expectation at most, with this probability: √(ln(1/(1 − level)) / 2n).

    McDiarmid's inequality: one draw changes the distance by 1/n at most.
    """
    return math.sqrt(math.log(1 / (1 - level)) / (2 * draws))


@dataclass(frozen=True, eq=False)
class Comparison:
    """What happened beside a distribution.

    Attributes:
        distance: Total variation between the frequencies and the distribution.
        expected: What it would be at most, on average, if the draws were independent and from the distribution.
        draws: How many there were.
    """

    distance: float
    expected: float
    draws: int


def compare(counts: NDArray[np.integer], p: Array) -> Comparison:
    """Puts (H,) counts beside a distribution. Generations of one chain are not independent: more is expected of them."""
    draws = int(counts.sum())
    return Comparison(total_variation(counts / max(draws, 1), p), sampling_distance(p, max(draws, 1)), draws)


def against_ensemble(prediction: Prediction, ensemble: Ensemble) -> list[Comparison]:
    """Each generation of an ensemble beside its prediction. The chains are independent."""
    return [compare(counts, p) for counts, p in zip(ensemble.counts, prediction.distributions, strict=False)]
