"""What the readers of replies share: words with whatever marks a model puts around them, and names found in a text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from iicl_tui.text import printable

QUOTES = "\"'`´“”„‟«»‘’‚‛‹›「」『』"
_INVISIBLE = "\u200b-\u200f\u2060-\u2064\ufeff\u202a-\u202e\u2066-\u2069"
_MARKS = re.escape(QUOTES) + r"*_~#$()\[\]<>" + _INVISIBLE

DRESS = rf"(?:\\[nrt]|[\s\\{{}}{_MARKS}])"
"""Pattern of one mark, blank or bracket that may stand between a word and what belongs to it. A JSON text within a string
brings escapes along."""
MARK = rf"(?:\\[rt]|[^\S\n]|[\\{_MARKS}])"
"""As `DRESS`, on one line and without braces."""
LEAD_IN = frozenset(QUOTES + "*_~#$()[]<>{}\\:=-–—→|")
"""Characters beside blanks that may stand before a value without being part of it."""

WINDOW = 100_000
"""How many characters of a huge reply are read at a time."""

_OPENING = re.compile(r"[\[{]")
_MOST_WRONG = 20
_MORE = re.compile(r"(?!['’]s\b)[-'’_]{0,2}[^\W_]")
_IS_MARK = re.compile(rf"[\s\\{{}}{_MARKS}]")
_THOUGHTS = re.compile(r"<(/?)(?:think|thinking|thought|reasoning)>", re.IGNORECASE)


def quoted(text: str) -> str:
    """An untrusted word for a sentence to a person: printable, cut, in quotes."""
    return f"“{printable(text, 40)}”"


def listed(words: Iterable[str], most: int = 8) -> str:
    """A, B and C, each printable and cut; the rest of a long list is only counted."""
    shown = [printable(word, 40) for word in words]
    if len(shown) > most:
        shown[most - 1 :] = [f"{len(shown) - most + 1} more"]
    return "".join(shown) if len(shown) < 2 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def answer_start(text: str) -> int:
    """Where the answer begins: after what a model wraps as its thoughts. The end of the text where they never end."""
    start, thinking = 0, False
    for tag in _THOUGHTS.finditer(text):
        start, thinking = tag.end(), not tag.group(1)
    return len(text) if thinking else start


def json_values(text: str) -> Iterator[Any]:
    """The tables and lists in JSON that stand in a text, in its order. What looks like one and is none is passed over; after
    many of these the rest is given up."""
    decoder, at, wrong = json.JSONDecoder(strict=False), 0, 0
    while wrong < _MOST_WRONG and (start := _OPENING.search(text, at)) is not None:
        try:
            value, at = decoder.raw_decode(text, start.start())
        except (ValueError, RecursionError):
            at = start.end()
            wrong += 1
        else:
            yield value


def undressed(text: str) -> tuple[str, int, int]:
    """The text without marks and blanks at its ends (and a full stop), and from where to where it stands."""
    left, right = 0, len(text)
    while left < right and _IS_MARK.match(text, left):
        left += 1
    while right > left and (_IS_MARK.match(text, right - 1) or text[right - 1] in ".!"):
        right -= 1
    return text[left:right], left, right


def word_pattern(word: str, before: bool = True) -> str:
    """Pattern of a word that is not part of a longer one; any blanks where it has a blank.

    before: what stands before is looked at as well.
    """
    pattern = r"\s{1,3}".join(re.escape(part) for part in word.split())
    if before and word[:1].isalnum():
        pattern = r"(?:(?<![^\W_])(?<![^\W_][-_])|(?<=\\[nrt]))" + pattern
    return pattern + (f"(?!{_MORE.pattern})" if word[-1:].isalnum() else "")


def goes_on(text: str, end: int) -> bool:
    """Whether the word of a text that seems to end here goes on: "on" in "once", "on-going"."""
    return text[end - 1 : end].isalnum() and _MORE.match(text, end) is not None


def any_of(patterns: Iterable[str]) -> str:
    """Pattern of any of these; none at all where there are none."""
    return f"(?:{'|'.join(patterns) or '(?!)'})"


class Names:
    """Words that mean something by their place in a list: objects, or values. A word may have several spellings.

    A word in the very spelling of an own name is that one; else letter case makes no difference, unless it is all
    that tells two of them apart.
    """

    def __init__(self, own: Sequence[str], spellings: Sequence[Sequence[str]] = ()) -> None:
        self.own = tuple(own)
        self._exact: dict[str, int] = {}
        self._loose: dict[str, int | None] = {}
        for place, name in enumerate(own):
            for form in (name, *_escaped(name)):
                self._exact.setdefault(_plain(form), place)
                loose = _plain(form).lower()
                self._loose[loose] = place if self._loose.get(loose, place) == place else None
        for place, words in enumerate(spellings):
            for word in words:
                self._loose.setdefault(_plain(word).lower(), place)
        self.forms = tuple(sorted({*self._exact, *self._loose} - {""}, key=lambda form: (-len(form), form)))
        """Every spelling there is, the longest first."""

    def pattern(self, before: bool = True) -> str:
        """Pattern of any of the words, the longest that fits."""
        return any_of(dict.fromkeys(word_pattern(form, before) for form in self.forms))

    def place(self, word: str) -> int | None:
        """Which one this word is; None for none of them."""
        plain = _plain(word)
        exact = self._exact.get(plain)
        return exact if exact is not None else self._loose.get(plain.lower())

    def look(self, text: str) -> tuple[int | None, int, int]:
        """Which one a whole text is, as it stands or without marks at its ends, and from where to where the word stands."""
        left, right = len(text) - len(text.lstrip()), len(text.rstrip())
        place = self.place(text)
        if place is None:
            word, left, right = undressed(text)
            place = self.place(word)
        return place, left, right


def _plain(word: str) -> str:
    return " ".join(word.split())


def _escaped(name: str) -> set[str]:
    """The name as it stands within a JSON string, and within one that is within another."""
    once = {json.dumps(name, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False)}
    return (once | {json.dumps(form)[1:-1] for form in once}) - {name}
