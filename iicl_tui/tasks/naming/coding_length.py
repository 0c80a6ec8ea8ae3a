"""Coding length of a language: its shortest description in a grammar.

A language gives each meaning a signal; all signals have the same length. There are two ways to count.

In symbols, by a grammar of our own. It describes each character position by a
list of rules "pattern → character". A pattern names values of some features, or of none, and matches the meanings with these
values. Each meaning must match exactly one rule of a list. A rule costs 1, plus 1 for its character, plus 1 for each feature
that it names. The coding length α is the total cost of the cheapest lists, in symbols.

In characters, spaces and line breaks included, of the shortest text. A line "S: blue, red -> 00" gives all meanings that one of
its patterns matches a string; "S: A B" has the lines of A and of B give one character each.
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


def text_length(language: Sequence[str], meanings: Sequence[Meaning]) -> int:
    """α in characters of the language that gives language[i] to meanings[i]. Needs signals of two characters."""
    parts = [_lines_length(characters, tuple(meanings)) for characters in zip(*language, strict=True)]
    return min(_lines_length(tuple(language), tuple(meanings)), len("S: A B") + sum(1 + part for part in parts))


@cache
def _lines_length(strings: tuple[str, ...], meanings: tuple[Meaning, ...]) -> int:
    """Characters of the shortest lines of one symbol that give strings[i] to meanings[i]."""
    lines = []
    for string in dict.fromkeys(strings):
        named = _shortest_names(frozenset(at for at, own in enumerate(strings) if own == string), meanings)
        lines.append(len("S: ") + named + len(" -> ") + len(string))
    return sum(lines) + len(lines) - 1


@cache
def _shortest_names(wanted: frozenset[int], meanings: tuple[Meaning, ...]) -> int:
    """Characters of the shortest patterns, joined by ", ", that together match these meanings and no other."""
    values = [(None, *dict.fromkeys(column)) for column in zip(*meanings, strict=True)]
    texts = [" ".join(value for value in pattern if value is not None) for pattern in itertools.product(*values)]
    fitting = [
        (len(text), covered)
        for text, (_, covered) in zip(texts, _patterns(meanings), strict=True)
        if text and covered and covered <= wanted
    ]

    def cheapest(left: frozenset[int]) -> int:
        if not left:
            return 0
        first = min(left)
        return min(length + 2 + cheapest(left - covered) for length, covered in fitting if first in covered)

    return cheapest(wanted) - 2


def _patterns(meanings: Sequence[Meaning]) -> list[tuple[int, frozenset[int]]]:
    """For each pattern, how many features it names and the indices of the meanings that it matches."""
    values = [(None, *dict.fromkeys(column)) for column in zip(*meanings, strict=True)]
    found = []
    for pattern in itertools.product(*values):
        matched = (all(want in (None, has) for want, has in zip(pattern, meaning, strict=True)) for meaning in meanings)
        named = sum(want is not None for want in pattern)
        found.append((named, frozenset(place for place, match in enumerate(matched) if match)))
    return found
