"""Hypothesis-search: we check the hypothesis on d⁰ and tell the agent which examples it gets wrong, until it gets all right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from iicl_tui.errors import Fault
from iicl_tui.filters.base import Exhausted, FilterKind, OfHypotheses, PhaseContext, Propose, judges_by_d0
from iicl_tui.schema import Field
from iicl_tui.schema import Path as KeyPath
from iicl_tui.tasks.base import Example, Task


class HypothesisSearch(OfHypotheses):
    """At most `rounds` times the agent is told what fails; one that fits costs nothing. otherwise: what happens to one that
    still does not fit then: "pass" lets it go on, "stop" stops the chain."""

    kind = "hypothesis-search"

    def __init__(self, rounds: int = 3, otherwise: str = "pass") -> None:
        self.rounds = rounds
        self.otherwise = otherwise

    async def hypothesis(self, propose: Propose, context: PhaseContext) -> int:
        """The first one that explains all of d⁰, or the last one. Raises Exhausted where it may not go on."""
        hypothesis = await propose()
        for _ in range(self.rounds):
            failing = wrong(context, hypothesis)
            if not failing:
                return hypothesis
            hypothesis = await context.refined("hypothesis-search", hypothesis, failing)
        if self.otherwise == "stop" and wrong(context, hypothesis):
            raise Exhausted(self.kind, self.rounds, hypothesis)
        return hypothesis


def wrong(context: PhaseContext, hypothesis: int) -> list[Example]:
    """The examples of d⁰ that the hypothesis gets wrong."""
    return [example for example in context.start.samples if not context.task.follows(hypothesis, example)]


FIELDS = (
    Field("rounds", "int", "rounds at most", "How often the agent is told what its hypothesis gets wrong. One that fits d⁰ is "
          "never asked about.", 3, low=1, high=50),
    Field("otherwise", "choice", "if none fits", "pass: the last hypothesis goes on all the same. stop: the chain stops and says "
          "so.", "pass", choices=("pass", "stop")),
)  # fmt: skip


def build(values: Mapping[str, Any], task: Task, path: KeyPath, faults: list[Fault]) -> HypothesisSearch:
    """The filter of a [[filter]] table."""
    judges_by_d0("hypothesis-search", task, path, faults)
    return HypothesisSearch(values["rounds"], values["otherwise"])


KIND = FilterKind(
    "hypothesis-search",
    "hypothesis search",
    "The agent is told which examples of d⁰ its hypothesis gets wrong, until it gets them right.",
    FIELDS,
    build,
    order=4,
)
