"""A file of decisions on the rows of a data file: TOML to which each step is appended, on the disk before the next key is read.

    file = DecisionFile.open_or_create(path, table, Sitting("ada", mapping, order="file"))   # StoreError, ConfigError
    file.read_only                       # why nothing can be appended, such as another program that has it open; "" if it can
    file.notices                         # sentences for the person, also on rows that are gone
    steps_on(file.steps, table)          # all steps with their rows, to go on where the last sitting ended, and to undo them
    file.append("decide", table[7], Decision("reject", reason="too long", seconds=3.2))
    file.append("undo", table[7], UNDECIDED)          # the decision after the step
    file.use(replace(file.sitting, fields=other))     # noted with the next step
    file.close()

The journal gives what sessions have: one writer, an unfinished block kept beside the file, checksums, and refusal to write over
another program's changes. The data file is never written.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from iicl_tui.data_files import DataTable, FieldMapping, Row
from iicl_tui.errors import ConfigError, Fault, StoreError
from iicl_tui.files import open_regular, parse_toml
from iicl_tui.review.decisions import UNDECIDED, VERDICTS, Decision, Sitting, Step, StepKind, match
from iicl_tui.store import errors, toml_text
from iicl_tui.store.garbage import paused_garbage_collection
from iicl_tui.store.journal import Journal
from iicl_tui.text import printable

FORMAT = "iicl-tui-decisions/1"
SUFFIX = ".decisions.toml"

_END = re.compile(r"# end: [a-z]+(?: [0-9]+)?(?: sum [0-9a-f]{8})?\r?(?:\n|\Z)")
_STEP = re.compile(
    r"\n*\[\[(decide|undo|redo)\]\]\n"
    r'row = "([0-9a-f]{32}(?:-[0-9]{1,9})?)"\nline = ([0-9]{1,10})\n'
    r'(?:verdict = "([a-z]+)"\n)?(?:text = (".*")\n)?(?:reason = (".*")\n)?'
    r'seconds = ([0-9]{1,9}(?:\.[0-9]{1,9})?)\nat = (\S+)\nby = (".*")\n'
    r"# end: [a-z]+ [0-9]+(?: sum [0-9a-f]{8})?\n"
)
"""A step and its end as this program writes it. Any other form of TOML is parsed by tomllib."""
_KINDS = ("decide", "undo", "redo")


def default_path(data: Path, reviewer: str = "") -> Path:
    """Where the decisions on a data file are if nobody says otherwise: beside it, one file for each reviewer."""
    name = re.sub(r"[^\w.-]+", "-", reviewer).strip(".-")
    return data.with_name(f"{data.stem}{f'.{name}' if name else ''}{SUFFIX}")


def is_decisions(path: Path) -> bool:
    """Whether a file looks like decisions on rows. False for one that cannot be read."""
    try:
        with open_regular(path) as descriptor:
            head = os.read(descriptor, 4096)
    except OSError:
        return False
    return re.search(rb'^format = "iicl-tui-decisions/', head, re.MULTILINE) is not None


class DecisionFile:
    """An open file of decisions. Close it, or use it as a context manager.

    Attributes:
        path: The file.
        data: The data file, as the head names it: relative to the folder of this file.
        steps: All steps so far.
        calls: Calls to a model that decides, as tables, each before the step that it led to.
        sitting: What the reviewer has before them now.
        notices: Sentences for the person.
    """

    def __init__(self, journal: Journal, data: str, steps: list[Step], sitting: Sitting, clock: Callable[[], datetime]) -> None:
        self.path = journal.path
        self.data = data
        self.steps = steps
        self.calls: list[Mapping[str, Any]] = []
        self.sitting = sitting
        self.notices = list(journal.notices)
        self._journal = journal
        self._noted = sitting
        self._clock = clock

    @classmethod
    def create(cls, path: Path, table: DataTable, sitting: Sitting, clock: Callable[[], datetime] | None = None) -> DecisionFile:
        """Creates a file without decisions. Never overwrites. Raises StoreError."""
        clock = clock or _now
        there = table.path.resolve()
        name = os.path.relpath(there, path.resolve().parent) if there.drive == path.resolve().drive else str(there)
        sitting = _seen(sitting, table)
        now = clock()
        head = f"format = {toml_text.string(FORMAT)}\ncreated = {toml_text.value(now)}\n\n"
        head += toml_text.table("[data]", {"file": name, "digest": table.digest, "rows": len(table)})
        return cls(Journal.create(path, head + _sitting_text(sitting, now), words=errors.DECISIONS), name, [], sitting, clock)

    @classmethod
    def open(cls, path: Path, read_only: bool = False, clock: Callable[[], datetime] | None = None) -> DecisionFile:
        """Opens a file of decisions; for reading only if another program has it open, or if asked to.

        Raises:
            StoreError: It cannot be read, or is no such file.
            ConfigError: Its faults, each with its line.
        """
        journal = Journal.open(path, read_only, errors.DECISIONS)
        try:
            text = _text(journal)
            end = _END.search(text)
            if not journal.is_journal or end is None:
                raise _no_decisions(path)
            data, sitting = _head(text[: end.start()], path)
            steps: list[Step] = []
            calls: list[Mapping[str, Any]] = []
            with paused_garbage_collection():
                for step in _blocks(text, end.end(), path.name):
                    if isinstance(step, Step):
                        steps.append(step)
                    elif isinstance(step, Sitting):
                        sitting = step
                    else:
                        calls.append(step)
        except BaseException:
            journal.close()
            raise
        file = cls(journal, data, steps, sitting, clock or _now)
        file.calls = calls
        return file

    @classmethod
    def open_or_create(
        cls, path: Path, table: DataTable, sitting: Sitting, clock: Callable[[], datetime] | None = None
    ) -> DecisionFile:
        """Opens the file to go on with it, or creates it.

        sitting: A mapping that is None is taken from the file, and a reviewer that is empty. Rows that are gone from the data are
        named in `notices`.

        Raises:
            StoreError, ConfigError: As `open` and `create`.
        """
        if not os.path.lexists(path):
            return cls.create(path, table, sitting, clock)
        file = cls.open(path, clock=clock)
        before = file.sitting
        fields, reviewer = sitting.fields or before.fields, sitting.reviewer or before.reviewer
        file.sitting = _seen(Sitting(reviewer, fields, sitting.order, sitting.blind), table)
        file.notices += match(file.steps, table).notices(table.path.name)
        return file

    def __enter__(self) -> DecisionFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def read_only(self) -> str:
        """Why nothing can be appended; empty if it can."""
        return self._journal.read_only or ""

    def use(self, sitting: Sitting) -> None:
        """Sets what the reviewer has before them from now on. It is written with the next step."""
        self.sitting = sitting

    def append(self, kind: StepKind, row: Row, decision: Decision) -> None:
        """Adds a step, which is on the disk when this returns.

        Args:
            kind: Whether it is a new decision, or one that was undone or redone.
            row: The row.
            decision: The decision after the step; `UNDECIDED` if there is none.

        Raises:
            StoreError: The file is unchanged, and the same step can be tried again.
        """
        now = self._clock()
        if self.sitting != self._noted:
            self._journal.append(_sitting_text(self.sitting, now), "sitting")
            self._noted = self.sitting
        step = Step(kind, row.key, row.line, decision, self.sitting.reviewer, toml_text.value(now))
        self._journal.append(_step_text(step), f"{kind} {len(self.steps) + 1}")
        self.steps.append(step)

    def check_space(self, size: int) -> None:
        """Checks that this many bytes can be appended. Raises as `append`."""
        self._journal.check_space(size)

    def append_call(self, row: Row, call: Mapping[str, Any]) -> None:
        """Records a model's reply about a row before it is read, so that nothing is paid for twice. Raises as `append`."""
        table = {"row": row.key, "line": row.line, **call, "at": self._clock()}
        self._journal.append("\n" + toml_text.table("[[call]]", table), f"call {len(self.calls) + 1}")
        self.calls.append(table)

    def close(self) -> None:
        """Closes the file, so that others can write to it. May be called twice."""
        self._journal.close()


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _seen(sitting: Sitting, table: DataTable) -> Sitting:
    return Sitting(sitting.reviewer, sitting.fields, sitting.order, sitting.blind, table.digest)


def _sitting_text(sitting: Sitting, now: datetime) -> str:
    values = {"reviewer": sitting.reviewer, "order": sitting.order, "blind": sitting.blind, "data_digest": sitting.data_digest}
    text = "\n" + toml_text.table("[[sitting]]", {**values, "at": now})
    return text + (toml_text.table("[sitting.fields]", sitting.fields.table()) if sitting.fields is not None else "")


def _step_text(step: Step) -> str:
    decision = step.decision
    lines = [f'\n[[{step.kind}]]\nrow = "{step.key}"\nline = {step.line}\n']
    if decision.verdict is not None:
        lines.append(f'verdict = "{decision.verdict}"\n')
    if decision.text is not None:
        lines.append(f"text = {toml_text.string(decision.text)}\n")
    if decision.reason:
        lines.append(f"reason = {toml_text.string(decision.reason)}\n")
    lines.append(f"seconds = {max(decision.seconds, 0):.2f}\nat = {step.at}\nby = {toml_text.string(step.by)}\n")
    return "".join(lines)


# -- reading ----------------------------------------------------------------------------------------------------------------------


def _no_decisions(path: Path) -> StoreError:
    what = "A file of decisions begins with its format and the data file that it is about."
    return StoreError(f"{path.name} is no file of decisions", what, "Name one that `iicl-tui review` has made.")


def _text(journal: Journal) -> str:
    try:
        return journal.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigError([Fault((), "this is no UTF-8 text", line)], journal.path.name) from error


def _head(text: str, path: Path) -> tuple[str, Sitting]:
    try:
        values = parse_toml(text)
    except ValueError as error:
        raise ConfigError([Fault((), f"no valid TOML: {error}")], path.name) from error
    form = values.get("format")
    if form != FORMAT:
        if isinstance(form, str) and form.startswith(FORMAT.split("/")[0] + "/"):
            what = f"It is in the format {printable(form, 60)}; this version reads {FORMAT}."
            raise StoreError(f"{path.name} is from another version", what, "Open it with that version.")
        raise _no_decisions(path)
    data, sittings = values.get("data"), values.get("sitting")
    if not isinstance(data, dict) or not isinstance(data.get("file"), str) or not isinstance(sittings, list) or not sittings:
        raise ConfigError([Fault((), "the head needs data.file, and a [[sitting]]")], path.name)
    try:
        return data["file"], _sitting(sittings[-1])
    except ValueError as error:
        raise ConfigError([Fault(("sitting",), str(error))], path.name) from error


def _sitting(values: Mapping[str, Any]) -> Sitting:
    """Raises ValueError."""
    kinds: dict[str, type] = {"reviewer": str, "order": str, "blind": bool, "data_digest": str}
    for name, kind in kinds.items():
        if not isinstance(values.get(name, kind()), kind):
            raise ValueError(f"{name} must be {'true or false' if kind is bool else 'a text'}")
    fields = values.get("fields")
    if fields is not None and not isinstance(fields, dict):
        raise ValueError("fields must be a table")
    mapping = None if fields is None else FieldMapping.from_table(fields)
    plain = {name: values.get(name, kind()) for name, kind in kinds.items()}
    return Sitting(plain["reviewer"], mapping, plain["order"] or "file", plain["blind"], plain["data_digest"])


def _blocks(text: str, start: int, source: str) -> Iterator[Step | Sitting | Mapping[str, Any]]:
    """The blocks after the head. Raises ConfigError."""
    names: dict[str | None, Any] = {None: None, **{name: name for name in (*VERDICTS, *_KINDS)}}
    texts: dict[str | None, str] = {None: ""}  # few reviewers and reasons, many decisions
    while True:
        found = _STEP.match(text, start)
        if found is not None and found[4] in names:
            kind, key, line, verdict, edited, reason, seconds, at, by = found.groups()
            for written in (reason, by):
                if written not in texts:
                    texts[written] = _string(written)
            decision = Decision._make((names[verdict], _string(edited) if edited else None, texts[reason], float(seconds)))
            decision = UNDECIDED if decision == UNDECIDED else decision
            yield Step._make((names[kind], key, int(line), decision, texts[by], at))
            start = found.end()
            continue
        end = text.find("\n# end: ", start - 1)
        if end < 0:
            return
        yield from _by_hand(text, start, end + 1, source)
        marker = _END.match(text, end + 1)
        start = marker.end() if marker else end + 1


def _string(written: str) -> str:
    """A string on one line. Raises ValueError."""
    if "\\" not in written:
        return written[1:-1]
    try:
        text: str = json.loads(written)
    except ValueError:  # TOML has escapes that JSON lacks
        text = parse_toml(f"x = {written}")["x"]
    return text


def _by_hand(text: str, start: int, end: int, source: str) -> Iterator[Step | Sitting | Mapping[str, Any]]:
    """A block in another form than this program's. Raises ConfigError."""
    try:
        values = parse_toml(text[start:end])
        for kind, items in values.items():
            for item in items if isinstance(items, list) else [items]:
                if not isinstance(item, dict):
                    raise ValueError(f"{kind} must be a table")
                yield _sitting(item) if kind == "sitting" else item if kind == "call" else _step(kind, item)
    except ValueError as error:
        line = text.count("\n", 0, start) + 1
        raise ConfigError([Fault((), f"in the block that begins here: {error}", line)], source) from error


def _step(kind: str, values: Mapping[str, Any]) -> Step:
    """Raises ValueError."""
    if kind not in _KINDS:
        raise ValueError(f"there is no block {printable(kind, 40)}")
    key, verdict, text, seconds = values.get("row"), values.get("verdict"), values.get("text"), values.get("seconds", 0.0)
    line, reason, by = values.get("line", 0), values.get("reason", ""), values.get("by", "")
    if not isinstance(key, str) or not all(isinstance(each, str) for each in (reason, by, text or "")):
        raise ValueError("row, text, reason and by must be texts")
    if verdict is not None and verdict not in VERDICTS:
        raise ValueError(f"verdict must be one of {', '.join(VERDICTS)}")
    if not isinstance(line, int) or not isinstance(seconds, (int, float)):
        raise ValueError("line and seconds must be numbers")
    at = values.get("at", "")
    return Step(
        cast(StepKind, kind), key, line, Decision(verdict, text, reason, float(seconds)), by, toml_text.value(at) if at else ""
    )
