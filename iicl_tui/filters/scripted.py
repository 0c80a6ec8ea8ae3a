"""Decisions from a file in place of a person: the same path as the review screen, without a screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from iicl_tui.agents.base import ReplyAnswer, Unreadable
from iicl_tui.agents.calls import REPLY_VERDICTS
from iicl_tui.errors import ChainStopped, ConfigError, Fault
from iicl_tui.filters.base import Decision, HypothesisShown, Sample, SamplesShown
from iicl_tui.schema import Field, Path, describe, read_table
from iicl_tui.tasks.base import Example, Task

VERDICTS = ("approve", "reject", "edit")
STANDINGS = {"approved": "approve", "rejected": "reject", "edited": "edit", "pooled": "approve"}


class _Said(NamedTuple):
    """One decision of the script. edited: what it puts in the place of what is shown."""

    verdict: Any
    edited: Any = None
    reason: str = ""


class ScriptedDecider:
    """Decides as a document says. It has the shape of a session's [[generation]] tables, so that a session's own decisions
    can be given to another chain:

        default = "approve"                       # what is not decided below: approve | reject; absent = stop there

        [[generation]]
        index = 2                                 # absent = its place in the list
        [[generation.interaction.decision]]       # one for each hypothesis shown, in order
        verdict = "edit"                          # approve | reject | edit
        hypothesis = {A = "on", …}                # for edit
        [[generation.transmission.sample]]        # one for each sample drawn, in order
        verdict = "rejected"                      # approved | rejected | edited
        reason = "…"
        input = ["A"]                             # for edited
        output = "on"
        [[generation.call]]                       # one for each reply that cannot be read, in order, phase by phase
        phase = "imitation"                       # the phase that it belongs to
        verdict = "redraw"                        # edit | redraw | skip
        reply = "…"                               # for edit: what is read in its place

    For hypotheses and samples it keeps no place of its own, so a phase that was cancelled and is done again is decided alike;
    an answer about a reply is on record once it is given, and not asked for again.
    """

    def __init__(self, document: Mapping[str, Any], task: Task) -> None:
        """Raises ConfigError with every fault of the document."""
        self._task = task
        self._hypotheses: dict[int, dict[int, _Said]] = {}
        self._samples: dict[int, dict[int, _Said]] = {}
        self._replies: dict[tuple[int, str], list[ReplyAnswer]] = {}
        faults: list[Fault] = []
        self._default = read_table(_SCRIPT, document, (), faults)["default"]
        for g, table in enumerate(_tables(document, "generation", (), faults)):
            path = ("generation", g)
            values = read_table(_GENERATION, table, path, faults)
            index = g + 1 if values["index"] is None else values["index"]
            if index in self._hypotheses:
                faults.append(Fault((*path, "index"), f"generation {index} stands there twice"))
            interaction, transmission = values["interaction"], values["transmission"]
            read_table(_INTERACTION, interaction, (*path, "interaction"), faults)
            read_table(_TRANSMISSION, transmission, (*path, "transmission"), faults)
            said = self._hypotheses[index] = {}
            for i, entry in enumerate(_tables(interaction, "decision", (*path, "interaction"), faults)):
                said[i] = self._hypothesis(entry, (*path, "interaction", "decision", i), faults)
            said = self._samples[index] = {}
            for i, entry in enumerate(_tables(transmission, "sample", (*path, "transmission"), faults)):
                number, one = self._sample(entry, i, (*path, "transmission", "sample", i), faults)
                said[number] = one
            for i, entry in enumerate(_tables(values, "call", path, faults)):
                if entry.get("verdict") is not None:  # a session's other calls are no decisions
                    answer = read_table(_CALL, entry, (*path, "call", i), faults, also=_CALL_ALSO)
                    there = self._replies.setdefault((index, answer["phase"]), [])
                    there.append(ReplyAnswer(answer["verdict"], answer["reply"]))
        if faults:
            raise ConfigError(faults, "The decisions")

    def _hypothesis(self, entry: Mapping[str, Any], path: Path, faults: list[Fault]) -> _Said:
        values = read_table(_DECISION, entry, path, faults)
        edited = None
        if values["verdict"] == "edit":
            try:  # a session leaves it out where it is the one that was shown
                edited = self._task.read_hypothesis(entry.get("hypothesis", values["shown"]))
            except ValueError as error:
                faults.append(Fault((*path, "hypothesis"), str(error)))
        return _Said(values["verdict"], edited, values["reason"])

    def _sample(self, entry: Mapping[str, Any], place: int, path: Path, faults: list[Fault]) -> tuple[int, _Said]:
        values = read_table(_SAMPLE, entry, path, faults)
        edited: Example | None = None
        if values["verdict"] == "edited":
            try:
                edited = self._task.read_example(values["input"], values["output"])
            except ValueError as error:
                faults.append(Fault(path, str(error)))
        number = place if values["number"] is None else values["number"]
        return number, _Said(STANDINGS[values["verdict"]], edited, values["reason"])

    async def hypothesis(self, shown: HypothesisShown) -> Decision:
        """The decision on the next hypothesis of this generation. Raises ChainStopped when the script has none."""
        said = self._said(self._hypotheses, shown.context.generation, len(shown.context.decisions))
        goes_on = shown.hypothesis if said.edited is None else said.edited
        return Decision(shown.hypothesis, said.verdict, goes_on, said.reason)

    async def samples(self, shown: SamplesShown) -> Sequence[Sample]:
        """The decisions on samples of this generation. Raises ChainStopped when the script has too few."""
        out = []
        for sample in shown.samples:
            said = self._said(self._samples, shown.context.generation, sample.number)
            reason = said.reason or sample.reason
            if said.verdict == "reject":
                out.append(replace(sample, verdict="rejected", reason=reason))
            elif said.edited is not None:
                drawn = sample.shown or sample.example
                out.append(replace(sample, example=said.edited, verdict="edited", shown=drawn, reason=reason))
            else:
                out.append(replace(sample, reason=reason))
        return out

    async def reply(self, shown: Unreadable) -> ReplyAnswer | None:
        """What the script says of this reply; None when it says nothing (more)."""
        left = self._replies.get((shown.generation, shown.phase))
        return left.pop(0) if left else None

    def _said(self, script: Mapping[int, Mapping[int, _Said]], generation: int, place: int) -> _Said:
        said = script.get(generation, {}).get(place)
        if said is not None:
            return said
        if self._default is None:
            raise ChainStopped(
                f"The decisions say nothing more for generation {generation}",
                "What is done so far is saved.",
                'Add decisions, or `default = "approve"`, and resume.',
            )
        return _Said(self._default)


def _tables(table: Mapping[str, Any], key: str, path: Path, faults: list[Fault]) -> list[Mapping[str, Any]]:
    value = table.get(key, [])
    if isinstance(value, list) and all(isinstance(entry, dict) for entry in value):
        return value
    faults.append(Fault((*path, key), f"expected tables, found {describe(value)}"))
    return []


def _keys(*keys: str) -> tuple[Field, ...]:
    return tuple(Field(key, "any", key, "") for key in keys)


_SCRIPT = (
    Field("default", "choice", "", "", choices=("approve", "reject")),
    *_keys("generation", "format", "created", "parent", "chain", "task", "agent", "filter", "start"),
)
_GENERATION = (
    Field("index", "int", "", "", low=1),
    *_keys("imitation"),
    Field("call", "any", "", "", default=[]),
    Field("interaction", "table", "", "", default={}),
    Field("transmission", "table", "", "", default={}),
)
_INTERACTION = _keys("decision", "filter", "hypothesis", "redraws", "exhausted", "refinement")
_CALL = (
    Field("phase", "choice", "", "", choices=("imitation", "interaction", "transmission"), default="imitation"),
    Field("verdict", "choice", "", "", choices=REPLY_VERDICTS),
    Field("reply", "str", "", "", default=""),
)
_CALL_ALSO = ("purpose", "model", "prompt", "finish", "usage", "latency", "attempts", "without", "sent", "logprobs")
_TRANSMISSION = _keys("sample")
_DECISION = (
    Field("verdict", "choice", "", "", choices=VERDICTS, default="approve"),
    Field("reason", "str", "", "", default=""),
    *_keys("hypothesis", "shown", "seconds"),
)
_SAMPLE = (
    Field("verdict", "choice", "", "", choices=tuple(STANDINGS), default="approved"),
    Field("number", "int", "", "", low=0),
    Field("reason", "str", "", "", default=""),
    *_keys("input", "output", "shown", "seconds", "from"),
)
