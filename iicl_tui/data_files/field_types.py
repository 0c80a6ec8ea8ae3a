"""The fields that occur in the rows, and their types."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from iicl_tui.data_files.table import FieldInfo

MOST_FIELDS = 1000
_MOST_NAMED = 1_000_000
"""Characters in all names of fields."""
_MOST_SHAPES = 1000
_WORDS = {str: "text", int: "number", float: "number", bool: "yes/no", list: "list", dict: "table", type(None): "empty"}
_Shape = tuple[tuple[str, ...], tuple[type, ...]]


class TooManyFields(ValueError):
    """The rows have more than MOST_FIELDS different fields, or their names are very long."""


class FieldTypes:
    """Counts the types of the fields, shape by shape: most rows have the same fields with the same types."""

    def __init__(self) -> None:
        self._shapes: Counter[_Shape] = Counter()
        self._names: list[str] = []  # the last row's shape, and how many rows in a row have it
        self._types: list[type] = []
        self._run = 0
        self._waiting = 0  # characters of names in the shapes
        self._counts: dict[str, Counter[str]] = {}
        self._named = 0

    def add(self, values: Mapping[str, Any]) -> None:
        """Counts a row. Raises TooManyFields."""
        names, types = [*values], [*map(type, values.values())]
        if names == self._names and types == self._types:
            self._run += 1
            return
        self._end_run()
        self._names, self._types, self._run = names, types, 1
        shape = tuple(names), tuple(types)
        if shape not in self._shapes:
            self._shapes[shape] = 0  # its rows are counted when another shape follows
            self._waiting += sum(map(len, names)) + len(names)
            if len(self._shapes) >= _MOST_SHAPES or self._waiting > _MOST_NAMED:
                self._count_shapes()

    def fields(self) -> tuple[FieldInfo, ...]:
        """All fields, in the order in which they appear. Raises TooManyFields."""
        self._end_run()
        self._count_shapes()
        return tuple(FieldInfo(name, dict(counts.most_common())) for name, counts in self._counts.items())

    def _end_run(self) -> None:
        if self._run:
            self._shapes[tuple(self._names), tuple(self._types)] += self._run
        self._run = 0

    def _count_shapes(self) -> None:
        for (names, types), count in self._shapes.items():
            for name, kind in zip(names, types, strict=True):
                if name not in self._counts:
                    self._counts[name] = Counter()
                    self._named += len(name)
                self._counts[name][_WORDS.get(kind, "text")] += count
        self._shapes.clear()
        self._waiting = 0
        if len(self._counts) > MOST_FIELDS:
            raise TooManyFields(f"the rows have more than {MOST_FIELDS:,} different fields")
        if self._named > _MOST_NAMED:
            raise TooManyFields("the names of the fields have more than 1 MB")
