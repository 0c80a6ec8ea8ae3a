"""Hides a key in whatever a server sends, however it spells it."""

from __future__ import annotations

import re
import unicodedata
from base64 import b64encode
from collections.abc import Iterable, Iterator
from functools import lru_cache

from iicl_tui.agents.calls import Token

HIDDEN = "…"
MIN_KEY_LENGTH = 8
"""A key of fewer letters and digits is a placeholder for a local server, such as "none", which may well occur in a reply."""
_RUN = 11
"""So many consecutive letters and digits of a key are hidden even without the rest of it."""
_MIN_RUN = 8
"""The same for shorter keys."""
_MAX_STATES = 4_000

_ESCAPE = (
    r"%(?:25)*(?P<percent>[0-9a-fA-F]{2})|\\+u\{?(?P<unicode>[0-9a-fA-F]{4})\}?|\\+x(?P<byte>[0-9a-fA-F]{2})"
    r"|&(?:amp;)*#(?P<decimal>[0-9]{2,3});|&(?:amp;)*#[xX](?P<hexadecimal>[0-9a-fA-F]{2});|=(?P<printable>[0-9A-F]{2})"
    r"|(?P<blank>\\+[nrt])"
)
_PIECE = re.compile(rf"{_ESCAPE}|(?P<plain>.)", re.S)
_ESCAPES = re.compile(_ESCAPE)
_ESCAPE_SIGNS = ("%", "\\", "&", "=")
_OTHERS = re.compile(r"[\W_]+")
"""Everything but letters and digits: it may stand between the parts of a key."""
_WINDOW, _OVERLAP = 16_384, 4_096


class _Spelling:
    """One way to write a key in letters and digits.

    Args:
        text: The key.
        run: So many consecutive characters of it are enough.
    """

    def __init__(self, text: str, run: int) -> None:
        self.text, self.run = text, run
        self.grams = [text[at : at + run] for at in range(len(text) - run + 1)]
        step = (run + 1) // 2  # every run of the text holds one of these
        self._seeds = [text[at : at + step] for at in range(0, len(text) - step + 1, step)]

    def is_in(self, folded: str) -> bool:
        """Whether a text holds a run of the key."""
        return any(seed in folded for seed in self._seeds) and any(gram in folded for gram in self.grams)


class KeyRedactor:
    """Finds a key in text and tokens.

    Only letters and digits count, in any case, width and typeface. So a key is found with anything else between its characters,
    with percent encoding, backslash or HTML escapes, backwards, in base64 or hexadecimal digits, also as a part of a longer
    encoded text, and in part: `run` consecutive characters are enough. Shorter pieces, and other encodings or hashes, are not
    found.

    Args:
        key: The key, with at least MIN_KEY_LENGTH letters and digits.
    """

    def __init__(self, key: str) -> None:
        self.key = _folded(key, escapes=False)
        self.run = min(_RUN, max(_MIN_RUN, len(self.key) // 2))
        self._spellings = [
            _Spelling(self.key, self.run),
            _Spelling(self.key[::-1], self.run),
            _Spelling(key.encode().hex(), 2 * self.run),
            *(_Spelling(_folded(text, escapes=False), 4 * self.run // 3) for text in _in_base64(key.encode())),
        ]

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
        tokens = tuple(tokens)
        if self.found_in(b"".join(token.data for token in tokens).decode("utf-8", "replace")):
            return True
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
        return len(folded) >= self.run and any(spelling.is_in(folded) for spelling in self._spellings)

    def _spans(self, text: str, offset: int) -> Iterator[tuple[int, int]]:
        """The places of the parts of the key in a text that begins at an offset."""
        canonical, places = _canonical(text)
        for spelling in self._spellings:
            if not spelling.is_in(canonical):
                continue
            for gram in spelling.grams:
                for hit in re.finditer(f"(?={gram})", canonical):
                    yield places[hit.start()][0] + offset, places[hit.start() + spelling.run - 1][1] + offset


def _in_base64(key: bytes) -> Iterator[str]:
    """What base64 makes of the key alone, at each of the three places that it may have in a longer text."""
    for shift in range(3):
        whole = b64encode(b"\0" * shift + key).decode()
        yield whole[-(-8 * shift // 6) : 8 * (shift + len(key)) // 6]


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
    return KeyRedactor(key) if len(_folded(key, escapes=False)) >= MIN_KEY_LENGTH else None


def _unescaped(hit: re.Match[str]) -> str:
    if hit["blank"]:
        return ""
    names = ("percent", "unicode", "byte", "decimal", "hexadecimal", "printable")
    value = next(hit[name] for name in names if hit[name])
    return chr(int(value, 10 if hit["decimal"] else 16))


def _folded(text: str, escapes: bool = True) -> str:
    """The letters and digits of a text in one case, width and typeface. escapes: undo escapes first."""
    if escapes and any(sign in text for sign in _ESCAPE_SIGNS):
        text = _ESCAPES.sub(_unescaped, text)
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text)
    return _OTHERS.sub("", text).casefold()


def _canonical(text: str) -> tuple[str, list[tuple[int, int]]]:
    """As `_folded`, with the place in the text of each character."""
    characters: list[str] = []
    places: list[tuple[int, int]] = []
    for hit in _PIECE.finditer(text):
        folded = _folded(hit["plain"] or _unescaped(hit), escapes=False)
        characters.append(folded)
        places += [hit.span()] * len(folded)
    return "".join(characters), places
