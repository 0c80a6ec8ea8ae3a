"""Decisions read from a file, in place of a person at the review screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from iicl_tui.agents.base import ReplyAnswer, UnreadableReply
from iicl_tui.errors import ChainStopped, ConfigError, Fault
from iicl_tui.filters.base import Decision, HypothesisShown, Sample, SamplesShown
from iicl_tui.record_tables import CALL, DECISION, INTERACTION, SAMPLE, TRANSMISSION
from iicl_tui.schema import Field, Path, describe, read_table
from iicl_tui.tasks.base import Example, Task

_VERDICT_OF_STATUS = {"approved": "approve", "rejected": "reject", "edited": "edit", "pooled": "approve"}


class _ScriptedDecision(NamedTuple):
    """One decision of the script.

    Attributes:
        edited: The value that replaces the one shown.
    """

    verdict: Any
    edited: Any = None
    reason: str = ""


class ScriptedDecider:
    """Decides as a document says. The document has the form of a session's [[generation]] tables, so the decisions of one
    session can be applied to another chain:

        default = "approve"                       # for everything not decided below: approve | reject; absent = stop

        [[generation]]
        index = 2                                 # absent = position in the list
        [[generation.interaction.decision]]       # one per hypothesis shown, in order
        verdict = "edit"                          # approve | reject | edit
        hypothesis = {A = "on", …}                # for edit
        [[generation.transmission.sample]]        # one per sample drawn, in order
        verdict = "rejected"                      # approved | rejected | edited
        reason = "…"
        input = ["A"]                             # for edited
        output = "on"
        [[generation.call]]                       # one per reply that cannot be read, in order, phase by phase
        phase = "imitation"                       # the phase that it belongs to
        verdict = "redraw"                        # edit | redraw | skip
        reply = "…"                               # for edit: the text that replaces it

    Decisions on hypotheses and samples are found by their number, so a phase that is repeated is decided in the same way. Answers
    about replies are used up one by one, since each is recorded as soon as it is given.
    """

    def __init__(self, document: Mapping[str, Any], task: Task) -> None:
        """Reads the document. Raises ConfigError with all of its faults."""
        self._task = task
        self._hypotheses: dict[int, dict[int, _ScriptedDecision]] = {}
        self._samples: dict[int, dict[int, _ScriptedDecision]] = {}
        self._replies: dict[tuple[int, str], list[ReplyAnswer]] = {}
        faults: list[Fault] = []
        self._default = read_table(_SCRIPT, document, (), faults, also=_SESSION_KEYS)["default"]
        for g, table in enumerate(_tables(document, "generation", (), faults)):
            path = ("generation", g)
            values = read_table(_GENERATION, table, path, faults)
            index = g + 1 if values["index"] is None else values["index"]
            if index in self._hypotheses:
                faults.append(Fault((*path, "index"), f"generation {index} appears twice"))
            interaction, transmission = values["interaction"], values["transmission"]
            read_table((), interaction, (*path, "interaction"), faults, also=INTERACTION.keys)
            read_table((), transmission, (*path, "transmission"), faults, also=TRANSMISSION.keys)
            decisions = self._hypotheses[index] = {}
            for i, entry in enumerate(_tables(interaction, "decision", (*path, "interaction"), faults)):
                decisions[i] = self._hypothesis(entry, (*path, "interaction", "decision", i), faults)
            decisions = self._samples[index] = {}
            for i, entry in enumerate(_tables(transmission, "sample", (*path, "transmission"), faults)):
                number, decision = self._sample(entry, i, (*path, "transmission", "sample", i), faults)
                decisions[number] = decision
            for i, entry in enumerate(_tables(values, "call", path, faults)):
                if entry.get("verdict") is not None:  # other calls of a session hold no decision
                    answer = read_table(_CALL, entry, (*path, "call", i), faults, also=CALL.others(_CALL))
                    answers = self._replies.setdefault((index, answer["phase"]), [])
                    answers.append(ReplyAnswer(answer["verdict"], answer["reply"]))
        if faults:
            raise ConfigError(faults, "The decisions")

    def _hypothesis(self, entry: Mapping[str, Any], path: Path, faults: list[Fault]) -> _ScriptedDecision:
        values = read_table(_DECISION, entry, path, faults, also=DECISION.others(_DECISION))
        edited = None
        if values["verdict"] == "edit":
            try:  # a session omits the hypothesis if it equals the one shown
                edited = self._task.read_hypothesis(entry.get("hypothesis", entry.get("shown")))
            except ValueError as error:
                faults.append(Fault((*path, "hypothesis"), str(error)))
        return _ScriptedDecision(values["verdict"], edited, values["reason"])

    def _sample(self, entry: Mapping[str, Any], place: int, path: Path, faults: list[Fault]) -> tuple[int, _ScriptedDecision]:
        values = read_table(_SAMPLE, entry, path, faults, also=SAMPLE.others(_SAMPLE))
        edited: Example | None = None
        if values["verdict"] == "edited":
            try:
                edited = self._task.read_example(entry.get("input"), entry.get("output"))
            except ValueError as error:
                faults.append(Fault(path, str(error)))
        number = place if values["number"] is None else values["number"]
        return number, _ScriptedDecision(_VERDICT_OF_STATUS[values["verdict"]], edited, values["reason"])

    async def hypothesis(self, shown: HypothesisShown) -> Decision:
        """Returns the decision on the next hypothesis of this generation. Raises ChainStopped if the script has none."""
        found = self._find(self._hypotheses, shown.context.generation, len(shown.context.decisions))
        goes_on = shown.hypothesis if found.edited is None else found.edited
        return Decision(shown.hypothesis, found.verdict, goes_on, found.reason)

    async def samples(self, shown: SamplesShown) -> Sequence[Sample]:
        """Returns the samples with the decisions on them. Raises ChainStopped if the script has too few."""
        out = []
        for sample in shown.samples:
            found = self._find(self._samples, shown.context.generation, sample.number)
            reason = found.reason or sample.reason
            if found.verdict == "reject":
                out.append(replace(sample, verdict="rejected", reason=reason))
            elif found.edited is not None:
                out.append(replace(sample, example=found.edited, verdict="edited", shown=sample.drawn, reason=reason))
            else:
                out.append(replace(sample, reason=reason))
        return out

    async def reply(self, shown: UnreadableReply) -> ReplyAnswer | None:
        """Returns the script's answer about this reply; None if it has none left."""
        left = self._replies.get((shown.generation, shown.phase))
        return left.pop(0) if left else None

    def _find(self, script: Mapping[int, Mapping[int, _ScriptedDecision]], generation: int, number: int) -> _ScriptedDecision:
        found = script.get(generation, {}).get(number)
        if found is not None:
            return found
        if self._default is None:
            raise ChainStopped(
                f"The file has no more decisions for generation {generation}",
                "Its human filter needs one.",
                'Add decisions, or `default = "approve"`, then resume.',
            )
        return _ScriptedDecision(self._default)


def _tables(table: Mapping[str, Any], key: str, path: Path, faults: list[Fault]) -> list[Mapping[str, Any]]:
    value = table.get(key, [])
    if isinstance(value, list) and all(isinstance(entry, dict) for entry in value):
        return value
    faults.append(Fault((*path, key), f"expected tables, found {describe(value)}"))
    return []


_SESSION_KEYS = ("generation", "format", "created", "parent", "chain", "task", "agent", "filter", "start")
_SCRIPT = (Field("default", "choice", "", "", choices=("approve", "reject")),)
_GENERATION = (
    Field("index", "int", "", "", low=1),
    Field("imitation", "any", "", ""),
    Field("call", "any", "", "", default=[]),
    Field("interaction", "table", "", "", default={}),
    Field("transmission", "table", "", "", default={}),
)
_CALL = CALL.only(phase="imitation", verdict=None, reply="")
_DECISION = DECISION.only(verdict="approve", reason="")
_SAMPLE = SAMPLE.only(verdict="approved", number=None, reason="")
