"""The canonical answers of a task: one string for each hypothesis of a product space."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import NamedTuple


class Certain(NamedTuple):
    """A place in the answers where the next text is given by the form.

    Attributes:
        beginning: The answer up to there.
        rest: What follows in every canonical answer that has this beginning.
    """

    beginning: str
    rest: str


@dataclass(frozen=True)
class AnswerForm:
    """The canonical answers: one string for each hypothesis.

    Attributes:
        literals: (F + 1,) the text before, between and after the factors' values. Every literal after a value begins with the
            character that ends the value, such as a closing quote; it occurs in no value.
        values: For each of the F factors its values, in the order of the space. No two are equal.
    """

    literals: tuple[str, ...]
    values: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        if len(self.literals) != len(self.values) + 1 or not all(self.literals[1:]):
            raise ValueError("one literal must stand before each value and one that is not empty after the last")
        for names, after in zip(self.values, self.literals[1:], strict=True):
            if len(set(names)) < len(names) or any(not name or after[0] in name for name in names):
                raise ValueError("values must differ, and none may be empty or hold the character that ends it")

    @property
    def least_reads(self) -> int:
        """The reads that the tree takes if every value and its end are one token: one for each beginning up to a value."""
        sizes = [len(names) for names in self.values]
        return sum(prod(sizes[:depth]) for depth in range(len(sizes)))

    @property
    def certain(self) -> Certain:
        """A late place inside a literal, before its first letter or digit if it has one: what a model that continues the
        beginning is all but sure to write."""
        factor = max(len(self.values) - 1, 0)
        literal = self.literals[factor]
        word = re.search(r"\w+\W*\Z", literal)
        cut = word.start() if word else len(literal) // 2
        before = self.beginning((0,) * factor).removesuffix(literal)
        return Certain(before + literal[:cut], literal[cut:])

    def beginning(self, codes: Sequence[int]) -> str:
        """The answer up to the value of the next factor (the whole answer when every factor has one)."""
        parts = [self.literals[0]]
        for factor, code in enumerate(codes):
            parts += [self.values[factor][code], self.literals[factor + 1]]
        return "".join(parts)
