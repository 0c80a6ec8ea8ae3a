"""Writes session format 1: a head, then one block per phase or call. `decode` reads it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from iicl_tui.agents.calls import Call
from iicl_tui.chain.config import ChainConfig
from iicl_tui.chain.records import Record
from iicl_tui.record_tables import CALL, PHASE_TABLES
from iicl_tui.schema import FORMAT
from iicl_tui.store import toml_text
from iicl_tui.tasks.base import Example, Start, Task

_MOST_CACHED = 10_000


@dataclass(frozen=True)
class Parent:
    """The session that a branch comes from.

    Attributes:
        file: Its file.
        generation: The last generation that both files share; 0 if they share only the start.
    """

    file: str
    generation: int


def start_table(task: Task, start: Start) -> dict[str, Any]:
    """The values of [start]."""
    table: dict[str, Any] = {"hypothesis": task.write_hypothesis(start.target)}
    if start.rival is not None:
        table["rival"] = task.write_hypothesis(start.rival)
    table["sample"] = [{"input": list(sample.input), "output": sample.output} for sample in start.samples]
    return table


def head_text(config: ChainConfig, created: datetime, parent: Parent | None = None) -> str:
    """The head of a session: everything that is known before generation 1."""
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
    """Writes records as blocks of text. Implements `record_codec.WriteContext`. Caches recurring texts (243 rules, 93 examples).

    Args:
        task: The task.
        last: The last generation that is already in the file; 0 if there is none.
    """

    def __init__(self, task: Task, last: int = 0) -> None:
        self._task = task
        self._last = last
        self._hypotheses: dict[int, str] = {}
        self._examples: dict[Example, str] = {}

    def block(self, record: Record) -> tuple[str, str]:
        """(text, marker) of the next record. Call `wrote` once it is written."""
        text = "" if record.generation == self._last else f"\n[[generation]]\nindex = {record.generation}\n"
        if isinstance(record, Call):
            return text + CALL.block(record, self), f"call {record.generation}"
        table = PHASE_TABLES[record.phase]
        return text + table.block(record, self), f"{record.phase} {record.generation}"

    def wrote(self, record: Record) -> None:
        """Notes that this record was written."""
        self._last = record.generation

    def value(self, item: Any) -> str:
        """A plain value as TOML."""
        return toml_text.value(item)

    def hypothesis(self, hypothesis: int) -> str:
        """A hypothesis as the task writes it."""
        text = self._hypotheses.get(hypothesis)
        if text is None:
            text = toml_text.value(self._task.write_hypothesis(hypothesis))
            if len(self._hypotheses) < _MOST_CACHED:
                self._hypotheses[hypothesis] = text
        return text

    def example(self, example: Example) -> str:
        """The lines `input = …` and `output = …`."""
        text = self._examples.get(example)
        if text is None:
            text = f"input = {toml_text.value(example.input)}\noutput = {toml_text.value(example.output)}\n"
            if len(self._examples) < _MOST_CACHED:
                self._examples[example] = text
        return text
