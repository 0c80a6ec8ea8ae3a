"""Reads JSON lines: one object on each line."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from functools import partial
from json.scanner import make_scanner
from typing import Any, cast

from iicl_tui.data_files.faults import MOST_FAULTS, DataError, fault
from iicl_tui.data_files.field_types import FieldTypes, TooManyFields
from iicl_tui.data_files.source import MOST_ROW, Source, not_utf8
from iicl_tui.data_files.table import FieldInfo, Index
from iicl_tui.errors import Fault
from iicl_tui.schema import describe

Scan = tuple[Index, tuple[FieldInfo, ...], list[int]]
"""The index, the fields, and the lines of empty rows."""

_SCAN = make_scanner(cast(Any, json.JSONDecoder()))


class _RepeatedKey(ValueError):
    """An object has a key several times, of which reading would keep the last value."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The fields of an object. Raises _RepeatedKey."""
    values = dict(pairs)
    if len(values) != len(pairs):
        name, count = Counter(name for name, _ in pairs).most_common(1)[0]
        raise _RepeatedKey(f"{describe(name)} is there {count} times in one object; keep one of them")
    return values


_CHECK = make_scanner(cast(Any, json.JSONDecoder(object_pairs_hook=_object)))
_NAMES = {list: "a list", str: "a text", int: "a number", float: "a number", bool: "true or false", type(None): "null"}


def decode(raw: bytes) -> Mapping[str, Any]:
    """The fields of a row that was checked before."""
    values: dict[str, Any] = _value(raw.decode())
    return values


def scan(source: Source) -> Scan:
    """Reads all rows once. Raises DataError."""
    index, types, empty = Index(), FieldTypes(), []
    faults: list[Fault] = []
    offset, stream = source.start, source.stream
    stream.seek(offset)
    for line, raw in enumerate(iter(partial(stream.readline, MOST_ROW + 2), b""), 1):
        if len(raw) > MOST_ROW + 1:
            faults.append(fault(line, f"a row has at most {MOST_ROW // 1_000_000} MB"))
            break
        bare, values = raw.strip(), None
        try:
            if bare:
                text = bare.decode()
                try:  # the same as `_value`, whose call would cost as much as reading a short row
                    values, end = _CHECK(text, 0)
                except StopIteration:
                    end = -1
                if end != len(text):
                    values = json.loads(text, object_pairs_hook=_object)
        except UnicodeDecodeError as error:
            raise not_utf8(source.path, line, error) from error
        except RecursionError:
            values = None
            faults.append(fault(line, "nested too deeply"))
        except _RepeatedKey as error:
            values = None
            faults.append(fault(line, str(error)))
        except ValueError as error:
            values = None
            faults.append(fault(line, f"no JSON: {_what(error)}"))
        else:
            if type(values) is dict and values:
                index.add(offset if raw.startswith(b"{") else offset + raw.index(b"{"), line, bare)
                try:
                    types.add(values)
                except TooManyFields as error:
                    faults += [fault(line, str(error))] * MOST_FAULTS
            elif not bare or values == {}:
                empty.append(line)
            else:
                faults.append(fault(line, f"{_NAMES.get(type(values), 'a value')}, not an object in braces"))
        if len(faults) >= MOST_FAULTS:
            break
        offset += len(raw)
    if faults:
        raise DataError(source.path, faults)
    return index, types.fields(), empty


def _value(text: str) -> Any:
    """The value of a JSON text without white space around it. Twice as fast as json.loads, which it is otherwise."""
    try:
        value, end = _SCAN(text, 0)
    except StopIteration:
        end = -1
    return value if end == len(text) else json.loads(text)


def _what(error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at column {error.colno}"
    return "a number has thousands of digits"
