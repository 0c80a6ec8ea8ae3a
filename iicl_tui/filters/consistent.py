"""Consistent: only samples whose output is the one that the hypothesis gives are passed on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from iicl_tui.errors import Fault
from iicl_tui.filters.base import Draw, FilterKind, OfSamples, PhaseContext, Sample
from iicl_tui.schema import Field
from iicl_tui.schema import Path as KeyPath
from iicl_tui.tasks.base import Task


class Consistent(OfSamples):
    """Refuses what contradicts the hypothesis that it was made from. It is made again, at most `redraws` times, or dropped."""

    kind = "consistent"

    def __init__(self, on_reject: str = "redraw", redraws: int = 20) -> None:
        self.redraws = redraws if on_reject == "redraw" else 0

    async def samples(self, draw: Draw, count: int, hypothesis: int, context: PhaseContext) -> Sequence[Sample]:
        """All that were made, each with its verdict. Fewer pass where the redraws are used up."""
        seen: list[Sample] = []
        left = count
        for _ in range(self.redraws + 1):
            judged = [self._judged(sample, hypothesis, context.task) for sample in await draw(left)]
            seen += judged
            left -= sum(sample.passes for sample in judged)
            if left == 0:
                break
        return seen

    def _judged(self, sample: Sample, hypothesis: int, task: Task) -> Sample:
        if task.follows(hypothesis, sample.example):
            return sample
        return replace(sample, verdict="rejected", reason=f"the rule gives {task.predict(hypothesis, sample.example.input)}")


FIELDS = (
    Field("on-reject", "choice", "refused samples", "redraw: others are made in their place. drop: fewer samples pass.", "redraw",
          choices=("redraw", "drop")),
    Field("redraws", "int", "redraws at most", "How often others are made in one generation.", 20, low=0, high=1000),
)  # fmt: skip


def build(values: Mapping[str, Any], task: Task, path: KeyPath, faults: list[Fault]) -> Consistent:
    """The filter of a [[filter]] table."""
    return Consistent(values["on-reject"], values["redraws"])


KIND = FilterKind("consistent", "the rule's own", "Only samples that follow the rule are passed on.", FIELDS, build, order=6)
