"""Puts the beliefs of a chain's agents beside what Bayes' rule makes of their own priors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iicl_tui.agents.beliefs import Belief
from iicl_tui.agents.calls import dialogue
from iicl_tui.bayes.bayes_rule import BayesFit, fit
from iicl_tui.chain.history import ChainHistory
from iicl_tui.tasks.base import Example


@dataclass(frozen=True, eq=False)
class BayesCheck:
    """One agent's beliefs beside Bayes' rule.

    Attributes:
        turn: The agent's index among the chain's agents.
        prior: Its belief before any data.
        generations: Those of its generations whose belief is known.
        fit: One row for each of these generations.
    """

    turn: int
    prior: Belief
    generations: tuple[int, ...]
    fit: BayesFit

    def row(self, generation: int) -> int | None:
        """The generation's row in `fit`; None if it has none."""
        return self.generations.index(generation) if generation in self.generations else None

    def log_bayes(self, generation: int) -> NDArray[np.float64] | None:
        """(H,) what Bayes' rule makes of the prior and the data that the generation saw; None if it has no row."""
        row = self.row(generation)
        return self.fit.log_bayes[row] if row is not None else None


def check_bayes(chain: ChainHistory) -> tuple[BayesCheck, ...]:
    """One check for each agent whose prior and some belief are known, if the task's hypotheses differ in their outputs."""
    labels = chain.task.log_labels(0.5) if chain.task.predictive else None
    if labels is None:
        return ()
    turns = len(chain.config.agents)
    found = []
    for turn in range(min(turns, len(chain.generations))):
        prior = chain.prior(turn + 1)
        if prior is None:
            continue
        own = range(turn + 1, len(chain.generations) + 1, turns)
        known = [(t, belief) for t in own if (belief := chain.belief(t)) is not None]
        if known:
            wrong = [_wrong(chain, seen_examples(chain, t)) for t, _ in known]
            fitted = fit(prior.log_p, np.array([belief.log_p for _, belief in known]), np.array(wrong), labels.shape[1])
            found.append(BayesCheck(turn, prior, tuple(t for t, _ in known), fitted))
    return tuple(found)


def check_models(chain: ChainHistory) -> tuple[BayesCheck, ...]:
    """The checks of language models that were asked for their priors; cheap if there are none."""
    agents = chain.config.agents
    if not any(not agent.exact and chain.prior(turn + 1) is not None for turn, agent in enumerate(agents)):
        return ()
    return tuple(check for check in check_bayes(chain) if not agents[check.turn].exact)


def seen_examples(chain: ChainHistory, generation: int) -> tuple[Example, ...]:
    """The examples that the agent of a generation learned from: dᵗ⁻¹, and what it looks back on.

    A model looks back on its own dialogue. An earlier dataset counts if the question that showed it is still sent.
    """
    rounds = chain.rounds(generation)
    if not chain.agent(generation).exact:
        rounds = [*_looked_back_on(chain, generation), rounds[-1]]
    return tuple(example for dataset in rounds for example in dataset)


def _looked_back_on(chain: ChainHistory, generation: int) -> list[Sequence[Example]]:
    left, turns = chain.config.lookback, len(chain.config.agents)
    found: list[Sequence[Example]] = []
    for own in range(generation - turns, 0, -turns):
        left -= len(dialogue(chain.calls_of(own)))
        if left < 0:
            break
        found.insert(0, chain.data(own - 1))
    return found


def _wrong(chain: ChainHistory, examples: Sequence[Example]) -> NDArray[np.int64]:
    """(H,): how many of the examples each hypothesis gets wrong."""
    return len(examples) - chain.task.explained(examples)
