"""Select: passes on only examples that have, or do not have, certain values of a trait of the task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from iicl_tui.agents.base import Agent
from iicl_tui.errors import Fault
from iicl_tui.filters.base import Draw, FilterKind, PhaseContext, Sample, SampleFilter
from iicl_tui.schema import Field, describe, nearest
from iicl_tui.schema import Path as KeyPath
from iicl_tui.tasks.base import Task, Trait


class Select(SampleFilter):
    """Rejects samples by a trait. They are redrawn, at most `redraws` times, or dropped."""

    kind = "select"

    def __init__(
        self, name: str, trait: Trait | None, rejected: frozenset[str], on_reject: str = "redraw", redraws: int = 20
    ) -> None:
        """Sets the options.

        Args:
            name: The trait's name, for reasons.
            trait: What is judged; None lets every sample pass.
            rejected: The values that do not pass.
            on_reject: "redraw" or "drop".
            redraws: How often samples are redrawn in one generation, at most.
        """
        self.name = name
        self.trait = trait
        self.rejected = rejected
        self.redraws = redraws if on_reject == "redraw" else 0

    async def samples(self, draw: Draw, count: int, hypothesis: int, context: PhaseContext) -> Sequence[Sample]:
        """Returns all samples drawn, each with its status. Fewer than `count` pass if the redraws are used up."""
        seen: list[Sample] = []
        left = count
        for _ in range(self.redraws + 1):
            judged = [self._with_verdict(sample) for sample in await draw(left)]
            seen += judged
            left -= sum(sample.passes for sample in judged)
            if left == 0:
                break
        return seen

    def _with_verdict(self, sample: Sample) -> Sample:
        value = self.trait.of(sample.example) if self.trait is not None else ""
        if value not in self.rejected:
            return sample
        return replace(sample, verdict="rejected", reason=f"{self.name}: {value}")


FIELDS = (
    Field("feature", "str", "selects by", "What is judged. Texts: the name of a feature with bins. Acronyms: word.", ""),
    Field("keep", "strings", "keeps", "The values that pass on, as [\"positive\"]. Give either these or `reject`.", None),
    Field("reject", "strings", "rejects", "The values that do not pass on, as [\"negative\"].", None),
    Field("on-reject", "choice", "rejected samples", "redraw: draw others in their place. drop: pass on fewer samples.", "redraw",
          choices=("redraw", "drop")),
    Field("redraws", "int", "max. redraws", "How often samples are redrawn in one generation, at most.", 20, low=0, high=1000),
)  # fmt: skip


def build(values: Mapping[str, Any], task: Task, path: KeyPath, faults: list[Fault]) -> Select:
    """Builds the filter from the values of its [[filter]] table."""
    name, keep, reject = values["feature"], values["keep"], values["reject"]
    trait = task.traits.get(name)
    if name and trait is None:
        near = nearest(name, task.traits)
        known = f"known: {', '.join(task.traits)}" if task.traits else "it has none, so remove this filter"
        hint = f"nearest: {near}" if near else known
        faults.append(Fault((*path, "feature"), f"{describe(name)} is no feature of the task {task.name}; {hint}"))
    if name and (keep is None) == (reject is None):
        faults.append(Fault((*path, "reject" if reject is not None else "keep"), "give either `keep` or `reject`"))
    for key in ("keep", "reject"):
        for value in values[key] or ():
            if trait is not None and value not in trait.values:
                near = nearest(value, trait.values)
                hint = f"nearest: {near}" if near else "known: " + ", ".join(trait.values)
                faults.append(Fault((*path, key), f"{describe(value)} is no value of {name}; {hint}"))
    rejected = frozenset(reject or ())
    if trait is not None and keep is not None:
        rejected = frozenset(trait.values) - set(keep)
    if trait is not None and rejected >= set(trait.values):
        faults.append(Fault((*path, "reject" if reject is not None else "keep"), "no value passes; keep at least one"))
    return Select(name, trait, rejected, values["on-reject"], values["redraws"])


def _check(filter: Select, task: Task, agents: Sequence[Agent], path: KeyPath, faults: list[Fault]) -> None:
    """Adds a fault if nothing is named that could be judged."""
    if not filter.name:
        known = f"one of {', '.join(task.traits)}" if task.traits else f"the task {task.name} has none, so remove this filter"
        faults.append(Fault((*path, "feature"), f"names no feature; expected {known}"))


KIND = FilterKind("select", "select", "Passes on only examples with certain values of a feature.", FIELDS, build, _check, order=7)
