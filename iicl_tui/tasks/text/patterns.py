"""Regular expressions from a configuration, which must not be able to stop the program.

A pattern whose repetitions are nested may take exponential time, so it is refused. Others take polynomial time at worst, so
the text that is searched is bounded, and so is the time. A search that is out of time gives no number.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

MOST_PATTERN = 500
MOST_SEARCHED = 20_000
"""How many characters of a text are searched."""
TIMEOUT = 0.2
"""Seconds for one text. Usual patterns take a thousandth of that for the longest text."""


def counter(pattern: str) -> Callable[[str], float]:
    """A function that counts how often the pattern is found in a text; NaN if that takes too long.

    Raises:
        ValueError: the pattern is invalid, or may take exponential time; with a message for the user.
    """
    import regex  # slow to import

    if not pattern or len(pattern) > MOST_PATTERN:
        raise ValueError(f"expected a regular expression of 1 to {MOST_PATTERN} characters")
    _refuse_nested(pattern)
    try:
        compiled = regex.compile(pattern)
    except (regex.error, RecursionError, OverflowError) as error:
        raise ValueError(f"it is no valid regular expression: {error}") from None

    def count(text: str) -> float:
        try:
            return float(sum(1 for _ in compiled.finditer(text[:MOST_SEARCHED], timeout=TIMEOUT)))
        except TimeoutError:
            return math.nan

    return count


def _refuse_nested(pattern: str) -> None:
    from re import _constants as codes  # type: ignore[attr-defined]
    from re import _parser as parser  # type: ignore[attr-defined]
    from re import error as re_error

    try:
        tree = parser.parse(pattern)
    except (re_error, RecursionError, OverflowError) as error:
        raise ValueError(f"it is no valid regular expression: {error}") from None
    repeats = (codes.MAX_REPEAT, codes.MIN_REPEAT)

    def check(part: Any, repeated: bool) -> None:
        for code, value in part:
            if code in (codes.GROUPREF, codes.GROUPREF_EXISTS):
                raise ValueError("it refers back to a group, which may take very long; write it without")
            if repeated and code in (*repeats, codes.BRANCH) and not _fixed(code, value):
                raise ValueError(
                    "it has a repetition or an alternative inside a repetition, which may take exponential time; write it without"
                )
            if code in repeats or code is getattr(codes, "POSSESSIVE_REPEAT", None):
                check(value[2], repeated or (code in repeats and value[1] > 1))
            elif code is codes.BRANCH:
                for branch in value[1]:
                    check(branch, repeated)
            elif code is codes.SUBPATTERN:
                check(value[3], repeated)
            elif code in (codes.ASSERT, codes.ASSERT_NOT):
                check(value[1], repeated)
            elif code is getattr(codes, "ATOMIC_GROUP", None):
                check(value, repeated)

    def _fixed(code: Any, value: Any) -> bool:
        return code in repeats and value[0] == value[1]

    try:
        check(tree, False)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
