"""A finite hypothesis space: every map from factors to values, in one fixed order."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Factor:
    """One thing that a hypothesis says something about (an ACRE object, a meaning), and what it may say."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Partition:
    """A split of all hypotheses that has a name: by one factor's value, or by any other property.

    codes: (size,) for each hypothesis the place of its value among `values`.
    """

    name: str
    values: tuple[str, ...]
    codes: NDArray[np.int8]


@dataclass(frozen=True)
class ProductSpace:
    """The product of its factors' values; the first factor varies slowest.

    A hypothesis is its index, 0 ≤ h < size. With ACRE's five objects and the states on, off, und in this order
    the size is 3⁵ = 243, and 0 is "all on". partitions: splits of interest beside those by a factor.
    """

    factors: tuple[Factor, ...]
    partitions: tuple[Partition, ...] = ()

    def __post_init__(self) -> None:
        names = [*(factor.name for factor in self.factors), *(partition.name for partition in self.partitions)]
        if not self.factors or len(set(names)) != len(names):
            raise ValueError(f"factors and partitions need distinct names, and at least one is a factor: {names}")
        for factor in self.factors:
            if not factor.values or len(set(factor.values)) != len(factor.values):
                raise ValueError(f"the values of {factor.name} must be distinct, and at least one")

    @cached_property
    def shape(self) -> tuple[int, ...]:
        """Number of values of each factor."""
        return tuple(len(factor.values) for factor in self.factors)

    @cached_property
    def size(self) -> int:
        """|H|."""
        return prod(self.shape)

    @cached_property
    def codes(self) -> NDArray[np.int8]:
        """(size, factors): the value index that each hypothesis gives to each factor."""
        grid = np.indices(self.shape, dtype=np.int8).reshape(len(self.shape), -1)
        return np.ascontiguousarray(grid.T)

    @cached_property
    def groupings(self) -> tuple[Partition, ...]:
        """All splits that have a name: one a factor, in order, then the partitions."""
        by_factor = (Partition(f.name, f.values, self.codes[:, place]) for place, f in enumerate(self.factors))
        return (*by_factor, *self.partitions)

    def index(self, codes: tuple[int, ...]) -> int:
        """The hypothesis that gives these value indices. Raises ValueError outside the space."""
        return int(np.ravel_multi_index(codes, self.shape))

    def assignment(self, hypothesis: int) -> dict[str, str]:
        """The hypothesis written out, factor by factor: {"A": "on", "B": "off", …}."""
        return {f.name: f.values[c] for f, c in zip(self.factors, self.codes[hypothesis].tolist(), strict=True)}

    def marginal(self, probabilities: NDArray[np.float64], grouping: int) -> NDArray[np.float64]:
        """(values,): the belief about one grouping (a factor, or a partition), from (size,) probabilities of whole hypotheses."""
        split = self.groupings[grouping]
        counts: NDArray[np.float64] = np.bincount(split.codes, probabilities, len(split.values)).astype(np.float64)
        return counts
