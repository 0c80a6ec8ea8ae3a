"""Human: a person approves, rejects or edits the hypothesis and each sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from iicl_tui.errors import ChainStopped, Fault
from iicl_tui.filters.base import (
    Decider,
    Draw,
    Exhausted,
    FilterKind,
    Gate,
    HypothesisShown,
    PhaseContext,
    Propose,
    Sample,
    SamplesShown,
)
from iicl_tui.schema import Field
from iicl_tui.schema import Path as KeyPath
from iicl_tui.tasks.base import Task

EDIT_NOT_POSSIBLE = (
    "This hypothesis cannot be edited",
    "The model states no rule, so it cannot be given another one: its hypothesis is inferred from its examples.",
    "Reject it to get new examples, or approve it and decide on each example.",
)
"""Shown when the agent cannot be given an edited hypothesis: title, what happened, what to do."""


class NeedsPerson(ChainStopped):
    """A person is asked, but there is no decider."""


class Human:
    """Asks the context's decider. Rejected samples are redrawn, at most `redraws` times, or dropped."""

    kind = "human"

    def __init__(self, gates: str = "both", on_reject: str = "redraw", redraws: int = 20, blind: bool = False) -> None:
        self.gates = gates
        self.on_reject = on_reject
        self.redraws = redraws
        self.blind = blind

    def asks_at(self, gate: Gate) -> bool:
        """Returns whether the person is asked at this gate."""
        return self.gates in ("both", gate)

    def acts_at(self, gate: Gate) -> bool:
        """Returns whether the person is asked at this gate."""
        return self.asks_at(gate)

    async def hypothesis(self, propose: Propose, context: PhaseContext) -> int:
        """Returns the approved or edited hypothesis. Raises Exhausted, NeedsPerson, ChainStopped."""
        if not self.asks_at("hypothesis"):
            return await propose()
        decider = _decider(context)
        for attempt in range(self.redraws + 1):
            hypothesis = await propose()
            decision = await decider.hypothesis(HypothesisShown(context, hypothesis, attempt, self.redraws - attempt, self.blind))
            context.decisions.append(decision)
            if decision.verdict == "edit" and not context.accepts_edit:
                raise ChainStopped(*EDIT_NOT_POSSIBLE)
            if decision.verdict != "reject":
                return decision.hypothesis
        raise Exhausted(self.kind, self.redraws + 1, hypothesis)

    async def samples(self, draw: Draw, count: int, hypothesis: int, context: PhaseContext) -> Sequence[Sample]:
        """Returns all samples shown, each with its status. Raises NeedsPerson."""
        if not self.asks_at("samples"):
            return await draw(count)
        decider = _decider(context)
        refill = self.on_reject == "redraw"
        seen: list[Sample] = []
        more_requested = context.memory.setdefault(self, False)
        for attempt in range(self.redraws + 1 if refill else 1):
            kept = tuple(sample for sample in seen if sample.passes)
            if len(kept) == count and attempt:
                break
            drawn = tuple(await draw(count - len(kept)))
            if not drawn:  # an earlier filter let nothing pass, so there is nothing to decide
                continue
            if context.exhausted_filters:  # rejected samples cannot be replaced
                refill = False
            left = self.redraws - attempt if refill else 0
            seen += await decider.samples(
                SamplesShown(context, hypothesis, drawn, kept, attempt, left, refill and left > 0, self.blind, more_requested)
            )
            context.memory[self] = True
            if context.exhausted_filters:
                break
        return seen


def _decider(context: PhaseContext) -> Decider:
    if context.decider is None:
        raise NeedsPerson(
            "A person must decide here",
            f"Generation {context.generation} waits for its human filter.",
            "Open the session in the program, or give the decisions with --decisions FILE.",
        )
    return context.decider


FIELDS = (
    Field("gates", "choice", "you review", "hypothesis: the drawn hypothesis. samples: each sample. both: one after the "
          "other.", "both", choices=("both", "hypothesis", "samples")),
    Field("on-reject", "choice", "rejected samples", "redraw: draw others in their place. drop: pass on fewer samples.", "redraw",
          choices=("redraw", "drop")),
    Field("redraws", "int", "max. redraws", "How often a rejected hypothesis or rejected samples are redrawn, at most.", 20,
          low=0, high=1000),
    Field("blind", "bool", "blind", "Hides h*, ĥ and all marks of right and wrong while you decide.", False),
)  # fmt: skip


def build(values: Mapping[str, Any], task: Task, path: KeyPath, faults: list[Fault]) -> Human:
    """Builds the filter from the values of its [[filter]] table."""
    return Human(values["gates"], values["on-reject"], values["redraws"], values["blind"])


def _asks_at(table: Mapping[str, Any], gate: Gate) -> bool:
    return table.get("gates", "both") in ("both", gate)


KIND = FilterKind(
    "human", "human", "You approve, reject or edit the hypothesis and each sample.", FIELDS, build, order=2, asks_at=_asks_at
)
