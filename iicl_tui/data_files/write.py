"""Writes rows of a table as JSON lines, CSV or Parquet, in their own schema."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from iicl_tui.data_files.parquet_rows import import_pyarrow
from iicl_tui.data_files.table import DataTable, text_of, value_of
from iicl_tui.text import as_cell

_ROWS_AT_ONCE = 2000
_SURROGATE = re.compile("[\ud800-\udfff]")
_BLANK = "\t\r"
"""Stands only between values of JSON, or is escaped already."""
_ENCODE = json.JSONEncoder(ensure_ascii=False).encode


class Written(NamedTuple):
    """A row to write.

    Attributes:
        row: Its index in the table.
        text: What replaces the text of the edited field; None: nothing does.
        more: Fields added after the row's own.
    """

    row: int
    text: str | None = None
    more: Mapping[str, Any] = {}


Writer = Callable[[DataTable, Sequence[Written], str], Iterable[bytes]]
"""Gives a file's parts from the table, the rows to write, and the name of the field that is edited."""


def json_line(values: Mapping[str, Any]) -> bytes:
    """A JSON line. Characters that could control a terminal or hide something are escaped; the values are the same."""
    return _escaped(_ENCODE(values)).encode() + b"\n"


def _escaped(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in _BLANK else json.dumps(char)[1:-1] for char in text)


def json_lines(table: DataTable, rows: Sequence[Written], field: str) -> Iterator[bytes]:
    """The rows as JSON lines. A row of JSON lines that was not edited stays as it is, but for characters as in `json_line`."""
    for row in rows:
        if table.kind == "jsonl" and row.text is None and not row.more:
            yield _escaped(table.raw(row.row).decode()).encode() + b"\n"
        else:
            yield json_line(_values(table, row, field))


def csv_lines(table: DataTable, rows: Sequence[Written], field: str, cell: Callable[[str], str] | None = None) -> Iterator[bytes]:
    """The rows as CSV with commas. Lists and tables become JSON; null and "" cannot be told apart afterwards.

    cell: What becomes of each text; None: it stays as it is.
    """
    cell = cell or _whole
    names = _names(table, rows)
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(map(cell, names))
    for number, row in enumerate(rows, 1):
        values = _values(table, row, field)
        writer.writerow([cell(text_of(values.get(name))) for name in names])
        if number % _ROWS_AT_ONCE == 0:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()


def parquet(table: DataTable, rows: Sequence[Written], field: str) -> Iterator[bytes]:
    """The rows as Parquet. Those of a Parquet file keep its schema. A column with values of several types becomes text.

    Raises:
        LabError: pyarrow is not installed.
    """
    pyarrow = import_pyarrow("a Parquet file")
    if table.kind == "parquet":
        columns = pyarrow.parquet.read_table(table.path, partitioning=None).take([table.line(row.row) - 1 for row in rows])
        if any(row.text is not None for row in rows):
            at = columns.schema.get_field_index(field)
            edited = [row.text if row.text is not None else value for row, value in zip(rows, columns[at].to_pylist(), strict=True)]
            columns = columns.set_column(at, field, _column(pyarrow, edited, columns.schema.field(at).type))
    else:
        values = [_values(table, Written(row.row, row.text), field) for row in rows]
        columns = pyarrow.table({info.name: _column(pyarrow, [each.get(info.name) for each in values]) for info in table.fields})
    for name in _added(rows):
        columns = columns.append_column(name, _column(pyarrow, [row.more.get(name) for row in rows]))
    sink = io.BytesIO()
    pyarrow.parquet.write_table(columns, sink)
    yield sink.getvalue()


WRITERS: Mapping[str, Writer] = {"jsonl": json_lines, "csv": csv_lines, "parquet": parquet}


class SafeCells:
    """Makes texts into cells that no spreadsheet runs and no terminal obeys.

    Attributes:
        changed: How many were changed.
    """

    def __init__(self) -> None:
        self.changed = 0

    def __call__(self, text: str) -> str:
        """The cell of a text."""
        safe = as_cell(text)
        self.changed += safe != text
        return safe


def _values(table: DataTable, row: Written, field: str) -> dict[str, Any]:
    values = dict(table[row.row].values)
    if row.text is not None:
        values[field] = value_of(row.text, values.get(field))
    return {**values, **row.more}


def _names(table: DataTable, rows: Sequence[Written]) -> list[str]:
    return [*(field.name for field in table.fields), *_added(rows)]


def _added(rows: Sequence[Written]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row.more))


def _column(pyarrow: Any, values: Sequence[Any], kind: Any = None) -> Any:
    """An array of a type that Parquet can hold: `kind`, or the values' own, or text."""
    try:
        array = pyarrow.array(values, kind)
        if kind is not None or not any(isinstance(value, (list, dict)) for value in values):
            return array
        if array.to_pylist() == values:  # tables of different fields would get them all
            pyarrow.parquet.write_table(pyarrow.table({"x": array}), io.BytesIO())  # an empty table cannot be written
            return array
    except (pyarrow.ArrowException, UnicodeEncodeError, OverflowError, TypeError):
        pass
    texts = [None if value is None else _whole(text_of(value)) for value in values]
    return pyarrow.array(texts, pyarrow.string())


def _whole(text: str) -> str:
    """The text without lone surrogates, which no encoding has."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)
