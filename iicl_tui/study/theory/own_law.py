"""The law of an agent's own chains, from its beliefs in chains that differ in nothing but their seeds.

hᵗ is drawn from the belief given dᵗ⁻¹, and dᵗ⁻¹ is made by the agent's own process. So the distribution of hᵗ is the mean of the
beliefs of generation t over chains, and the row T(h → ·) is the mean of the beliefs after all data that were made from h. A belief
says more than the one rule that was drawn from it, so that few chains tell much. Where the rules were not drawn from known beliefs,
or a filter changes them in another way than by a restriction, the rules themselves are counted.

For a model whose belief is scored this is its own T, by simulation over its beliefs; the sessions are what is kept of it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from iicl_tui.agents.base import takes_maximum
from iicl_tui.agents.bayesian import BayesianAgent
from iicl_tui.agents.language import LanguageAgent
from iicl_tui.bayes import inference, markov
from iicl_tui.chain.history import ChainHistory
from iicl_tui.errors import LabError
from iicl_tui.filters.effective_set import EffectiveSet
from iicl_tui.study.theory.prediction import deviation

Array = NDArray[np.float64]

_NOT_SHARED = ("seed", "rule-seed", "data-seed", "title", "generations")


@dataclass(frozen=True, eq=False)
class OwnLaw:
    """The law of the chains.

    Attributes:
        distributions: (T, H) of hᵗ.
        counts: (T,) how many chains each is the mean of.
        errors: (T,) how far each is from the truth in total variation, with probability .95: ½ Σ of the standard errors, which its
            expectation is at most, and McDiarmid's bound of the rest. At most 1.
        rows: (H, H) T(h → h′); rows of zeros for rules from which no data were made.
        visits: (H,) how many datasets were made from each rule.
        known: The share of generations whose belief is known; the others count the rule alone.
        same_start: Whether all chains have the same d⁰.
        no_rows: Why there is no T; "" if there is one.
    """

    distributions: Array
    counts: NDArray[np.int64]
    errors: Array
    rows: Array
    visits: NDArray[np.int64]
    known: float
    same_start: bool
    no_rows: str = ""

    def held(self) -> tuple[Array, float]:
        """(H,) The stationary distribution of T among the rules with data, and the chance to leave them in a generation."""
        there = np.flatnonzero(self.visits)
        inner = self.rows[np.ix_(there, there)]
        stay = inner.sum(axis=1)
        matrix = np.where(stay[:, None] > 0, inner / np.maximum(stay[:, None], 1e-300), np.eye(len(there)))
        start = self.distributions[0][there]
        ends = markov.ends(matrix, start / start.sum() if start.sum() > 0 else np.full(len(there), 1 / len(there)))
        out = np.zeros(len(self.visits))
        out[there] = ends.chances @ ends.distributions
        return out, float(out[there] @ (1 - stay))


def own_law(chains: Sequence[ChainHistory]) -> OwnLaw:
    """The law of chains that are `alike`.

    Raises:
        LabError: No chain has a generation.
    """
    used = [chain for chain in chains if chain.generations]
    if not used:
        raise LabError("No law of these chains", "None of them has a generation.", "Run them first.")
    first = used[0]
    no_rows = "Several agents take turns, so that T is another one in each generation." if len(first.config.agents) > 1 else ""
    if first.config.lookback or first.config.keep.accumulates or first.config.keep.mix:
        no_rows = "Its agents see more than the last data, so that hᵗ alone does not decide on hᵗ⁺¹: there is no T."
    size, length = first.task.space.size, max(len(chain.generations) for chain in used)
    laws = [[_law(chain, t) for t in range(1, len(chain.generations) + 1)] for chain in used]
    means, counts, errors = np.zeros((length, size)), np.zeros(length, dtype=np.int64), np.ones(length)
    rows, visits = np.zeros((size, size)), np.zeros(size, dtype=np.int64)
    for t in range(length):
        there = np.array([law[t][0] for law in laws if len(law) > t])
        means[t], counts[t] = there.mean(axis=0), len(there)
        if len(there) > 1:
            spread = np.sqrt(there.var(axis=0, ddof=1)).sum() / sqrt(len(there))
            errors[t] = min(spread / 2 + deviation(len(there)), 1.0)
    for chain, law in zip(used, laws, strict=True) if not no_rows else ():
        for t in range(1, len(law)):
            before = chain.generations[t - 1].hypothesis
            rows[before] += law[t][0]
            visits[before] += 1
    rows[visits > 0] /= visits[visits > 0, None]
    known = float(np.mean([each[1] for law in laws for each in law]))
    same = all(chain.start.samples == first.start.samples for chain in used)
    return OwnLaw(means, counts, errors, rows, visits, known, same, no_rows)


def alike(chains: Sequence[ChainHistory]) -> list[list[ChainHistory]]:
    """The chains by configuration: those of a group differ in seeds and what these draw, titles and lengths alone."""
    groups: dict[str, list[ChainHistory]] = {}
    for chain in chains:
        groups.setdefault(_configuration(chain), []).append(chain)
    return list(groups.values())


def _configuration(chain: ChainHistory) -> str:
    document = {key: value for key, value in chain.config.document.items() if key != "start"}
    document["chain"] = {key: value for key, value in document.get("chain", {}).items() if key not in _NOT_SHARED}
    document["task"] = {key: value for key, value in document.get("task", {}).items() if key != "hypothesis"}
    return json.dumps(document, sort_keys=True, default=str)


def _law(chain: ChainHistory, t: int) -> tuple[Array, bool]:
    """(H,) the distribution that hᵗ was drawn from, and whether it is known; else all of it on hᵗ."""
    acting = [each for each in chain.config.filters if each.acts_at("hypothesis")]
    log_p = _drawn_from(chain, t) if all(isinstance(each, EffectiveSet) for each in acting) else None
    for each in acting if log_p is not None else ():
        assert isinstance(each, EffectiveSet)
        log_p = inference.restrict(log_p, each.members(chain.task, chain.start)) if log_p is not None else None
    if log_p is None:
        return np.eye(chain.task.space.size)[chain.generations[t - 1].hypothesis], False
    if not takes_maximum(chain.agent(t)):
        return np.exp(log_p), True
    modes = inference.is_mode(log_p).astype(np.float64)
    return modes / modes.sum(), True


def _drawn_from(chain: ChainHistory, t: int) -> Array | None:
    """(H,) log-probabilities that the agent drew its rule from, before filters; None if they are not known."""
    agent, belief = chain.agent(t), chain.belief(t)
    if belief is None:
        return None
    if isinstance(agent, BayesianAgent):
        return belief.log_p
    chooses = isinstance(agent, LanguageAgent) and agent.settings.choose != "reply" and belief.source == "scored"
    return inference.temper(belief.log_p, agent.settings.temperature or 1.0) if chooses else None  # type: ignore[attr-defined]
