"""Imperfect: a judge with a known rate of misses and of false alarms, as a control for people and models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iicl_tui.agents.base import Agent, takes_maximum
from iicl_tui.errors import Fault
from iicl_tui.filters.base import Draw, FilterKind, Gate, PhaseContext, Propose, Sample, check_can_judge_hypotheses
from iicl_tui.filters.chances import passed_hypothesis, passed_samples
from iicl_tui.schema import Field
from iicl_tui.schema import Path as KeyPath
from iicl_tui.tasks.base import Example, Start, Task


class Imperfect:
    """Rejects what is right with the chance `miss`, and lets what is wrong pass with the chance `false_alarm`.

    Attributes:
        gates: Where it judges: "hypothesis", "samples" or "both".
        miss: The chance that a right one is rejected.
        false_alarm: The chance that a wrong one passes.
        least: A hypothesis is right if it explains so many examples of d⁰; None: all of them.
        truth: A sample is right if it follows its own hypothesis ("rule") or h* ("target").
        redraws: How often hypotheses and samples are drawn again in a generation; samples never if they are dropped.
    """

    kind = "imperfect"

    def __init__(
        self, gates: str = "hypothesis", miss: float = 0.0, false_alarm: float = 0.0, *, least: int | None = None,
        truth: str = "rule", on_reject: str = "redraw", redraws: int = 1000,
    ) -> None:  # fmt: skip
        self.gates, self.miss, self.false_alarm = gates, miss, false_alarm
        self.least, self.truth, self.redraws = least, truth, redraws
        self.sample_redraws = redraws if on_reject == "redraw" else 0

    def asks_at(self, gate: Gate) -> bool:
        """Returns False."""
        return False

    def acts_at(self, gate: Gate) -> bool:
        """Returns whether it judges at this gate."""
        return self.gates in (gate, "both")

    def right(self, task: Task, start: Start) -> NDArray[np.bool_]:
        """(H,): which hypotheses are right."""
        needed = len(start.samples) if self.least is None else min(self.least, len(start.samples))
        return task.explained(start.samples) >= needed

    def chance(self, right: bool) -> float:
        """Returns the chance to pass."""
        return 1 - self.miss if right else self.false_alarm

    def sample_is_right(self, task: Task, start: Start, hypothesis: int, example: Example) -> bool:
        """Returns whether a sample is right."""
        return task.agrees(start.target if self.truth == "target" else hypothesis, example)

    async def hypothesis(self, propose: Propose, context: PhaseContext) -> int:
        """Returns a hypothesis that it lets pass. Raises Exhausted if none does within the redraws."""
        if not self.acts_at("hypothesis"):
            return await propose()
        right = self.right(context.task, context.start)
        return await passed_hypothesis(self.kind, propose, lambda h: self.chance(bool(right[h])), self.redraws, context)

    async def samples(self, draw: Draw, count: int, hypothesis: int, context: PhaseContext) -> Sequence[Sample]:
        """Returns all samples drawn, each with its status. Fewer than `count` pass if the redraws are used up."""
        if not self.acts_at("samples"):
            return await draw(count)

        def chance(sample: Sample) -> float:
            return self.chance(self.sample_is_right(context.task, context.start, hypothesis, sample.example))

        return await passed_samples(draw, count, chance, "rejected by an imperfect judge", self.sample_redraws, context)


FIELDS = (
    Field("gates", "choice", "judges", "hypothesis: the hypothesis, by d⁰. samples: each sample. Or both.", "hypothesis",
          choices=("hypothesis", "samples", "both")),
    Field("miss", "float", "misses", "The chance that a right one is rejected.", 0.0, low=0, high=1),
    Field("false-alarm", "float", "false alarms", "The chance that a wrong one passes.", 0.0, low=0, high=1),
    Field("least", "int", "right if it explains", "How many examples of d⁰ a right hypothesis explains. Empty: all of them.", None,
          low=0),
    Field("truth", "choice", "a sample is right by", "rule: it follows the hypothesis it was made from. target: it follows h*.",
          "rule", choices=("rule", "target")),
    Field("on-reject", "choice", "rejected samples", "redraw: draw others in their place. drop: pass on fewer samples.", "redraw",
          choices=("redraw", "drop")),
    Field("redraws", "int", "max. redraws", "How often a generation's hypothesis or samples are drawn again, at most.", 1000, low=0,
          high=1_000_000),
)  # fmt: skip


def build(values: Mapping[str, Any], task: Task, path: KeyPath, faults: list[Fault]) -> Imperfect:
    """Builds the filter from the values of its [[filter]] table."""
    if values["gates"] != "samples":
        check_can_judge_hypotheses("imperfect", task, path, faults)
    return Imperfect(
        values["gates"], values["miss"], values["false-alarm"], least=values["least"], truth=values["truth"],
        on_reject=values["on-reject"], redraws=values["redraws"],
    )  # fmt: skip


def check_new(filter: Imperfect, agents: Sequence[Agent], path: KeyPath, faults: list[Fault]) -> None:
    """Adds a fault if redraws would give the same hypothesis again."""
    if filter.acts_at("hypothesis") and any(takes_maximum(agent) for agent in agents):
        what = "an agent that takes the likeliest hypothesis would draw the same one again; judge samples, or let agents sample"
        faults.append(Fault((*path, "gates"), what))


KIND = FilterKind(
    "imperfect",
    "imperfect judge",
    "Rejects right ones and passes wrong ones with known chances.",
    FIELDS,
    build,
    check_new=check_new,
    order=7,
)
