"""Writes TOML whose tables have headers of their own, so that blocks can always be appended to the file.

tomli-w, which writes plain documents elsewhere, may put a short table on one line; nothing can follow under its name then.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SURROGATE = re.compile("[\ud800-\udfff]")
_WIDE = 110
_QUOTED = json.JSONEncoder(ensure_ascii=False).encode


def string(text: str) -> str:
    """A basic string on one line. Lone surrogates, which cannot be encoded, become U+FFFD.

    Characters that could control a terminal or hide something (C1 controls, bidi marks) are escaped: people print these files.
    """
    if not text.isascii():
        text = _SURROGATE.sub("\ufffd", text)
    # JSON's escapes are TOML's too; DEL alone is escaped in TOML and not in JSON.
    written = _QUOTED(text)
    if written.isprintable():
        return written
    return "".join(
        char if char.isprintable() else f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}" for char in written
    )


def key(text: str) -> str:
    """A key, in quotes where it must be."""
    return text if _BARE.fullmatch(text) else string(text)


def value(item: Any) -> str:
    """A value on one line, with inline tables. Raises TypeError for a value that TOML cannot express."""
    if isinstance(item, str):
        return string(item)
    if isinstance(item, bool):
        return "true" if item else "false"
    if isinstance(item, int):
        return str(int(item))
    if isinstance(item, float):
        return repr(float(item))
    if isinstance(item, (list, tuple)):
        return "[" + ", ".join(map(value, item)) + "]"
    if isinstance(item, Mapping):
        return "{ " + ", ".join(f"{key(k)} = {value(v)}" for k, v in item.items()) + " }" if item else "{}"
    if isinstance(item, (datetime, date, time)):
        return item.isoformat().replace("+00:00", "Z")
    raise TypeError(f"{type(item).__name__} is no TOML value")


def table(header: str, items: Mapping[str, Any]) -> str:
    """A table under its header line, such as "[chain]" or "[[agent]]".

    A table inside it that holds only plain values is inline; any other follows under its own header.
    """
    name = header.strip("[]")
    lines, tables = [header], []
    for k, item in items.items():
        if isinstance(item, Mapping) and not all(_is_plain(inner) for inner in item.values()):
            tables.append(table(f"[{name}.{key(k)}]", item))
        elif _is_tables(item):
            tables += [table(f"[[{name}.{key(k)}]]", inner) for inner in item]
        else:
            lines.append(f"{key(k)} = {_wrapped(item)}")
    return "\n".join(lines) + "\n" + "".join(tables)


def _is_plain(item: Any) -> bool:
    return not isinstance(item, (Mapping, list, tuple))


def _is_tables(item: Any) -> bool:
    return isinstance(item, (list, tuple)) and bool(item) and all(isinstance(inner, Mapping) for inner in item)


def _wrapped(item: Any) -> str:
    """The value; a long list takes several lines."""
    line = value(item)
    if len(line) <= _WIDE or not isinstance(item, Sequence) or isinstance(item, str):
        return line
    rows = [""]
    for part in map(value, item):
        if rows[-1] and len(rows[-1]) + len(part) > _WIDE:
            rows.append("")
        rows[-1] += (" " if rows[-1] else "") + part + ","
    return "[\n  " + "\n  ".join(rows) + "\n]"
