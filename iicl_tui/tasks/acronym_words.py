"""Words by rank: which are easy, and how words, pronounceable strings and the words of an input are drawn."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from itertools import accumulate, chain

import numpy as np

CONSONANTS = "bcdfghjklmnprstvwz"
VOWELS = "aeiou"

CONSONANT_FIRST = 2 / 3
"""The chance that a made-up string begins with a consonant."""

MOST_ROUNDS = 10_000
"""Tries at a string that is in no list. Where even one in 250 is in none, that none is found has a chance of e⁻⁴⁰."""


@dataclass(frozen=True, eq=False)
class RankList:
    """Words in lower case by rank, 1 for the commonest. name: where they are from, for messages.

    more: further words without a rank, which are no made-up strings either.
    """

    name: str
    ranks: Mapping[str, int]
    more: Callable[[], AbstractSet[str]] = frozenset

    @cached_property
    def last(self) -> int:
        """The rank of the rarest word."""
        return max(self.ranks.values())


@lru_cache(maxsize=4)
def wordfreq_ranks(count: int) -> RankList:
    """The `count` commonest English words of wordfreq. Those that are equally common stand in alphabetical order."""
    from wordfreq import top_n_list  # 0.1 s, and only this task needs it

    return RankList("wordfreq's list", {word: rank for rank, word in enumerate(top_n_list("en", count), 1)}, _all_of_wordfreq)


@cache
def _all_of_wordfreq() -> frozenset[str]:
    from wordfreq import get_frequency_list

    return frozenset(chain.from_iterable(get_frequency_list("en")))


def _is_plain(word: str) -> bool:
    return word.isascii() and word.isalpha()


def initials(words: Sequence[str]) -> str:
    """What the first letters of the words spell, without accents."""
    return "".join([word[0] if word[0].isascii() else _plain(word[0]) for word in words])


def _plain(letter: str) -> str:
    """Without its accent: é is e."""
    return unicodedata.normalize("NFKD", letter)[0]


@dataclass(frozen=True)
class _Choice:
    """Words, and the sums of their weights so far; a word of rank r weighs 1/r (Zipf's law)."""

    words: tuple[str, ...]
    sums: tuple[float, ...]


class Words:
    """A rank list as the task uses it. Only words of the letters a–z are drawn, and only such as other words can spell."""

    def __init__(self, ranks: RankList, easy_rank: int, word_letters: int) -> None:
        """easy_rank: a word is easy where its rank is less. word_letters: how long the words of an input are."""
        self.list = ranks
        self.easy_rank = easy_rank
        self.unlisted = max(easy_rank, ranks.last) + 1
        """The rank that a word counts with which is not in the list."""
        self._beginning = _nearest_length([word for word in ranks.ranks if _is_plain(word)], word_letters)
        letters = frozenset(self._beginning)
        self._consonants = "".join(letter for letter in CONSONANTS if letter in letters)
        self._vowels = "".join(letter for letter in VOWELS if letter in letters)
        self._makes: dict[int, bool] = {}
        easy: dict[int, list[str]] = {}
        for word, rank in ranks.ranks.items():
            if rank < easy_rank and letters.issuperset(word):
                easy.setdefault(len(word), []).append(word)
        self._easy = {
            length: _Choice(tuple(words), tuple(accumulate(1 / ranks.ranks[word] for word in words)))
            for length, words in easy.items()
        }

    def rank(self, word: str) -> int | None:
        """None where it is not in the list."""
        return self.list.ranks.get(word)

    def is_easy(self, word: str) -> bool:
        """Whether its rank is below the limit."""
        return self.list.ranks.get(word, self.easy_rank) < self.easy_rank

    def easy_words(self, length: int) -> tuple[str, ...]:
        """The words of this length that can be drawn as easy outputs."""
        return self._easy[length].words if length in self._easy else ()

    def can_make(self, length: int) -> bool:
        """Whether strings of this length that are in no list can be drawn: at least one in a hundred is in none."""
        if length not in self._makes:
            there = bool(self._vowels and self._consonants)
            made = self._strings([length] * 1000, np.random.default_rng(0)) if there else []
            self._makes[length] = sum(map(self._is_new, made)) >= 10
        return self._makes[length]

    def outputs(self, easy: Sequence[bool], lengths: Sequence[int], rng: np.random.Generator) -> list[str]:
        """An output each: an easy word of its length, drawn with a weight of 1/rank, or a string that is in no list.

        Raises KeyError for a length without easy words, ValueError where no string can be made.
        """
        hard = iter(self.hard([length for length, known in zip(lengths, easy, strict=True) if not known], rng))
        uniform = rng.random(len(lengths)).tolist()
        out = []
        for known, length, u in zip(easy, lengths, uniform, strict=True):
            if known:
                choice = self._easy[length]
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
        return made not in self.list.ranks and made not in self.list.more()


@lru_cache(maxsize=4)
def words_of(ranks: RankList, easy_rank: int, word_letters: int) -> Words:
    """The same words for the same list and options: making them takes a while."""
    return Words(ranks, easy_rank, word_letters)


def _nearest_length(words: Sequence[str], length: int) -> dict[str, tuple[str, ...]]:
    """By their first letter: those words whose length is nearest."""
    nearest: dict[str, int] = {}
    for word in words:
        away = abs(len(word) - length)
        if away < nearest.get(word[0], 1_000_000):
            nearest[word[0]] = away
    out: dict[str, list[str]] = {letter: [] for letter in sorted(nearest)}
    for word in words:
        if abs(len(word) - length) == nearest[word[0]]:
            out[word[0]].append(word)
    return {letter: tuple(found) for letter, found in out.items()}
