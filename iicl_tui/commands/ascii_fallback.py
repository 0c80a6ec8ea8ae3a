"""Replaces characters that a terminal or file without UTF-8 cannot show."""

from __future__ import annotations

import codecs
import unicodedata

NAME = "iicl-ascii"
"""The error handler's name, for `reconfigure(errors=NAME)`."""

_ALIKE = {
    "#": "█▉▊▋▅▆▇▓",
    "=": "▄▌▍▐▀≡",
    "_": "▁▂▃▎▏",
    "%": "▒",
    ":": "░",
    "-": "─━┄┅┈┉╌╍▔–—−",
    "|": "│┃┆┇┊┋╎╏╵╷┤├",
    "+": "┌┐└┘┬┴┼╭╮╯╰╴╶✓",
    ">": "→▸▶≥",
    "<": "←◂◀≤",
    "^": "▲△▴↑",
    "v": "▼▽▾↓",
    "*": "★☆",
    "@": "◉",
    "o": "●○◌",
    "s": "■□▪▫",
    "d": "◆◇",
    "x": "✗✘×",
    "e": "✎ε",
    ".": "·…•",
    "~": "≈",
    "'": "‘’",
    '"': "“”„",
    "t": "τ",
    "l": "λ",
    "h^": "ĥ",
    "H^": "Ĥ",
}
_TABLE = {char: ascii for ascii, chars in _ALIKE.items() for char in chars}


def replacement(char: str) -> str:
    """A similar ASCII character: # for a bar, a blank for an empty cell, a letter without its accent, else ?."""
    if char in _TABLE:
        return _TABLE[char]
    if "\u2800" <= char <= "\u28ff":  # braille
        return " " if char == "\u2800" else "."
    plain = unicodedata.normalize("NFKD", char)[:1]
    return plain if plain.isascii() and plain.isprintable() and plain else "?"


def _replace(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(replacement, error.object[error.start : error.end])), error.end


codecs.register_error(NAME, _replace)
