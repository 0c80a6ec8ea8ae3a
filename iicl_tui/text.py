"""Untrusted text made safe to show."""

from __future__ import annotations

import unicodedata

_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_TAB = " " * 4


def printable(text: str, limit: int | None = None, newlines: bool = False) -> str:
    """The text with every character that could steer a terminal or hide something shown as a symbol.

    ESC and the other C0 controls become their pictures (␛), C1 controls, bidi and zero-width characters, line
    separators and lone surrogates become ⟨U+202E⟩, tabs become four spaces. "\\n" stays where newlines is true (and
    "\\r\\n" is read as one), else it is shown as ␊. limit: at most so many characters come back, the last of them "…"
    where something was cut. Idempotent. Markup is left alone: show the result as Content or Text, never as markup.
    """
    if limit is not None:
        # A huge reply costs no more than what is shown of it; "\r\n" alone may shrink, to half its length.
        text = text[: 2 * max(limit, 0) + 2]
    if not text.isprintable():
        text = "".join(char if char.isprintable() else _shown(char, newlines) for char in text.replace("\r\n", "\n"))
    if limit is not None and len(text) > limit:
        text = text[: limit - 1] + "…" if limit > 0 else ""
    return text


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
