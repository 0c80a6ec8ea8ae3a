"""Untrusted text made safe to show, and measured and cut by terminal cells."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from math import ceil, floor, isfinite

_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_TAB = " " * 4
_MOST_DIGITS = 4000
"""Python reads at most 4,300 digits as an integer."""
_EMOJI_SELECTORS = re.compile("[\ufe0e\ufe0f]")
_FORMULA = ("=", "+", "-", "@", "\t", "\n", "＝", "＋", "－", "＠")
"""How a cell begins that a spreadsheet would run as a formula."""
_NUMBER = re.compile(r"[+-]?[0-9]{1,300}(?:\.[0-9]{0,300})?(?:[eE][+-]?[0-9]{1,3})?")
_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")

SECOND_HALF = 0
"""What `cell_codes` gives for the second cell of a wide character."""


def printable(text: str, limit: int | None = None, newlines: bool = False) -> str:
    """Replaces every character that could control a terminal or hide something by a visible symbol.

    ESC and the other C0 controls become their pictures (␛). C1 controls, bidi and zero-width characters, line separators and lone
    surrogates become ⟨U+202E⟩. Tabs become four spaces. The selectors between an emoji and its text form (U+FE0E, U+FE0F) are left
    out: terminals disagree on how wide they make a character, and then old letters stay on the screen. Idempotent. Markup is not
    escaped: show the result as plain text.

    Args:
        limit: The greatest length of the result; if something was cut, it ends in "…".
        newlines: Keep "\\n" (and read "\\r\\n" as one). Otherwise it becomes ␊.
    """
    if limit is not None:
        # Only what is shown is processed. "\r\n" may shrink to half its length.
        text = text[: 2 * max(limit, 0) + 2]
    if not text.isascii():
        text = _EMOJI_SELECTORS.sub("", text)
    if not text.isprintable():
        text = "".join(char if char.isprintable() else _shown(char, newlines) for char in text.replace("\r\n", "\n"))
    if limit is not None and len(text) > limit:
        text = text[: limit - 1] + "…" if limit > 0 else ""
    return text


def whole_number(digits: str) -> int | float:
    """JSON's `parse_int` for untrusted text: a float, infinite if need be, where Python refuses so many digits."""
    return int(digits) if len(digits) <= _MOST_DIGITS else float(digits)


def visible(text: str) -> str:
    """The text for a file that people print: line ends and tabs stay, other characters become symbols as in `printable`."""
    text = text.replace("\r\n", "\n")
    return "".join(char if char.isprintable() or char in "\n\t" else _shown(char, newlines=True) for char in text)


def as_cell(text: str) -> str:
    """The text for a cell of a CSV file: `visible`, and no spreadsheet runs it as a formula. A number stays one."""
    text = visible(text)
    return f"'{text}" if text.startswith(_FORMULA) and not _NUMBER.fullmatch(text) else text


def _shown(char: str, newlines: bool) -> str:
    if char == "\t":
        return _TAB
    if char == "\n" and newlines:
        return char
    if unicodedata.category(char) not in _UNSAFE:
        return char
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    return f"⟨U+{code:04X}⟩"


@lru_cache(4096)
def cell_codes(text: str) -> tuple[int, ...]:
    """Returns the code point in each cell; `SECOND_HALF` for the second cell of a wide character."""
    if text.isascii() and text.isprintable():
        return tuple(map(ord, text))
    found: list[int] = []
    for char in text:
        category = unicodedata.category(char)
        if category in ("Mn", "Me", "Cf"):  # no cell of their own
            continue
        if category[0] == "C" or category in ("Zl", "Zp"):
            found.append(0x2400 + ord(char) if ord(char) < 32 else 0xFFFD)
            continue
        found.append(ord(char))
        if unicodedata.east_asian_width(char) in "WF":
            found.append(SECOND_HALF)
    return tuple(found)


def text_width(text: str) -> int:
    """Returns the number of terminal cells that the text takes."""
    return len(cell_codes(text))


def shorten(text: str, width: int) -> str:
    """Returns the text, cut to at most `width` cells; a cut text ends with an ellipsis."""
    if text_width(text) <= width:
        return text
    if width <= 1:
        return "…"[: max(width, 0)]
    kept, used = [], 0
    for char in text:
        size = text_width(char)
        if used + size > width - 1:
            break
        kept.append(char)
        used += size
    return "".join(kept) + "…"


def superscript(number: int) -> str:
    """Returns the number in superscript digits: ² for 2, as in d²."""
    return str(number).translate(_RAISED)


def outwards(low: float, high: float, places: int) -> tuple[str, str]:
    """The ends of an interval with so many decimal places, rounded away from its middle, so that they still hold it."""
    scale = 10.0**places
    slack = 1e-9 * scale  # a rounding error is not worth a whole place
    least = floor(low * scale + slack) / scale if isfinite(low) else low
    most = ceil(high * scale - slack) / scale if isfinite(high) else high
    return f"{least + 0.0:.{places}f}", f"{most + 0.0:.{places}f}"  # + 0.0: no "-0.00"


def rounded_up(value: float, places: int) -> str:
    """A bound from above with so many decimal places, which still is one."""
    return outwards(value, value, places)[1]
