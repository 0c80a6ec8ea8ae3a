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


@dataclass(frozen=True)
class ProductSpace:
    """The product of its factors' values; the first factor varies slowest.

    A hypothesis is its index, 0 ≤ h < size. With ACRE's five objects and the states on, off, und in this order
    the size is 3⁵ = 243, and 0 is "all on".
    """

    factors: tuple[Factor, ...]

    def __post_init__(self) -> None:
        names = [factor.name for factor in self.factors]
        if not names or len(set(names)) != len(names):
            raise ValueError(f"factors need distinct names, and at least one: {names}")
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

    def index(self, codes: tuple[int, ...]) -> int:
        """The hypothesis that gives these value indices. Raises ValueError outside the space."""
        return int(np.ravel_multi_index(codes, self.shape))

    def assignment(self, hypothesis: int) -> dict[str, str]:
        """The hypothesis written out, factor by factor: {"A": "on", "B": "off", …}."""
        return {f.name: f.values[c] for f, c in zip(self.factors, self.codes[hypothesis].tolist(), strict=True)}

    def marginal(self, probabilities: NDArray[np.float64], factor: int) -> NDArray[np.float64]:
        """(values,): the belief about one factor, from (size,) probabilities of whole hypotheses."""
        counts: NDArray[np.float64] = np.bincount(self.codes[:, factor], probabilities, self.shape[factor]).astype(np.float64)
        return counts
