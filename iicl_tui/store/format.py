"""Session format 1, written: a head, then one block a phase. `decode` reads it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from iicl_tui.agents.calls import Call, Token
from iicl_tui.chain.config import ChainConfig
from iicl_tui.chain.records import ImitationRecord, InteractionRecord, Record, TransmissionRecord
from iicl_tui.filters.base import Decision, Refinement, Sample
from iicl_tui.schema import FORMAT
from iicl_tui.store import toml_text
from iicl_tui.tasks.base import Example, Start, Task

_MOST_CACHED = 10_000


@dataclass(frozen=True)
class Parent:
    """Where a branch comes from. generation: the last one that both files have; 0 for the start alone."""

    file: str
    generation: int


def start_table(task: Task, start: Start) -> dict[str, Any]:
    """[start] as a file's values."""
    table: dict[str, Any] = {"hypothesis": task.write_hypothesis(start.target)}
    if start.rival is not None:
        table["rival"] = task.write_hypothesis(start.rival)
    table["sample"] = [{"input": list(sample.input), "output": sample.output} for sample in start.samples]
    return table


def head_text(config: ChainConfig, created: datetime, parent: Parent | None = None) -> str:
    """The head: everything that is known before generation 1."""
    lines = [f"format = {toml_text.string(FORMAT)}", f"created = {toml_text.value(created)}"]
    if parent is not None:
        lines.append(f"parent = {toml_text.value({'file': parent.file, 'generation': parent.generation})}")
    document = config.document
    tables = [toml_text.table(f"[{name}]", document[name]) for name in ("chain", "task") if name in document]
    for name in ("agent", "filter"):
        tables += [toml_text.table(f"[[{name}]]", table) for table in document.get(name, ())]
    tables.append(toml_text.table("[start]", start_table(config.task, config.start)))
    return "\n".join(lines) + "\n\n" + "\n".join(tables)


class Encoder:
    """Records as blocks of text. What recurs (243 rules, 93 examples) is written out once and kept.

    last: the generation that the text before ends in; 0 where it has none.
    """

    def __init__(self, task: Task, last: int = 0) -> None:
        self._task = task
        self._last = last
        self._hypotheses: dict[int, str] = {}
        self._examples: dict[Example, str] = {}

    def block(self, record: Record) -> tuple[str, str]:
        """(text, marker) of one record, as it follows what was written before; `wrote` says that it was."""
        text = "" if record.generation == self._last else f"\n[[generation]]\nindex = {record.generation}\n"
        if isinstance(record, Call):
            return text + _call(record), f"call {record.generation}"
        marker = f"{record.phase} {record.generation}"
        if isinstance(record, ImitationRecord):
            return text + self._imitation(record), marker
        if isinstance(record, InteractionRecord):
            return text + self._interaction(record), marker
        return text + self._transmission(record), marker

    def wrote(self, record: Record) -> None:
        """This record is written: the next one follows it."""
        self._last = record.generation

    def _imitation(self, record: ImitationRecord) -> str:
        return f"[generation.imitation]\nagent = {record.agent + 1}\nhypothesis = {self._hypothesis(record.hypothesis)}\n"

    def _interaction(self, record: InteractionRecord) -> str:
        text = (
            f"[generation.interaction]\nfilter = {toml_text.value(record.filters)}\n"
            f"hypothesis = {self._hypothesis(record.hypothesis)}\n"
        )
        if record.redraws:
            text += f"redraws = {record.redraws}\n"
        if record.exhausted is not None:
            text += f"exhausted = {toml_text.string(record.exhausted)}\n"
        return text + "".join(map(self._decision, record.decisions)) + "".join(map(self._refinement, record.refinements))

    def _refinement(self, refinement: Refinement) -> str:
        return (
            f"[[generation.interaction.refinement]]\nfilter = {toml_text.string(refinement.filter)}\n"
            f"shown = {self._hypothesis(refinement.shown)}\nhypothesis = {self._hypothesis(refinement.hypothesis)}\n"
            f"failing = {refinement.failing}\n"
        )

    def _decision(self, decision: Decision) -> str:
        text = f'[[generation.interaction.decision]]\nshown = {self._hypothesis(decision.shown)}\nverdict = "{decision.verdict}"\n'
        if decision.hypothesis != decision.shown:
            text += f"hypothesis = {self._hypothesis(decision.hypothesis)}\n"
        return text + _why(decision.reason, decision.seconds)

    def _transmission(self, record: TransmissionRecord) -> str:
        samples = (self._sample(sample, place) for place, sample in enumerate(record.samples))
        return "[generation.transmission]\n" + "".join(samples)

    def _sample(self, sample: Sample, place: int) -> str:
        text = f'[[generation.transmission.sample]]\n{self._example(sample.example)}verdict = "{sample.verdict}"\n'
        if sample.number != place:
            text += f"number = {sample.number}\n"
        if sample.origin is not None:
            text += f"from = {sample.origin}\n"
        if sample.shown is not None:
            shown = {"input": sample.shown.input, "output": sample.shown.output}
            text += f"shown = {toml_text.value(shown)}\n"
        if sample.reason or sample.seconds is not None:
            text += _why(sample.reason, sample.seconds)
        return text

    def _hypothesis(self, hypothesis: int) -> str:
        text = self._hypotheses.get(hypothesis)
        if text is None:
            text = toml_text.value(self._task.write_hypothesis(hypothesis))
            if len(self._hypotheses) < _MOST_CACHED:
                self._hypotheses[hypothesis] = text
        return text

    def _example(self, example: Example) -> str:
        text = self._examples.get(example)
        if text is None:
            text = f"input = {toml_text.value(example.input)}\noutput = {toml_text.value(example.output)}\n"
            if len(self._examples) < _MOST_CACHED:
                self._examples[example] = text
        return text


def _why(reason: str, seconds: float | None) -> str:
    text = f"reason = {toml_text.string(reason)}\n" if reason else ""
    return text + (f"seconds = {toml_text.value(float(seconds))}\n" if seconds is not None else "")


def _call(call: Call) -> str:
    table: dict[str, Any] = {"phase": call.phase, "purpose": call.purpose}
    if call.verdict is not None:
        table["verdict"] = call.verdict
    else:
        table |= {"model": call.model, "prompt": call.prompt}
    if call.verdict in (None, "edit"):
        table["reply"] = call.reply
    if call.finish != "stop":
        table["finish"] = call.finish
    if call.tokens is not None:
        table["logprobs"] = [_token(token) for token in call.tokens]
    if call.usage is not None:
        table["usage"] = {"prompt": call.usage.prompt, "completion": call.usage.completion}
    if call.sent is not None:
        table["sent"] = call.sent
    if call.latency is not None:
        table["latency"] = float(call.latency)
    if call.attempts != 1:
        table["attempts"] = call.attempts
    if call.without:
        table["without"] = call.without
    return "[[generation.call]]\n" + "".join(f"{key} = {toml_text.value(item)}\n" for key, item in table.items())


def _token(token: Token) -> list[Any]:
    """[token, log-probability, [[token, log-probability], …]]"""
    return [_spelled(token.data), token.logprob, [[_spelled(data), logprob] for data, logprob in token.top]]


def _spelled(data: bytes) -> str | list[int]:
    """A token's text; where it is a part of a character only, its bytes."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return list(data)
