"""Reads a rule from a reply: groups its pairs into rules, and chooses the rule that counts if there are several."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise

from iicl_tui.bayes.space import ProductSpace
from iicl_tui.tasks.reply_parsing.cleaning import clean
from iicl_tui.tasks.reply_parsing.doubts import doubt_remarks, is_limited
from iicl_tui.tasks.reply_parsing.pairs import EXTRA, Finder, Pair, finder
from iicl_tui.tasks.reply_parsing.words import WINDOW, listed, quoted
from iicl_tui.tasks.wording import RuleReading
from iicl_tui.text import printable

_GLUE = re.compile(
    r"(?:\\[nrt]|[\s\\{}\"'`´“”„‟«»‘’‚‛‹›「」『』*_~#$()\[\]<>|,;.!…•·‣▪–—+&/\-\u200b-\u200f\u2060-\u2064\ufeff\u202a-\u202e\u2066-\u2069]"
    r"|\d{1,3}[.):]|\b(?:object|obj|item|name|key)\b[\"'\s]{0,3}[:=]"
    r"|\b(?:and|the|object|objects|obj|item|while|but|also|finally|then|with)\b)*+",
    re.IGNORECASE,
)
_LINE_HEAD = re.compile(
    r"(?:[\s\"'`“”‘’«»*_~#()\[\]{}<>|•·‣▪–—+.…\-\u200b-\u200f\ufeff✓✔✅☑➤►▶●○]|\d{1,3}[.):]|\b(?:object|obj|item|the|rule|name)\b:?)*+",
    re.IGNORECASE,
)
_OLD = re.compile(
    r"\b(?:old|previous|original|initial|former|earlier|prior)[\s_-]{1,3}(?:rule|hypothesis|answer|version|one|guess)\b"
    r"\W{0,6}(?:was|is|were)?\W{0,10}\Z",
    re.IGNORECASE,
)
_CORRECTS = re.compile(r"\b(?:wait|actually|correction|sorry|mistaken?|instead)\b[^.\n]{0,40}\Z", re.IGNORECASE)
_AFTER = "What is said after the last whole rule differs from it, and does not count."
_MOST_GLUE = 300
_FAR = 200
_MOST_SENTENCES = 3


@dataclass
class _Block:
    """Pairs that belong to one rule.

    Attributes:
        pairs: the last pair of each factor.
        twice: factors that were given more than once.
        extras: names that are not factors.
    """

    pairs: dict[int, Pair] = field(default_factory=dict)
    twice: set[int] = field(default_factory=set)
    extras: list[str] = field(default_factory=list)

    @property
    def start(self) -> int:
        return min(pair.start for pair in self.pairs.values())

    @property
    def is_form(self) -> bool:
        """Whether the block only shows the form of a rule."""
        return all(pair.form for pair in self.pairs.values())

    def codes(self, count: int) -> tuple[int, ...] | None:
        """The value index of each factor; None unless all have one."""
        found = [pair.value for place in range(count) if (pair := self.pairs.get(place)) and pair.value is not None]
        return tuple(value for value in found if value is not None) if len(found) == count else None


def read_rule(text: str, space: ProductSpace, spellings: Sequence[Sequence[Sequence[str]]]) -> RuleReading:
    """Read the rule in a reply. Never raises, whatever the text.

    Models quote the old rule first, or think aloud and end with the answer. So the last complete rule counts, unless it is
    called the old one. A rule is complete if one piece of the text (a table, JSON, a list, consecutive sentences) has a value
    for every factor. If there is none, pairs with punctuation ("A: on") are combined, then those in sentences ("A is on"),
    unless they contradict each other. Of a huge text the end is read, or else the beginning.

    Args:
        text: the reply.
        space: the hypotheses.
        spellings: spellings[factor][value] in lower case.
    """
    return _reading(text, finder(space, tuple(tuple(tuple(words) for words in values) for values in spellings)))


@lru_cache(maxsize=64)  # one reply is read several times: for its rule, its belief and its faults
def _reading(text: str, find: Finder) -> RuleReading:
    plain = find.plain.fullmatch(text) if find.plain is not None else None
    if plain is not None:
        values = zip(find.space.factors, plain.groups(), strict=True)
        codes = tuple(factor.values.index(word) for factor, word in values)
        return RuleReading(find.space.index(codes), tuple(map(plain.span, range(1, len(codes) + 1))))
    answer = clean(text)
    if answer.trouble:
        return RuleReading(None, trouble=answer.trouble)
    length = len(answer.text)
    reading = _read(answer.text, max(0, length - WINDOW), length, find)
    if reading.hypothesis is None and length > WINDOW:
        head = _read(answer.text, 0, WINDOW, find)
        reading = head if head.hypothesis is not None else reading
    return replace(reading, spans=tuple(map(answer.span, reading.spans)), remarks=(*answer.remarks, *reading.remarks))


def _read(text: str, start: int, stop: int, find: Finder) -> RuleReading:
    pairs = find.find(text, start, stop)
    firm = [pair for pair in pairs if pair.kind == "firm"]
    named = [pair for pair in firm if pair.factor != EXTRA]
    blocks = [block for run in _runs(text, pairs, find) for block in _blocks(text, run, find)]
    reading = _choose(text, blocks, find)
    if reading is None:
        reading = _choose(text, _blocks(text, firm, find), find)
    if reading is None:
        reading = _assembled(text, [pair for pair in pairs if pair.kind != "bare" and pair.factor != EXTRA], find)
    if reading is not None:
        return reading
    partial = [block for block in blocks if not block.is_form and any(pair.kind == "firm" for pair in block.pairs.values())]
    if partial:
        return RuleReading(None, trouble=_trouble(partial[-1].pairs, find))
    if named or not any(pair.kind == "loose" for pair in pairs):
        return RuleReading(None, trouble="There is no rule in the reply.")
    said = {pair.factor: pair for pair in pairs if pair.kind == "loose"}
    return RuleReading(None, trouble=f"There is no whole rule in the reply. {_trouble(said, find)}")


# -- which pairs belong together ----------------------------------------------------------------------------------------


def _runs(text: str, pairs: Sequence[Pair], find: Finder) -> list[list[Pair]]:
    """Runs of pairs that are separated by marks only, or that each start a line."""
    everything = len(find.space.factors)
    runs: list[list[Pair]] = []
    named: set[int] = set()  # of the run
    heads = False  # whether its last pair starts a line
    for pair in pairs:
        head = _starts_line(text, pair.start)
        last = runs[-1][-1] if runs else None
        if last is not None and not _is_glue(text, last.end, pair.start, find):
            gap = text[last.end : min(pair.start, last.end + 4 * _FAR)]
            if heads and not head and "\n" not in gap and len(named) < everything:
                continue  # a comment on the line's own pair: A: on, since B is off
            if not (heads and head and _is_next_line(text, last.end, pair.start)):
                last = None
        if last is None:
            runs.append([])
            named = set()
        runs[-1].append(pair)
        named.add(pair.factor)
        heads = head
    return runs


def _is_glue(text: str, start: int, stop: int, find: Finder) -> bool:
    if stop - start > _MOST_GLUE:
        return False
    gap = text[start:stop]
    return _GLUE.fullmatch(gap) is not None or _GLUE.fullmatch(find.extra.sub(",", gap)) is not None


def _starts_line(text: str, start: int) -> bool:
    _, newline, line = text[max(0, start - _FAR) : start].replace("\\n", "\n").rpartition("\n")
    return bool(newline or start <= _FAR) and _LINE_HEAD.fullmatch(line) is not None


def _is_next_line(text: str, start: int, stop: int) -> bool:
    """Whether only the rest of the line and blank lines are in between."""
    if stop - start > 4 * _FAR:
        return False
    _, _, rest = text[start:stop].replace("\\n", "\n").partition("\n")
    return _LINE_HEAD.fullmatch(rest) is not None


def _blocks(text: str, pairs: Sequence[Pair], find: Finder) -> list[_Block]:
    """Cut a run of pairs into rules.

    A factor that comes again starts a new rule after a closing brace, or if all factors come again after all were named.
    Otherwise the factor was given twice, and the last pair counts.
    """
    everything = len(find.space.factors)
    last_of = {pair.factor: at for at, pair in enumerate(pairs) if pair.factor != EXTRA}
    last_start = min(last_of.values(), default=0) if len(last_of) == everything else -1
    blocks = [_Block()]
    braces, braces_at = 0, dict.fromkeys(range(everything), 0)
    before: Pair | None = None
    for at, pair in enumerate(pairs):
        if before is not None and not before.item and "}" in text[before.end : pair.start]:
            braces += 1
        before = pair
        block = blocks[-1]
        if pair.factor == EXTRA:
            block.extras.append(pair.word)
            continue
        if pair.factor in block.pairs:
            whole_again = len(block.pairs) == everything and at <= last_start
            if whole_again or braces > braces_at[pair.factor]:
                blocks.append(block := _Block())
            else:
                block.twice.add(pair.factor)
        block.pairs[pair.factor] = pair
        braces_at[pair.factor] = braces
    return [block for block in blocks if block.pairs]


# -- which rule counts --------------------------------------------------------------------------------------------------


def _choose(text: str, blocks: Sequence[_Block], find: Finder) -> RuleReading | None:
    """The last complete rule, even if one of its words cannot be read; None if no rule is complete."""
    count = len(find.space.factors)
    rules = [block for block in blocks if not block.is_form]
    whole = [block for block in rules if len(block.pairs) == count]
    if not whole:
        return None
    chosen = next((b for b in reversed(whole) if not _OLD.search(text, max(0, b.start - 80), b.start)), whole[-1])
    codes = chosen.codes(count)
    if codes is None:
        return RuleReading(None, trouble=_trouble(chosen.pairs, find))
    names = [factor.name for factor in find.space.factors]
    remarks = []
    if any(block.codes(count) not in (codes, None) for block in whole):
        remarks.append("There are several rules, and they differ: the last whole one counts.")
    later = [b for b in rules[rules.index(chosen) + 1 :] if len(b.pairs) < count]
    against = [(pair, len(b.pairs)) for b in later for pair in b.pairs.values() if pair.value not in (None, codes[pair.factor])]
    if any((pair.kind == "firm" and size > 1) or _corrects(text, pair) for pair, size in against):
        remarks.append(_AFTER)
    if chosen.twice:
        remarks.append(
            f"There is more than one word for {listed(names[place] for place in sorted(chosen.twice))}: the last counts."
        )
    limited = _limited(text, chosen, find)
    if limited:
        remarks.append(f"What stands beside the word for {listed(limited)} does not count.")
    if _AFTER not in remarks:
        remarks += doubt_remarks(text, chosen.start, find.value)
    extras = list(dict.fromkeys((*chosen.extras, *_extras(text, chosen, find))))
    if extras:
        remarks.append(f"It also says something of {listed(map(quoted, extras))}, which was not asked for.")
    return RuleReading(find.space.index(codes), tuple(chosen.pairs[place].span for place in range(count)), tuple(remarks))


def _limited(text: str, block: _Block, find: Finder) -> list[str]:
    """The factors whose word has another value, or a limit, beside it on its line, as "on, or off" and "on if alone"."""
    ordered = sorted(block.pairs.values(), key=lambda pair: pair.start)
    found = []
    for pair, after in zip(ordered, [*(pair.start for pair in ordered[1:]), len(text)], strict=True):
        line = re.split(r"[|\n]", text[pair.end : min(after, pair.end + _FAR)], maxsplit=1)[0]
        name = find.any_name.search(line)
        beside = line if name is None else line[: name.start()]
        other = find.other_value.match(beside)
        differs = other is not None and find.values[pair.factor].index(other["value"]) != pair.value
        if differs or is_limited(beside):
            found.append(find.space.factors[pair.factor].name)
    return found


def _corrects(text: str, pair: Pair) -> bool:
    """Whether a pair is announced as a correction: "Wait, A should be off"."""
    return _CORRECTS.search(text, max(0, pair.start - 40), pair.start) is not None


def _extras(text: str, block: _Block, find: Finder) -> list[str]:
    """Names that are not factors but are given a value, between the rule's pairs and next to them."""
    ordered = sorted(block.pairs.values(), key=lambda pair: pair.start)
    found: list[str] = []
    start, stop = ordered[0].start, ordered[-1].end
    gaps = [(max(0, start - 2 * _FAR), start)] + [(a.end, b.start) for a, b in pairwise(ordered)] + [(stop, stop + 2 * _FAR)]
    for begin, end in gaps:
        if end - begin > 2 * _FAR:
            continue
        matches = list(find.extra.finditer(text, begin, min(end, len(text))))
        if begin == stop:  # after the rule: as long as they follow each other
            at = stop
            for match in matches:
                if not _GLUE.fullmatch(text, at, match.start()):
                    break
                found.append(match["name"])
                at = match.end()
        elif end == start:
            at = start
            for match in reversed(matches):
                if not _GLUE.fullmatch(text, match.end(), at):
                    break
                found.append(match["name"])
                at = match.start()
        elif _is_glue(text, begin, end, find):
            found += [match["name"] for match in matches]
    return [name for name in (word.strip("\"'`“” ") for word in found) if find.is_unknown_name(name)]


def _assembled(text: str, pairs: Sequence[Pair], find: Finder) -> RuleReading | None:
    """A rule combined from pairs all over the text if they agree; None if it is not complete."""
    names = [factor.name for factor in find.space.factors]
    said: dict[int, Pair] = {}
    against: set[int] = set()
    for pair in pairs:
        if pair.value is not None:
            if pair.factor in said and said[pair.factor].value != pair.value:
                against.add(pair.factor)
            said[pair.factor] = pair
    if len(said) < len(names):
        return None
    if against:
        words = listed(names[place] for place in sorted(against))
        return RuleReading(None, trouble=f"The reply says different things of {words}, and does not end with a whole rule.")
    codes = tuple(said[place].value or 0 for place in range(len(names)))
    spans = tuple(said[place].span for place in range(len(names)))
    doubts = doubt_remarks(text, min(pair.start for pair in said.values()), find.value)
    return RuleReading(find.space.index(codes), spans, ("The rule was put together from several sentences.", *doubts))


def _trouble(pairs: Mapping[int, Pair], find: Finder) -> str:
    """A message that names the factors without a value, and the words that are not values."""
    factors = find.space.factors
    sentences: list[str] = []
    for place, factor in enumerate(factors):
        if place in pairs and pairs[place].value is None and len(sentences) < _MOST_SENTENCES:
            known = listed(factor.values)
            sentences.append(f"The rule says {quoted(pairs[place].word)} of {printable(factor.name)}, which is none of {known}.")
    missing = [factor.name for place, factor in enumerate(factors) if place not in pairs]
    if missing:
        sentences.append(f"The rule says nothing of {listed(missing)}.")
    return " ".join(sentences)
