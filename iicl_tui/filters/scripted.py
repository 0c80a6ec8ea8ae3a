"""Decisions from a file in place of a person: the same path as the review screen, without a screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from iicl_tui.errors import ChainStopped, ConfigError, Fault
from iicl_tui.filters.base import Decision, HypothesisShown, Sample, SamplesShown
from iicl_tui.schema import Field, read_table
from iicl_tui.tasks.base import Task

VERDICTS = ("approve", "reject", "edit")
STANDINGS = {"approved": "approve", "rejected": "reject", "edited": "edit"}


class ScriptedDecider:
    """Decides as a document says. It has the shape of a session's [[generation]] tables, so that a session's own decisions
    can be given to another chain:

        default = "approve"                       # what is not decided below: approve | reject; absent = stop there

        [[generation]]
        index = 2
        [[generation.interaction.decision]]       # one for each hypothesis shown, in order
        verdict = "edit"                          # approve | reject | edit
        hypothesis = {A = "on", …}                # for edit
        [[generation.transmission.sample]]        # one for each sample shown, in order
        verdict = "rejected"                      # approved | rejected | edited
        reason = "…"
        input = ["A"]                             # for edited
        output = "on"
    """

    def __init__(self, document: Mapping[str, Any], task: Task) -> None:
        """Raises ConfigError with every fault of the document."""
        self._task = task
        self._default = document.get("default")
        self._hypotheses: dict[int, list[tuple[str, int | None, str]]] = {}
        self._samples: dict[int, list[tuple[str, Any, str]]] = {}
        faults: list[Fault] = []
        if self._default not in (None, "approve", "reject"):
            faults.append(Fault(("default",), "expected approve or reject"))
        for g, table in enumerate(document.get("generation", [])):
            index = table.get("index", g + 1)
            decisions = table.get("interaction", {}).get("decision", [])
            self._hypotheses[index] = [
                self._hypothesis(entry, ("generation", g, "interaction", "decision", i), faults)
                for i, entry in enumerate(decisions)
            ]
            samples = table.get("transmission", {}).get("sample", [])
            self._samples[index] = [
                self._sample(entry, ("generation", g, "transmission", "sample", i), faults) for i, entry in enumerate(samples)
            ]
        if faults:
            raise ConfigError(faults, "The decisions")

    def _hypothesis(self, entry: Mapping[str, Any], path: Any, faults: list[Fault]) -> tuple[str, int | None, str]:
        values = read_table(_DECISION, entry, path, faults, also=("shown", "seconds"))
        edited = None
        if values["verdict"] == "edit":
            try:
                edited = self._task.read_hypothesis(values["hypothesis"])
            except ValueError as error:
                faults.append(Fault((*path, "hypothesis"), str(error)))
        return values["verdict"], edited, values["reason"]

    def _sample(self, entry: Mapping[str, Any], path: Any, faults: list[Fault]) -> tuple[str, Any, str]:
        values = read_table(_SAMPLE, entry, path, faults, also=("shown", "seconds"))
        edited = None
        if values["verdict"] == "edited":
            try:
                edited = self._task.read_example(values["input"], values["output"])
            except ValueError as error:
                faults.append(Fault(path, str(error)))
        return STANDINGS.get(values["verdict"], values["verdict"]), edited, values["reason"]

    async def hypothesis(self, shown: HypothesisShown) -> Decision:
        """The next decision on a hypothesis of this generation. Raises ChainStopped when the script has none."""
        waiting = self._hypotheses.get(shown.scene.generation, [])
        if waiting:
            verdict, edited, reason = waiting.pop(0)
        else:
            verdict, edited, reason = self._otherwise(shown.scene.generation), None, ""
        goes_on = edited if edited is not None else shown.hypothesis
        return Decision(shown.hypothesis, verdict, goes_on, reason)  # type: ignore[arg-type]

    async def samples(self, shown: SamplesShown) -> Sequence[Sample]:
        """The next decisions on samples of this generation. Raises ChainStopped when the script has too few."""
        waiting = self._samples.get(shown.scene.generation, [])
        out = []
        for sample in shown.samples:
            verdict, edited, reason = waiting.pop(0) if waiting else (self._otherwise(shown.scene.generation), None, "")
            if verdict == "reject":
                out.append(replace(sample, verdict="rejected", reason=reason))
            elif edited is not None:
                out.append(replace(sample, example=edited, verdict="edited", shown=sample.example, reason=reason))
            else:
                out.append(replace(sample, reason=reason))
        return out

    def _otherwise(self, generation: int) -> str:
        if self._default is None:
            raise ChainStopped(
                f"The decisions say nothing more for generation {generation}",
                "What is done so far is saved.",
                'Add decisions, or `default = "approve"`, and resume.',
            )
        return str(self._default)


_DECISION = (
    Field("verdict", "choice", "", "", choices=VERDICTS, default="approve"),
    Field("hypothesis", "any", "", ""),
    Field("reason", "str", "", "", default=""),
)
_SAMPLE = (
    Field("verdict", "choice", "", "", choices=tuple(STANDINGS), default="approved"),
    Field("input", "any", "", ""),
    Field("output", "any", "", ""),
    Field("reason", "str", "", "", default=""),
)
