"""Reads CSV with a header (RFC 4180), divided by commas, semicolons or tabs."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, BinaryIO

from iicl_tui.data_files.faults import MOST_FAULTS, DataError, fault
from iicl_tui.data_files.field_types import MOST_FIELDS
from iicl_tui.data_files.json_lines import Scan
from iicl_tui.data_files.source import MOST_ROW, Source, not_utf8
from iicl_tui.data_files.table import FieldInfo, Index
from iicl_tui.errors import Fault
from iicl_tui.schema import describe

_DELIMITERS = ",;\t"


class _TooLong(ValueError):
    """A row has more than MOST_ROW bytes."""


class _Lines:
    """The lines of a stream as text, for csv.reader. It keeps the bytes of those that were read since `take`."""

    def __init__(self, stream: BinaryIO) -> None:
        self.read = 0
        self._stream = stream
        self._taken: list[bytes] = []
        self._size = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        raw = self._stream.readline(MOST_ROW + 2)
        if not raw:
            raise StopIteration
        self.read += 1
        self._size += len(raw)
        self._taken.append(raw)
        if self._size > MOST_ROW + 1:
            raise _TooLong
        return raw.decode()

    def take(self) -> bytes:
        """The bytes of the lines since the last call."""
        raw = self._taken[0] if len(self._taken) == 1 else b"".join(self._taken)
        self._taken, self._size = [], 0
        return raw


def decode(raw: bytes, names: tuple[str, ...], delimiter: str) -> Mapping[str, Any]:
    """The fields of a row that was checked before."""
    with _long_fields():
        return dict(zip(names, next(csv.reader([raw.decode()], delimiter=delimiter, strict=True)), strict=True))


@contextmanager
def _long_fields() -> Iterator[None]:
    """Reads fields of up to MOST_ROW bytes. The limit is the whole process's, so it is put back for other readers."""
    before = csv.field_size_limit(MOST_ROW)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def scan(source: Source) -> tuple[Scan, partial[Mapping[str, Any]], list[str]]:
    """Reads all rows once.

    Returns:
        What was found, what decodes a row, and sentences for the person.

    Raises:
        DataError: The file's faults.
    """
    with _long_fields():
        return _scan(source)


def _scan(source: Source) -> tuple[Scan, partial[Mapping[str, Any]], list[str]]:
    source.stream.seek(source.start)
    first = source.stream.readline(MOST_ROW)
    delimiter = _delimiter(first)
    source.stream.seek(source.start)
    lines = _Lines(source.stream)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    index, faults, empty = Index(), [], []
    names: tuple[str, ...] = ()
    offset = source.start
    while True:
        line = lines.read + 1
        try:
            cells = next(reader, None)
        except UnicodeDecodeError as error:
            raise not_utf8(source.path, lines.read, error) from error
        except (csv.Error, _TooLong) as error:
            faults.append(fault(line, _what(error)))
            break  # what follows an unclosed quote cannot be divided into rows
        if cells is None:
            break
        raw = lines.take()
        if not names:
            names = _names(source, cells, line)
        elif not any(cells):
            empty.append(line)
        elif len(cells) != len(names):
            faults.append(_wrong_count(line, len(cells), len(names), lines.read))
            if len(faults) >= MOST_FAULTS:
                break
        else:
            index.add(offset, line, raw.rstrip(b"\r\n"))
        offset += len(raw)
    if faults:
        raise DataError(source.path, faults)
    fields = tuple(FieldInfo(name, {"text": len(index)}) for name in names)
    words = {";": "semicolons", "\t": "tabs"}
    notices = [f"{source.path.name} is divided by {words[delimiter]}."] if delimiter in words else []
    return (index, fields, empty), partial(decode, names=names, delimiter=delimiter), notices


def _delimiter(header: bytes) -> str:
    """The one of `_DELIMITERS` that occurs most often in the header; a comma if none does."""
    counts = {each: header.count(each.encode()) for each in _DELIMITERS}
    return max(counts, key=lambda each: counts[each])


def _names(source: Source, cells: list[str], line: int) -> tuple[str, ...]:
    """The names of the header. Raises DataError."""
    faults = [fault(line, f"the header has {describe(name)} {count} times") for name, count in Counter(cells).items() if count > 1]
    if not any(cells):
        faults = [fault(line, "the first line has no names of fields")]
    if len(cells) > MOST_FIELDS:
        faults = [fault(line, f"the header has more than {MOST_FIELDS:,} fields")]
    if faults:
        raise DataError(source.path, faults, "The first line of a CSV file names its fields, each once.")
    return tuple(cells)


def _wrong_count(line: int, count: int, expected: int, last: int) -> Fault:
    quoted = f"; it goes on to line {last}: is a quote not closed?" if last > line else ""
    return fault(line, f"{count} field{'s' * (count != 1)}, where the header has {expected}{quoted}")


def _what(error: Exception) -> str:
    if isinstance(error, _TooLong):
        return f"a row of more than {MOST_ROW // 1_000_000} MB begins here: is a quote not closed?"
    if "end of data" in str(error):
        return "a quote is opened in the row that begins here and not closed before the end of the file"
    if "expected after" in str(error):
        return 'a quote in the row that begins here stands alone: write a quote inside quotes twice, as in "say ""so"""'
    return f"the row that begins here is no CSV: {error}"
