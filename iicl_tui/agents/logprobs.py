"""Reads a belief from the log-probabilities of a reply's tokens."""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from math import exp, isnan
from typing import Literal

import numpy as np

from iicl_tui.agents.beliefs import Belief, FactorMass, from_masses
from iicl_tui.agents.calls import UNKNOWN_LOGPROB, Token
from iicl_tui.agents.raw_vocabulary import decoded
from iicl_tui.bayes.inference import log_normalise
from iicl_tui.bayes.space import ProductSpace
from iicl_tui.tasks.reply_parsing.markers import MARKERS
from iicl_tui.tasks.reply_parsing.words import LEAD_IN, word_continues
from iicl_tui.tasks.wording import Span

TokenReading = Literal["spans", "notebook"]
"""How values are found in the tokens: by their positions in the reply, or as in the paper's notebooks."""

MISSING = -10.0
"""The notebooks' log-probability of a state that is not among the listed tokens."""

_NOTEBOOK_STEP = 3
_ROUNDING = 1e-6
_MAX_EXCESS = 0.02
"""Probabilities from 16-bit log-probabilities may exceed 1 by this much in sum."""
_CERTAIN = 1e-6
"""A log-probability closer to 0 is a rounded 0, as servers write it for tokens that say nothing."""
_CONTEXT = 40
"""How many characters before the first value must be spelled."""
SCALED = "rounded probabilities scaled to 1"
RAW_VOCABULARY = "raw vocabulary entries decoded"
PARTLY_SPELLED = "tokens of a part of the reply"
_SIGNS = re.compile(r"^[\W_]+")
_FOREIGN = re.compile(r"[^\x00-\x7f]")
_SPACES = re.compile(r"\s+")
_BLANKS = "\u00a0\u2002\u2003\u2009\u200a\u202f\u3000"
_THOUGHTS_END = re.compile("|".join(f"(?:{marker.pattern})" for marker in MARKERS if marker.role == "thought_end"), re.I)


@dataclass(frozen=True)
class NoBelief:
    """The tokens give no belief. `reason` is a sentence for a person."""

    reason: str


class _Unusable(Exception):
    """Carries the reason of a NoBelief."""


def belief_from_tokens(
    text: str,
    tokens: Sequence[Token],
    spans: Sequence[Span],
    space: ProductSpace,
    spellings: Sequence[Sequence[Sequence[str]]],
    reading: TokenReading = "spans",
    distrusts_certain: bool = False,
) -> Belief | NoBelief:
    """The belief as the product over the factors of their values' probabilities.

    Each factor's probabilities are conditional on the reply up to its value, so the product is a factorised belief, not the
    model's joint distribution.

    Args:
        text: The reply.
        tokens: Its tokens. They may contain more than the text: blanks, an end token, reasoning.
        spans: The position of each factor's value in the text.
        space: The hypothesis space.
        spellings: The lower-case spellings of each factor's values.
        reading: "notebook": the first token of a value is the third one after the last token that equals the object's name. A
            state that is not listed there with exactly its spelling has the log-probability −10. `log_p` is renormalised,
            `notebook_entropy` is not.
        distrusts_certain: Whether there is no belief if most values' tokens have probability 1 with no other token listed.
            Servers write such tokens for drafted text and greedy sampling.
    """
    try:
        if reading == "notebook":
            return _notebook(tokens, space)
        found = _Masses(text, tokens, spans, space, spellings, distrusts_certain)
        return replace(from_masses(space, found.masses), notes=tuple(found.notes))
    except _Unusable as reason:
        return NoBelief(str(reason))


# -- by positions in the reply -----------------------------------------------------------------------------------------------


class _Masses:
    """The mass of each factor, and notes on what had to be adapted."""

    def __init__(
        self,
        text: str,
        tokens: Sequence[Token],
        spans: Sequence[Span],
        space: ProductSpace,
        spellings: Sequence[Sequence[Sequence[str]]],
        distrusts_certain: bool,
    ) -> None:
        if len(spans) != len(space.factors) or not all(0 <= begin < len(text) for begin, _ in spans):
            raise _Unusable("The rule's words were not found in the reply.")
        self.notes: dict[str, None] = {}
        plain = decoded(tokens, text)
        if plain is not None:
            self.notes[RAW_VOCABULARY] = None
        self._tokens = tokens if plain is None else plain
        self._ends = list(accumulate(len(token.data) for token in self._tokens))
        self._whole = b"".join(token.data for token in self._tokens)
        places = self._places(text, spans)
        if distrusts_certain and 2 * sum(map(self._says_nothing, places)) > len(places):
            raise _Unusable("The tokens where the values begin are certain, and no others are listed: they say nothing.")
        self.masses = tuple(
            self._mass(factor.name, place, words) for factor, place, words in zip(space.factors, places, spellings, strict=True)
        )

    def _places(self, text: str, spans: Sequence[Span]) -> list[int]:
        """Where the values begin in the concatenated tokens.

        The reply is the last part of the tokens that spells it: a model's thoughts, which may contain a draft of it, come before.
        If some of its characters are not spelled, the stretch with the values is enough, or each value with what precedes it.
        """
        reply = _encoded(text)
        start = self._whole.rfind(reply)
        if start >= 0:
            end = start + len(reply)
            places = [start + len(_encoded(text[:begin])) for begin, _ in spans]
        else:
            self.notes[PARTLY_SPELLED] = None
            places, end = self._partial_places(text, spans)
        if _THOUGHTS_END.search(self._whole[end:].decode("utf-8", "replace")):
            raise _Unusable("The tokens spell the reply only within the model's thoughts.")
        return places

    def _partial_places(self, text: str, spans: Sequence[Span]) -> tuple[list[int], int]:
        order = sorted(range(len(spans)), key=lambda factor: spans[factor])
        line = text.rfind("\n", 0, spans[order[0]][0]) + 1
        first = max(line, spans[order[0]][0] - _CONTEXT)
        limit, places, end = len(self._whole), [0] * len(spans), 0
        for at in reversed(range(len(order))):
            begin, stop = spans[order[at]]
            before = spans[order[at - 1]][1] if at else first
            starts = (before, *(hit.end() + before for hit in list(_FOREIGN.finditer(text[before:begin]))[-1:]))
            found, start = max((self._whole.rfind(_encoded(text[start:stop]), 0, limit), start) for start in starts)
            if found < 0 or not text[start:begin].strip():
                raise _Unusable("The tokens do not spell the reply.")
            places[order[at]] = found + len(_encoded(text[start:begin]))
            end = end or found + len(_encoded(text[start:stop]))
            limit = found
        return places, end

    def _says_nothing(self, place: int) -> bool:
        """Whether the token there is certain with no other listed, as drafted tokens and those of greedy sampling are."""
        at = int(np.searchsorted(self._ends, place, side="right"))
        token = self._tokens[at] if at < len(self._tokens) else None
        if token is None or token.logprob < -_CERTAIN:
            return False
        return all(data == token.data or logprob <= UNKNOWN_LOGPROB for data, logprob in token.top)

    def _mass(self, name: str, place: int, words: Sequence[Sequence[str]]) -> FactorMass:
        """The masses of one factor, whose value begins at byte `place` of the concatenated tokens.

        If the drawn token could begin several values, the next token decides between them. If another listed token could, its
        mass stays unobserved, and so does that of a token that begins a value only without its leading signs.
        """
        tokens, ends, whole = self._tokens, self._ends, self._whole
        observed, other = np.zeros(len(words)), 0.0
        at = int(np.searchsorted(ends, place, side="right"))
        if at >= len(tokens):
            raise _Unusable("The tokens do not spell the reply.")
        lead = _Lead(whole, ends[at] - len(tokens[at].data), place, words)
        weight, written = 1.0, b""  # the probability of the value's drawn beginning, and its bytes
        while weight > 0 and at < len(tokens):
            drawn, undecided = tokens[at].data, 0.0
            for data, p in self._listed(tokens[at]):
                if data == drawn:
                    value: bytes | None = whole[place : ends[at]]
                else:
                    value = written + data if written else lead.value(data)
                if value == b"":
                    continue
                begun = _begun(value, words) if value is not None else set()
                if not begun:
                    other += 0.0 if not written and _begins_loosely(data, words) else weight * p
                elif len(begun) == 1:
                    observed[begun.pop()] += weight * p
                elif data == drawn:
                    undecided += p
            weight *= undecided
            written = whole[place : ends[at]]
            at += 1
        if not observed.sum() > 0:
            raise _Unusable(f"The tokens listed where the word for {name} begins do not begin any of its values.")
        return FactorMass(observed, other, max(0.0, 1.0 - float(observed.sum()) - other))

    def _listed(self, token: Token) -> list[tuple[bytes, float]]:
        """The tokens listed at one position, including the drawn one, with their probabilities; each once.

        A token that is listed twice counts with its larger probability. The drawn one counts with its own, where it is the only one
        listed, with probability 1. A sum slightly above 1, from 16-bit numbers, is scaled.
        """
        found: dict[bytes, float] = {}
        for data, logprob in token.top:
            p = exp(min(logprob, 1.0))
            if not p <= found.get(data, -1.0):  # also where it is not a number
                found[data] = p
        is_alone = len(token.top) == 1 and abs(found.get(token.data, 0.0) - 1) < _CERTAIN
        if is_alone and token.logprob not in (UNKNOWN_LOGPROB, 0.0):  # what is listed was renormalised
            found[token.data] = min(found[token.data], exp(min(token.logprob, 1.0)))
        if token.data not in found:
            found[token.data] = exp(min(token.logprob, 1.0))
            if token.logprob == UNKNOWN_LOGPROB and sum(found.values()) < 0.5:
                raise _Unusable("A drawn token has no log-probability.")
        total = sum(found.values())
        if isnan(total) or total > 1 + _MAX_EXCESS:
            raise _Unusable("The probabilities of the tokens listed at one place do not add up to at most 1.")
        if total > 1 + _ROUNDING:
            self.notes[SCALED] = None
            return [(data, p / total) for data, p in found.items()]
        return list(found.items())


def _begins_loosely(data: bytes, words: Sequence[Sequence[str]]) -> bool:
    """Whether a token begins a value once unknown signs before its letters are removed."""
    text = data.decode("utf-8", "replace")
    bare = _SIGNS.sub("", text)
    return bare != text and bare != "" and bool(_begun(bare.encode(), words))


class _Lead:
    """The part of a value's first token before the value.

    Blanks and quotes may differ in an alternative token. Any text before them must be the same.
    """

    def __init__(self, whole: bytes, begin: int, place: int, words: Sequence[Sequence[str]]) -> None:
        firsts = {word[:1] for spellings in words for word in spellings}
        self._skipped = LEAD_IN - firsts - {first.upper() for first in firsts}
        self._pending = _split(whole[max(0, begin - 3) : begin])[1]  # the first bytes of a character that this token completes
        self._same = self._without(_split(self._pending + whole[begin:place])[0][::-1])[::-1]

    def _without(self, text: str) -> str:
        at = 0
        while at < len(text) and (text[at].isspace() or text[at] in self._skipped):
            at += 1
        return text[at:]

    def value(self, data: bytes) -> bytes | None:
        """The bytes of the value that a token begins; b"" if it could begin any value, None if it begins none."""
        text, rest = _split(self._pending + data)
        if not text.startswith(self._same):
            return b"" if _encoded(self._same).startswith(_encoded(text) + rest) else None
        begun = self._without(text[len(self._same) :])
        if not begun and rest and any(_encoded(sign).startswith(rest) for sign in (*self._skipped, *_BLANKS)):
            return b""
        return _encoded(begun) + rest


def _begun(value: bytes, words: Sequence[Sequence[str]]) -> set[int]:
    """The values that a non-empty beginning may belong to. Of complete spellings only the longest counts."""
    text, rest = _split(value)
    text = _SPACES.sub(" ", text).lower()
    begun: set[int] = set()
    whole: set[int] = set()
    longest = 0
    for place, spellings in enumerate(words):
        for word in spellings:
            if len(text) < len(word):
                if word.startswith(text) and _goes_with(word[len(text)], rest):
                    begun.add(place)
            elif text.startswith(word) and not word_continues(text, len(word)) and len(word) >= longest:
                whole = {place} if len(word) > longest else whole | {place}
                longest = len(word)
    return begun | whole


def _goes_with(character: str, rest: bytes) -> bool:
    return not rest or any(_encoded(form).startswith(rest) for form in (character, character.upper(), character.title()))


def _split(data: bytes) -> tuple[str, bytes]:
    """The complete characters of UTF-8 data, and the bytes of an incomplete last one."""
    if data.isascii():
        return data.decode(), b""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    text = decoder.decode(data)
    return text, decoder.getstate()[0]


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


# -- as in the notebooks --------------------------------------------------------------------------------------------------


def _notebook(tokens: Sequence[Token], space: ProductSpace) -> Belief:
    log_q = np.zeros(space.size)
    for place, factor in enumerate(space.factors):
        name = _encoded(factor.name)
        known = [at for at, token in enumerate(tokens[:-_NOTEBOOK_STEP]) if token.data == name]
        if not known:
            raise _Unusable(f"No token is just {factor.name}: the notebooks' reading finds no word for it.")
        top = dict(tokens[known[-1] + _NOTEBOOK_STEP].top)
        values = np.array([top.get(_encoded(value), MISSING) for value in factor.values])
        if not (values <= _ROUNDING).all():
            raise _Unusable(f"A log-probability where the word for {factor.name} begins is above 0, or is not a number.")
        log_q += values[space.codes[:, place]]
    if not np.isfinite(log_q.max()):
        raise _Unusable("Every state has probability 0.")
    terms = np.exp(log_q) * np.where(np.isfinite(log_q), log_q, 0.0)
    return Belief(log_normalise(log_q), "logprobs", notebook_entropy=-float(terms.sum()))
