"""Fields of a table in a file. The same definition reads the file, names its faults, and drives the form that edits it."""

from __future__ import annotations

import difflib
import math
import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from iicl_tui.errors import Fault

FORMAT = "iicl-tui/1"
"""The format of session files that this program reads and writes."""

Path = tuple[str | int, ...]
Kind = Literal["int", "float", "str", "bool", "choice", "strings", "table", "any"]


_LONGEST_WORD = 200


class _Required:
    def __repr__(self) -> str:
        return "REQUIRED"


REQUIRED: Any = _Required()


@dataclass(frozen=True)
class Field:
    """One key of a table.

    Attributes:
        help: Shown in the form and in the documentation.
        low, high: Inclusive limits.
        convert: Takes the value after the check of its type. Raises ValueError with a sentence for a person.
        in_form: False if no form can edit it; such keys of a loaded file stay as they are.
        any_size: For a "float": numbers so small that they have lost their precision are allowed, as in measured times.
    """

    key: str
    kind: Kind
    label: str
    help: str
    default: Any = None
    choices: Collection[str] = ()
    low: float | None = None
    high: float | None = None
    convert: Callable[[Any], Any] | None = None
    in_form: bool = True
    any_size: bool = False

    @property
    def expected(self) -> str:
        """What the value may be, in words."""
        words = {
            "int": "a whole number",
            "float": "a number",
            "str": "a text in quotes",
            "bool": "true or false",
            "choice": "one of " + ", ".join(self.choices),
            "strings": "a list of texts",
            "table": "a table",
            "any": "a value",
        }[self.kind]
        if self.low is not None and self.high is not None:
            return f"{words} from {self.low} to {self.high}"
        if self.low is not None:
            return f"{words}, at least {self.low}"
        return words if self.high is None else f"{words}, at most {self.high}"

    def read(self, value: Any) -> Any:
        """The checked and converted value. Raises ValueError with a sentence for a person."""
        if not self._has_kind(value):
            raise ValueError(not_texts(value) if self.kind == "strings" else f"expected {self.expected}, found {describe(value)}")
        if self.kind == "choice" and value not in self.choices:
            near = nearest(value, self.choices)
            raise ValueError(f"expected {self.expected}, found {describe(value)}" + (f"; nearest: {near}" if near else ""))
        if self.kind in ("int", "float"):
            too_low = self.low is not None and value < self.low
            too_high = self.high is not None and value > self.high
            if too_low or too_high or not is_finite(value):
                raise ValueError(f"expected {self.expected}, found {describe(value)}")
            if self.kind == "float":
                value = float(value) if self.any_size else normal_number(float(value))
        return self.convert(value) if self.convert else value

    def _has_kind(self, value: Any) -> bool:
        if self.kind == "int":
            return isinstance(value, int) and not isinstance(value, bool)
        if self.kind == "float":
            return isinstance(value, (int, float)) and not isinstance(value, bool)
        if self.kind in ("str", "choice"):
            return isinstance(value, str)
        if self.kind == "bool":
            return isinstance(value, bool)
        if self.kind == "strings":
            return isinstance(value, list) and all(isinstance(item, str) for item in value)
        if self.kind == "table":
            return isinstance(value, dict)
        return True


def is_finite(value: float) -> bool:
    """Whether the number is finite: not NaN, not infinite, and no integer too large for a float."""
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def normal_number(value: float) -> float:
    """The number. Raises ValueError if it is so small that it has lost its precision."""
    if 0 < abs(value) < sys.float_info.min:
        raise ValueError(f"expected a number that is 0 or not below {sys.float_info.min:.2g}, found {value}")
    return value


def describe(value: Any) -> str:
    """Describes a value of a file in a few words, for a message."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and value.bit_length() > 128:
        return "a number of 39 digits or more"
    if isinstance(value, str):
        return f'"{value}"' if len(value) <= 40 else f'"{value[:39]}…"'
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    return type(value).__name__


def not_texts(value: Any) -> str:
    """Says why a value is no list of texts; for a list, which items are wrong."""
    if not isinstance(value, list):
        return f"expected a list of texts, found {describe(value)}"
    wrong = [f"{describe(item)} as item {place}" for place, item in enumerate(value, 1) if not isinstance(item, str)]
    more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
    return f"expected a list of texts, found {', '.join(wrong[:3])}{more}"


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The most similar known word, or None if none is similar."""
    return _nearest(word[:_LONGEST_WORD], tuple(known))


@lru_cache(maxsize=256)  # a broken file may have the same fault thousands of times
def _nearest(word: str, known: tuple[str, ...]) -> str | None:
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return close[0] if close else None


def read_table(
    fields: Sequence[Field], table: Mapping[str, Any], path: Path, faults: list[Fault], also: Sequence[str] = ()
) -> dict[str, Any]:
    """Reads every field's value by key and fills in defaults. A faulty field gets its default.

    Args:
        faults: Whatever is wrong is appended here.
        also: Further keys that are allowed and read elsewhere.
    """
    known = [field.key for field in fields] + list(also)
    for key in table:
        if key not in known:
            near = nearest(key, known)
            hint = f"; nearest known: {near}" if near else "; known: " + ", ".join(known)
            faults.append(Fault((*path, key), f"unknown key{hint}"))
    values: dict[str, Any] = {}
    for field in fields:
        values[field.key] = None if field.default is REQUIRED else field.default
        if field.key in table:
            try:
                values[field.key] = field.read(table[field.key])
            except ValueError as error:
                faults.append(Fault((*path, field.key), str(error)))
        elif field.default is REQUIRED:
            faults.append(Fault((*path, field.key), f"is missing; expected {field.expected}"))
    return values


def table_at(document: Mapping[str, Any], key: str, faults: list[Fault]) -> Mapping[str, Any]:
    """The table of this key; an empty one where there is none, with a fault where something else stands there."""
    value = document.get(key, {})
    if not isinstance(value, dict):
        faults.append(Fault((key,), f"expected a table [{key}], found {describe(value)}"))
        return {}
    return value
