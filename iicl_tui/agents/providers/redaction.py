"""Hides a key in whatever a server sends, however it spells it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from iicl_tui.agents.calls import Token

HIDDEN = "…"
MIN_KEY_LENGTH = 8
"""A shorter key is a placeholder for a local server, such as "none", which may well occur in a reply."""
_RUN = 12
"""So many consecutive characters of a key are hidden even without the rest of it."""
_MIN_RUN = 8
"""The same for shorter keys."""
_MAX_STATES = 4_000

_ESCAPE = (
    r"%(?P<percent>[0-9a-fA-F]{2})|\\+u\{?(?P<unicode>[0-9a-fA-F]{4})\}?|\\+x(?P<byte>[0-9a-fA-F]{2})"
    r"|&#(?P<decimal>[0-9]{2,3});|&#[xX](?P<hexadecimal>[0-9a-fA-F]{2});|(?P<quoted>=)(?P<printable>[0-9A-F]{2})"
    r"|(?P<wrap>[-\u2010=][^\S\n]*\n)"
)
_SEPARATORS: dict[int, str] = {
    number: ""
    for number in range(0x10000)
    if unicodedata.category(chr(number)) in ("Cc", "Cf", "Zs", "Zl", "Zp")
    or 0xFE00 <= number < 0xFE10
    or chr(number) in "\"'`,+\\|…>*"
} | {0xFF01 + number: chr(0x21 + number) for number in range(94)}
"""Blanks, invisible characters and marks that may stand between the parts of a key, and full-width forms, for `str.translate`."""
_PIECE = re.compile(rf"{_ESCAPE}|(?P<plain>.)", re.S)
_ESCAPES = re.compile(_ESCAPE)
_ESCAPE_SIGNS = ("%", "\\", "&#", "=", "-\n", "\u2010\n", "-\r\n")
_WINDOW, _OVERLAP = 16_384, 4_096


class KeyRedactor:
    """Finds a key in text and tokens.

    A key is found in any case, also in full-width forms, with blanks, line ends, hyphens at them, quotes and invisible characters
    between its characters, with percent encoding, backslash or HTML escapes, and in part: `run` consecutive characters are enough.
    Shorter pieces, and encodings of the whole such as base64, are not found.

    Args:
        key: The key.
    """

    def __init__(self, key: str) -> None:
        self.key = key.casefold().translate(_SEPARATORS)
        self.run = min(_RUN, max(_MIN_RUN, len(self.key) // 2))
        self._grams = [self.key[at : at + self.run] for at in range(max(1, len(self.key) - self.run + 1))]

    def redact(self, text: str) -> str:
        """The text with every spelling of the key replaced by "…"."""
        if not self.found_in(text):
            return text
        spans = [
            span
            for at in range(0, len(text), _WINDOW - _OVERLAP)
            if self.found_in(window := text[at : at + _WINDOW])
            for span in self._spans(window, at)
        ]
        out, last = [], 0
        for start, end in _merged(spans):
            out += [text[last:start], HIDDEN]
            last = end
        return "".join([*out, text[last:]])

    def found_in(self, text: str) -> bool:
        """Whether the text contains the key or a part of it."""
        return self._holds(_folded(text))

    def found_in_tokens(self, tokens: Iterable[Token]) -> bool:
        """Whether tokens spell the key: those drawn, those listed, or any path through them."""
        states: set[tuple[int, int]] = set()  # (place in the key behind the last match, characters matched)
        for token in tokens:
            following: set[tuple[int, int]] = set()
            for data in dict.fromkeys((token.data, *(data for data, _ in token.top))):
                folded = _folded(data.decode("utf-8", "replace"))
                if self._holds(folded):
                    return True
                for end, count in self._advance(folded, states):
                    if count >= self.run:
                        return True
                    following.add((end, count))
            states = set(sorted(following, key=lambda state: -state[1])[:_MAX_STATES])
        return False

    def _advance(self, text: str, states: set[tuple[int, int]]) -> Iterator[tuple[int, int]]:
        """The states behind a token that follows these states."""
        if not text:
            yield from states
            return
        for place, count in states:
            if self.key.startswith(text, place):
                yield place + len(text), count + len(text)
            else:  # the token may end the run
                common = next((at for at, char in enumerate(text) if not self.key.startswith(char, place + at)), len(text))
                if count + common >= self.run:
                    yield place + common, count + common
        for size in range(min(len(text), self.run), 0, -1):  # or begin one with its end
            start = self.key.find(text[-size:])
            while start >= 0:
                yield start + size, size
                start = self.key.find(text[-size:], start + 1)

    def _holds(self, folded: str) -> bool:
        return len(folded) >= self.run and any(gram in folded for gram in self._grams)

    def _spans(self, text: str, offset: int) -> Iterator[tuple[int, int]]:
        """The places of the parts of the key in a text that begins at an offset."""
        canonical, places = _canonical(text)
        for gram in self._grams:
            for hit in re.finditer(f"(?={re.escape(gram)})", canonical):
                yield places[hit.start()][0] + offset, places[hit.start() + self.run - 1][1] + offset


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The spans in order; those that touch become one."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


@lru_cache(maxsize=8)
def redactor(key: str) -> KeyRedactor | None:
    """The redactor of a key; None if it is a placeholder."""
    return KeyRedactor(key) if len(key) >= MIN_KEY_LENGTH else None


def _unescaped(hit: re.Match[str]) -> str:
    return "" if hit["wrap"] else chr(int(_value(hit), 10 if hit["decimal"] else 16))


def _value(hit: re.Match[str]) -> str:
    names: Sequence[str] = ("percent", "unicode", "byte", "decimal", "hexadecimal", "printable")
    return next(hit[name] for name in names if hit[name])


def _folded(text: str) -> str:
    """The text without separators and escapes, in one case."""
    if any(sign in text for sign in _ESCAPE_SIGNS):
        text = _ESCAPES.sub(_unescaped, text)
    return text.translate(_SEPARATORS).casefold()


def _canonical(text: str) -> tuple[str, list[tuple[int, int]]]:
    """As `_folded`, with the place in the text of each character."""
    characters: list[str] = []
    places: list[tuple[int, int]] = []
    for hit in _PIECE.finditer(text):
        folded = (hit["plain"] or _unescaped(hit)).translate(_SEPARATORS).casefold()
        characters.append(folded)
        places += [hit.span()] * len(folded)
    return "".join(characters), places
