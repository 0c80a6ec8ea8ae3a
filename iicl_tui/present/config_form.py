"""A draft as a form: sections of rows, each with its field, its text and its faults."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from iicl_tui.agents.base import agent_kinds
from iicl_tui.chain.config import chain_fields
from iicl_tui.errors import Fault
from iicl_tui.files import parse_toml
from iicl_tui.filters.base import filter_kinds
from iicl_tui.present.example_lines import is_example, read_line, write_line
from iicl_tui.present.prior_table import PriorTable, prior_table, whole_keys
from iicl_tui.schema import REQUIRED, Field, Path, describe
from iicl_tui.store import toml_text
from iicl_tui.store.config_draft import Draft, ListName
from iicl_tui.tasks.base import Task, TaskKind, task_kinds
from iicl_tui.text import printable

GroupName = Literal["task", "agents", "interaction", "chain"]
GROUPS: tuple[GroupName, ...] = ("task", "agents", "interaction", "chain")


@dataclass(frozen=True)
class Row:
    """One field.

    Attributes:
        value: The document's value, or None.
        text: The value as text for an input.
        absent: What applies if no value is given; empty if that is the field's default.
    """

    path: Path
    field: Field
    value: Any
    text: str
    faults: tuple[str, ...] = ()
    absent: str = ""

    @property
    def hint(self) -> str:
        """What applies if no value is given, in words."""
        if self.absent:
            return self.absent
        default = self.field.default
        if default is REQUIRED:
            return "required"
        return "" if default is None else f"if empty: {format_value(self.field, default)}"

    def read(self, text: str) -> Any:
        """The value of a text in the row's input; None if it is empty."""
        return read_line(text) if is_example(self.path) else parse_text(self.field, text)


@dataclass(frozen=True)
class PreservedKey:
    """A key that the form does not show as a field and does not change."""

    path: Path
    text: str
    faults: tuple[str, ...] = ()


@dataclass(frozen=True)
class Section:
    """One table of the file. The section with the path () holds everything that the form does not know.

    Attributes:
        place: Its index in its list, and the list's length; None if it is not in a list.
        prior: The weights of an agent's prior, if they make a table.
    """

    path: Path
    title: str
    help: str
    rows: tuple[Row, ...]
    preserved: tuple[PreservedKey, ...]
    place: tuple[int, int] | None = None
    prior: PriorTable | None = None

    @property
    def shape(self) -> tuple[object, ...]:
        """A key for the section's widgets: while it stays the same, only values and faults need an update."""
        return (
            self.path,
            self.title,
            self.place,
            tuple(row.path for row in self.rows),
            tuple((k.path, k.text) for k in self.preserved),
            (*(cell.path for cell in self.prior.cells), self.prior.note) if self.prior else (),
        )


@dataclass(frozen=True)
class Form:
    """The whole form.

    Attributes:
        groups: The sections of each group.
        elsewhere: Faults that belong to no row.
        count: Number of all faults.
        lists: The task's lists of tables: where each is, and the kinds that can be added.
    """

    groups: Mapping[GroupName, tuple[Section, ...]]
    elsewhere: tuple[Fault, ...]
    count: int
    lists: tuple[tuple[Path, tuple[str, ...]], ...] = ()

    @property
    def sections(self) -> list[Section]:
        """All sections, in order."""
        return [section for name in GROUPS for section in self.groups[name]]

    def shape(self, name: GroupName) -> list[object]:
        """A key for a group's widgets, see `Section.shape`."""
        return [section.shape for section in self.groups[name]]

    @property
    def rows(self) -> dict[Path, Row]:
        """Every row by its path."""
        return {row.path: row for section in self.sections for row in section.rows}


def read_form(draft: Draft, faults: Sequence[Fault] = (), task: Task | None = None) -> Form:
    """The form of a draft, with each fault at its row. task: as last read without a fault; it names what has a prior weight."""
    document = draft.document
    chain = _table(document.get("chain"))
    task_names = task_kinds()
    tasks = next(field for field in chain_fields() if field.key == "task")
    task_name = chain.get("task", tasks.default)
    kind = task_names.get(task_name) if isinstance(task_name, str) else None
    groups: dict[GroupName, tuple[Section, ...]] = {
        "task": (
            _section(
                ("task",), "task", kind.help if kind else "", (*((tasks, ("chain", "task")),), *_at(("task",), kind)),
                document.get("task"), chain,
            ),
            *_task_sections(kind, _table(document.get("task"))),
            *_start(document.get("start")),
        ),
        "agents": _sections("agent", _tables(document, "agent", [{}]), agent_kinds(), "bayes", task),
        "interaction": _sections("filter", _tables(document, "filter", []), filter_kinds(), None),
        "chain": (
            _section(("chain",), "chain", "", [(f, ("chain", f.key)) for f in chain_fields() if f.key != "task"], chain, chain),
            Section((), "file", "", (), _other_keys(document)),
        ),
    }  # fmt: skip
    lists = kind.tables.items() if kind is not None else ()
    added = tuple((("task", key), tuple(fields({})[0].choices)) for key, fields in lists)
    return replace(_with_faults(groups, faults), lists=added)


def _task_sections(kind: TaskKind | None, table: Mapping[str, Any]) -> Iterator[Section]:
    """The tables of the task's lists."""
    for key, fields in (kind.tables if kind is not None else {}).items():
        given = table.get(key)
        tables = given if isinstance(given, list) else []
        for at, each in enumerate(tables):
            path: Path = ("task", key, at)
            options = [(field, (*path, field.key)) for field in fields(_table(each))]
            yield _section(path, key, "", options, each, {}, (at, len(tables)))


def kind_field(name: ListName) -> Field:
    """The field for the kind of an agent or a filter."""
    kinds = agent_kinds() if name == "agent" else filter_kinds()
    words = " ".join(f"{kind.name}: {kind.help}" for kind in kinds.values())
    default = "bayes" if name == "agent" else REQUIRED
    return Field("kind", "choice", "kind", words, default, choices=tuple(kinds))


def with_kind(draft: Draft, path: Path, kind: str) -> Draft:
    """The draft with another task, agent or filter at the path of its kind. Removes the keys that only the old kind knows, and
    values that equal the old kind's defaults."""
    if path[0] == "task":  # a table of one of its lists, whose other keys the form shows as kept
        return draft.set(path, kind)
    kinds: Mapping[str, Any] = task_kinds()
    if path[0] != "chain":
        kinds = agent_kinds() if path[0] == "agent" else filter_kinds()
    table: Path = ("task",) if path[0] == "chain" else path[:-1]
    old = draft.get(path) or {"chain": "acre", "agent": "bayes"}.get(str(path[0]))
    known = {field.key: field.default for field in kinds[old].fields} if isinstance(old, str) and old in kinds else {}
    stays = {field.key for field in kinds[kind].fields}
    for key, value in list(_table(draft.get(table)).items()):
        if key in known and (key not in stays or value == known[key]):
            draft = draft.set((*table, key), None)
    if path[0] == "chain":  # another task's start does not fit this one
        draft = draft.set(("start",), None)
    return draft.set(path, kind)


_PAIR = re.compile(r"\s*(.+?)\s*=\s*([^=]*?)\s*")


def format_value(field: Field, value: Any) -> str:
    """A value as text for an input; `parse_text` reads it back."""
    if value is None:
        return ""
    if isinstance(value, (list, tuple)) and all(isinstance(each, str) for each in value):
        return ", ".join(value)
    if field.kind == "any" and isinstance(value, Mapping) and all(isinstance(each, str) for each in value.values()):
        return ", ".join(f"{key}={state}" for key, state in value.items())
    if isinstance(value, str):
        return value
    try:
        return toml_text.value(value)
    except TypeError:
        return str(value)


def parse_text(field: Field, text: str) -> Any:
    """The value of a text in an input; None if it is empty. A text that is not a number stays text, and the checks report it."""
    text = text.strip() if field.kind != "str" else text
    if not text:
        return None
    if field.kind == "strings":
        return [part.strip() for part in text.split(",") if part.strip()]
    if field.kind == "any" and text.startswith(("{", "[")):
        try:
            return parse_toml(f"value = {text}")["value"]
        except ValueError:
            return text
    if field.kind in ("int", "float", "any"):
        if field.kind == "any" and "=" in text:
            pairs = [_PAIR.fullmatch(part) for part in text.split(",") if part.strip()]
            return {pair[1]: pair[2] for pair in pairs if pair} if all(pairs) else text
        if field.kind == "any" and "," in text:
            parts = [_number(part) for part in text.split(",") if part.strip()]
            return text if any(part is None for part in parts) else parts
        number = _number(text)
        return text if number is None else number
    return text


def _number(text: str) -> int | float | None:
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return None


def _is_deep(value: Any) -> bool:
    return isinstance(value, Mapping) and any(isinstance(inner, (Mapping, list)) for inner in value.values())


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _tables(document: Mapping[str, Any], name: str, absent: list[Any]) -> list[Any]:
    value = document.get(name) or absent
    return value if isinstance(value, list) else []


def _at(path: Path, kind: Any) -> list[tuple[Field, Path]]:
    return [(field, (*path, field.key)) for field in kind.fields] if kind else []


def _section(
    path: Path, title: str, help: str, fields: Sequence[tuple[Field, Path]], table: Any, chain: Mapping[str, Any],
    place: tuple[int, int] | None = None,
) -> Section:  # fmt: skip
    table = _table(table)
    rows = []
    for field, at in fields:
        if field.in_form and field.kind != "table":
            value = (chain if at[0] == "chain" else table).get(str(at[-1]))
            if _is_deep(value):  # too much for one line, such as a session's prompts
                continue
            rows.append(Row(at, field, value, printable(format_value(field, value))))
    in_rows = {at[-1] for _, at in fields if at[:-1] == path} & {row.path[-1] for row in rows}
    in_rows |= {"task"} if path == ("chain",) else set()
    if path == ("task",):  # its lists have sections of their own
        in_rows |= {key for key, value in table.items() if key in _list_keys(chain.get("task", "acre")) and isinstance(value, list)}
    preserved = tuple(_preserved_key((*path, key), value) for key, value in table.items() if key not in in_rows)
    return Section(path, title, help, tuple(rows), preserved, place)


def _list_keys(task: Any) -> Collection[str]:
    kind = task_kinds().get(task) if isinstance(task, str) else None
    return kind.tables if kind is not None else ()


def _preserved_key(path: Path, value: Any) -> PreservedKey:
    return PreservedKey(path, printable(describe(value), 60))


def _other_keys(document: Mapping[str, Any]) -> tuple[PreservedKey, ...]:
    """Unknown keys, and tables whose shape the form cannot show."""
    shapes = {"chain": dict, "task": dict, "agent": list, "filter": list, "start": dict}
    return tuple(_preserved_key((key,), value) for key, value in document.items() if not isinstance(value, shapes.get(key, ())))


_START_FIELDS = (
    Field("hypothesis", "any", "true rule h*", "The rule that made the first examples, as A=on, B=off. Empty: as [task] says."),
    Field("rival", "any", "rival ĥ", "Another rule that explains the first examples, in the same form. Empty: as [task] says."),
)
_EXAMPLE = Field(
    "sample", "any", "example", "One of the first examples: what is shown, an arrow, and what comes of it, as A, B -> on. The "
    "first agent learns from all of them.",
)  # fmt: skip
_MOST_EXAMPLES = 60


def _start(start: Any) -> tuple[Section, ...]:
    """The section of first data that are given."""
    if not isinstance(start, dict):
        return ()
    samples = start.get("sample", [])
    texts = [write_line(entry) for entry in samples] if isinstance(samples, list) and len(samples) <= _MOST_EXAMPLES else [None]
    rows = [
        Row(("start", field.key), field, start.get(field.key), printable(format_value(field, start.get(field.key))))
        for field in _START_FIELDS
        if not _is_deep(start.get(field.key))
    ]
    known = {row.path[-1] for row in rows}
    if all(text is not None for text in texts):
        known |= {"sample"}
        for at, text in enumerate(texts):
            field = replace(_EXAMPLE, label=f"example {at + 1}")
            rows.append(Row(("start", "sample", at), field, samples[at], text or ""))
    preserved = tuple(_preserved_key(("start", key), value) for key, value in start.items() if key not in known)
    return (Section(("start",), "first data", "The first data are given, and not drawn.", tuple(rows), preserved),)


def _sections(
    name: ListName, tables: Sequence[Any], kinds: Mapping[str, Any], default: str | None, task: Task | None = None
) -> tuple[Section, ...]:
    out = []
    for i, table in enumerate(tables):
        named = _table(table).get("kind", default)
        kind = kinds.get(named) if isinstance(named, str) else None
        fields = [(kind_field(name), (name, i, "kind")), *_at((name, i), kind)]
        section = _section((name, i), name, kind.help if kind else "", fields, table, {}, (i, len(tables)))
        if kind is not None and any(field.key == "prior" and field.kind == "table" for field in kind.fields):
            section = _with_prior(section, _table(table).get("prior"), task)
        out.append(section)
    return tuple(out)


def _with_prior(section: Section, prior: Any, task: Task | None) -> Section:
    """The section with its prior as a table of weights, if it is one. Weights of whole hypotheses stay as they are."""
    path = (*section.path, "prior")
    table = prior_table(prior, path, task)
    if table is None:
        return section
    if table.note:
        return replace(section, prior=table)
    others = tuple(key for key in section.preserved if key.path != path)
    whole = tuple(_preserved_key((*path, key), prior[key]) for key in whole_keys(prior))
    return replace(section, preserved=(*others, *whole), prior=table)


def _with_faults(groups: Mapping[GroupName, tuple[Section, ...]], faults: Sequence[Fault]) -> Form:
    left = list(faults)

    def faults_at(path: Path) -> tuple[str, ...]:
        mine = [fault for fault in left if fault.path[: len(path)] == path]
        for fault in mine:
            left.remove(fault)
        return tuple(
            printable(fault.message if len(fault.path) == len(path) else f"{_inner(fault, path)}: {fault.message}", 300)
            for fault in mine
        )

    filled = {
        name: tuple(
            replace(
                section,
                rows=tuple(replace(row, faults=faults_at(row.path)) for row in section.rows),
                preserved=tuple(replace(key, faults=faults_at(key.path)) for key in section.preserved),
                prior=section.prior and replace(section.prior, faults=faults_at(section.prior.path)),
            )
            for section in sections
        )
        for name, sections in groups.items()
    }
    return Form(filled, tuple(left), len(faults))


def _inner(fault: Fault, path: Path) -> str:
    return Fault(fault.path[len(path) :], "").key
