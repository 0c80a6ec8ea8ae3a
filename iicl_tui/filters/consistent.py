"""Consistent: passes on only samples that follow the hypothesis they were drawn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from iicl_tui.errors import Fault
from iicl_tui.filters.base import Draw, FilterKind, PhaseContext, Sample, SampleFilter
from iicl_tui.schema import Field
from iicl_tui.schema import Path as KeyPath
from iicl_tui.tasks.base import Task


class Consistent(SampleFilter):
    """Rejects samples that contradict their hypothesis. They are redrawn, at most `redraws` times, or dropped."""

    kind = "consistent"

    def __init__(self, on_reject: str = "redraw", redraws: int = 20) -> None:
        self.redraws = redraws if on_reject == "redraw" else 0

    async def samples(self, draw: Draw, count: int, hypothesis: int, context: PhaseContext) -> Sequence[Sample]:
        """Returns all samples drawn, each with its status. Fewer than `count` pass if the redraws are used up."""
        seen: list[Sample] = []
        left = count
        for _ in range(self.redraws + 1):
            judged = [self._with_verdict(sample, hypothesis, context.task) for sample in await draw(left)]
            seen += judged
            left -= sum(sample.passes for sample in judged)
            if left == 0:
                break
        return seen

    def _with_verdict(self, sample: Sample, hypothesis: int, task: Task) -> Sample:
        if task.agrees(hypothesis, sample.example):
            return sample
        return replace(sample, verdict="rejected", reason=f"the rule gives {task.predict(hypothesis, sample.example.input)}")


FIELDS = (
    Field("on-reject", "choice", "rejected samples", "redraw: draw others in their place. drop: pass on fewer samples.", "redraw",
          choices=("redraw", "drop")),
    Field("redraws", "int", "max. redraws", "How often samples are redrawn in one generation, at most.", 20, low=0, high=1000),
)  # fmt: skip


def build(values: Mapping[str, Any], task: Task, path: KeyPath, faults: list[Fault]) -> Consistent:
    """Builds the filter from the values of its [[filter]] table."""
    return Consistent(values["on-reject"], values["redraws"])


KIND = FilterKind("consistent", "consistent", "Passes on only samples that follow the rule.", FIELDS, build, order=6)
