"""Coding lengths of languages, in a grammar of our own: how short a language can be written down.

A language gives each meaning a signal, and every signal has as many characters. It is written as one list of rules for each
place of a character. A rule is "pattern → character"; the pattern names a value of some features, or of none, and matches the
meanings that have these values. Each meaning is matched by exactly one rule of a list. A rule costs 1 for itself, 1 for its
character, and 1 for each feature that it names. The coding length α is the cost of the cheapest lists, in symbols.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import cache

Meaning = tuple[str, ...]
"""One value a feature: ("blue", "circle")."""


def coding_length(language: Sequence[str], meanings: Sequence[Meaning]) -> int:
    """α of the language that gives language[i] to meanings[i]; at least one meaning, and all signals of one length."""
    return sum(list_length(characters, tuple(meanings)) for characters in zip(*language, strict=True))


@cache
def list_length(characters: tuple[str, ...], meanings: tuple[Meaning, ...]) -> int:
    """The cost of the cheapest list of rules that gives characters[i] to meanings[i]."""
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
    """How many features each pattern names, and the places of the meanings that it matches."""
    values = [(None, *dict.fromkeys(column)) for column in zip(*meanings, strict=True)]
    found = []
    for pattern in itertools.product(*values):
        matched = (all(want in (None, has) for want, has in zip(pattern, meaning, strict=True)) for meaning in meanings)
        named = sum(want is not None for want in pattern)
        found.append((named, frozenset(place for place, match in enumerate(matched) if match)))
    return found
