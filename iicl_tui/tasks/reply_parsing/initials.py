"""Cleans the words and the output of one acronym as a model writes them, and judges whether they can be read."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from iicl_tui.tasks.reply_parsing.words import quoted

MOST_LETTERS = 40
MOST_WORDS = 40
MOST_INPUT = 1000
"""How many characters of the words of one example are read."""
MOST_OUTPUT = 200
"""How many characters of its output are read."""

_ENDS = " .,!?:;-–—…'’‘`"
_ESCAPE_SEQUENCE = re.compile(r"\x1b\[[0-9;]{0,20}[A-Za-z]")
_MARKUP = re.compile(r"[*_~`#\\\"“”„«»<>(){}\[\]]+")
_COMMENT = re.compile(r"\s(?:\([^()\n]*\)[\s.!]*|(?:#|//)[^\n]*)\Z")
_BETWEEN = re.compile(r"[,;|/•·+&\n，、；]+")
_NUMBER = re.compile(r"\A\(?\d{1,4}[.)]\s*(?=[^\W\d_])")
_FOR = re.compile(r"\A[^\W\d_](?:\s*[:=→]\s*|\s+[-–—]+>?\s*|\s*->\s*|\s+(?:is\s+)?for\s+)(?=\S)")
_AND = re.compile(r"\A(?:and|or)\s+(?=\S)", re.IGNORECASE)
_LAST_AND = re.compile(r"\s(?:and|or)\s", re.IGNORECASE)
_DASH = re.compile(r"[‐‑‒–—−]")
_PUNCTUATION = re.compile(r"[^\w\s'’.-]+|_+")
_GAP = re.compile(r"[\s'’.-]+")
_NOT_FIRST = re.compile(r"\A[\W\d_]+")
_SPELT = re.compile(r"[^\w]*(?:[^\W\d_][\s.,·–-]+)+[^\W\d_]?[^\w]*")
_UNFOLDED = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "æ": "ae", "œ": "oe", "þ": "th", "ı": "i"})
"""Latin letters that Unicode does not decompose into a letter and an accent."""


class Found(NamedTuple):
    """One example as found in a reply.

    Attributes:
        words: the words of the input.
        dropped: pieces between the words that have no letter.
        output: in letters a–z; "" if it is not a word.
        raw: the text of the output, without marks.
    """

    words: tuple[str, ...]
    dropped: tuple[str, ...]
    output: str
    raw: str

    @property
    def matches(self) -> bool:
        """Whether the words spell the output."""
        return bool(self.output) and _initials(self.words) == self.output

    @property
    def fault(self) -> str:
        """Why the example cannot be read; "" if it can."""
        if not self.output:
            return f"{quoted(self.raw)} is no word of the letters a–z" if self.raw else "it has no output"
        if len(self.output) > MOST_LETTERS:
            return f"its output has more than {MOST_LETTERS} letters"
        if not self.words:
            return "it has no words"
        if len(self.words) > MOST_WORDS:
            return f"it has more than {MOST_WORDS} words"
        long = next((word for word in self.words if len(word) > MOST_LETTERS), None)
        return f"{quoted(long)} is too long for a word" if long is not None else ""

    def likely(self, listed: bool) -> bool:
        """Whether text without labels is an example: its words spell the output, or seem meant to.

        Args:
            listed: the words are written as a list.
        """
        if len(self.words) < 2 or self.fault:
            return False
        if self.matches:
            return True
        away = abs(len(self.words) - len(self.output))
        upper = self.raw.isupper()
        return (away <= 2 and listed and upper) or (away == 0 and (listed or upper))


def example(words: str | Sequence[str], output: str) -> Found:
    """Make an example from its words, as one text or one by one, and its output."""
    letters = letters_of(output)
    raw = " ".join(_MARKUP.sub("", output[:MOST_OUTPUT]).split()).strip(_ENDS)
    if not isinstance(words, str):
        return Found(*_words([word[:MOST_OUTPUT] for word in words[: MOST_WORDS + 1]]), letters, raw)
    plain = _MARKUP.sub("", _COMMENT.sub("", words[:MOST_INPUT].strip()))
    ways = [_words(pieces) for pieces in _ways(plain)]
    fitting = next((way for way in ways if _initials(way[0]) == letters), None)
    fitting = fitting or next((way for way in ways if len(way[0]) == len(letters)), ways[0])
    return Found(*fitting, letters, raw)


def _ways(text: str) -> list[list[str]]:
    """The ways to split a text into words, the most probable first."""
    blanks = text.split()
    pieces = [piece for piece in _BETWEEN.split(text) if piece.strip()]
    if len(pieces) < 2:
        return [blanks]
    before, found, after = pieces[-1].partition(_and[0] if (_and := _LAST_AND.search(pieces[-1])) else "\0")
    return [pieces, *([[*pieces[:-1], before, after]] if found else []), blanks]


def _words(pieces: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The words of these pieces, and what has no letter: whole pieces, and the beginnings of words before the first letter."""
    kept, dropped = [], []
    for piece in pieces:
        before, word = _word(piece)
        kept += [word] if word else []
        dropped += [before] if before else []
    return tuple(kept), tuple(dropped)


def _word(text: str) -> tuple[str, str]:
    """Split a piece into what precedes the first letter (such as a number) and the word itself.

    The word loses its list number, the letter that it stands for, and all punctuation except blanks, hyphens, apostrophes and
    full stops between its letters.
    """
    text = _MARKUP.sub("", text).strip()
    word = text if text.isascii() else unicodedata.normalize("NFC", text)
    word = _AND.sub("", _FOR.sub("", _NUMBER.sub("", word)).strip(_ENDS))
    if not has_letter(word):
        return " ".join(text.split()).strip(_ENDS), ""
    word = _PUNCTUATION.sub("", _DASH.sub("-", word))
    word = _GAP.sub(lambda gap: " " if any(map(str.isspace, gap[0])) else gap[0][0], word)
    before = _NOT_FIRST.match(word)
    first = before.end() if before is not None else 0
    return word[:first].strip(_ENDS), word[first:].rstrip(_ENDS)


def letters_of(text: str) -> str:
    """A word in the letters a–z, with accents folded and marks and dots removed; "" if the text is not exactly one word."""
    if len(text) > MOST_OUTPUT:
        return ""
    plain = _MARKUP.sub("", visible(text))
    folded = _folded((spelt(plain) or plain).strip().strip(_ENDS))
    return folded if folded.isascii() and folded.isalpha() else ""


def spelt(text: str) -> str:
    """Join a word that is spelt out as C.A.T., C A T or C-A-T; "" if it is not."""
    letters = "".join(filter(str.isalpha, text))
    return letters if len(letters) > 1 and _SPELT.fullmatch(text) else ""


def visible(text: str) -> str:
    """The text without escape sequences and invisible characters, but with its lines."""
    if text.replace("\n", "").isprintable():
        return text
    plain = _ESCAPE_SEQUENCE.sub("", text)
    return "".join([char for char in plain if char.isprintable() or char in "\n\t" or (char != "\r" and char.isspace())])


def is_list(text: str) -> bool:
    """Whether the text is a list of short items separated by commas or similar."""
    pieces = _BETWEEN.split(text[:MOST_INPUT])
    return len(pieces) > 1 and all(len(piece.split()) <= 2 for piece in pieces)


def has_letter(text: str) -> bool:
    """Whether the text has a letter of any script."""
    return any(map(str.isalpha, text))


def _initials(words: Sequence[str]) -> str:
    return "".join([_folded(word[:1])[:1] for word in words])


def _folded(text: str) -> str:
    """The text in lower case without accents. Letters that correspond to none of a–z stay."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text.casefold().translate(_UNFOLDED))
    return "".join([char for char in apart if not unicodedata.combining(char)]).casefold()
