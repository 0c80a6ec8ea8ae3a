"""What a study varies: one key through its values, or several keys in step."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from iicl_tui.schema import describe
from iicl_tui.store.session import slug

_RANGE = re.compile(r"\s*(-?\d{1,18})\s*\.\.\s*(-?\d{1,18})\s*")
SEEDS = ("chain.seed", "chain.rule-seed", "chain.data-seed")
"""Keys that repeat a condition and do not make another one."""


@dataclass(frozen=True)
class Axis:
    """One thing that a study varies.

    Attributes:
        keys: The keys that are set, one or several in step.
        columns: For each key its values, all of the same number.
        name: What the axis is called if it has a name of its own.
        names: The names of its steps; () if the values name them.
        path: Where it is in the study's file.
    """

    keys: tuple[str, ...]
    columns: tuple[Sequence[Any], ...]
    name: str = ""
    names: tuple[str, ...] = ()
    path: tuple[str | int, ...] = ()

    def __len__(self) -> int:
        return len(self.columns[0])

    @property
    def title(self) -> str:
        """The axis as a column of a table is called."""
        return self.name or self.keys[0]

    @property
    def is_seed(self) -> bool:
        """Whether it only repeats conditions with other random numbers."""
        return all(key in SEEDS for key in self.keys)

    def values(self, step: int) -> dict[str, Any]:
        """The value of each key at one step, counted from 0."""
        return {key: column[step] for key, column in zip(self.keys, self.columns, strict=True)}

    def label(self, step: int) -> str:
        """A step in a word or two, as tables show it."""
        return self.names[step] if self.names else ", ".join(value_text(column[step]) for column in self.columns)

    def part(self, step: int) -> str:
        """A step as a part of a file name."""
        label = slug(self.label(step).replace("-", "minus ", 1) if self.label(step).startswith("-") else self.label(step))
        return label if self.names else f"{slug(self.keys[0].rpartition('.')[2])}-{label}"

    def clashes(self) -> list[tuple[str, str]]:
        """Pairs of steps that would write one file, each as its label."""
        if isinstance(self.columns[0], range) and len(self.columns) == 1 and not self.names:
            return []
        seen: dict[str, str] = {}
        found = []
        for step in range(len(self)):
            label = self.label(step)
            first = seen.setdefault(self.part(step), label)
            if first is not label:
                found.append((first, label))
        return found


def value_text(value: Any) -> str:
    """A varied value in a few words. A list of filters or agents is named by their kinds."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, (list, tuple)):
        return "+".join(value_text(item) for item in value) if value else "none"
    if isinstance(value, Mapping):
        rest = " ".join(f"{key} {value_text(item)}" for key, item in value.items() if key != "kind")
        return " ".join(filter(None, (str(value.get("kind", "")), rest)))
    return f"{value:g}" if isinstance(value, float) else str(value)


def read_values(given: Any) -> Sequence[Any]:
    """The values of a list, or of a range such as "1..20", both ends included. Raises ValueError with a sentence."""
    if isinstance(given, str):
        found = _RANGE.fullmatch(given)
        if not found:
            raise ValueError(f'expected a list of values, or a range such as "1..20", found {describe(given)}')
        low, high = int(found[1]), int(found[2])
        if low > high:
            raise ValueError(f"{given.strip()} is empty, so the study makes no chain; begin with the smaller number")
        return range(low, high + 1)
    if not isinstance(given, list):
        raise ValueError(f'expected a list of values, or a range such as "1..20", found {describe(given)}')
    if not given:
        raise ValueError("the list is empty, so the study makes no chain; give at least one value")
    return tuple(given)


def is_range(text: str) -> bool:
    """Whether a text is a range such as 1..20."""
    return _RANGE.fullmatch(text.strip().strip('"')) is not None
