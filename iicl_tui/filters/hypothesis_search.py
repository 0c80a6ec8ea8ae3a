"""Hypothesis search: tells the agent which examples of d⁰ its hypothesis gets wrong, until it gets all of them right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from iicl_tui.errors import Fault
from iicl_tui.filters.base import Exhausted, FilterKind, HypothesisFilter, PhaseContext, Propose, check_can_judge_hypotheses
from iicl_tui.schema import Field
from iicl_tui.schema import Path as KeyPath
from iicl_tui.tasks.base import Example, Task


class HypothesisSearch(HypothesisFilter):
    """Asks at most `rounds` times, and stops asking once the hypothesis explains d⁰.

    Attributes:
        rounds: Maximum number of requests.
        otherwise: What to do if the last hypothesis still fails: "pass" passes it on, "stop" stops the chain.
    """

    kind = "hypothesis-search"

    def __init__(self, rounds: int = 3, otherwise: str = "pass") -> None:
        self.rounds = rounds
        self.otherwise = otherwise

    async def hypothesis(self, propose: Propose, context: PhaseContext) -> int:
        """Returns the first hypothesis that explains d⁰, or the last one. Raises Exhausted if that one must not go on."""
        hypothesis = await propose()
        for _ in range(self.rounds):
            failing = failing_examples(context, hypothesis)
            if not failing:
                return hypothesis
            hypothesis = await context.request_refinement(self.kind, hypothesis, failing)
        if self.otherwise == "stop" and failing_examples(context, hypothesis):
            raise Exhausted(self.kind, self.rounds, hypothesis)
        return hypothesis


def failing_examples(context: PhaseContext, hypothesis: int) -> list[Example]:
    """Returns the examples of d⁰ that the hypothesis gets wrong."""
    return [example for example in context.start.samples if not context.task.agrees(hypothesis, example)]


FIELDS = (
    Field("rounds", "int", "max. rounds", "How often the agent is told what its hypothesis gets wrong, at most. A hypothesis "
          "that explains d⁰ passes at once.", 3, low=1, high=50),
    Field("otherwise", "choice", "if none fits", "pass: the last hypothesis goes on anyway. stop: the chain stops with a "
          "message.", "pass", choices=("pass", "stop")),
)  # fmt: skip


def build(values: Mapping[str, Any], task: Task, path: KeyPath, faults: list[Fault]) -> HypothesisSearch:
    """Builds the filter from the values of its [[filter]] table."""
    check_can_judge_hypotheses("hypothesis-search", task, path, faults)
    return HypothesisSearch(values["rounds"], values["otherwise"])


KIND = FilterKind(
    "hypothesis-search",
    "hypothesis search",
    "Tells the agent which examples of d⁰ its hypothesis gets wrong, until it gets all of them right.",
    FIELDS,
    build,
    order=4,
    refines=True,
)
