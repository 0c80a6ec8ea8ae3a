"""Words by rank, and what is drawn of them."""

from __future__ import annotations

import importlib
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from iicl_tui.tasks.acronym.wordfreq import wordfreq_ranks
from iicl_tui.tasks.acronym.words import CONSONANTS, VOWELS, RankList, Words, initials

FULL = wordfreq_ranks(60_000)
WORDS = Words(FULL, easy_rank=60_000, word_letters=7)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def chi_square(counts: list[int], p: list[float]) -> float:
    expected = np.array(p) / sum(p) * sum(counts)
    return float(((np.array(counts) - expected) ** 2 / expected).sum())


def test_wordfreq_gives_ranks_from_one() -> None:
    assert FULL.ranks["the"] == 1
    assert sorted(FULL.ranks.values()) == list(range(1, 60_001))
    assert FULL.last == 60_000
    assert FULL.ranks["because"] < FULL.ranks["telling"] < FULL.ranks["godhead"]


def test_easy_is_a_rank_below_the_limit() -> None:
    at, below = next(w for w, rank in FULL.ranks.items() if rank == 500), next(w for w, r in FULL.ranks.items() if r == 499)
    words = Words(FULL, easy_rank=500, word_letters=7)
    assert (words.is_easy(below), words.is_easy(at), words.is_easy("gohizus")) == (True, False, False)
    assert (words.rank(at), words.rank("gohizus"), words.unlisted) == (500, None, 60_001)
    assert Words(RankList("x", {"a": 3}), easy_rank=9, word_letters=2).unlisted == 10  # after the limit and after the last
    assert at not in words.easy_words(len(at))
    assert below in words.easy_words(len(below))


def test_easy_outputs_are_drawn_by_one_over_their_rank() -> None:
    drawn = WORDS.outputs([True] * 20_000, [7] * 20_000, rng())
    ranks = [FULL.ranks[word] for word in drawn]
    edges = [0, 100, 300, 1000, 3000, 10_000, 30_000, 60_000]
    listed = [(FULL.ranks[word], word) for word in FULL.drawable(7) if FULL.ranks[word] < 60_000]
    p = [sum(1 / rank for rank, _ in listed if low < rank <= high) for low, high in pairwise(edges)]
    counts = [sum(low < rank <= high for rank in ranks) for low, high in pairwise(edges)]
    assert chi_square(counts, p) < 22.5  # 6 degrees of freedom: chance 1e-3
    assert {len(word) for word in drawn} == {7}
    assert set(drawn) <= {word for _, word in listed}


def test_hard_outputs_are_pronounceable_and_in_no_list() -> None:
    lengths = [3, 4, 5, 7, 10, 14] * 150
    drawn = WORDS.outputs([False] * len(lengths), lengths, rng())
    assert [len(word) for word in drawn] == lengths
    assert not [word for word in drawn if word in FULL.ranks]
    for word in drawn:
        kinds = ["v" if letter in VOWELS else "c" for letter in word]
        assert all(a != b for a, b in pairwise(kinds))
        assert set(word) <= set(CONSONANTS + VOWELS)
    long = [word for word in drawn if len(word) >= 7]  # of these hardly one was in a list and drawn again
    consonant_first = sum(word[0] in CONSONANTS for word in long)
    assert abs(consonant_first - len(long) * 2 / 3) < 4.5 * (len(long) * 2 / 9) ** 0.5
    counts = Counter(letter for word in long for letter in word)
    assert chi_square([counts[letter] for letter in VOWELS], [1] * 5) < 18.5  # 4 degrees of freedom
    assert chi_square([counts[letter] for letter in CONSONANTS], [1] * 18) < 40.8  # 17 degrees of freedom


def test_inputs_spell_their_outputs_with_words_of_one_length() -> None:
    outputs = ["quiz", "another", "x"] * 500
    drawn = WORDS.inputs(outputs, rng())
    assert [initials(words) for words in drawn] == outputs
    assert {len(word) for words in drawn for word in words} == {7}
    q = Counter(words[0] for words in drawn[::3])
    listed = [word for word in FULL.ranks if len(word) == 7 and word[0] == "q" and word.isascii() and word.isalpha()]
    # 500 draws of 41 words: 40 degrees of freedom, 73.4 has a chance of 1e-3
    assert len(listed) == 41
    assert chi_square([q[word] for word in listed], [1] * 41) < 73.4


def test_words_of_the_nearest_length_take_the_place_of_those_that_are_not_there() -> None:
    few = Words(RankList("few", {"ab": 1, "abcd": 2, "abcdefgh": 3, "ba": 4, "bab": 5, "babab": 6}), 10, 3)
    seen = {word for words in few.inputs(["ab"] * 60, rng()) for word in words}
    assert seen == {"ab", "abcd", "bab"}  # of a: as near on both sides


def test_only_what_the_words_can_spell_is_drawn() -> None:
    few = Words(RankList("few", {"tin": 1, "nit": 2, "ice": 3, "café": 4, "it's": 5, "ten": 6}), 10, 3)
    assert few.easy_words(3) == ("tin", "nit")  # no word begins with an e
    assert few.easy_words(4) == ()
    assert few.is_easy("café")
    made = few.hard([5] * 50, rng())
    assert set("".join(made)) == set("tin")
    assert few.can_make(5)


def test_where_nothing_can_be_made() -> None:
    none = Words(RankList("none", {"bcd": 1}), 10, 3)
    assert not none.can_make(4)
    with pytest.raises(ValueError, match="no pronounceable string of 4 letters was found that is not in none"):
        none.hard([4], rng())
    every = {a + b + c: i for i, (a, b, c) in enumerate(((a, b, c) for a in "bai" for b in "bai" for c in "bai"), 1)}
    full = Words(RankList("full", every), 100, 3)
    assert not full.can_make(3)
    assert full.can_make(4)


@pytest.mark.slow
def test_distinct_outputs() -> None:
    few = Words(RankList("few", {"bib": 1, "bab": 2, "abba": 3, "ibis": 4, "ib": 5}), 10, 3)
    assert sorted(few.distinct(True, 3, 2, rng())) == ["bab", "bib"]
    assert few.distinct(True, 3, 0, rng()) == few.distinct(False, 9, 0, rng()) == few.distinct(True, 9, 0, rng()) == []
    with pytest.raises(ValueError, match="few has only 2 words of 3 letters with a rank below 10"):
        few.distinct(True, 3, 3, rng())
    # of a, b and i: four strings of four letters begin with b, four with a vowel
    assert len(set(few.distinct(False, 4, 8, rng()))) == 8
    with pytest.raises(ValueError, match="only 4 pronounceable strings of 3 letters"):  # bib and bab are in the list
        few.distinct(False, 3, 5, rng())
    common = [WORDS.distinct(True, 7, 3, rng(seed)) for seed in range(300)]
    assert all(len(set(words)) == 3 for words in common)
    weights = {word: 1 / FULL.ranks[word] for word in WORDS.easy_words(7)}
    share = sum(weight for word, weight in weights.items() if FULL.ranks[word] < 1000) / sum(weights.values())
    first = sum(FULL.ranks[words[0]] < 1000 for words in common)
    assert abs(first - 300 * share) < 4.5 * (300 * share * (1 - share)) ** 0.5
    assert 300 * share > 40  # 112 of the 8,762 words have such a rank: without weights it would be 4


def test_coarse_words_keep_their_rank_and_are_not_drawn() -> None:
    words = Words(RankList("few", {"tin": 1, "tit": 2, "tan": 3}, undrawn=("tit",)), 10, 3)
    assert words.is_easy("tit")
    assert words.easy_words(3) == ()  # no word begins with n, i or a
    assert {word for row in words.inputs(["t"] * 50, np.random.default_rng(0)) for word in row} == {"tin", "tan"}
    ours = Words(wordfreq_ranks(60_000), 60_000, 7)
    stems = wordfreq_ranks(60_000).undrawn
    assert ours.rank("whore") is not None
    drawn = {word for row in ours.inputs(["abcdefghijklmnoprstuvwz"] * 2000, np.random.default_rng(1)) for word in row}
    assert not [word for word in drawn if any(stem in word for stem in stems)]


def test_the_words_and_their_order_are_those_that_wordfreq_itself_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    top_n_list = importlib.import_module("wordfreq").top_n_list  # its data take seconds: only the worker that needs them
    for count in (1, 500, 60_000, 100_000):
        assert list(wordfreq_ranks(count).ranks) == top_n_list("en", count)
    monkeypatch.setattr(Path, "is_file", lambda path: False)
    assert list(wordfreq_ranks(77).ranks) == top_n_list("en", 77)
