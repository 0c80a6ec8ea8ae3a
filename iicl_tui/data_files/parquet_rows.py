"""Reads Parquet through pyarrow, into JSON lines of a temporary file, from which rows are then decoded."""

from __future__ import annotations

import base64
import json
import math
import tempfile
from typing import Any, BinaryIO

from iicl_tui.data_files.faults import DataError, fault
from iicl_tui.data_files.field_types import FieldTypes
from iicl_tui.data_files.json_lines import Scan
from iicl_tui.data_files.source import MOST_ROW, Source
from iicl_tui.data_files.table import Index
from iicl_tui.errors import LabError

_AT_ONCE = 1000
_ENCODE = json.JSONEncoder(ensure_ascii=False).encode
_PLAIN = frozenset({"string", "large_string", "bool", *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))})


def import_pyarrow(name: str) -> Any:
    """The package pyarrow with its module `parquet`. name: the file that needs it. Raises LabError, which names the extra."""
    try:
        import pyarrow.parquet
    except ImportError:
        raise LabError(
            f"{name} needs the package pyarrow",
            "Parquet files are read and written by pyarrow, which is not installed here.",
            "Install it with `pip install 'iicl-tui[parquet]'`, or use JSON lines or CSV.",
        ) from None
    return pyarrow


def scan(source: Source) -> tuple[Scan, BinaryIO]:
    """Reads all rows once.

    Returns:
        What was found, and the temporary file of JSON lines.

    Raises:
        LabError: pyarrow is not installed, or the file cannot be read.
        DataError: The file's faults.
    """
    pyarrow = import_pyarrow(source.path.name)
    index, types, empty = Index(), FieldTypes(), []
    copy = tempfile.TemporaryFile()  # noqa: SIM115 (the table closes it)
    offset = number = 0
    try:
        with pyarrow.parquet.ParquetFile(source.stream) as file:
            if len(set(file.schema_arrow.names)) < len(file.schema_arrow.names):
                raise ValueError("several fields of one name")
            for batch in file.iter_batches(_AT_ONCE):
                names = batch.schema.names
                for cells in zip(*map(_column, batch.columns), strict=True):
                    number += 1
                    if all(cell is None or cell == "" for cell in cells):
                        empty.append(number)
                        continue
                    plain = dict(zip(names, cells, strict=True))
                    raw = _ENCODE(plain).encode(errors="replace")
                    if len(raw) > MOST_ROW:
                        raise DataError(source.path, [fault(number, f"a row has at most {MOST_ROW // 1_000_000} MB")])
                    types.add(plain)
                    index.add(offset, number, raw)
                    copy.write(raw + b"\n")
                    offset += len(raw) + 1
        return (index, types.fields(), empty), copy
    except (pyarrow.ArrowException, OSError, ValueError, OverflowError) as error:
        copy.close()
        what = str(error).splitlines()[0][:200].rstrip(".") if str(error) else type(error).__name__
        raise LabError(
            f"{source.path.name} could not be read", f"{what[:1].upper()}{what[1:]}.", "Check how it was written."
        ) from error
    except BaseException:
        copy.close()
        raise


def _column(column: Any) -> list[Any]:
    """The values of a column."""
    values: list[Any] = column.to_pylist()
    return values if str(column.type) in _PLAIN else list(map(_plain, values))


def _plain(value: Any) -> Any:
    """The value in terms of JSON: dates, decimals and others as text, bytes in Base64."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, dict):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    return base64.b64encode(value).decode() if isinstance(value, bytes) else str(value)
