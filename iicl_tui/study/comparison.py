"""Groups the chains of a collection, and compares their means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import NDArray

from iicl_tui.errors import LabError
from iicl_tui.schema import describe, nearest
from iicl_tui.study import statistics
from iicl_tui.study.collection import SOURCE, ChainData, Collection
from iicl_tui.study.statistics import Estimate, Method

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Group:
    """The chains of one condition. name: the values of the keys that group them; "all" without a key."""

    name: str
    chains: tuple[ChainData, ...]


@dataclass(frozen=True, eq=False)
class Curve:
    """A metric of one group by generation, t = 1 … T: means over chains with intervals, and how many chains were known."""

    mean: Array
    low: Array
    high: Array
    counts: Array


@dataclass(frozen=True, eq=False)
class Comparison:
    """Groups of chains.

    Attributes:
        collection: Where they come from.
        by: The keys that group them.
        method: How intervals are made.
        level: The probability of the intervals.
        generation: The generation to compare at; None for each chain's last.
        last: Over how many generations up to that each chain is averaged first.
    """

    collection: Collection
    by: tuple[str, ...]
    groups: tuple[Group, ...]
    method: Method = "t"
    level: float = statistics.LEVEL
    generation: int | None = None
    last: int = 1

    def values(self, group: Group, metric: str) -> Array:
        """(chains,) One value a chain: its mean over the generations that are compared."""
        return np.array([self._value(chain, metric) for chain in group.chains])

    def _value(self, chain: ChainData, metric: str) -> float:
        values = chain.metrics.get(metric)
        if values is None:
            return nan
        end = chain.generations if self.generation is None else self.generation
        if end > len(values):  # not there yet
            return nan
        window = values[max(end - self.last, 0) : end]
        known = window[np.isfinite(window)]
        return float(known.mean()) if len(known) else nan

    def mean(self, group: Group, metric: str) -> Estimate:
        """The mean of a group with its interval."""
        found = statistics.mean(self.values(group, metric), self.method, self.level, self.clusters(group.chains))
        measure = self.collection.measure(metric)
        return found.within(measure.low, measure.high)

    def clusters(self, chains: Sequence[ChainData]) -> list[object] | None:
        """The seeds of chains of which several share one, which depend on each other; None if no two do, or all."""
        seeds = [key for key in self.collection.seeds if key not in self.by]
        found: list[object] = [tuple(chain.keys[key] for key in seeds) for chain in chains]
        return found if 1 < len(set(found)) < len(found) else None

    def difference(self, first: Group, second: Group, metric: str) -> Estimate:
        """first − second. Chains are paired where each has exactly one partner with the same other keys, such as the seed."""
        measure = self.collection.measure(metric)
        return self._difference(first, second, metric).within(measure.low - measure.high, measure.high - measure.low)

    def _difference(self, first: Group, second: Group, metric: str) -> Estimate:
        pairs = self.pairs(first, second)
        if pairs:
            one, two = (np.array([self._value(pair[side], metric) for pair in pairs]) for side in (0, 1))
            return statistics.paired_difference(one, two, self.method, self.level, self.clusters([pair[0] for pair in pairs]))
        clusters = self.clusters(first.chains), self.clusters(second.chains)
        return statistics.difference(self.values(first, metric), self.values(second, metric), self.method, self.level, clusters)

    def pairs(self, first: Group, second: Group) -> list[tuple[ChainData, ChainData]]:
        """The chains of two groups that differ in nothing but the keys that group them; [] unless all have one partner."""
        rest = [key for key in self.collection.keys if key not in self.by]
        if not rest:
            return []
        tables = [{tuple(chain.keys[key] for key in rest): chain for chain in group.chains} for group in (first, second)]
        complete = all(len(table) == len(group.chains) for table, group in zip(tables, (first, second), strict=True))
        if not complete or tables[0].keys() != tables[1].keys():
            return []
        return [(tables[0][key], tables[1][key]) for key in tables[0]]

    def curve(self, group: Group, metric: str) -> Curve:
        """The means of a group at every generation."""
        length = max(len(next(iter(chain.metrics.values()))) for chain in group.chains)
        table = np.full((len(group.chains), length), nan)
        for row, chain in zip(table, group.chains, strict=True):
            values = chain.metrics.get(metric)
            if values is not None:
                row[: len(values)] = values
        clusters = self.clusters(group.chains)
        measure = self.collection.measure(metric)
        means = [statistics.mean(column, self.method, self.level, clusters) for column in table.T]
        found = [each.within(measure.low, measure.high) for each in means]
        parts = [[getattr(each, name) for each in found] for name in ("value", "low", "high", "count")]
        return Curve(*(np.array(part, dtype=np.float64) for part in parts))


def compare(
    collection: Collection,
    by: Sequence[str] | None = None,
    method: Method = "t",
    level: float = statistics.LEVEL,
    generation: int | None = None,
    last: int = 1,
) -> Comparison:
    """Groups the chains by the values of these keys; None: all keys that are no seeds.

    Raises:
        LabError: A key in which the chains do not differ.
    """
    keys = tuple(key for key in collection.keys if key not in collection.seeds) if by is None else tuple(by)
    for key in keys:
        if key not in collection.keys:
            near = nearest(key, collection.keys)
            hint = f"the nearest is {near}" if near else "they differ in " + (", ".join(collection.keys) or "nothing")
            raise LabError(
                f"The chains do not differ in {describe(key)}", f"{hint[0].upper()}{hint[1:]}.", "Group them with --by KEY."
            )
    groups: dict[tuple[object, ...], list[ChainData]] = {}
    for chain in collection.chains:
        groups.setdefault(tuple(chain.keys[key] for key in keys), []).append(chain)
    ordered = _in_order(groups, collection, keys)
    named = tuple(Group(_name(keys, values), tuple(groups[values])) for values in ordered)
    return Comparison(collection, keys, named, method, level, generation, last)


def _in_order(
    groups: dict[tuple[object, ...], list[ChainData]], collection: Collection, keys: Sequence[str]
) -> list[tuple[object, ...]]:
    """Groups in the order of the study's values; otherwise in that of numbers, then of texts."""
    ranks: dict[str, dict[str, int]] = {}
    for axis in collection.study.axes if collection.study is not None else ():
        if axis.title in keys:
            ranks[axis.title] = {axis.label(step): step for step in range(len(axis))}

    def rank(values: tuple[object, ...]) -> list[tuple[float, str]]:
        out = []
        for key, value in zip(keys, values, strict=True):
            at = ranks.get(key, {}).get(f"{value:g}" if isinstance(value, float) else str(value))
            known = at if at is not None else value if isinstance(value, (int, float)) else float("inf")
            out.append((float(known), str(value)))
        return out

    return sorted(groups, key=rank)


def _name(keys: Sequence[str], values: Sequence[object]) -> str:
    """A group in words. A key whose value says little by itself stands before it."""
    words = []
    for key, value in zip(keys, values, strict=True):
        plain = f"{value:g}" if isinstance(value, float) else str(value)
        words.append(plain if key == SOURCE or ("." not in key and key != "filter") else f"{key.rpartition('.')[2]} {plain}")
    return " · ".join(words) or "all"
