"""A chain as theory sees it: its agents' inference, its filters as maps, and what it keeps. Says why where there is no theory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iicl_tui.agents.bayesian import BayesianAgent
from iicl_tui.chain.config import ChainConfig
from iicl_tui.errors import LabError
from iicl_tui.filters.base import Filter
from iicl_tui.filters.consistent import Consistent
from iicl_tui.filters.effective_set import EffectiveSet
from iicl_tui.filters.hypothesis_search import HypothesisSearch
from iicl_tui.filters.imperfect import Imperfect
from iicl_tui.filters.partner import Conversation, Partner
from iicl_tui.filters.rank import Rank
from iicl_tui.filters.self_refine import SelfRefine
from iicl_tui.filters.yoked import Yoked
from iicl_tui.study.theory.gates import Gate, Redraw, Restrict
from iicl_tui.study.theory.learning import Learner, learner_of
from iicl_tui.study.theory.making import Accept, SampleGate, Understood
from iicl_tui.study.theory.outcomes import LabelOutcomes, Outcomes, counted, outcomes_of
from iicl_tui.study.theory.ranking import Ranking, ranking_of
from iicl_tui.study.theory.revising import Refine, Revise, Talk

Array = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Setting:
    """A chain of Bayesian agents in arrays.

    Attributes:
        learners: One for each agent; the agents take turns.
        start: (|d⁰|,) outcomes.
        gates: generation → the filters of hypotheses that have a closed form, in order.
        revisions: Those that have the agent learn again. They come after the gates.
        sample_gates: The filters of samples, in order.
        states_nothing: Each sample is made from a hypothesis of its own.
        ranking: The filter that ranks samples; None without one.
    """

    config: ChainConfig
    outcomes: Outcomes
    learners: tuple[Learner, ...]
    start: Ints
    gates: Callable[[int], Sequence[Gate]]
    revisions: tuple[Revise, ...]
    sample_gates: tuple[SampleGate, ...]
    states_nothing: bool
    ranking: Ranking | None = None

    @property
    def samples(self) -> int:
        """M."""
        return self.config.task.samples

    def learner(self, generation: int) -> Learner:
        """The inference of a generation's agent."""
        return self.learners[(generation - 1) % len(self.learners)]


def setting_of(config: ChainConfig) -> Setting:
    """The chain in arrays.

    Raises:
        LabError: There is no theory of it: it has a language model, a person, or a filter whose law is not known.
    """
    agents = [_bayesian(agent) for agent in config.agents]
    outcomes = outcomes_of(config.task)
    start = outcomes.numbers(config.start.samples)
    gates: list[Callable[[int], Gate]] = []
    revisions: list[Revise] = []
    samples: list[SampleGate] = []
    for each in config.filters:
        kinds = _gate(each, config), _revision(each, config, outcomes, start), _sample_gate(each, config, outcomes)
        if all(kind is None for kind in kinds) and not isinstance(each, (Imperfect, Yoked, Rank)):
            raise LabError(
                "No theory of this chain",
                f"What the filter {each.kind} does is no matter of chance alone.",
                "Run the chain itself.",
            )
        gate, revision, sample_gate = kinds
        if gate is not None and revisions:
            raise LabError(
                "No theory of this chain", f"The filter {each.kind} comes after one that has the agent learn again.",
                "Put it first, or run the chain itself.",
            )  # fmt: skip
        gates += [gate] if gate is not None else []
        revisions += [revision] if revision is not None else []
        samples += [sample_gate] if sample_gate is not None else []
    hidden = bool(getattr(config.task, "fresh_rules", False))
    if hidden and any(isinstance(each, Conversation) for each in config.filters):
        raise LabError("No theory of this chain", "Its agents state no rule, and its partner learns one.", "Run the chain itself.")
    ranking = ranking_of(config, outcomes, start)
    if ranking is not None and samples:
        raise LabError("No theory of this chain", "It ranks samples that another filter judges, too.", "Run the chain itself.")
    learners = tuple(learner_of(agent, outcomes) for agent in agents)
    return Setting(
        config, outcomes, learners, start, lambda t: [gate(t) for gate in gates], tuple(revisions), tuple(samples), hidden, ranking
    )


def _bayesian(agent: object) -> BayesianAgent:
    if not isinstance(agent, BayesianAgent):
        kind = getattr(agent, "kind", "unknown")
        raise LabError(
            "No theory of this chain", f"An agent of the kind {kind} does not learn by a known rule.", "Run the chain itself."
        )
    return agent


def _gate(each: Filter, config: ChainConfig) -> Callable[[int], Gate] | None:
    """generation → the filter as a map of distributions; None if it does nothing to hypotheses, or has no closed form."""
    size = config.task.space.size
    if isinstance(each, EffectiveSet):
        members = each.members(config.task, config.start)
        gate = Restrict(members) if each.mode == "restrict" else Redraw(members.astype(np.float64), each.redraws)
        return lambda generation: gate
    if isinstance(each, Imperfect) and each.acts_at("hypothesis"):
        right = each.right(config.task, config.start)
        judge = Redraw(np.where(right, each.chance(True), each.chance(False)), each.redraws)
        return lambda generation: judge
    if isinstance(each, Yoked) and each.acts_at("hypothesis"):
        return lambda generation: Redraw(np.full(size, each.rate("hypothesis", generation)), each.redraws)
    return None


def _revision(each: Filter, config: ChainConfig, outcomes: Outcomes, start: Ints) -> Revise | None:
    if isinstance(each, Conversation):
        log_labels = config.task.log_labels(getattr(config.agents[0], "noise", 0.0))
        assert log_labels is not None
        return Talk(each.rules, np.exp(log_labels))
    if not isinstance(each, (SelfRefine, HypothesisSearch)):
        return None
    data = counted(start[None, :], outcomes.size)[0, :-1]
    failing = np.where(outcomes.agree().T, 0.0, data)
    if isinstance(each, HypothesisSearch):
        return Refine(failing, failing, each.rounds, each.otherwise == "stop")
    return Refine(failing, np.broadcast_to(data, failing.shape), 1, False)


def _sample_gate(each: Filter, config: ChainConfig, outcomes: Outcomes) -> SampleGate | None:
    if isinstance(each, Consistent):
        return Accept(lambda generation, agree: agree.astype(np.float64), each.redraws)
    if isinstance(each, Imperfect) and each.acts_at("samples"):
        target = config.start.target

        def judged(generation: int, agree: NDArray[np.bool_]) -> Array:
            right = agree[:, [target]] if each.truth == "target" else agree
            return np.broadcast_to(np.where(right, each.chance(True), each.chance(False)), agree.shape)

        return Accept(judged, each.sample_redraws)
    if isinstance(each, Yoked) and each.acts_at("samples"):
        return Accept(lambda generation, agree: np.full(agree.shape, each.rate("samples", generation)), each.sample_redraws)
    if isinstance(each, Partner) and isinstance(outcomes, LabelOutcomes):
        return Understood(config.task.samples if each.rounds is None else each.rounds, outcomes.table, outcomes.outputs)
    return None
