"""Opens a data file of any kind as a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from iicl_tui.data_files import csv_rows, json_lines, parquet_rows
from iicl_tui.data_files.faults import named_lines
from iicl_tui.data_files.source import open_source
from iicl_tui.data_files.table import DataTable, FieldInfo
from iicl_tui.errors import LabError
from iicl_tui.text import printable

_MOST_MIXED = 5


def open_table(path: Path, encoding: str | None = None) -> DataTable:
    """Opens a file of rows. The whole file is read once, and each row is checked.

    Args:
        path: A file of JSON lines, CSV or Parquet.
        encoding: A text's encoding, if it is not UTF-8 and has no byte order mark.

    Raises:
        DataError: The file's faults, each with its line.
        LabError: It cannot be read, is too large, or has no rows; or a package is missing.
    """
    source = open_source(path, encoding)
    try:
        decode: Callable[[bytes], Mapping[str, Any]]
        notices, decode = source.notices, json_lines.decode  # of Parquet's copy, too
        if source.kind == "jsonl":
            found = json_lines.scan(source)
        elif source.kind == "csv":
            found, decode, more = csv_rows.scan(source)
            notices += more
        else:
            found, stream = parquet_rows.scan(source)
            source.stream.close()
            source.stream = stream
        index, fields, empty = found
        if not len(index):
            raise LabError(f"{path.name} has no rows", "Nothing is left without empty lines.", "Name a file with rows to review.")
        table = DataTable(path, source.kind, source.stream, index, fields, decode)
        table.notices = (*notices, *_notices(table, empty))
        return table
    except BaseException:
        source.stream.close()
        raise


def _notices(table: DataTable, empty: Sequence[int]) -> Iterator[str]:
    if empty:
        yield f"{len(empty):,} empty row{'s were' if len(empty) != 1 else ' was'} skipped: {named_lines(empty, len(empty))}."
    if again := table.repeated:
        lines = named_lines(map(table.line, again), len(again))
        yield f"{len(again):,} row{'s repeat' if len(again) != 1 else ' repeats'} an earlier one and {_are(again)} kept: {lines}."
    for field in [field for field in table.fields if field.is_mixed][:_MOST_MIXED]:
        yield f"The field {printable(field.name, 40)} has values of several types: {_types(field)}."


def _are(items: Sequence[object] | dict[int, int]) -> str:
    return "are" if len(items) != 1 else "is"


def _types(field: FieldInfo) -> str:
    return ", ".join(f"{name} in {count:,} row{'s' * (count != 1)}" for name, count in field.types.items())
