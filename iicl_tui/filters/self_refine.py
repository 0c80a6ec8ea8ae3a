"""Self-refine: the agent sees d⁰ and its own hypothesis, checks by itself whether they fit, and mends it if it thinks it must."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from iicl_tui.errors import Fault
from iicl_tui.filters.base import FilterKind, OfHypotheses, PhaseContext, Propose, judges_by_d0
from iicl_tui.schema import Field
from iicl_tui.schema import Path as KeyPath
from iicl_tui.tasks.base import Task


class SelfRefine(OfHypotheses):
    """Asks once for each hypothesis; nobody checks the answer."""

    kind = "self-refine"

    async def hypothesis(self, propose: Propose, context: PhaseContext) -> int:
        """What the agent makes of its hypothesis. Without a d⁰ there is nothing to check it by, and nobody is asked."""
        hypothesis = await propose()
        return await context.refined("self-refine", hypothesis, context.start.samples) if context.start.samples else hypothesis


FIELDS: tuple[Field, ...] = ()


def build(values: Mapping[str, Any], task: Task, path: KeyPath, faults: list[Fault]) -> SelfRefine:
    """The filter of a [[filter]] table."""
    judges_by_d0("self-refine", task, path, faults)
    return SelfRefine()


KIND = FilterKind(
    "self-refine",
    "self-refine",
    "The agent checks its hypothesis against d⁰ by itself, and mends it.",
    FIELDS,
    build,
    order=3,
)
