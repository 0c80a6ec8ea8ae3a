"""Finds pairs of an object and its state in a reply ("A: on", in any form), with their positions."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

from iicl_tui.bayes.space import ProductSpace
from iicl_tui.tasks.reply_parsing.exact_form import plain_rule
from iicl_tui.tasks.reply_parsing.words import FILLER, MARK, QUOTES, Names, any_of, second_value, strip_marks, word_pattern

EXTRA = -1
"""Factor index of a pair whose name is not a factor."""

Kind = Literal["firm", "loose", "bare"]
"""How certain a pair is: by punctuation ("A: on", a table), by a verb ("A is on"), or by adjacency only ("A on")."""


class Pair(NamedTuple):
    """A factor and the value that the text gives it.

    Attributes:
        factor: its index, or EXTRA.
        value: index of the value; None if the word is not one.
        word: the value as written.
        start: where the pair starts.
        end: where the pair ends.
        span: where the word is.
        kind: how certain the pair is.
        item: one of a list of JSON objects, so that a closing brace ends the pair and not the rule.
        form: a placeholder instead of a value ("on/off", "...").
    """

    factor: int
    value: int | None
    word: str
    start: int
    end: int
    span: tuple[int, int]
    kind: Kind
    item: bool = False
    form: bool = False


_SEPARATOR = r"(?:[:=：＝]{1,2}>?|[-–—=~]{1,2}>|[→⇒⟶↦➜➔➡]\ufe0f?|(?<=\s)[-–—]{1,2}(?=\s)|[–—])"
_LABEL = r"(?:state|value|status|setting)"
_TITLE = r"(?:object|name|item|key)"
_PLAIN = rf"[\s\\*{re.escape(QUOTES)}]"
_VERBS = (
    r"(?:is|are|was|be|being|becomes|stays|remains|turned|turns|set|to|should|must|will|has|have|the|state|status|in|of|"
    r"always|therefore|definitely|clearly|probably|likely)"
)
_FIRM = rf"{FILLER}{{0,8}}{_SEPARATOR}(?:{FILLER}{{0,6}}{_LABEL}{MARK}{{0,3}}[:=])?"
_ITEM = rf"{_PLAIN}{{0,4}}[,;\n]{_PLAIN}{{0,20}}{_LABEL}{_PLAIN}{{0,3}}[:=]"
_LOOSE = rf"{MARK}{{0,4}}(?:['’]?s)?(?:\s{{1,3}}{_VERBS}){{1,5}}\s{{1,3}}{MARK}{{0,6}}"
_TUPLE = rf"{MARK}{{0,3}},{MARK}{{0,6}}"
_WORD = r"[^\s,;:|{}()\[\]\"“”`'*\\]{1,40}(?:[^\S\n][^\s,;:|{}()\[\]\"“”`'*\\]{1,20}){0,2}"

_JSON = re.compile(
    r'(?<!\\)"(?P<key>(?:[^"\\\n]|\\[^\n]){1,80})"\s{0,10}:\s{0,10}"(?P<value>(?:[^"\\\n]|\\[^\n]){0,80})"'
    r"|(?<![\\\w])'(?P<key1>[^'\n]{1,80})'\s{0,10}:\s{0,10}'(?P<value1>[^'\n]{0,80})'"
)
_ROW = re.compile(r"^[^\n]*\|[^\n]*", re.MULTILINE)
_RULER = re.compile(r"[\s|:+=-]*+\Z")
_IF = re.compile(
    r"\b(?:if|whether|when|whenever|unless|suppose|supposing|assume|assuming|were|had|would|could|might|may)"
    r"(?:\s{1,3}(?:the|object|only|both|either|that|state|of))*+\s{1,3}\Z",
    re.IGNORECASE,
)
_BEFORE = re.compile(r"([^\W_]+)[^\S\n]{1,3}\Z")
_USUAL_WORDS = """a an and answer are as be because but conclude final finally first for gives have hence hypothesis if is item
last new next obj object objects of old or revised rule second so state states suppose that the then therefore third thus
updated we where while with"""
_USUAL = frozenset(_USUAL_WORDS.split())
"""Words before a name that are not part of it."""
_OTHER_KEYS = """answer explanation input key label light lamp name object output reason result rule setting state status thought
value"""
_NOT_NAMES = frozenset(_OTHER_KEYS.split())
"""Words that may precede punctuation and a value without being an object."""


class Finder:
    """Finds the pairs of one space, given the spellings of its values."""

    def __init__(self, space: ProductSpace, spellings: Sequence[Sequence[Sequence[str]]]) -> None:
        self.space = space
        self.plain = plain_rule(space)
        self.names = Names([factor.name for factor in space.factors])
        self.values = [Names(factor.values, words) for factor, words in zip(space.factors, spellings, strict=True)]
        forms = {form for names in self.values for form in names.forms}
        value = any_of(word_pattern(form, before=False) for form in sorted(forms, key=lambda form: (-len(form), form)))
        self.any_name = re.compile(self.names.pattern())
        self.other_value = re.compile(
            rf"(?:[\s,;.()\[\]–—-]|\b(?:or|and|also|then|wait|hm+|but)\b)*+(?<![^\W_])(?P<value>{value})", re.IGNORECASE
        )
        self.value = re.compile(rf"(?<![^\W_]){value}", re.IGNORECASE)
        self._last_words = {form.split()[-1].lower() for form in forms}
        name = rf"(?:(?:object|obj|item)[\s_]{{1,3}})??(?P<name>{self.names.pattern()})"
        tail = rf"(?={MARK}{{0,4}}(?:[,;|}}\n]|\\n|\.(?:\s|\Z)|\Z))"
        self._pair = re.compile(
            rf"{name}(?:(?:(?P<firm>{_FIRM})|(?P<item>{_ITEM}))"
            rf"(?:{FILLER}{{0,8}}(?P<value>{value})|{MARK}{{0,8}}(?P<word>{_WORD}){tail})"
            rf"|(?:(?P<loose>{_LOOSE})|(?P<tuple>{_TUPLE})|{FILLER}{{1,10}})(?P<value1>{value}))",
            re.IGNORECASE,
        )
        self._line = re.compile(
            rf"^[^\S\n]{{0,20}}(?:[-*•+>][^\S\n]{{1,3}}|\d{{1,3}}[.)][^\S\n]{{1,3}})??{MARK}{{0,4}}?(?P<name>{self.names.pattern()})"
            rf"{MARK}{{0,4}}{_SEPARATOR}{MARK}{{0,6}}(?P<value>{value}){MARK}{{0,6}}[,;.]?[^\S\n]{{0,20}}$",
            re.IGNORECASE | re.MULTILINE,
        )
        self._reversed = re.compile(
            rf"\b{_LABEL}{_PLAIN}{{0,3}}[:=]{_PLAIN}{{0,4}}(?P<value>{value}){_PLAIN}{{0,4}}[,;\n]{_PLAIN}{{0,20}}{_TITLE}"
            rf"{_PLAIN}{{0,3}}[:=]{_PLAIN}{{0,4}}(?P<name>{self.names.pattern()})",
            re.IGNORECASE,
        )
        self._or = re.compile(
            rf"(?:{MARK}{{0,4}}(?:[/|,]|\bor\b){MARK}{{0,4}}{value}){{1,9}}(?={FILLER}{{0,4}}(?:[,;/|}}\]).\n]|or\b|\Z))",
            re.IGNORECASE,
        )
        self._second = second_value(value)
        self._next_name = re.compile(rf"{MARK}{{0,4}}{self.names.pattern()}", re.IGNORECASE)
        self._next_sign = re.compile(rf"{MARK}{{0,4}}{_SEPARATOR}")
        self.extra = re.compile(
            rf"(?P<name>[\"'`“]?[^\W_][^\"':=,;{{}}\n|]{{0,39}}?){FILLER}{{0,4}}(?:{_SEPARATOR}|\|){FILLER}{{0,6}}(?P<value>{value})",
            re.IGNORECASE,
        )

    def find(self, text: str, start: int, stop: int) -> list[Pair]:
        """All pairs in text[start:stop], in order. Where pairs overlap, the more certain form wins."""
        pairs: list[Pair] = []
        for layer in (self._json, self._lines, self._rows, self._reversed_items):
            pairs = _merged(pairs, layer(text, start, stop))
        sure: list[Pair] = []
        doubtful: list[Pair] = []
        last = start
        for match in self._pair.finditer(text, start, stop):
            read = self._read(text, match, last)
            if read is not None:
                last = read.end
                (doubtful if read.kind == "firm" and self._is_longer(text, read.start) else sure).append(read)
        pairs = _merged(pairs, sure)
        known = {pair.factor for pair in pairs}
        return _merged(pairs, [pair for pair in doubtful if pair.factor not in known])

    def is_unknown_name(self, name: str) -> bool:
        """Whether a word before a value names something that is not a factor of the space."""
        words = name.split()
        while words and words[0].lower() in _USUAL:
            words = words[1:]
        plain = " ".join(words)
        return 0 < len(words) <= 3 and plain.lower() not in _NOT_NAMES and self.names.find_whole(plain)[0] is None

    # -- one pair in a line of text -----------------------------------------------------------------------------------

    def _read(self, text: str, match: re.Match[str], last: int) -> Pair | None:
        factor = self.names.index(match["name"])
        if factor is None:
            return None
        group = next(name for name in ("value", "value1", "word") if match[name] is not None)
        begin, end = match.span(group)
        kind: Kind = "firm" if match["firm"] or match["item"] or match["tuple"] else "loose" if match["loose"] else "bare"
        if _IF.search(text, max(0, match.start() - 40), match.start()):
            return None
        if match["tuple"] is not None and not _is_tuple(text, match.start(), end):
            return None
        if self._is_listed(text, match.start(), last):
            return None
        word = match[group]
        if group == "word":
            word = word.rstrip(".!")
            return Pair(factor, None, word, match.start(), end, (begin, end), kind, bool(match["item"]), _is_form(word))
        other = self._or.match(text, end)
        if other is not None:
            whole = text[begin : other.end()]
            return Pair(factor, None, whole, match.start(), other.end(), (begin, other.end()), kind, bool(match["item"]), True)
        value = self.values[factor].index(word)
        second = self._second.match(text, end)
        if second is not None and self.values[factor].index(second["second"]) != value and not self._is_next(text, second):
            value, end = None, second.end()
        return Pair(factor, value, text[begin:end], match.start(), end, (begin, end), kind, match["item"] is not None)

    def _is_next(self, text: str, second: re.Match[str]) -> bool:
        """Whether a second value belongs to the next pair: a name follows, or it is a name itself."""
        if self._next_name.match(text, second.end()) is not None:
            return True
        return self.names.index(second["second"]) is not None and self._next_sign.match(text, second.end()) is not None

    def _is_listed(self, text: str, start: int, last: int) -> bool:
        """Whether the name is the last of several, as in the example A, C -> on. last: where the previous pair ended."""
        before = strip_marks(text[max(last, start - 80) : start])[0]
        for sign in (",", "&", "+", " and", " or"):
            if before.lower().endswith(sign):
                before = strip_marks(before[: -len(sign)])[0].lower()
                return any(
                    before.endswith(form.lower()) and not (form[0].isalnum() and before[: -len(form)][-1:].isalnum())
                    for form in self.names.forms
                )
        return False

    def _is_longer(self, text: str, start: int) -> bool:
        """Whether the preceding word makes this the end of a longer name: "big screen" is not "screen"."""
        before = _BEFORE.search(text, max(0, start - 30), start)
        return before is not None and not before[1].isdigit() and before[1].lower() not in _USUAL | self._last_words

    # -- JSON, tables, lists ------------------------------------------------------------------------------------------

    def _json(self, text: str, start: int, stop: int) -> Iterator[Pair]:
        for match in _JSON.finditer(text, start, stop):
            one = "" if match["key"] is not None else "1"
            key, value = _decoded(match["key" + one]), _decoded(match["value" + one])
            factor = self.names.index(key)
            if factor is not None:
                pair = self._pair_of(factor, value, match["value" + one], match.start("value" + one), *match.span())
                if pair.value is not None or "{" not in value:  # otherwise it is a text that contains a rule
                    yield pair
            elif self.is_unknown_name(key) and any(names.find_whole(value)[0] is not None for names in self.values):
                yield Pair(EXTRA, None, key, *match.span(), match.span("value" + one), "firm")

    def _pair_of(self, factor: int, value: str, raw: str, begin: int, start: int, end: int) -> Pair:
        """A pair whose value is a whole text, which is written as `raw` at `begin`."""
        place, left, right = self.values[factor].find_whole(value)
        if raw != value:  # has escapes, so positions within it do not correspond
            left, right = 0, len(raw)
        form = place is None and self._is_choice(value)
        return Pair(factor, place, value.strip(), start, end, (begin + left, begin + right), "firm", form=form)

    def _is_choice(self, word: str) -> bool:
        """Whether the word is a placeholder for a value, or offers several."""
        parts = re.split(r"\s*(?:[/|,]|\bor\b)\s*", word)
        return _is_form(word) or (len(parts) > 1 and all(any(n.index(part) is not None for n in self.values) for part in parts))

    def _lines(self, text: str, start: int, stop: int) -> Iterator[Pair]:
        """Lines that consist of a single pair, whatever characters its name is made of."""
        for match in self._line.finditer(text, start, stop):
            factor = self.names.index(match["name"])
            if factor is not None:
                value = self.values[factor].index(match["value"])
                yield Pair(factor, value, match["value"], match.start("name"), match.end("value"), match.span("value"), "firm")

    def _reversed_items(self, text: str, start: int, stop: int) -> Iterator[Pair]:
        """Pairs with the value first: {"state": "on", "object": "A"}"""
        for match in self._reversed.finditer(text, start, stop):
            factor = self.names.index(match["name"])
            if factor is not None:
                value = self.values[factor].index(match["value"])
                yield Pair(factor, value, match["value"], *match.span(), match.span("value"), "firm", item=True)

    def _rows(self, text: str, start: int, stop: int) -> Iterator[Pair]:
        """Rows of tables: a name and its value in one row, or a row of names above a row of values."""
        header: list[tuple[int, int]] = []  # (column, factor)
        for row in _ROW.finditer(text, start, stop):
            if _RULER.fullmatch(row[0]):
                continue
            cells = [(part[0], row.start() + part.start()) for part in re.finditer(r"[^|]+", row[0])]
            if cells and not strip_marks(cells[0][0])[0]:  # a quotation mark before the first bar
                del cells[0]
            places = [self.names.find_whole(_untitled(cell))[0] for cell, _ in cells]
            named = [(column, place) for column, place in enumerate(places) if place is not None]
            if header and not named:
                for column, factor in header:
                    if column < len(cells) and cells[column][0].strip():
                        cell, at = cells[column]
                        yield self._pair_of(factor, cell, cell, at, at, at + len(cell))
            header = named if len(named) > 1 else []
            if named:
                column, factor = named[0]
                later = cells[column + 1 :]
                chosen = next((cell for cell in later if self.values[factor].find_whole(cell[0])[0] is not None), None)
                if chosen is None and len(named) == 1 and later and 0 < len(later[0][0].strip()) <= 40:
                    chosen = later[0]
                if chosen is not None:
                    cell, at = chosen
                    yield self._pair_of(factor, cell, cell, at, cells[column][1], at + len(cell))


@lru_cache(maxsize=16)
def finder(space: ProductSpace, spellings: tuple[tuple[tuple[str, ...], ...], ...]) -> Finder:
    """The cached finder of a space, since compiling its patterns takes a while."""
    return Finder(space, spellings)


def _merged(pairs: Sequence[Pair], more: Iterable[Pair]) -> list[Pair]:
    """The pairs, and those of the others that overlap none of them, in text order."""
    starts, ends = [pair.start for pair in pairs], [pair.end for pair in pairs]
    added: list[Pair] = []
    for pair in sorted(more, key=lambda pair: (pair.start, -pair.end)):
        after = bisect_right(starts, pair.start)
        free = (not after or ends[after - 1] <= pair.start) and (after == len(starts) or pair.end <= starts[after])
        if free and (not added or added[-1].end <= pair.start):
            added.append(pair)
    return sorted((*pairs, *added), key=lambda pair: pair.start)


def _untitled(cell: str) -> str:
    return re.sub(r"\A\s*(?:object|obj|item)\s+(?=\S)", "", cell, flags=re.IGNORECASE)


def _is_form(word: str) -> bool:
    """Whether the word is a placeholder: "...", "<state>", "___"."""
    bare = strip_marks(word)[0]
    return not re.search(r"[^\W_]", bare) or bare.lower() in ("state", "value")


def _is_tuple(text: str, start: int, end: int) -> bool:
    """Whether a pair with a comma is a tuple, ("A", "on"), or a line of its own, A,on."""
    before, after = text[max(0, start - 12) : start], text[end : end + 4].lstrip(QUOTES + " ")
    if before.rstrip(QUOTES + " ").endswith(("(", "[")) and after.startswith((")", "]")):
        return True
    _, newline, line = before.rpartition("\n")
    return bool(newline or start <= 12) and not strip_marks(line)[0] and (not after or after.startswith(("\n", "\r")))


def _decoded(literal: str) -> str:
    """Decode a JSON string; return it unchanged if it is invalid."""
    if "\\" not in literal:
        return literal
    try:
        return str(json.loads(f'"{literal}"', strict=False))
    except ValueError:
        return literal
