"""Coding length of a language: its shortest description in a grammar of our own.

A language gives each meaning a signal; all signals have the same length. The grammar describes each character position by a
list of rules "pattern → character". A pattern names values of some features, or of none, and matches the meanings with these
values. Each meaning must match exactly one rule of a list. A rule costs 1, plus 1 for its character, plus 1 for each feature
that it names. The coding length α is the total cost of the cheapest lists, in symbols.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import cache

Meaning = tuple[str, ...]
"""One value per feature: ("blue", "circle")."""


def coding_length(language: Sequence[str], meanings: Sequence[Meaning]) -> int:
    """α of the language that gives language[i] to meanings[i]. Needs at least one meaning and signals of equal length."""
    return sum(list_length(characters, tuple(meanings)) for characters in zip(*language, strict=True))


@cache
def list_length(characters: tuple[str, ...], meanings: tuple[Meaning, ...]) -> int:
    """Cost of the cheapest list of rules that gives characters[i] to meanings[i]."""
    rules = [
        (1 + named + 1, covered)
        for named, covered in _patterns(meanings)
        if covered and len({characters[meaning] for meaning in covered}) == 1
    ]

    def cheapest(left: frozenset[int]) -> int:
        first = min(left, default=None)
        if first is None:
            return 0
        return min(cost + cheapest(left - covered) for cost, covered in rules if first in covered and covered <= left)

    return cheapest(frozenset(range(len(meanings))))


def _patterns(meanings: Sequence[Meaning]) -> list[tuple[int, frozenset[int]]]:
    """For each pattern, how many features it names and the indices of the meanings that it matches."""
    values = [(None, *dict.fromkeys(column)) for column in zip(*meanings, strict=True)]
    found = []
    for pattern in itertools.product(*values):
        matched = (all(want in (None, has) for want, has in zip(pattern, meaning, strict=True)) for meaning in meanings)
        named = sum(want is not None for want in pattern)
        found.append((named, frozenset(place for place, match in enumerate(matched) if match)))
    return found
