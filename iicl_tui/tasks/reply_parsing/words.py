"""Helpers shared by the readers of replies: patterns for words with marks around them, and lookup of names in a text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from iicl_tui.tasks.example import Example
from iicl_tui.tasks.spelling import comparable
from iicl_tui.text import printable, whole_number

QUOTES = "\"'`´“”„‟«»‘’‚‛‹›「」『』"
_INVISIBLE = "\u200b-\u200f\u2060-\u2064\ufeff\u202a-\u202e\u2066-\u2069"
_MARKS = re.escape(QUOTES) + r"*_~#$()\[\]<>" + _INVISIBLE

FILLER = rf"(?:\\[nrt]|[\s\\{{}}{_MARKS}])"
"""Pattern of one mark, blank or bracket that may separate a word from what belongs to it. Includes the escapes of JSON that is
quoted in a string."""
MARK = rf"(?:\\[rt]|[^\S\n]|[\\{_MARKS}])"
"""As `FILLER`, but on one line and without braces."""
LEAD_IN = frozenset(QUOTES + "*_~#$()[]<>{}\\:=-–—→|")
"""Characters other than blanks that may precede a value without being part of it."""

WINDOW = 100_000
"""How many characters of a huge reply are read at once."""

_OPENING = re.compile(r"[\[{]")
_MOST_WRONG = 20
_CORRECTION = (
    r"(?:no|wait|sorry|actually|rather|instead|better|now|correction|corrected(?:\s+to)?|changed\s+to|revised\s+to|i\s+mean|"
    r"it\s+is|it['’]s|should\s+(?:be|read)|must\s+be)"
)
_MORE = re.compile(r"(?!['’]s\b)[-'’_]{0,2}[^\W_]")
_IS_MARK = re.compile(rf"[\s\\{{}}{_MARKS}]")


def quoted(text: str) -> str:
    """An untrusted word for a message: printable, shortened, in quotes."""
    return f"“{printable(text, 40)}”"


def listed(words: Iterable[str], most: int = 8) -> str:
    """A, B and C, each printable and shortened; the rest of a long list is only counted."""
    shown = [printable(word, 40) for word in words]
    if len(shown) > most:
        shown[most - 1 :] = [f"{len(shown) - most + 1} more"]
    return "".join(shown) if len(shown) < 2 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def dataset_remarks(examples: Sequence[Example]) -> list[str]:
    """Remarks on examples that are repeated or contradict each other."""
    remarks = []
    if len(set(examples)) < len(examples):
        remarks.append("Some examples are there more than once.")
    outputs: dict[tuple[str, ...], set[str]] = {}
    for each in examples:
        outputs.setdefault(each.input, set()).add(each.output)
    several = [", ".join(shown) for shown, found in outputs.items() if len(found) > 1]
    if several:
        remarks.append(f"The examples contradict each other: {quoted(several[0])} has more than one output.")
    return remarks


def json_values(text: str) -> Iterator[Any]:
    """The JSON objects and arrays in a text, in order. Invalid ones are skipped; after `_MOST_WRONG` of them the search ends."""
    decoder, at, wrong = json.JSONDecoder(strict=False, parse_int=whole_number), 0, 0
    while wrong < _MOST_WRONG and (start := _OPENING.search(text, at)) is not None:
        try:
            value, at = decoder.raw_decode(text, start.start())
        except (ValueError, RecursionError):
            at = start.end()
            wrong += 1
        else:
            yield value


def strip_marks(text: str) -> tuple[str, int, int]:
    """Strip marks, blanks and a final full stop; also return where the stripped text starts and ends."""
    left, right = 0, len(text)
    while left < right and _IS_MARK.match(text, left):
        left += 1
    while right > left and (_IS_MARK.match(text, right - 1) or text[right - 1] in ".!"):
        right -= 1
    return text[left:right], left, right


def word_pattern(word: str, before: bool = True) -> str:
    """Pattern of a word that is not part of a longer one, with any blanks in place of its own.

    Args:
        word: the word.
        before: whether the pattern also looks at the character before the word.
    """
    pattern = r"\s{1,3}".join(re.escape(part) for part in word.split())
    if before and word[:1].isalnum():
        pattern = r"(?:(?<![^\W_])(?<![^\W_][-_])|(?<=\\[nrt]))" + pattern
    return pattern + (f"(?!{_MORE.pattern})" if word[-1:].isalnum() else "")


def word_continues(text: str, end: int) -> bool:
    """Whether the word that seems to end here is longer: "on" in "once", "on-going"."""
    return text[end - 1 : end].isalnum() and _MORE.match(text, end) is not None


def any_of(patterns: Iterable[str]) -> str:
    """Pattern that matches any of these; a pattern that never matches if there are none."""
    return f"(?:{'|'.join(patterns) or '(?!)'})"


def second_value(value: str) -> re.Pattern[str]:
    """Pattern of another value right after one, which makes both doubtful: "off → on", "off (should be on)", "off on".

    Not if it begins the next item of a line, as in "1. A: 1 2. B: 0".
    """
    arrow = rf"{MARK}{{0,6}}(?:[-–—=~]{{1,2}}>|[→⇒⟶↦➜➔➡]|/|\bor\b){MARK}{{0,6}}"
    corrected = rf"(?:{MARK}|[,;.:–—]){{1,8}}(?:{_CORRECTION}\b[\s,:;.–—]{{1,4}}){{1,3}}{MARK}{{0,4}}"
    return re.compile(rf"(?:{arrow}|{corrected}|{MARK}{{1,6}})(?P<second>{value})(?!(?<=\d)[.):])", re.IGNORECASE)


class Names:
    """Looks up the index of a name in a list of objects or values. A name may have several spellings.

    A word that is spelt exactly like a name is that name. Otherwise case is ignored, unless two names differ in case alone.
    Names are compared in the form that `clean` gives to replies.

    Args:
        own: the names.
        spellings: more spellings of each name.

    Attributes:
        own: the names.
        forms: every known spelling, the longest first.
    """

    def __init__(self, own: Sequence[str], spellings: Sequence[Sequence[str]] = ()) -> None:
        self.own = tuple(own)
        self._exact: dict[str, int | None] = {}
        self._loose: dict[str, int | None] = {}
        for place, name in enumerate(own):
            for form in (name, *_escaped(name)):
                exact, loose = _plain(form), _plain(form).lower()
                self._exact[exact] = place if self._exact.get(exact, place) == place else None
                self._loose[loose] = place if self._loose.get(loose, place) == place else None
        for place, words in enumerate(spellings):
            for word in words:
                self._loose.setdefault(_plain(word).lower(), place)
        self.forms = tuple(sorted({*self._exact, *self._loose} - {""}, key=lambda form: (-len(form), form)))

    def pattern(self, before: bool = True) -> str:
        """Pattern of any of the spellings, the longest that fits."""
        return any_of(dict.fromkeys(word_pattern(form, before) for form in self.forms))

    def index(self, word: str) -> int | None:
        """Index of the name that is spelt like this; None if there is none."""
        plain = _plain(word)
        exact = self._exact.get(plain)
        return exact if exact is not None else self._loose.get(plain.lower())

    def find_whole(self, text: str) -> tuple[int | None, int, int]:
        """Index of the name that a whole text is, with or without marks around it; and where the word starts and ends."""
        left, right = len(text) - len(text.lstrip()), len(text.rstrip())
        index = self.index(text)
        if index is None:
            word, left, right = strip_marks(text)
            index = self.index(word)
        return index, left, right


def _plain(word: str) -> str:
    return " ".join(comparable(word).split())


def _escaped(name: str) -> set[str]:
    """The name as written in a JSON string, and in a JSON string within another."""
    once = {json.dumps(name, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False)}
    return (once | {json.dumps(form)[1:-1] for form in once}) - {name}
