"""Effective set: passes only hypotheses that explain enough of d⁰."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iicl_tui.agents.base import Agent, chooses_within, takes_maximum
from iicl_tui.errors import Fault
from iicl_tui.filters.base import Exhausted, FilterKind, HypothesisFilter, PhaseContext, Propose, check_can_judge_hypotheses
from iicl_tui.schema import Field
from iicl_tui.schema import Path as KeyPath
from iicl_tui.tasks.base import Start, Task


class EffectiveSet(HypothesisFilter):
    """Lets a hypothesis pass if it is in H_eff.

    Attributes:
        least: H_eff has the hypotheses that explain at least so many examples of d⁰; None: all of them.
        redraws: How often the agent may draw another hypothesis.
        mode: What happens to a hypothesis outside of H_eff. "redraw": the agent draws again. "restrict": the agent chooses within
            H_eff. A hypothesis inside passes in both modes, so that with "restrict" hᵗ has the agent's belief restricted to H_eff
            and renormalised, exactly.
    """

    kind = "effective-set"

    def __init__(self, least: int | None = None, redraws: int = 1000, mode: str = "redraw") -> None:
        self.least = least
        self.redraws = redraws if mode == "redraw" else 0
        self.mode = mode

    def members(self, task: Task, start: Start) -> NDArray[np.bool_]:
        """(H,): which hypotheses are in H_eff."""
        return task.explained(start.samples) >= self.least_of(start)

    def least_of(self, start: Start) -> int:
        """How many examples of d⁰ a hypothesis in H_eff explains at least."""
        return len(start.samples) if self.least is None else min(self.least, len(start.samples))

    async def hypothesis(self, propose: Propose, context: PhaseContext) -> int:
        """Returns a hypothesis in H_eff. Raises Exhausted if none is found within the redraws, or none is possible."""
        members = self.members(context.task, context.start)
        for _ in range(self.redraws + 1):
            hypothesis = await propose()
            if members[hypothesis]:
                return hypothesis
        if self.mode == "restrict":
            chosen = await context.request_choice(self.kind, hypothesis, members)
            if chosen is not None:
                return chosen
        raise Exhausted(self.kind, self.redraws + 1, hypothesis)


FIELDS = (
    Field("least", "int", "explains at least", "How many examples of d⁰ the hypothesis must explain. Empty: all of them.", None,
          low=0),
    Field("mode", "choice", "otherwise", "redraw: the agent draws another hypothesis. restrict: it chooses from its belief "
          "restricted to the hypotheses that pass, in one step; with map it takes the likeliest of them.", "redraw",
          choices=("redraw", "restrict")),
    Field("redraws", "int", "max. redraws", "How often the agent may redraw before the chain stops with a message. Restrict needs "
          "none.", 1000, low=0, high=1_000_000),
)  # fmt: skip


def build(values: Mapping[str, Any], task: Task, path: KeyPath, faults: list[Fault]) -> EffectiveSet:
    """Builds the filter from the values of its [[filter]] table."""
    check_can_judge_hypotheses("effective-set", task, path, faults)
    return EffectiveSet(values["least"], values["redraws"], values["mode"])


def check_agents(filter: EffectiveSet, task: Task, agents: Sequence[Agent], path: KeyPath, faults: list[Fault]) -> None:
    """Adds a fault if an agent is to choose within H_eff and has no belief to choose from."""
    unable = next((agent for agent in agents if not chooses_within(agent)), None)
    if filter.mode == "restrict" and unable is not None:
        what = (
            f'"restrict" needs agents that choose from a belief over all hypotheses: Bayesian ones, or models with '
            f'belief = "score" and choose = "belief"; {unable.kind} is none. Use "redraw"'
        )
        faults.append(Fault((*path, "mode"), what))


def check_new(filter: EffectiveSet, agents: Sequence[Agent], path: KeyPath, faults: list[Fault]) -> None:
    """Adds a fault if redraws would give the same hypothesis again."""
    if filter.mode == "redraw" and any(takes_maximum(agent) for agent in agents):
        what = (
            '"redraw" has an agent draw again, but one that takes the likeliest hypothesis would take the same one again; use '
            'mode = "restrict", with which it takes the likeliest one that passes'
        )
        faults.append(Fault((*path, "mode"), what))


KIND = FilterKind(
    "effective-set",
    "effective set",
    "Passes only hypotheses that explain d⁰; if one does not, the agent redraws or chooses among those that do.",
    FIELDS,
    build,
    check_agents,
    check_new,
    order=1,
)
