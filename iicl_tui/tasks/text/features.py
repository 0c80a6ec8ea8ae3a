"""Features of a text: how they are declared, computed and put into bins."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from iicl_tui.errors import Fault
from iicl_tui.schema import Path as KeyPath
from iicl_tui.schema import describe, is_finite, nearest, read_table
from iicl_tui.tasks.example import Example
from iicl_tui.tasks.spelling import composed
from iicl_tui.tasks.text import patterns
from iicl_tui.tasks.text.fields import FEATURE_FIELDS, KEYS
from iicl_tui.tasks.text.functions import Computed, function_named
from iicl_tui.tasks.text.rows import fields_of
from iicl_tui.tasks.text.similarity import distinct, similarity
from iicl_tui.text import printable

MOST_BINS = 40
MOST_NAME = 30
OTHER = "other"
"""The bin of texts in which nothing can be measured, or that have none of the listed values."""

Texts = Sequence[str]
Measured = float | str | None
Measure = Callable[[Example, Texts], Measured]
"""A feature of an example beside texts that it may be compared with; None or NaN where nothing can be measured."""


@dataclass(frozen=True, eq=False)
class Feature:
    """One declared feature.

    Attributes:
        name: as charts, priors and filters name it.
        kind: one of `fields.KINDS`.
        bins: names of its bins.
        edges: where one bin ends and the next begins, for numbers; empty for words.
        measure: computes it.
        in_belief: whether it is an axis of the grid.
        is_field: whether it is a field's value, which stands beside the text anyway.
        low: lower end of its axis.
        high: upper end of its axis; None for open-ended.
        digits: decimals shown.
    """

    name: str
    kind: str
    bins: tuple[str, ...]
    edges: tuple[float, ...]
    measure: Measure
    in_belief: bool = True
    is_field: bool = False
    low: float = 0.0
    high: float | None = None
    digits: int = 1

    @property
    def is_number(self) -> bool:
        """Whether it is a number, whose mean is a metric; otherwise the share of each value is one."""
        return bool(self.edges) or not self.bins

    @property
    def against(self) -> str:
        """Which texts it compares with: "start", "last" or ""."""
        return self.kind.removeprefix("similarity-") if self.kind.startswith("similarity-") else ""

    def fault(self, example: Example) -> str:
        """Why it cannot be computed of an example; empty if it can."""
        return self.measure.fault(example) if isinstance(self.measure, _OfFunction) else ""

    def number(self, example: Example, others: Texts = ()) -> float:
        """The number that is measured; NaN if there is none."""
        found = self.measure(example, others)
        return float(found) if isinstance(found, (int, float)) else math.nan

    def bin(self, example: Example, others: Texts = ()) -> int:
        """The index of its bin."""
        found = self.measure(example, others)
        if self.edges:
            if not isinstance(found, (int, float)) or math.isnan(found):
                return len(self.bins) - 1
            return sum(found >= edge for edge in self.edges)
        return self.bins.index(found) if found in self.bins else len(self.bins) - 1


def read_features(value: Any, fields: Sequence[str], path: KeyPath, faults: list[Fault]) -> tuple[Feature, ...]:
    """Read the [[task.feature]] tables. Invalid ones are added to faults and left out; without any, the length is measured."""
    if value is None:
        value = [{"name": "length", "kind": "words", "bins": [10, 20, 40]}]
    if not isinstance(value, list) or not all(isinstance(each, Mapping) for each in value) or not value:
        faults.append(Fault(path, f"expected [[task.feature]] tables, found {describe(value)}"))
        return ()
    found: list[Feature] = []
    for at, table in enumerate(value):
        here: list[Fault] = []
        values = read_table(FEATURE_FIELDS, table, (*path, at), here)
        if not here:
            feature = _read(values, fields, (*path, at), here)
            if feature is not None:
                found.append(feature)
        faults += here
    names = [feature.name for feature in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        faults.append(Fault(path, f"two features are called {describe(twice)}; give each its own name"))
    return tuple(found)


def _read(values: Mapping[str, Any], fields: Sequence[str], path: KeyPath, faults: list[Fault]) -> Feature | None:
    kind, name = values["kind"], composed(values["name"])

    def fault(key: str, words: str) -> None:
        faults.append(Fault((*path, key), words))

    if not _is_name(name) or "=" in name:
        fault("name", f"expected 1 to {MOST_NAME} visible characters without =, found {describe(printable(name))}")
    elif name in ("weights", "table"):
        fault("name", "the prior's table uses this name; choose another one")
    for key in ("values", "field", "pattern", "function"):
        if values[key] is not None and key not in KEYS[kind]:
            fault(key, f"a feature of the kind {kind} has no `{key}`; remove it")
    if values["field"] is not None and values["field"] not in fields:
        near = nearest(values["field"], fields)
        fault("field", f"{describe(values['field'])} is not in `fields` of [task]" + (f"; nearest: {near}" if near else "; add it"))
    edges = _edges(values["bins"], fault)
    names = _names(values["values"], fault)
    in_belief = kind != "similarity-last" if values["belief"] is None else values["belief"]
    if kind == "similarity-last" and in_belief:
        fault("belief", "what a text is compared with changes in each generation, so it cannot be in the belief; remove the key")
    words = kind == "label" or (kind in ("field", "function") and names is not None)
    if words and names is None:
        fault("values", 'is missing; give the labels, as ["good", "bad"]')
    if words and values["bins"] is not None:
        fault("bins", "give either `values` or `bins`")
    needs = {"regex": "pattern", "field": "field", "function": "function"}.get(kind)
    if needs is not None and values[needs] is None:
        fault(needs, f"is missing; a feature of the kind {kind} needs it")
    if not words and edges is None and kind != "regex":
        if kind in _BINS:
            edges = _BINS[kind]
        elif in_belief:
            fault("bins", "is missing; give numbers in ascending order, as [1, 2, 3], or `values`, or belief = false")
    measure = None
    try:
        measure = _measure(kind, values, names, fields) if not faults else None
    except ValueError as error:
        fault(needs or "kind", str(error))
    if measure is None:
        return None
    if words:
        assert names is not None
        bins = (*(each for each in names if each != OTHER), OTHER)
        return Feature(name, kind, bins, (), measure, in_belief, values["field"] is not None, 0.0, 1.0, 2)
    if kind == "regex" and edges is None:
        return Feature(name, kind, ("yes", "no"), (), measure, in_belief, False, 0.0, 1.0, 2)
    share = kind.startswith("similarity") or kind == "distinct"
    whole = kind in ("words", "chars", "regex")
    sure = share or whole
    bins = _bin_names(edges or (), whole, sure)
    return Feature(
        name,
        kind,
        bins,
        edges or (),
        measure,
        in_belief,
        values["field"] is not None,
        0.0,
        1.0 if share else None,
        2 if share else 1,
    )


_BINS: Mapping[str, tuple[float, ...]] = {
    "words": (10.0, 20.0, 40.0),
    "chars": (50.0, 100.0, 200.0),
    "distinct": (0.5, 0.75, 0.9),
    "similarity-start": (0.25, 0.5, 0.75),
    "similarity-last": (0.25, 0.5, 0.75),
}
"""The bins if none are given."""


def _edges(value: Any, fault: Callable[[str, str], None]) -> tuple[float, ...] | None:
    if value is None:
        return None
    numbers = isinstance(value, list) and all(
        isinstance(each, (int, float)) and not isinstance(each, bool) and is_finite(each) for each in value
    )
    if not numbers or not value or len(value) >= MOST_BINS or any(a >= b for a, b in pairwise(value)):
        fault("bins", f"expected 1 to {MOST_BINS - 1} numbers in ascending order, as [10, 20], found {describe(value)}")
        return None
    return tuple(float(each) for each in value)


def _is_name(text: str) -> bool:
    return 0 < len(text) <= MOST_NAME and printable(text) == text == text.strip()


def _names(value: Any, fault: Callable[[str, str], None]) -> tuple[str, ...] | None:
    if value is None:
        return None
    names = tuple(composed(each) for each in value)
    wrong = next((each for each in names if not _is_name(each)), None)
    if wrong is not None:
        fault("values", f"expected texts of 1 to {MOST_NAME} visible characters, found {describe(printable(wrong))}")
    elif not names or len(names) >= MOST_BINS or len({name.lower() for name in names}) < len(names):
        fault("values", f"expected 1 to {MOST_BINS - 1} different values (upper and lower case do not count)")
    return names


def _bin_names(edges: Sequence[float], whole: bool, sure: bool) -> tuple[str, ...]:
    """Names such as "under 10", "10–19" and "20 up" for whole numbers, "0.25 to 0.5" for others; then `OTHER` unless sure."""
    if not edges:
        return ()
    inner = []
    for low, high in pairwise(edges):
        if whole and low.is_integer() and high.is_integer():
            inner.append(f"{low:g}–{high - 1:g}" if high - low > 1 else f"{low:g}")
        else:
            inner.append(f"{low:g} to {high:g}")
    return (f"under {edges[0]:g}", *inner, f"{edges[-1]:g} up", *(() if sure else (OTHER,)))


def _measure(kind: str, values: Mapping[str, Any], names: tuple[str, ...] | None, fields: Sequence[str]) -> Measure:
    """Raises ValueError with a message for the user."""
    if kind == "words":
        return lambda example, others: float(len(example.output.split()))
    if kind == "chars":
        return lambda example, others: float(len(example.output))
    if kind == "regex":
        count = patterns.counter(values["pattern"])
        if values["bins"] is None:
            return lambda example, others: "yes" if count(example.output) > 0 else "no"
        return lambda example, others: count(example.output)
    if kind == "distinct":
        return lambda example, others: distinct(example.output, values["n"])
    if kind.startswith("similarity"):
        return lambda example, others: similarity(example.output, others)
    if kind == "function":
        return _OfFunction(function_named(values["function"], fields), names)
    if values["field"] is None:
        return _label_finder(names or ())
    return lambda example, others: _value(fields_of(example).get(values["field"], ""), names)


class _OfFunction:
    """The measure of a function of another package."""

    def __init__(self, function: Computed, names: tuple[str, ...] | None) -> None:
        self._function, self._names = function, names
        self.fault = function.fault

    def __call__(self, example: Example, others: Texts) -> Measured:
        return _value(self._function(example), self._names)


def _value(found: Any, names: tuple[str, ...] | None) -> Measured:
    """A measured value: one of the names, in whatever case it is written, or else a number."""
    if names is not None:
        word = composed(str(found)).strip().lower()
        return next((name for name in names if name.lower() == word), None)
    try:
        number = float(found)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _label_finder(names: tuple[str, ...]) -> Measure:
    """The label that comes first in a text, as a whole word in any case."""
    longest = sorted(names, key=len, reverse=True)
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest))})(?!\w)", re.IGNORECASE)
    spelt = {name.lower(): name for name in names}

    def find(example: Example, others: Texts) -> Measured:
        found = pattern.search(composed(example.output[: patterns.MOST_SEARCHED]))
        return spelt.get(found[0].lower()) if found is not None else None

    return find
