"""Human: a person approves, rejects or edits the drawn hypothesis and each sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from iicl_tui.errors import ChainStopped, Fault
from iicl_tui.filters.base import (
    Decider,
    Draw,
    Exhausted,
    FilterKind,
    HypothesisShown,
    PhaseContext,
    Propose,
    Sample,
    SamplesShown,
)
from iicl_tui.schema import Field
from iicl_tui.schema import Path as KeyPath
from iicl_tui.tasks.base import Task

UNTOLD = (
    "This hypothesis cannot be edited",
    "The model states no rule, so it cannot be told of another one: its hypothesis is what its examples amount to.",
    "Reject it, and it makes others; or approve it, and decide on the examples one by one.",
)
"""What is said of an edit where the agent cannot be told of it: title, what happened, what to do."""


class NeedsPerson(ChainStopped):
    """A person is asked, and nobody is there to answer."""


class Human:
    """Asks the context's decider. Rejected samples are drawn again (at most `redraws` times) or dropped."""

    kind = "human"

    def __init__(self, gates: str = "both", on_reject: str = "redraw", redraws: int = 20, blind: bool = False) -> None:
        self.gates = gates
        self.on_reject = on_reject
        self.redraws = redraws
        self.blind = blind

    def asks_at(self, gate: Literal["hypothesis", "samples"]) -> bool:
        """Whether the person is asked at this gate."""
        return self.gates in ("both", gate)

    async def hypothesis(self, propose: Propose, context: PhaseContext) -> int:
        """The hypothesis approved or put in its place. Raises Exhausted, NeedsPerson."""
        if not self.asks_at("hypothesis"):
            return await propose()
        decider = _decider(context)
        for attempt in range(self.redraws + 1):
            hypothesis = await propose()
            decision = await decider.hypothesis(HypothesisShown(context, hypothesis, attempt, self.redraws - attempt, self.blind))
            context.decisions.append(decision)
            if decision.verdict == "edit" and not context.accepts_edit:
                raise ChainStopped(*UNTOLD)
            if decision.verdict != "reject":
                return decision.hypothesis
        raise Exhausted(self.kind, self.redraws + 1, hypothesis)

    async def samples(self, draw: Draw, count: int, hypothesis: int, context: PhaseContext) -> Sequence[Sample]:
        """All that was shown, with its verdict. Raises NeedsPerson."""
        if not self.asks_at("samples"):
            return await draw(count)
        decider = _decider(context)
        refill = self.on_reject == "redraw"
        seen: list[Sample] = []
        again = context.memory.setdefault(self, False)
        for attempt in range(self.redraws + 1 if refill else 1):
            kept = tuple(sample for sample in seen if sample.passes)
            if len(kept) == count and attempt:
                break
            drawn = tuple(await draw(count - len(kept)))
            if not drawn:  # a filter before this one let nothing pass: there is nothing to ask about
                continue
            if context.exhausted_filters:  # nothing would come in the place of a rejected one
                refill = False
            left = self.redraws - attempt if refill else 0
            seen += await decider.samples(
                SamplesShown(context, hypothesis, drawn, kept, attempt, left, refill and left > 0, self.blind, again)
            )
            context.memory[self] = True
            if context.exhausted_filters:
                break
        return seen


def _decider(context: PhaseContext) -> Decider:
    if context.decider is None:
        raise NeedsPerson(
            "A person is asked here",
            f"Generation {context.generation} waits for its human filter.",
            "Open the session in the program, or give the decisions with --decisions FILE.",
        )
    return context.decider


FIELDS = (
    Field("gates", "choice", "asked about", "hypothesis: the drawn hypothesis. samples: each sample. both: one after the other.",
          "both", choices=("both", "hypothesis", "samples")),
    Field("on-reject", "choice", "rejected samples", "redraw: others are drawn in their place. drop: fewer samples pass.", "redraw",
          choices=("redraw", "drop")),
    Field("redraws", "int", "redraws at most", "How often it is drawn again, for a hypothesis and for samples.", 20,
          low=0, high=1000),
    Field("blind", "bool", "blind", "Hides h*, ĥ and every mark of right and wrong while deciding.", False),
)  # fmt: skip


def build(values: Mapping[str, Any], task: Task, path: KeyPath, faults: list[Fault]) -> Human:
    """The filter of a [[filter]] table."""
    return Human(values["gates"], values["on-reject"], values["redraws"], values["blind"])


KIND = FilterKind("human", "a person", "You approve, reject or edit the hypothesis and each sample.", FIELDS, build, order=2)
