"""Finds the glossary's terms in a text as it is drawn, so that any word on a screen can be asked about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from iicl_tui.filters.base import filter_kinds
from iicl_tui.present.explain import Depth
from iicl_tui.present.glossary import Entry, lookup, pattern, settings, terms
from iicl_tui.text import text_width

Section = tuple[str, str]
"""A heading and a text."""

_PLURAL_FROM = 4
"""Letters of a name that may be followed by an s."""
_SPARK = re.compile("[▁▂▃▄▅▆▇█]{3,}")
_BEFORE_A_LABEL = r"(?<=\s\s)|(?<=[^\w\s.,;:!?)”] )|(?<=[│┃║▏▎▍▌])"
_AFTER_A_LABEL = r"\s{2}|\s*$|\s?[│┃║·▏▎▍▌]"
_NEAR = 40
"""Cells to the left within which a term says what a number is."""


class Found(NamedTuple):
    """A term in a drawn text. start, end: the cells of its line that it takes."""

    entry: Entry
    line: int
    start: int
    end: int


def find(lines: Sequence[str], with_settings: bool = False, with_sparks: bool = False) -> list[Found]:
    """The terms in these lines, from left to right and top to bottom, the longest name first.

    Args:
        lines: What is drawn.
        with_settings: Whether the labels of settings count as well.
        with_sparks: Whether a row of small bars is a session's curve.
    """
    expression, entries = _matcher(with_settings)
    spark = lookup("small curve") if with_sparks else None
    found = []
    for at, line in enumerate(lines):
        for match in expression.finditer(line):
            start = text_width(line[: match.start()])
            found.append(Found(entries[match.lastindex or 0], at, start, start + text_width(match.group())))
        if spark is not None:
            found += [
                Found(spark, at, text_width(line[: one.start()]), text_width(line[: one.end()])) for one in _SPARK.finditer(line)
            ]
    return sorted(found, key=lambda each: (each.line, each.start))


@cache
def _matcher(with_settings: bool) -> tuple[re.Pattern[str], Mapping[int, Entry]]:
    """One expression with a group for each name, and the entry of each group."""
    titles = {f"filter: {kind.title}" for kind in filter_kinds().values()}
    entries = [*terms(), *(entry for entry in settings() if with_settings or entry.term in titles)]
    names: dict[tuple[str, bool], Entry] = {}
    for entry in entries:
        for name in entry.names:
            if len(name) > 1 or name.isupper() or not (name.isascii() or name in entry.labels):
                names.setdefault((name, name in entry.labels), entry)
    longest_first = sorted(names.items(), key=lambda each: -len(each[0][0]))
    expression = "|".join(f"({_expression(*name)})" for name, _ in longest_first)
    return re.compile(expression), dict(enumerate((entry for _, entry in longest_first), 1))


def _expression(name: str, label: bool) -> str:
    """A name as a word of its own, a label as all that stands there. Short names and signs are matched as they are written."""
    body = pattern(name)
    if label:
        return f"(?:^|{_BEFORE_A_LABEL}){body}(?={_AFTER_A_LABEL})"
    if "…" in name:
        body = f"(?i:{body})"
    elif len(name) >= _PLURAL_FROM and name.replace(" ", "").isalpha():
        body = f"(?i:{body})s?"
    before = r"(?<!\w)" if name[0].isalnum() else ""
    letter = len(name) == 1 and not name.isascii()  # τ1.0 is a value of τ
    after = r"(?![^\W\d])" if letter else r"(?!\w)" if name[-1].isalnum() else ""
    return f"{before}{body}{after}"


def at_cell(found: Sequence[Found], x: int, y: int, head: int | None = None) -> Entry | None:
    """What stands at a cell: the term itself, or the one that says what a number there means.

    Args:
        found: The terms of a part of the screen.
        x, y: The cell.
        head: The line with the heads of the columns, if the part is a table.
    """
    here = [each for each in found if each.line == y and each.start <= x < each.end]
    if here:
        return here[0].entry
    above = [each for each in found if each.line == head and each.start - 2 <= x < each.end + 2] if head is not None else []
    if above:
        return above[0].entry
    left = [each for each in found if each.line == y and each.end <= x <= each.end + _NEAR]
    if left:
        return max(left, key=lambda each: each.end).entry
    over = [each for each in found if each.line < y and each.start <= x]
    return max(over, key=lambda each: (each.line, each.start)).entry if over else None


def sections(entries: Iterable[Entry], depth: Depth) -> list[Section]:
    """A heading and a text for each entry, once."""
    return [(entry.term, entry.plain if depth == "newcomer" else entry.exact) for entry in dict.fromkeys(entries)]
