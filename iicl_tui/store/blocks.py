"""Parses long sessions several times faster than tomllib, with the same result.

The program writes one key per line, and most lines repeat (243 rules, 93 examples), so each distinct line is parsed once. A text of
another form is parsed by tomllib as a whole.
"""

from __future__ import annotations

import json
import re
import tomllib
from contextlib import suppress
from typing import Any

from iicl_tui.files import parse_toml
from iicl_tui.record_codec import Records
from iicl_tui.record_tables import CALL, PHASE_TABLES
from iicl_tui.store import toml_lines

_FIRST = "\n[[generation]]\n"
_HEADERS = {CALL.header: ("", "call")}
"""By header: the phase ("" for the generation itself) and the key of the list in it ("" for the phase's own table)."""
for _phase, _table in PHASE_TABLES.items():
    _HEADERS[_table.header] = (_phase, "")
    _HEADERS |= {each.value.table.header: (_phase, each.key) for each in _table.fields if isinstance(each.value, Records)}
_NAMES = {name for pair in _HEADERS.values() for name in pair if name}
_PAIR = re.compile(r"([A-Za-z0-9_-]+) = .")
_TEXT = r'"[ !#-\[\]-~]*"'
_AS_IN_JSON = re.compile(rf"\[{_TEXT}(?:, {_TEXT})*\]|{_TEXT}|0|[1-9][0-9]{{,17}}")
"""What reads the same in JSON and TOML: a string or a list of strings in ASCII without escapes, or a whole number."""
_ANY_TEXT = re.compile(r'"(?:[^"\\]|\\["\\bfnrt]|\\u(?![dD][89a-fA-F])[0-9a-fA-F]{4})*+"')
_NUMBERS_AND_TEXTS = re.compile(r'[][ ,"0-9.eE+-]*')
"""A list of numbers and texts, each text left out. If JSON reads it, TOML reads the same."""
_LONGEST_KEPT = 300


def parse(text: str, source: str = "") -> dict[str, Any]:
    """The text's values, as from `toml_lines.parse`. Equal values may share one object, so do not change them.

    Raises ConfigError with the line of the first TOML error.
    """
    start = text.find(_FIRST)
    if start >= 0:
        try:
            document = parse_toml(text[: start + 1])
            if "generation" not in document:
                document["generation"] = _generations(text[start + 1 :])
                return document
        except (ValueError, RecursionError):
            pass
    return toml_lines.parse(text, source)


def _generations(text: str) -> list[dict[str, Any]]:
    """The [[generation]] tables. Raises ValueError if a line, valid or not, differs from the form that the program writes."""
    generations: list[dict[str, Any]] = []
    generation: dict[str, Any] = {}
    table = generation
    read: dict[str, tuple[str, Any]] = {}
    for line in text.split("\n"):
        if not line:
            continue
        pair = read.get(line)
        if pair is None:
            if line[0] == "#" and line.isprintable():
                continue
            if line[0] == "[":
                if line == "[[generation]]":
                    generation = table = {}
                    generations.append(generation)
                else:
                    table = _open_table(generation, line)
                continue
            pair = _pair(line)
            if len(line) <= _LONGEST_KEPT:
                read[line] = pair
        name, value = pair
        if name in table:
            raise ValueError("a key is repeated")
        table[name] = value
    return generations


def _open_table(generation: dict[str, Any], header: str) -> dict[str, Any]:
    """The new table that a header line opens."""
    if header not in _HEADERS:
        raise ValueError("an unknown header")
    phase, array = _HEADERS[header]
    table: dict[str, Any] = {}
    if not phase:
        generation.setdefault(array, []).append(table)
    elif array:
        if phase not in generation:
            raise ValueError("an array before its table")
        generation[phase].setdefault(array, []).append(table)
    elif phase in generation:
        raise ValueError("a table is repeated")
    else:
        generation[phase] = table
    return table


def _pair(line: str) -> tuple[str, Any]:
    match = _PAIR.match(line)
    if not match or match[1] in _NAMES:
        raise ValueError("not a plain pair of key and value")
    value = line[match.end() - 1 :]
    if _AS_IN_JSON.fullmatch(value):
        return match[1], json.loads(value)
    if value[0] == "[" and value.isprintable() and _NUMBERS_AND_TEXTS.fullmatch(_ANY_TEXT.sub('""', value)):
        with suppress(ValueError):  # it is a list as TOML alone has it
            return match[1], json.loads(value)
    return match[1], tomllib.loads(line)[match[1]]
