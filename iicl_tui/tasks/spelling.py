"""Compares words as people see them, however they are encoded."""

from __future__ import annotations

import re
import unicodedata

_SAME_LETTERS = {
    code: same
    for code in (*range(0xFF01, 0xFFE7), *range(0x1D400, 0x1D800))  # full and half width; bold, italic … letters of mathematics
    if len(same := unicodedata.normalize("NFKC", chr(code))) == 1
}
_SEPARATORS = {
    ",": "、､،﹐﹑∧∪",
    ";": "؛﹔",
    ":": "﹕∶꞉ː≔",
    "=": "≡≝≜",
    ".": "。｡",
    "·": "・･",
    "|": "￨│┃┊┆║",
    " ": "\u3000\u00a0\u202f",
    "→": "⟶⟹⇨➝￫⟼⤳⇝↣⟾",
    "-": "‐‑−",
}
_BRACKETS = {"[": "【〔〖", "]": "】〕〗", "«": "《", "»": "》", "‹": "〈", "›": "〉"}
PLAIN = str.maketrans(
    _SAME_LETTERS
    | {other: plain for table in (_SEPARATORS, _BRACKETS) for plain, others in table.items() for other in map(ord, others)}
)
"""Full-width and half-width forms, CJK punctuation and variants of letters and signs, each with the plain character."""
SELECTORS = re.compile("[\ufe0e\ufe0f\u00ad\u200b\u200e\u200f\u2060\ufeff]")
"""Variation selectors, soft hyphens and other signs without a width: they change how a character is drawn, not which one it is.

The joiners of emoji and of other scripts are none of them."""


def composed(text: str) -> str:
    """The text in Unicode's composed form NFC, in which file systems and editors may not write it."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def comparable(text: str) -> str:
    """The text composed, in half width, with plain separators and without variation selectors."""
    return text if text.isascii() else unicodedata.normalize("NFC", SELECTORS.sub("", text).translate(PLAIN))
