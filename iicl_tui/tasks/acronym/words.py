"""Words by rank: which are easy, and how words, pronounceable strings and the words of an input are drawn."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import accumulate, takewhile

import numpy as np

CONSONANTS = "bcdfghjklmnprstvwz"
VOWELS = "aeiou"

LETTERS = 26

CONSONANT_FIRST = 2 / 3
"""The chance that a made-up string begins with a consonant."""

MOST_ROUNDS = 10_000
"""Tries at a string that is in no list. Where even one in 250 is in none, that none is found has a chance of e⁻⁴⁰."""


@dataclass(frozen=True, eq=False)
class RankList:
    """Words in lower case by rank, 1 for the commonest. name: where they are from, for messages.

    undrawn: stems of words that are never drawn.
    """

    name: str
    ranks: Mapping[str, int]
    undrawn: tuple[str, ...] = ()

    @cached_property
    def last(self) -> int:
        """The rank of the rarest word."""
        return max(self.ranks.values())

    @cached_property
    def letters(self) -> frozenset[str]:
        """Those with which words begin that may be drawn."""
        found: set[str] = set()
        for word in self.ranks:
            if word[0] not in found and _is_plain(word) and not self._coarse.search(word):
                found.add(word[0])
                if len(found) == LETTERS:
                    break
        return frozenset(found)

    @cached_property
    def lengths(self) -> Counter[int]:
        """How many words there are of every length, whatever their letters."""
        return Counter(map(len, self.ranks))

    @cached_property
    def by_length(self) -> Mapping[int, Sequence[str]]:
        """The words of the letters a–z, in the order of their ranks."""
        out: dict[int, list[str]] = {}
        for word in self.ranks:
            if _is_plain(word):
                out.setdefault(len(word), []).append(word)
        return out

    @cached_property
    def _coarse(self) -> re.Pattern[str]:
        return re.compile("|".join(map(re.escape, self.undrawn)) or "(?!)")

    def drawn(self, length: int) -> Iterator[str]:
        """The words of a length that may be drawn: of the letters a–z, and without the undrawn stems."""
        return (word for word in self.by_length.get(length, ()) if not self._coarse.search(word))

    def first_drawn(self, length: int) -> Iterator[str]:
        """The same; for one who needs the first few only, since nothing is sorted by length for it."""
        words = (word for word in self.ranks if len(word) == length)
        return (word for word in words if _is_plain(word) and not self._coarse.search(word))


def _is_plain(word: str) -> bool:
    return word.isascii() and word.isalpha()


def initials(words: Sequence[str]) -> str:
    """What the first letters of the words spell, without accents."""
    return unaccented("".join([word[0] for word in words]))


def unaccented(text: str) -> str:
    """Without accents: é is e."""
    return text if text.isascii() else "".join(unicodedata.normalize("NFKD", letter)[0] for letter in text)


@dataclass(frozen=True)
class _Choice:
    """Words, and the sums of their weights so far; a word of rank r weighs 1/r (Zipf's law)."""

    words: tuple[str, ...]
    sums: tuple[float, ...]


class Words:
    """A rank list as the task uses it. Of the words that may be drawn only those are outputs that other words can spell."""

    def __init__(self, ranks: RankList, easy_rank: int, word_letters: int) -> None:
        """easy_rank: a word is easy where its rank is less. word_letters: how long the words of an input are."""
        self.list = ranks
        self.easy_rank = easy_rank
        self.unlisted = max(easy_rank, ranks.last) + 1
        """The rank that a word counts with which is not in the list."""
        self._word_letters = word_letters
        self._letters = ranks.letters
        self._consonants = "".join(letter for letter in CONSONANTS if letter in self._letters)
        self._vowels = "".join(letter for letter in VOWELS if letter in self._letters)
        self._makes: dict[int, bool] = {}
        self._easy: dict[int, _Choice] = {}

    @cached_property
    def _beginning(self) -> dict[str, tuple[str, ...]]:
        """What inputs are drawn from. To find it takes a while, so it is not done before it is needed."""
        return _nearest_length(self.list, self._word_letters)

    def rank(self, word: str) -> int | None:
        """None where it is not in the list."""
        return self.list.ranks.get(word)

    def is_easy(self, word: str) -> bool:
        """Whether its rank is below the limit."""
        return self.list.ranks.get(word, self.easy_rank) < self.easy_rank

    def _spellable(self, words: Iterator[str]) -> Iterator[str]:
        """Of words in the order of their ranks, the easy ones that other words can spell."""
        return (word for word in takewhile(self.is_easy, words) if self._letters.issuperset(word))

    def has_easy(self, length: int) -> bool:
        """Whether a word of this length can be drawn as an easy output."""
        return next(self._spellable(self.list.first_drawn(length)), None) is not None

    def easy_words(self, length: int) -> tuple[str, ...]:
        """The words of this length that can be drawn as easy outputs."""
        return self._choice(length).words

    def _choice(self, length: int) -> _Choice:
        if length not in self._easy:
            words = tuple(self._spellable(self.list.drawn(length)))
            self._easy[length] = _Choice(words, tuple(accumulate(1 / self.list.ranks[word] for word in words)))
        return self._easy[length]

    def can_make(self, length: int) -> bool:
        """Whether strings of this length that are in no list can be drawn: at least one in a hundred is in none."""
        if length not in self._makes:
            self._makes[length] = self._most_are_new(length) or self._some_are_new(length)
        return self._makes[length]

    def _most_are_new(self, length: int) -> bool:
        """Whether there are so many strings that, all listed words taken out, at least half of the draws are left."""
        consonants, vowels = len(self._consonants), len(self._vowels)
        more, fewer = length - length // 2, length // 2
        strings = min(consonants**more * vowels**fewer / CONSONANT_FIRST, consonants**fewer * vowels**more / (1 - CONSONANT_FIRST))
        return max(2 * self.list.lengths[length], 1) <= strings

    def _some_are_new(self, length: int) -> bool:
        made = self._strings([length] * 1000, np.random.default_rng(0)) if self._vowels and self._consonants else []
        return sum(map(self._is_new, made)) >= 10

    def outputs(self, easy: Sequence[bool], lengths: Sequence[int], rng: np.random.Generator) -> list[str]:
        """An output each: an easy word of its length, drawn with a weight of 1/rank, or a string that is in no list.

        Raises IndexError for a length without easy words, ValueError where no string can be made.
        """
        hard = iter(self.hard([length for length, known in zip(lengths, easy, strict=True) if not known], rng))
        uniform = rng.random(len(lengths)).tolist()
        out = []
        for known, length, u in zip(easy, lengths, uniform, strict=True):
            if known:
                choice = self._choice(length)
                out.append(choice.words[bisect_right(choice.sums, u * choice.sums[-1])])
            else:
                out.append(next(hard))
        return out

    def hard(self, lengths: Sequence[int], rng: np.random.Generator) -> list[str]:
        """A pronounceable string of each length that is in no list: vowels and consonants in turn, all equally likely.

        Raises ValueError where no string can be made.
        """
        out = [""] * len(lengths)
        left = list(range(len(lengths)))
        for _ in range(MOST_ROUNDS):
            if not left:
                return out
            if not self._vowels or not self._consonants:
                break
            for place, made in zip(left, self._strings([lengths[place] for place in left], rng), strict=True):
                out[place] = made
            left = [place for place in left if not self._is_new(out[place])]
        raise ValueError(f"no pronounceable string of {lengths[left[0]]} letters was found that is not in {self.list.name}")

    def distinct(self, easy: bool, length: int, count: int, rng: np.random.Generator) -> list[str]:
        """count different outputs of one length, drawn as in `outputs`. Raises ValueError where there are not so many."""
        if easy:
            words = self.easy_words(length)
            if len(words) < count:
                few = f"{len(words)} words of {length} letters with a rank below {self.easy_rank:,}"
                raise ValueError(f"{self.list.name} has only {few}")
            if not count:
                return []
            weights = 1 / np.array([self.list.ranks[word] for word in words])
            return [words[at] for at in rng.choice(len(words), count, replace=False, p=weights / weights.sum()).tolist()]
        found: dict[str, None] = {}
        for _ in range(1000):
            found |= dict.fromkeys(self.hard([length] * (count - len(found)), rng))
            if len(found) == count:
                return list(found)
        raise ValueError(f"only {len(found)} pronounceable strings of {length} letters were found that are not in {self.list.name}")

    def inputs(self, outputs: Sequence[str], rng: np.random.Generator) -> list[tuple[str, ...]]:
        """Words whose initials spell each output: of those with the letter and the length asked for, all equally likely."""
        uniform = iter(rng.random(sum(map(len, outputs))).tolist())
        beginning = self._beginning
        out = []
        for output in outputs:
            choices = [beginning[letter] for letter in output]
            out.append(tuple([words[int(next(uniform) * len(words))] for words in choices]))
        return out

    def _strings(self, lengths: Sequence[int], rng: np.random.Generator) -> list[str]:
        """Strings whether or not they are in a list."""
        consonants, vowels = self._consonants, self._vowels
        out = []
        for length, row in zip(lengths, rng.random((len(lengths), max(lengths) + 1)).tolist(), strict=True):
            turn = (consonants, vowels) if row[0] < CONSONANT_FIRST else (vowels, consonants)
            letters = []
            for place in range(length):
                kind = turn[place % 2]
                letters.append(kind[int(row[place + 1] * len(kind))])
            out.append("".join(letters))
        return out

    def _is_new(self, made: str) -> bool:
        return made not in self.list.ranks


@lru_cache(maxsize=4)
def words_of(ranks: RankList, easy_rank: int, word_letters: int) -> Words:
    """The same words for the same list and options: making them takes a while."""
    return Words(ranks, easy_rank, word_letters)


def _nearest_length(ranks: RankList, length: int) -> dict[str, tuple[str, ...]]:
    """By their first letter: those words that may be drawn whose length is nearest."""
    out: dict[str, list[str]] = {}
    away = {there: abs(there - length) for there in ranks.by_length}
    for distance in sorted(set(away.values())):
        found: dict[str, list[str]] = {}
        for there in sorted(there for there in away if away[there] == distance):
            for word in ranks.drawn(there):
                if word[0] not in out:
                    found.setdefault(word[0], []).append(word)
        out |= found
        if len(out) == LETTERS:
            break
    return {letter: tuple(sorted(out[letter], key=ranks.ranks.__getitem__)) for letter in sorted(out)}
