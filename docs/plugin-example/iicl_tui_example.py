"""A filter and an agent for iicl-tui.

second-look: the agent is shown a few examples of d⁰ that its hypothesis gets wrong, and refines it once.
lapsing: a Bayesian agent that now and then forgets its data and draws from its prior.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from iicl_tui.agents import bayesian
from iicl_tui.agents.base import AgentKind, Datasets
from iicl_tui.agents.bayesian import BayesianAgent
from iicl_tui.agents.beliefs import Belief
from iicl_tui.agents.calls import Call
from iicl_tui.errors import Fault
from iicl_tui.filters.base import FilterKind, HypothesisFilter, PhaseContext, Propose, check_can_judge_hypotheses
from iicl_tui.schema import Field
from iicl_tui.schema import Path as KeyPath
from iicl_tui.tasks.base import Task

# -- a filter ---------------------------------------------------------------------------------------------------------


class SecondLook(HypothesisFilter):
    """Shows the agent at most `examples` examples that its hypothesis gets wrong, drawn at random, and lets it refine it."""

    kind = "second-look"

    def __init__(self, examples: int) -> None:
        self.examples = examples

    async def hypothesis(self, propose: Propose, context: PhaseContext) -> int:
        """The refined hypothesis; the refinement goes on record. One that explains d⁰ stays as it is."""
        hypothesis = await propose()
        failing = [example for example in context.start.samples if not context.task.agrees(hypothesis, example)]
        if not failing:
            return hypothesis
        places = context.rng.permutation(len(failing))[: self.examples]
        return await context.request_refinement(self.kind, hypothesis, [failing[place] for place in sorted(places.tolist())])


def build_second_look(values: Mapping[str, Any], task: Task, path: KeyPath, faults: list[Fault]) -> SecondLook:
    """The filter of a [[filter]] table whose values are checked."""
    check_can_judge_hypotheses("second-look", task, path, faults)
    return SecondLook(values["examples"])


SECOND_LOOK = FilterKind(
    "second-look",
    "second look",
    "The agent is shown a few examples that its hypothesis gets wrong.",
    (Field("examples", "int", "examples shown", "How many examples it is shown at most.", 2, low=1),),
    build_second_look,
)

# -- an agent ---------------------------------------------------------------------------------------------------------


class LapsingAgent(BayesianAgent):
    """Draws from (1 − λ) P(h | d) + λ P₀(h); this mixture is its belief. λ: the chance of a lapse."""

    kind = "lapsing"
    lapse = 0.1

    def describe(self) -> str:
        """lapsing λ0.1"""
        return f"lapsing λ{self.lapse:g}"

    def beliefs(self, generations: Sequence[tuple[Datasets, Sequence[Call]]]) -> list[Belief | None]:
        """One belief a generation, in nats; None where the data are impossible under every hypothesis."""
        return [self._mixed(belief) for belief in super().beliefs(generations)]

    def _mixed(self, belief: Belief | None) -> Belief | None:
        if belief is None:
            return None
        prior = self.log_prior - np.logaddexp.reduce(self.log_prior)
        return Belief(np.logaddexp(np.log1p(-self.lapse) + belief.log_p, np.log(self.lapse) + prior), "exact")


def build_lapsing(values: Mapping[str, Any], task: Task, path: KeyPath, faults: list[Fault], folder: Path | None) -> LapsingAgent:
    """The agent of an [[agent]] table whose values are checked."""
    agent = LapsingAgent(task, task.log_prior(values["prior"], (*path, "prior"), faults, folder), noise=values["noise"])
    agent.lapse = values["lapse"]
    return agent


LAPSING = AgentKind(
    "lapsing",
    "Lapsing",
    "Bayesian, but now and then it forgets its data.",
    (
        Field("lapse", "float", "lapse λ", "The chance that it draws from its prior.", 0.1, low=0.001, high=0.999),
        *(field for field in bayesian.FIELDS if field.key in ("noise", "prior")),
    ),
    build_lapsing,
    bayesian.embed,
)
