"""Tables of fields, one a record, from which writing, reading, checking and exporting follow.

A record's class says what it holds in memory. Its `RecordTable` says how that stands in a file: which key has which attribute, what
the key may hold, and when it is left out. A new field of a record is one more line in its class and one more in its table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, Protocol

from iicl_tui.errors import Fault
from iicl_tui.schema import REQUIRED, Field, Kind, describe, read_table
from iicl_tui.schema import Path as KeyPath


class WriteContext(Protocol):
    """How values become text. What recurs may be kept."""

    def value(self, item: Any) -> str:
        """A plain value."""

    def hypothesis(self, hypothesis: int) -> str:
        """A hypothesis as the task writes it."""

    def example(self, example: Any) -> str:
        """The lines `input = …` and `output = …`."""


class ReadContext(Protocol):
    """What gives a value its meaning. Whatever is wrong goes to `faults`, and something of the right type is returned."""

    faults: list[Fault]

    def hypothesis(self, value: Any, path: KeyPath) -> int:
        """A hypothesis as the task reads it."""

    def example(self, table: Mapping[str, Any], path: KeyPath) -> Any:
        """The example of a table that has `input` and `output`."""

    def filter_kind(self, name: str, path: KeyPath) -> str:
        """The name of a kind of filter."""

    def purpose(self, name: str, path: KeyPath) -> str:
        """Why a model was asked."""

    def record(self, table: RecordTable, entry: Mapping[str, Any], path: KeyPath, place: int) -> Any:
        """A record that is part of another one; place: its own among those."""


class Plain:
    """How a value passes between a record and a file: here, as it is."""

    blank: Any = None
    """Stands for a value that a file should have and does not."""

    def lines(self, key: str, value: Any, context: WriteContext) -> str:
        """The text of one key."""
        return f"{key} = {self.text(value, context)}\n"

    def text(self, value: Any, context: WriteContext) -> str:
        """The value as TOML."""
        return context.value(value)

    def read(self, value: Any, path: KeyPath, context: ReadContext) -> Any:
        """The attribute, from a value whose type was checked."""
        return value

    def export(self, value: Any) -> Any:
        """The attribute for a JSON document."""
        return value

    def columns(self, name: str) -> tuple[str, ...]:
        """The columns of a CSV table."""
        return (name,)

    def cells(self, value: Any) -> tuple[Any, ...]:
        """The attribute in these columns."""
        return (value,)


class Float(Plain):
    """A number that is written as a float also where it is whole."""

    def text(self, value: Any, context: WriteContext) -> str:
        return context.value(float(value))


class Words(Plain):
    """A list of texts; a tuple in the record."""

    def read(self, value: Any, path: KeyPath, context: ReadContext) -> Any:
        return tuple(value)

    def cells(self, value: Any) -> tuple[Any, ...]:
        return (" ".join(value),)


class CountedFromOne(Plain):
    """An index that a file counts from 1, and a record from 0."""

    def text(self, value: Any, context: WriteContext) -> str:
        return context.value(value + 1)

    def read(self, value: Any, path: KeyPath, context: ReadContext) -> Any:
        return value - 1

    def export(self, value: Any) -> Any:
        return value + 1


class Hypothesis(Plain):
    """A hypothesis: a number in the record, the task's own words in a file."""

    blank = 0

    def text(self, value: Any, context: WriteContext) -> str:
        return context.hypothesis(value)

    def read(self, value: Any, path: KeyPath, context: ReadContext) -> Any:
        return context.hypothesis(value, path)


class FilterKindName(Plain):
    """The name of a kind of filter."""

    def read(self, value: Any, path: KeyPath, context: ReadContext) -> Any:
        return context.filter_kind(value, path)


class FilterKindNames(Words):
    """Names of kinds of filters."""

    def read(self, value: Any, path: KeyPath, context: ReadContext) -> Any:
        return tuple(context.filter_kind(name, (*path, place)) for place, name in enumerate(value))


class PurposeName(Plain):
    """Why a model was asked."""

    def read(self, value: Any, path: KeyPath, context: ReadContext) -> Any:
        return context.purpose(value, path)


@dataclass(frozen=True)
class Records(Plain):
    """A list of records, each under a header of its own."""

    table: RecordTable

    blank = ()

    def lines(self, key: str, value: Any, context: WriteContext) -> str:
        return "".join(self.table.block(record, context, place) for place, record in enumerate(value))

    def read(self, value: Any, path: KeyPath, context: ReadContext) -> Any:
        if not are_tables(value):
            context.faults.append(Fault(path, f"expected tables, found {describe(value)}"))
            return ()
        return tuple(context.record(self.table, entry, (*path, place), place) for place, entry in enumerate(value))

    def export(self, value: Any) -> Any:
        return [self.table.export(record) for record in value]

    def columns(self, name: str) -> tuple[str, ...]:
        return ()

    def cells(self, value: Any) -> tuple[Any, ...]:
        return ()


PLAIN = Plain()
FLOAT = Float()
WORDS = Words()
COUNTED_FROM_ONE = CountedFromOne()
HYPOTHESIS = Hypothesis()
FILTER_KIND = FilterKindName()
FILTER_KINDS = FilterKindNames()
PURPOSE = PurposeName()


@dataclass(frozen=True)
class RecordField:
    """One attribute of a record, and its key in a file (an example has two).

    Attributes:
        keys: What a file may hold.
        attribute: Its name in the record.
        value: How it passes between the two.
        default: What the record has where the key is absent. REQUIRED: a file must have it.
        default_of: In its place, where that depends on earlier attributes (got by name) and on the record's place in a list.
        always: Written also where it is the default.
        only_if: Which records have it at all; None: all of them.
        exported: Part of a JSON document.
        column: Its name in a CSV table. "": the key's; None: it has no column.
    """

    keys: tuple[Field, ...]
    attribute: str
    value: Plain = PLAIN
    default: Any = REQUIRED
    default_of: Callable[[Callable[[str], Any], int], Any] | None = None
    always: bool = False
    only_if: Callable[[Any], bool] | None = None
    exported: bool = True
    column: str | None = ""

    @cached_property
    def key(self) -> str:
        """The first key."""
        return self.keys[0].key

    @cached_property
    def is_usual(self) -> bool:
        """Whether every record is written with it."""
        return self.always and self.only_if is None

    def is_written(self, record: Any, value: Any, place: int) -> bool:
        """Whether this record's table has the key."""
        if self.only_if is not None and not self.only_if(record):
            return False
        if self.always:
            return True
        if self.default_of is not None:
            return bool(value != self.default_of(partial(getattr, record), place))
        return bool(value != self.default)


def field(
    key: str,
    kind: Kind,
    attribute: str = "",
    *,
    value: Plain = PLAIN,
    default: Any = REQUIRED,
    low: float | None = None,
    high: float | None = None,
    choices: Sequence[str] = (),
    **more: Any,
) -> RecordField:
    """An attribute with one key. attribute: its name, where that is not the key's. more: as for RecordField."""
    required = default is REQUIRED and "default_of" not in more
    checked = Field(key, kind, key, "", REQUIRED if required else None, choices, low, high, any_size=True)
    more.setdefault("always", required)
    return RecordField((checked,), attribute or key, value, default, **more)


@dataclass(frozen=True)
class RecordTable:
    """The fields of one record, in the order in which they are written. header: the line above them."""

    header: str
    fields: tuple[RecordField, ...]

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """All keys that a file may have."""
        return tuple(key.key for each in self.fields for key in each.keys)

    @cached_property
    def usual(self) -> frozenset[str]:
        """The keys that every record of this kind is written with."""
        return frozenset(key.key for each in self.fields if each.is_usual for key in each.keys)

    @cached_property
    def _checked(self) -> tuple[Field, ...]:
        return tuple(key for each in self.fields for key in each.keys)

    def block(self, record: Any, context: WriteContext, place: int = 0) -> str:
        """The record's text with its header, place: its own in a list."""
        lines = [self.header, "\n"]
        for each in self.fields:
            value = getattr(record, each.attribute)
            if value is each.default and not each.always:  # as most are
                continue
            if each.is_usual or each.is_written(record, value, place):
                lines.append(each.value.lines(each.key, value, context))
        return "".join(lines)

    def read(self, table: Mapping[str, Any], path: KeyPath, context: ReadContext, place: int = 0) -> dict[str, Any]:
        """The attributes, by name. Whatever is wrong goes to the context's faults; such an attribute has its default."""
        values = read_table(self._checked, table, path, context.faults)
        out: dict[str, Any] = {}
        for each in self.fields:
            if len(each.keys) > 1:
                out[each.attribute] = each.value.read(table, path, context)
            elif (value := values[each.key]) is not None:
                out[each.attribute] = each.value.read(value, (*path, each.key), context)
            elif each.default_of is not None:
                out[each.attribute] = each.default_of(out.__getitem__, place)
            else:
                out[each.attribute] = each.value.blank if each.default is REQUIRED else each.default
        return out

    def export(self, record: Any) -> dict[str, Any]:
        """The record for a JSON document: lists of records under their attributes' names, all else under its keys."""
        out: dict[str, Any] = {}
        for each in self.fields:
            if not each.exported:
                continue
            value = each.value.export(getattr(record, each.attribute))
            if len(each.keys) > 1:
                out |= value
            else:
                out[each.attribute if isinstance(each.value, Records) else each.key] = value
        return out

    def columns(self) -> tuple[str, ...]:
        """The columns of a CSV table with a row a record."""
        return tuple(name for each in self._in_csv() for name in each.value.columns(each.column or each.key))

    def cells(self, record: Any) -> dict[str, Any]:
        """A row's cells, by column; None, which has no record: empty ones."""
        if record is None:
            return dict.fromkeys(self.columns())
        cells = (cell for each in self._in_csv() for cell in each.value.cells(getattr(record, each.attribute)))
        return dict(zip(self.columns(), cells, strict=True))

    def _in_csv(self) -> Iterator[RecordField]:
        return (each for each in self.fields if each.exported and each.column is not None)

    def only(self, **defaults: Any) -> tuple[Field, ...]:
        """Some of its keys with other defaults, for a document that says a part of a record."""
        known = {key.key: key for key in self._checked}
        return tuple(replace(known[name], default=default) for name, default in defaults.items())

    def others(self, fields: Sequence[Field]) -> tuple[str, ...]:
        """All keys but those of these fields."""
        taken = {each.key for each in fields}
        return tuple(key for key in self.keys if key not in taken)


def are_tables(value: Any) -> bool:
    """Whether a file's value is a list of tables."""
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)
