"""The coding length in characters, against texts that are written out and against all sets of patterns."""

from __future__ import annotations

import itertools
from functools import cache

import numpy as np
import pytest

from iicl_tui.chain.config import read_config
from iicl_tui.tasks.naming.coding_length import text_length
from iicl_tui.tasks.naming.task import CLASSES, MEANINGS, SIGNALS, Naming

LANGUAGES = list(itertools.product(SIGNALS, repeat=4))
GAME = Naming(coding="characters")

TEXTS: dict[tuple[str, ...], str] = {
    ("00",) * 4: "S: blue, red -> 00",
    ("00", "00", "01", "01"): "S: blue -> 00\nS: red -> 01",
    ("00", "01", "10", "11"): "S: A B\nA: blue -> 0\nA: red -> 1\nB: circle -> 0\nB: box -> 1",
    ("00", "01", "11", "10"): "S: blue circle -> 00\nS: blue box -> 01\nS: red circle -> 11\nS: red box -> 10",
    ("00", "01", "01", "01"): "S: blue circle -> 00\nS: box, red -> 01",
}


@pytest.mark.parametrize("language", TEXTS)
def test_the_length_is_that_of_the_shortest_text(language: tuple[str, ...]) -> None:
    assert text_length(language, MEANINGS) == len(TEXTS[language])
    assert spoken(TEXTS[language]) == language


def spoken(text: str) -> tuple[str, ...]:
    """What a grammar says about each meaning."""
    rules: dict[str, list[tuple[list[set[str]], str]]] = {}
    for line in text.splitlines():
        symbol, _, rest = line.partition(": ")
        patterns, arrow, string = rest.rpartition(" -> ")
        rules.setdefault(symbol, []).append(([set(p.split()) for p in patterns.split(", ")] if arrow else [set()], string))

    def say(symbol: str, meaning: set[str]) -> str:
        (found,) = [string for patterns, string in rules[symbol] if any(pattern <= meaning for pattern in patterns)]
        return "".join(say(part, meaning) if part in rules else part for part in found.split())

    return tuple(say("S", set(meaning)) for meaning in MEANINGS)


@cache
def names(wanted: frozenset[int]) -> int:
    """The shortest list of patterns for these meanings, over all sets of the eight patterns."""
    words = ("blue", "red", "circle", "box", *(" ".join(meaning) for meaning in MEANINGS))
    lengths = []
    for size in range(1, 5):
        for chosen in itertools.combinations(words, size):
            covered = {at for at, m in enumerate(MEANINGS) for word in chosen if set(word.split()) <= set(m)}
            if covered == wanted:
                lengths.append(len(", ".join(chosen)))
    return min(lengths)


def lines(strings: tuple[str, ...]) -> int:
    return sum(
        len(f"S:  -> {string}\n") + names(frozenset(at for at in range(4) if strings[at] == string)) for string in set(strings)
    )


def test_every_language_has_its_shortest_text() -> None:
    found = [text_length(language, MEANINGS) for language in LANGUAGES]
    expected = [
        min(lines(language), len("S: A B\n") + sum(lines(tuple(signal[at] for signal in language)) for at in (0, 1))) - 1
        for language in LANGUAGES
    ]
    assert found == expected
    assert GAME.coding_lengths.tolist() == found


def test_the_classes_and_their_shares_at_the_scale_that_gives_degenerate_ones_six_tenths() -> None:
    lengths = [{int(a) for a in GAME.coding_lengths[GAME.classes == code]} for code in range(3)]
    assert lengths == [{18}, {58}, {75}]
    config = read_config({"chain": {"task": "naming"}, "task": {"coding": "characters", "scale": 2.7}})
    prior = np.exp(config.agents[0].log_prior)  # type: ignore[attr-defined]
    assert prior[GAME.classes == CLASSES.index("degenerate")].sum() == pytest.approx(0.6, abs=0.02)
