"""The Bayesian twin of an agent: the agent that would most probably have believed, chosen and made what the chain's agent did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from iicl_tui.agents.bayesian import BayesianAgent
from iicl_tui.agents.beliefs import Belief, Draws
from iicl_tui.bayes.inference import log_normalise
from iicl_tui.chain.bayes_check import seen_examples
from iicl_tui.chain.config import ChainConfig
from iicl_tui.chain.history import ChainHistory
from iicl_tui.errors import LabError
from iicl_tui.study.theory.fit import Choosing, Estimate, Fit, fit_agent, fit_choosing, noise_of, temperature_of

Array = NDArray[np.float64]

FEWEST = 3
"""Generations of an agent that a fit needs."""

_LEAST_NOISE, _MOST_NOISE = 1e-6, 0.5
_TEMPERATURES = (0.01, 100.0)


@dataclass(frozen=True, eq=False)
class Twin:
    """One agent of a chain, and what was fitted to it.

    Attributes:
        turn: Its index among the chain's agents.
        generations: Those that the fit is of.
        evidence: What n is: "beliefs", "draws" or "choices".
        fit: The prior and β.
        choosing: How it chooses from its own beliefs where they are known, else None.
        noise: ε of the samples that it made.
        temperature: τ = λ(ε)/β.
        made: How many samples it made, and how many of them its rule contradicts.
    """

    turn: int
    generations: tuple[int, ...]
    evidence: str
    fit: Fit
    choosing: Choosing | None
    noise: Estimate
    temperature: Estimate
    made: tuple[int, int]
    outputs: int

    def agent(self, config: ChainConfig) -> BayesianAgent:
        """The twin as an agent: with the fitted beliefs, and with the noise and temperature that fit them and its samples best.

        Where no sample contradicts its rule, ε is (0 + ½)/(n + 1), Jeffreys' estimate, and τ follows from β.
        """
        samples, wrong = self.made
        noise = float(np.clip((wrong + 0.5) / (samples + 1), _LEAST_NOISE, _MOST_NOISE)) if samples else 0.05
        weight = np.log((1 - noise) * (self.outputs - 1) / noise)
        temperature = float(np.clip(weight / max(self.fit.beta.value, 1e-9), *_TEMPERATURES))
        maximum = self.choosing is not None and self.choosing.verdict == "maximiser"
        log_prior = log_normalise(self.fit.log_prior * temperature)
        return BayesianAgent(config.task, log_prior, choose="map" if maximum else "sample", temperature=temperature, noise=noise)


def twins(chain: ChainHistory) -> tuple[Twin, ...]:
    """A twin for each agent with enough generations.

    Raises:
        LabError: The task's hypotheses all explain the same, or no agent has enough generations.
    """
    labels = chain.task.log_labels(0.25) if chain.task.predictive else None
    if labels is None:
        raise LabError("No twin", f"In the task {chain.task.name} the examples do not tell hypotheses apart by what they predict.")
    turns = len(chain.config.agents)
    found = [_twin(chain, turn, labels.shape[1]) for turn in range(turns)]
    out = tuple(twin for twin in found if twin is not None)
    if not out:
        raise LabError("No twin", f"A fit needs {FEWEST} generations of an agent, and the chain has fewer.", "Run it further.")
    return out


def _twin(chain: ChainHistory, turn: int, outputs: int) -> Twin | None:
    own = tuple(range(turn + 1, len(chain.generations) + 1, len(chain.config.agents)))
    if len(own) < FEWEST:
        return None
    beliefs = [chain.belief(t) for t in own]
    chosen = np.array([chain.generations[t - 1].imitation.hypothesis for t in own])
    size = chain.task.space.size
    data = [seen_examples(chain, t) for t in own]
    wrong = np.array([len(each) - chain.task.explained(each) for each in data], dtype=np.float64)
    drawn = [_draws(belief) for belief in beliefs]
    known = [belief for belief in beliefs if belief is not None]
    choosing = None
    if len(known) == len(own) and not any(each is not None for each in drawn):
        evidence, counts = "beliefs", np.array([np.exp(belief.log_p) for belief in known])
        choosing = fit_choosing(np.array([belief.log_p for belief in known]), chosen)
    elif any(each is not None for each in drawn):
        evidence = "draws"
        counts = np.array([np.zeros(size) if each is None else each.astype(np.float64) for each in drawn])
    else:
        evidence, counts = "choices", np.eye(size)[chosen]
    fitted = fit_agent(counts, wrong, chain.task.space.codes, known=evidence == "beliefs")
    samples, contradicted = _made(chain, own)
    noise = noise_of(contradicted, samples)
    return Twin(
        turn, own, evidence, fitted, choosing, noise, temperature_of(fitted.beta, noise, outputs), (samples, contradicted), outputs
    )  # fmt: skip


def _draws(belief: Belief | None) -> NDArray[np.int64] | None:
    return belief.evidence.counts if belief is not None and isinstance(belief.evidence, Draws) else None


def _made(chain: ChainHistory, own: Sequence[int]) -> tuple[int, int]:
    """How many samples an agent made, redraws included, and how many of them the rule that it was to follow contradicts."""
    samples = wrong = 0
    for t in own:
        generation = chain.generations[t - 1]
        made = generation.transmission.samples if generation.transmission is not None else ()
        for sample in made:
            if sample.origin is None:
                samples += 1
                wrong += not chain.task.agrees(generation.hypothesis, sample.drawn)
    return samples, wrong


def with_twins(config: ChainConfig, found: Sequence[Twin]) -> ChainConfig:
    """The chain with its agents replaced by their twins. Raises LabError if one of them has none."""
    by_turn = {twin.turn: twin for twin in found}
    if len(by_turn) < len(config.agents):
        raise LabError("No forecast", "Not every agent of the chain has a twin.", "Run the chain further.")
    return replace(config, agents=tuple(by_turn[turn].agent(config) for turn in range(len(config.agents))))
