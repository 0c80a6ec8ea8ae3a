"""Effective set: only a hypothesis that explains enough of d⁰ goes on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from iicl_tui.errors import Fault
from iicl_tui.filters.base import Exhausted, FilterKind, OfHypotheses, PhaseContext, Propose, judges_by_d0
from iicl_tui.schema import Field
from iicl_tui.schema import Path as KeyPath
from iicl_tui.tasks.base import Task


class EffectiveSet(OfHypotheses):
    """H_eff = all h that explain at least `least` of d⁰ (None: all of it). Redraws until h lies in it, at most so often."""

    kind = "effective-set"

    def __init__(self, least: int | None = None, redraws: int = 1000) -> None:
        self.least = least
        self.redraws = redraws

    async def hypothesis(self, propose: Propose, context: PhaseContext) -> int:
        """The first proposal in H_eff. Raises Exhausted."""
        explained = context.task.explained(context.start.samples)
        least = len(context.start.samples) if self.least is None else min(self.least, len(context.start.samples))
        for _ in range(self.redraws + 1):
            hypothesis = await propose()
            if explained[hypothesis] >= least:
                return hypothesis
        raise Exhausted(self.kind, self.redraws + 1, hypothesis)


FIELDS = (
    Field("least", "int", "explains at least", "How many of d⁰'s examples the hypothesis must explain. Empty: all.", None, low=0),
    Field("redraws", "int", "redraws at most", "How often the agent may draw again before the chain stops and says so.", 1000,
          low=0, high=1_000_000),
)  # fmt: skip


def build(values: Mapping[str, Any], task: Task, path: KeyPath, faults: list[Fault]) -> EffectiveSet:
    """The filter of a [[filter]] table."""
    judges_by_d0("effective-set", task, path, faults)
    return EffectiveSet(values["least"], values["redraws"])


KIND = FilterKind(
    "effective-set",
    "effective set",
    "Only hypotheses that explain d⁰ go on; the agent draws until one does.",
    FIELDS,
    build,
    order=1,
)
