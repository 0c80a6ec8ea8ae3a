"""A finite hypothesis space: every assignment of values to factors, in a fixed order."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Factor:
    """A component of a hypothesis, such as an ACRE object or a meaning, and the values that it can take."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Partition:
    """A named split of all hypotheses, by the value of a factor or by another property.

    Attributes:
        name: shown to a person.
        values: names of the parts.
        codes: (size,) index into `values` for each hypothesis.
    """

    name: str
    values: tuple[str, ...]
    codes: NDArray[np.int8]


@dataclass(frozen=True)
class ProductSpace:
    """The Cartesian product of the factors' values; the first factor varies slowest.

    A hypothesis is its index, 0 ≤ h < size. With ACRE's five objects and the states on, off, und in this order
    the size is 3⁵ = 243, and 0 is "all on".

    Attributes:
        factors: at least one, with distinct names.
        partitions: splits of interest in addition to those by factor.
    """

    factors: tuple[Factor, ...]
    partitions: tuple[Partition, ...] = ()

    def __post_init__(self) -> None:
        names = [*(factor.name for factor in self.factors), *(partition.name for partition in self.partitions)]
        if not self.factors or len(set(names)) != len(names):
            raise ValueError(f"expected at least one factor, and distinct names of factors and partitions: {names}")
        for factor in self.factors:
            if not factor.values or len(set(factor.values)) != len(factor.values):
                raise ValueError(f"expected at least one value of {factor.name}, all distinct")

    @cached_property
    def shape(self) -> tuple[int, ...]:
        """The number of values of each factor."""
        return tuple(len(factor.values) for factor in self.factors)

    @cached_property
    def size(self) -> int:
        """|H|."""
        return prod(self.shape)

    @cached_property
    def codes(self) -> NDArray[np.int8]:
        """(size, factors): index of the value that each hypothesis gives to each factor."""
        grid = np.indices(self.shape, dtype=np.int8).reshape(len(self.shape), -1)
        return np.ascontiguousarray(grid.T)

    @cached_property
    def groupings(self) -> tuple[Partition, ...]:
        """All named splits: one per factor, in order, then the partitions."""
        by_factor = (Partition(f.name, f.values, self.codes[:, at]) for at, f in enumerate(self.factors))
        return (*by_factor, *self.partitions)

    def index(self, codes: tuple[int, ...]) -> int:
        """The hypothesis with these value indices, one per factor. Raises ValueError outside the space."""
        return int(np.ravel_multi_index(codes, self.shape))

    def assignment(self, hypothesis: int) -> dict[str, str]:
        """The value of each factor: {"A": "on", "B": "off", …}."""
        return {f.name: f.values[c] for f, c in zip(self.factors, self.codes[hypothesis].tolist(), strict=True)}

    def marginal(self, probabilities: NDArray[np.float64], grouping: int) -> NDArray[np.float64]:
        """(values,) probabilities of a grouping's values (see `groupings`), from (size,) probabilities of whole hypotheses."""
        split = self.groupings[grouping]
        counts: NDArray[np.float64] = np.bincount(split.codes, probabilities, len(split.values)).astype(np.float64)
        return counts
