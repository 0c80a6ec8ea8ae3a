"""Self-refine: the agent checks its own hypothesis against d⁰ and improves it if it sees a need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from iicl_tui.errors import Fault
from iicl_tui.filters.base import FilterKind, HypothesisFilter, PhaseContext, Propose, check_can_judge_hypotheses
from iicl_tui.schema import Field
from iicl_tui.schema import Path as KeyPath
from iicl_tui.tasks.base import Task


class SelfRefine(HypothesisFilter):
    """Asks once per hypothesis and does not check the answer."""

    kind = "self-refine"

    async def hypothesis(self, propose: Propose, context: PhaseContext) -> int:
        """Returns the hypothesis as the agent refined it. Without d⁰ there is nothing to check, so the agent is not asked."""
        hypothesis = await propose()
        if not context.start.samples:
            return hypothesis
        return await context.request_refinement(self.kind, hypothesis, context.start.samples, only_failing=False)


FIELDS: tuple[Field, ...] = ()


def build(values: Mapping[str, Any], task: Task, path: KeyPath, faults: list[Fault]) -> SelfRefine:
    """Builds the filter from the values of its [[filter]] table."""
    check_can_judge_hypotheses("self-refine", task, path, faults)
    return SelfRefine()


KIND = FilterKind(
    "self-refine",
    "self-refine",
    "The agent checks its own hypothesis against d⁰ and improves it.",
    FIELDS,
    build,
    order=3,
    redraws=False,
    refines=True,
)
