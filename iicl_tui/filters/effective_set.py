"""Effective set: passes only hypotheses that explain enough of d⁰."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from iicl_tui.errors import Fault
from iicl_tui.filters.base import Exhausted, FilterKind, HypothesisFilter, PhaseContext, Propose, check_can_judge_hypotheses
from iicl_tui.schema import Field
from iicl_tui.schema import Path as KeyPath
from iicl_tui.tasks.base import Task


class EffectiveSet(HypothesisFilter):
    """H_eff = all h that explain at least `least` examples of d⁰ (None: all). Redraws until h is in H_eff."""

    kind = "effective-set"

    def __init__(self, least: int | None = None, redraws: int = 1000) -> None:
        self.least = least
        self.redraws = redraws

    async def hypothesis(self, propose: Propose, context: PhaseContext) -> int:
        """Returns the first proposal in H_eff. Raises Exhausted when the redraws are used up."""
        explained = context.task.explained(context.start.samples)
        least = len(context.start.samples) if self.least is None else min(self.least, len(context.start.samples))
        for _ in range(self.redraws + 1):
            hypothesis = await propose()
            if explained[hypothesis] >= least:
                return hypothesis
        raise Exhausted(self.kind, self.redraws + 1, hypothesis)


FIELDS = (
    Field("least", "int", "explains at least", "How many examples of d⁰ the hypothesis must explain. Empty: all of them.", None,
          low=0),
    Field("redraws", "int", "max. redraws", "How often the agent may redraw before the chain stops with a message.", 1000,
          low=0, high=1_000_000),
)  # fmt: skip


def build(values: Mapping[str, Any], task: Task, path: KeyPath, faults: list[Fault]) -> EffectiveSet:
    """Builds the filter from the values of its [[filter]] table."""
    check_can_judge_hypotheses("effective-set", task, path, faults)
    return EffectiveSet(values["least"], values["redraws"])


KIND = FilterKind(
    "effective-set",
    "effective set",
    "Passes only hypotheses that explain d⁰; the agent redraws until one does.",
    FIELDS,
    build,
    order=1,
)
