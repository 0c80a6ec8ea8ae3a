"""Texts with their fields as examples: an example's output is the text, its input the fields as name=value."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from iicl_tui.schema import describe
from iicl_tui.tasks.example import Example

MOST_TEXT = 2_000_000
"""Characters of one text."""
MOST_FIELD = 10_000
"""Characters of one field's value."""
BETWEEN = " | "
"""Stands between fields and text on a line."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "|": "\\p"}
_ESCAPED = re.compile(r"[\\\n\r]")
_ESCAPED_FIELD = re.compile(r"[\\\n\r|]")
_UNESCAPED = re.compile(r"\\([\\nrp])")


def fields_of(example: Example) -> dict[str, str]:
    """The fields of an example by name."""
    return dict(part.partition("=")[::2] for part in example.input)


def example_of(fields: Mapping[str, str], text: str, order: Sequence[str]) -> Example:
    """The example of a text, its fields in the task's order; a field without a value is left out."""
    return Example(tuple(f"{name}={fields[name]}" for name in order if fields.get(name)), text)


def read_example(input: Any, output: Any, fields: Sequence[str]) -> Example:
    """Check a file's values. Raises ValueError with a message for the user."""
    if not isinstance(output, str) or not output.strip():
        raise ValueError(f"output: expected a text that is not empty, found {describe(output)}")
    if len(output) > MOST_TEXT:
        raise ValueError(f"output: expected at most {MOST_TEXT:,} characters, found {len(output):,}")
    if not isinstance(input, list):
        raise ValueError(f"input: expected a list of fields, found {describe(input)}")
    found: dict[str, str] = {}
    for part in input:
        name, equals, value = part.partition("=") if isinstance(part, str) else ("", "", "")
        if not equals or name not in fields or name in found:
            known = ", ".join(f"{each}=…" for each in fields) or "none: `fields` of [task] is empty"
            raise ValueError(f"input: {describe(part)} is none of the fields, which are {known}")
        if len(value) > MOST_FIELD:
            raise ValueError(f"input: {name} has {len(value):,} characters; expected at most {MOST_FIELD:,}")
        found[name] = _encodable(value)
    return example_of(found, _encodable(output), fields)


def _encodable(text: str) -> str:
    """The text as a file can hold it: lone surrogates, which cannot be encoded, become U+FFFD."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def line_of(example: Example, fields: Sequence[str]) -> str:
    r"""The example on one line: the values of its fields in order, then the text, with | between them and line ends as \n."""
    values = fields_of(example)
    parts = [_ESCAPED_FIELD.sub(lambda found: _ESCAPES[found[0]], values.get(name, "")) for name in fields]
    return BETWEEN.join([*parts, _ESCAPED.sub(lambda found: _ESCAPES[found[0]], example.output)])


def read_line(line: str, fields: Sequence[str]) -> Example:
    """Parse a line as `line_of` writes it. Raises ValueError with a message for the user."""
    parts = re.split(r" ?\| ?", line, maxsplit=len(fields)) if fields else [line]
    if len(parts) <= len(fields):
        raise ValueError(f"expected {BETWEEN.join([*fields, 'the text'])}, with {len(fields)} vertical bars")
    plain = [_UNESCAPED.sub(_plain, part) for part in parts]
    values = dict(zip(fields, plain, strict=False))
    return read_example([f"{name}={values[name]}" for name in fields if values[name]], plain[-1], fields)


def _plain(found: re.Match[str]) -> str:
    return {"\\": "\\", "n": "\n", "r": "\r", "p": "|"}[found[1]]
