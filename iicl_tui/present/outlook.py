"""What theory predicts of a chain beside what has happened in it so far."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iicl_tui.agents.bayesian import BayesianAgent
from iicl_tui.bayes.inference import ranks, total_variation
from iicl_tui.chain.history import ChainHistory
from iicl_tui.charts.histogram import Histogram
from iicl_tui.charts.numbers import probability_text
from iicl_tui.errors import LabError
from iicl_tui.store.array_cache import ArrayCache
from iicl_tui.study.theory.prediction import Prediction, predict
from iicl_tui.text import printable, rounded_up

Array = NDArray[np.float64]

MOST_LINES = 60
"""Hypotheses of the histogram."""


@dataclass(frozen=True, eq=False)
class Outlook:
    """A prediction, and the chain that it is of.

    Attributes:
        prediction: The law of hᵗ.
        twins: Whether the agents are no Bayesian ones, and the law is that of the Bayesian agents most like them.
        happened: (n,) hᵗ of the generations that are decided.
        prior: (H,) the first agent's.
    """

    prediction: Prediction
    twins: bool
    happened: NDArray[np.int64]
    prior: Array

    @property
    def counts(self) -> NDArray[np.int64]:
        """(H,) how often each hypothesis was hᵗ so far."""
        return np.bincount(self.happened, minlength=len(self.prior))

    @property
    def mean(self) -> Array:
        """(H,) the mean of the predicted distributions of the generations so far; of all if there is none."""
        return np.asarray(self.prediction.distributions[: len(self.happened) or None].mean(axis=0))

    @property
    def against(self) -> list[tuple[str, Array]]:
        """The distributions that stand beside what happened, by name."""
        out = [("predicted", self.mean), ("prior", self.prior)]
        stationary = self.prediction.stationary
        return [*out, ("stationary", stationary)] if stationary is not None else out


def outlook(chain: ChainHistory, cache: ArrayCache | None, progress: Callable[[float], None] | None = None) -> Outlook:
    """Predicts a chain, or its Bayesian twin where its agents are no Bayesian ones.

    Args:
        chain: The chain.
        cache: Where matrices are kept.
        progress: Called now and then with the share that is done. May raise to cancel.

    Raises:
        LabError: There is no prediction; it says why.
    """
    config, twins = chain.config, False
    if not all(isinstance(agent, BayesianAgent) for agent in config.agents):
        from iicl_tui.study.theory.twin import twins as twins_of
        from iicl_tui.study.theory.twin import with_twins

        config, twins = with_twins(config, twins_of(chain)), True
    found = predict(config, cache=cache, progress=progress)
    decided = [generation.hypothesis for generation in chain.generations if generation.interaction is not None]
    agent = config.agents[0]
    assert isinstance(agent, BayesianAgent)
    return Outlook(found, twins, np.array(decided, dtype=np.int64), np.exp(agent.log_prior))


def histogram(found: Outlook, marks: dict[int, str]) -> Histogram:
    """The hypotheses that were held, then the most probable ones: how often so far, and by each distribution."""
    counts, against = found.counts, found.against
    share = counts / max(len(found.happened), 1)
    most = np.max([p for _, p in against], axis=0)
    order = np.lexsort((-most, -share))[:MOST_LINES]
    task = found.prediction.config.task
    rules = tuple(printable(task.rule(int(h)), 60) for h in order)
    columns = [(f"so far ({len(found.happened)})", share[order]), *((name, p[order]) for name, p in against)]
    return Histogram(rules, tuple(marks.get(int(h), "") for h in order), tuple(columns))


def distances(found: Outlook) -> str:
    """How far what happened is from each distribution, and how far it would be by chance."""
    number = len(found.happened)
    if not number:
        return "No generation is decided yet."
    parts = []
    for name, p in found.against:
        distance, chance = total_variation(found.counts / number, p), expected_distance(p, number)
        parts.append(f"{name} {distance:.3f} (by chance {chance:.3f})")
    return f"Total variation of hᵗ so far from: {' · '.join(parts)}."


BY_CHANCE = "By chance: expected of independent draws. Neighbouring generations are alike, so more is no sign of another law."


def expected_distance(p: Array, draws: int) -> float:
    """The expected total variation between a distribution and the frequencies of independent draws from it.

    ½ Σ E|k/n − p| with De Moivre's mean absolute deviation of the binomial: E|k − np| = 2ν C(n, ν) pᵛ (1 − p)ⁿ⁻ᵛ⁺¹, ν = ⌊np⌋ + 1.
    """
    inner = p[(p > 0) & (p < 1)]
    nu = np.floor(draws * inner) + 1
    choose = np.array([math.lgamma(draws + 1) - math.lgamma(each + 1) - math.lgamma(draws - each + 1) for each in nu])
    logs = np.log(2 * nu) + choose + nu * np.log(inner) + (draws - nu + 1) * np.log1p(-inner)
    return float(np.exp(logs).sum() / (2 * draws))


def how(found: Outlook) -> str:
    """How the law was found, in one line."""
    prediction = found.prediction
    words = []
    if found.twins:
        words.append("Of the Bayesian agents that are most like this chain's.")
    if prediction.exact:
        words.append("Exact.")
        if prediction.relaxation is not None and prediction.stationary is not None:
            words.append(f"The distance to the stationary distribution falls to 1/e every {prediction.relaxation:.3g} generations.")
        elif prediction.ends is not None and prediction.stationary is None and prediction.ends.classes:
            words.append(_held(prediction))
    else:
        error = rounded_up(prediction.errors.max(), 3)
        words.append(f"Simulated with {prediction.chains:,} chains, within {error}: {prediction.why_simulated}")
    return " ".join(words)


def _held(prediction: Prediction) -> str:
    assert prediction.ends is not None
    assert prediction.law is not None
    count = len(prediction.ends.classes)
    sets = f"{count} rules or sets of rules" if count > 1 else "One rule or set of rules"
    after = 1 + len(prediction.law.turns) * prediction.ends.generations
    return f"{sets} hold the chain for ever, reached after {after:.3g} generations on average."


def at_generation(found: Outlook, generation: int) -> str:
    """How probable the hypothesis of a generation was."""
    rows = found.prediction.distributions
    if not 1 <= generation <= min(len(found.happened), len(rows)):
        return ""
    p, h = rows[generation - 1], int(found.happened[generation - 1])
    with np.errstate(divide="ignore"):
        log_p = np.log(p)
    rank = int(ranks(log_p)[h])
    return f"h of generation {generation}: predicted with {probability_text(float(log_p[h]))}, rank {rank} of {len(p):,}."


def log_predicted(found: Outlook, generation: int) -> Array | None:
    """(H,) ln of the predicted distribution of a generation, given that the chain has not stopped; None before the first."""
    rows = found.prediction.distributions
    if not 1 <= generation <= len(rows) or not rows[generation - 1].sum():
        return None
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(rows[generation - 1] / rows[generation - 1].sum()))


def reason(error: LabError) -> str:
    """Why there is no prediction, in one line."""
    return printable(" ".join(part for part in (f"{error.title}.", error.what) if part).replace("\n", " "), 400)
