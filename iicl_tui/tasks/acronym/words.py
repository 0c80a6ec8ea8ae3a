"""Ranked words: which are easy, and how easy words, pronounceable strings and the words of an input are drawn."""

from __future__ import annotations

import math
import unicodedata
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import accumulate, pairwise, takewhile

import numpy as np

CONSONANTS = "bcdfghjklmnprstvwz"
VOWELS = "aeiou"

LETTERS = 26

CONSONANT_FIRST = 2 / 3
"""Probability that a made-up string begins with a consonant."""

MOST_ROUNDS = 10_000
"""Attempts at a string that is in no list. If one in 250 is in none, all fail with a probability of e⁻⁴⁰."""


@dataclass(frozen=True, eq=False)
class RankList:
    """Words in lower case by rank.

    Attributes:
        name: source, for messages.
        ranks: rank of each word, 1 for the most common; in order of rank.
        undrawn: words that contain one of these stems are never drawn.
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
        """First letters of the words that may be drawn."""
        found: set[str] = set()
        for word in self.ranks:
            if word[0] not in found and _is_plain(word) and not self._is_undrawn(word):
                found.add(word[0])
                if len(found) == LETTERS:
                    break
        return frozenset(found)

    @cached_property
    def lengths(self) -> Counter[int]:
        """Number of words by length, drawable or not."""
        return Counter(map(len, self.ranks))

    @cached_property
    def by_length(self) -> Mapping[int, Sequence[str]]:
        """Words of the letters a–z by length, in order of rank."""
        out: dict[int, list[str]] = {}
        for word in self.ranks:
            if _is_plain(word):
                out.setdefault(len(word), []).append(word)
        return out

    def _is_undrawn(self, word: str) -> bool:
        return any(stem in word for stem in self.undrawn)

    @cached_property
    def _undrawn_words(self) -> frozenset[str]:
        """As `_is_undrawn`, of all words. One text of all of them is searched, since a search in each takes ten times as long."""
        text = "\n".join(["", *self.ranks, ""])
        found: set[str] = set()
        for stem in self.undrawn:
            at = text.find(stem)
            while at >= 0:
                end = text.index("\n", at)
                found.add(text[text.rindex("\n", 0, at) + 1 : end])
                at = text.find(stem, end)
        return frozenset(found)

    def drawable(self, length: int) -> Iterator[str]:
        """Words of this length that may be drawn: of the letters a–z and without undrawn stems, in order of rank."""
        return (word for word in self.by_length.get(length, ()) if word not in self._undrawn_words)

    def first_drawable(self, length: int) -> Iterator[str]:
        """As `drawable`, without sorting all words by length first. Faster if only the first few are needed."""
        words = (word for word in self.ranks if len(word) == length)
        return (word for word in words if _is_plain(word) and not self._is_undrawn(word))


def _is_plain(word: str) -> bool:
    return word.isascii() and word.isalpha()


def initials(words: Sequence[str]) -> str:
    """The first letters of the words, without accents."""
    return unaccented("".join([word[0] for word in words]))


def alphabetical_order(outputs: Sequence[str]) -> float:
    """The share of neighbouring outputs of which the later one also comes later in the alphabet; NaN if there are none.

    Equal neighbours do not count. It is 1 for an alphabetical list and ½ on average for a shuffled one.
    """
    pairs = [(one, other) for one, other in pairwise(map(unaccented, outputs)) if one != other]
    return sum(one < other for one, other in pairs) / len(pairs) if pairs else math.nan


def unaccented(text: str) -> str:
    """The text without accents: é becomes e."""
    return text if text.isascii() else "".join(unicodedata.normalize("NFKD", letter)[0] for letter in text)


@dataclass(frozen=True)
class _Choice:
    """Words with the cumulative sums of their weights. A word of rank r has the weight 1/r (Zipf's law)."""

    words: tuple[str, ...]
    sums: tuple[float, ...]


class Words:
    """Draws outputs and inputs from a rank list. Outputs are only words that initials of other words can spell.

    Args:
        ranks: the list.
        easy_rank: a word is easy if its rank is below this.
        word_letters: preferred length of the words of an input.

    Attributes:
        unlisted: the rank that a word outside the list counts with.
    """

    def __init__(self, ranks: RankList, easy_rank: int, word_letters: int) -> None:
        self.list = ranks
        self.easy_rank = easy_rank
        self.unlisted = max(easy_rank, ranks.last) + 1
        self._word_letters = word_letters
        self._letters = ranks.letters
        self._consonants = "".join(letter for letter in CONSONANTS if letter in self._letters)
        self._vowels = "".join(letter for letter in VOWELS if letter in self._letters)
        self._makes: dict[int, bool] = {}
        self._easy: dict[int, _Choice] = {}

    @cached_property
    def _beginning(self) -> dict[str, tuple[str, ...]]:
        """Words that inputs are drawn from, by first letter. Computed on first use, since it takes a while."""
        return _nearest_length(self.list, self._word_letters)

    def rank(self, word: str) -> int | None:
        """The word's rank; None if it is not in the list."""
        return self.list.ranks.get(word)

    def counted_rank(self, word: str) -> int:
        """The word's rank; `unlisted` if it is not in the list."""
        return self.list.ranks.get(word, self.unlisted)

    def is_easy(self, word: str) -> bool:
        """Whether the word's rank is below the limit."""
        return self.list.ranks.get(word, self.easy_rank) < self.easy_rank

    def _spellable(self, words: Iterator[str]) -> Iterator[str]:
        """Of words in order of rank, the easy ones that initials of other words can spell."""
        return (word for word in takewhile(self.is_easy, words) if self._letters.issuperset(word))

    def has_easy(self, length: int) -> bool:
        """Whether a word of this length can be drawn as an easy output."""
        return next(self._spellable(self.list.first_drawable(length)), None) is not None

    def easy_words(self, length: int) -> tuple[str, ...]:
        """The words of this length that can be drawn as easy outputs."""
        return self._choice(length).words

    def _choice(self, length: int) -> _Choice:
        if length not in self._easy:
            words = tuple(self._spellable(self.list.drawable(length)))
            self._easy[length] = _Choice(words, tuple(accumulate(1 / self.list.ranks[word] for word in words)))
        return self._easy[length]

    def can_make(self, length: int) -> bool:
        """Whether strings of this length can be drawn that are in no list: at least one in a hundred is in none."""
        if length not in self._makes:
            self._makes[length] = self._most_are_new(length) or self._some_are_new(length)
        return self._makes[length]

    def _most_are_new(self, length: int) -> bool:
        """Whether at least half of all draws would be in no list, even if every listed word could be drawn."""
        consonants, vowels = len(self._consonants), len(self._vowels)
        more, fewer = length - length // 2, length // 2
        strings = min(consonants**more * vowels**fewer / CONSONANT_FIRST, consonants**fewer * vowels**more / (1 - CONSONANT_FIRST))
        return max(2 * self.list.lengths[length], 1) <= strings

    def _some_are_new(self, length: int) -> bool:
        made = self._strings([length] * 1000, np.random.default_rng(0)) if self._vowels and self._consonants else []
        return sum(map(self._is_new, made)) >= 10

    def outputs(self, easy: Sequence[bool], lengths: Sequence[int], rng: np.random.Generator) -> list[str]:
        """Draw one output per length: an easy word with weight 1/rank, or a string that is in no list.

        Raises:
            IndexError: there are no easy words of a length.
            ValueError: no string can be made.
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
        """Draw a pronounceable string of each length that is in no list: alternating vowels and consonants, uniformly.

        Raises:
            ValueError: no string can be made.
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
        """Draw count different outputs of one length as in `outputs`. Raises ValueError if there are too few."""
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
        """Draw words whose initials spell each output, uniformly from those of the preferred length (see `_nearest_length`)."""
        uniform = iter(rng.random(sum(map(len, outputs))).tolist())
        beginning = self._beginning
        out = []
        for output in outputs:
            choices = [beginning[letter] for letter in output]
            out.append(tuple([words[int(next(uniform) * len(words))] for words in choices]))
        return out

    def _strings(self, lengths: Sequence[int], rng: np.random.Generator) -> list[str]:
        """Draw pronounceable strings, listed or not."""
        consonants, vowels = self._consonants, self._vowels
        out = []
        for length, row in zip(lengths, rng.random((len(lengths), max(lengths) + 1)).tolist(), strict=True):
            alternating = (consonants, vowels) if row[0] < CONSONANT_FIRST else (vowels, consonants)
            letters = []
            for place in range(length):
                choices = alternating[place % 2]
                letters.append(choices[int(row[place + 1] * len(choices))])
            out.append("".join(letters))
        return out

    def _is_new(self, made: str) -> bool:
        return made not in self.list.ranks


@lru_cache(maxsize=4)
def words_of(ranks: RankList, easy_rank: int, word_letters: int) -> Words:
    """Cached `Words`, since making them takes a while."""
    return Words(ranks, easy_rank, word_letters)


def _nearest_length(ranks: RankList, length: int) -> dict[str, tuple[str, ...]]:
    """By first letter, the drawable words whose length is nearest to the given one."""
    out: dict[str, list[str]] = {}
    distances = {other: abs(other - length) for other in ranks.by_length}
    for distance in sorted(set(distances.values())):
        found: dict[str, list[str]] = {}
        for other in sorted(other for other in distances if distances[other] == distance):
            for word in ranks.drawable(other):
                if word[0] not in out:
                    found.setdefault(word[0], []).append(word)
        out |= found
        if len(out) == LETTERS:
            break
    return {letter: tuple(sorted(out[letter], key=ranks.ranks.__getitem__)) for letter in sorted(out)}
