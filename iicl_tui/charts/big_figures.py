"""Figures that can be read from far away, made of blocks."""

from __future__ import annotations

_FONT = {
    "0": "111101101101111",
    "1": "010110010010111",
    "2": "111001111100111",
    "3": "111001111001111",
    "4": "101101111001001",
    "5": "111100111001111",
    "6": "111100111101111",
    "7": "111001010010010",
    "8": "111101111101111",
    "9": "111101111001111",
    "%": "101001010100101",
    ".": "000000000000010",
    "<": "001010100010001",
    "–": "000000111000000",
    "/": "001001010100100",
}
"""Three columns and five lines of dots for each character."""
_WIDE, _TALL = 3, 5
_HALVES = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}


def big_lines(text: str, tall: bool = False) -> list[str]:
    """The text in three lines, or in five. Characters without a form are left out."""
    glyphs = [_FONT[character] for character in text if character in _FONT]
    rows = [
        " ".join("".join(glyph[y * _WIDE + x] for x in range(_WIDE)) for glyph in glyphs).replace("0", "  ").replace("1", "##")
        for y in range(_TALL)
    ]
    if tall:
        return [row.replace("#", "█").rstrip() for row in rows]
    width = max(map(len, rows), default=0)
    padded = [row.ljust(width) for row in [*rows, ""]]
    return [
        "".join(_HALVES[upper == "#", lower == "#"] for upper, lower in zip(padded[y], padded[y + 1], strict=True)).rstrip()
        for y in range(0, _TALL, 2)
    ]
