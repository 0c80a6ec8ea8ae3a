"""The naming game against its definition, written here once more without arrays."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from narrow import not_none

from iicl_tui.chain.config import read_config
from iicl_tui.errors import ConfigError, Fault
from iicl_tui.tasks.base import Example, task_kinds
from iicl_tui.tasks.naming import KIND
from iicl_tui.tasks.naming import task as naming
from iicl_tui.tasks.naming.coding_length import coding_length
from iicl_tui.tasks.naming.task import Naming

GAME = Naming()
MEANINGS = [("blue", "circle"), ("blue", "box"), ("red", "circle"), ("red", "box")]
SIGNALS = ["00", "01", "10", "11"]
LANGUAGES = list(itertools.product(SIGNALS, repeat=4))
ORDERED = {"blue circle": "00", "blue box": "01", "red circle": "10", "red box": "11"}
TWISTED = {"blue circle": "00", "blue box": "01", "red circle": "11", "red box": "10"}


def class_of(language: tuple[str, ...]) -> str:
    """By hand: what the two characters of a systematic language may be, written out."""
    blues, reds = ("0011", "1100")  # blue is 0, or blue is 1: in the order of MEANINGS
    circles, boxes = ("0101", "1010")
    first, second = ("".join(signal[place] for signal in language) for place in (0, 1))
    if len(set(language)) == 1:
        return "degenerate"
    if {first, second} <= {blues, reds, circles, boxes} and (first in (blues, reds)) != (second in (blues, reds)):
        return "systematic"
    return "holistic" if len(set(language)) == 4 else "other"


def start(game: Naming, seed: int = 0, **given_values: Any) -> tuple[Any, list[Fault]]:
    faults: list[Fault] = []
    return game.start(np.random.default_rng(seed), given_values, ("start",), faults), faults


def prior(game: Naming, **table: Any) -> np.ndarray:
    faults: list[Fault] = []
    p = np.exp(game.log_prior(table, ("agent", 0, "prior"), faults, None))
    assert not faults
    return p


# -- the 256 languages ---------------------------------------------------------------------------------------------------


def test_every_map_from_meanings_to_signals_is_a_language() -> None:
    assert GAME.space.size == len(LANGUAGES) == 256
    assert list(GAME.inputs) == MEANINGS
    for h, language in enumerate(LANGUAGES):
        assert tuple(GAME.write_hypothesis(h).values()) == language
        assert list(GAME.write_hypothesis(h)) == [" ".join(meaning) for meaning in MEANINGS]
        assert GAME.read_hypothesis(GAME.write_hypothesis(h)) == h
        assert tuple(GAME.predict(h, x) for x in GAME.inputs) == language


def test_the_classes_and_how_many_are_in_each() -> None:
    split = GAME.space.groupings[not_none(GAME.focus)]
    assert (split.name, split.values) == ("class", ("degenerate", "systematic", "holistic", "other"))
    said = [split.values[code] for code in split.codes]
    assert said == [class_of(language) for language in LANGUAGES]
    assert Counter(said) == {"degenerate": 4, "systematic": 8, "holistic": 16, "other": 228}
    assert split.values[split.codes[GAME.read_hypothesis(ORDERED)]] == "systematic"
    assert split.values[split.codes[GAME.read_hypothesis(TWISTED)]] == "holistic"


def test_a_belief_by_class() -> None:
    by_class = GAME.space.marginal(np.full(256, 1 / 256), not_none(GAME.focus))
    assert by_class * 256 == pytest.approx([4, 8, 16, 228])


# -- coding lengths ------------------------------------------------------------------------------------------------------


def every_list() -> dict[tuple[int, ...], int]:
    """The cheapest list of rules for each way to give a character, 0 or 1, to the four meanings: over all 2¹⁸ sets of rules."""
    rules = [(colour, shape, char) for colour in ("blue", "red", "") for shape in ("circle", "box", "") for char in (0, 1)]
    chosen = (np.arange(2 ** len(rules))[:, None] >> np.arange(len(rules))) & 1
    match = np.array([[colour in ("", c) and shape in ("", s) for c, s in MEANINGS] for colour, shape, _ in rules], dtype=int)
    once = (chosen @ match == 1).all(axis=1)
    costs = chosen @ np.array([1 + bool(colour) + bool(shape) + 1 for colour, shape, _ in rules])
    given_characters = chosen @ (match * np.array([[char] for _, _, char in rules]))
    cheapest: dict[tuple[int, ...], int] = {}
    for characters, cost in zip(map(tuple, given_characters[once].tolist()), costs[once].tolist(), strict=True):
        cheapest[characters] = min(cost, cheapest.get(characters, cost))
    return cheapest


def test_coding_lengths_are_the_least_over_all_sets_of_rules() -> None:
    cheapest = every_list()
    assert len(cheapest) == 16
    expected = [sum(cheapest[tuple(int(signal[place]) for signal in language)] for place in (0, 1)) for language in LANGUAGES]
    assert GAME.coding_lengths.tolist() == expected


def test_coding_lengths_by_class() -> None:
    by_class: dict[str, set[int]] = {}
    for language, length in zip(LANGUAGES, GAME.coding_lengths.tolist(), strict=True):
        by_class.setdefault(class_of(language), set()).add(length)
    assert by_class == {
        "degenerate": {4},
        "systematic": {12},
        "holistic": {22},
        "other": {8, 12, 13, 17, 18, 22, 27, 32},
    }


def test_coding_lengths_of_other_meanings() -> None:
    assert coding_length(["0"], [("x",)]) == 2
    assert coding_length(["a", "b", "c"], [("x",), ("y",), ("z",)]) == 9
    sizes = [(colour, shape) for colour in "rgb" for shape in "xy"]
    assert coding_length([colour for colour, _ in sizes], sizes) == 9  # three rules of one feature
    assert coding_length(["1" if colour == "r" else "0" for colour, _ in sizes], sizes) == 9  # nothing says "all but r"


# -- prior and likelihood ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("base", "scale"), [(2.0, 1.3), (2.0, 4.0), (10.0, 3.0)])
def test_the_prior_falls_by_the_base_for_each_scale(base: float, scale: float) -> None:
    weights = np.array([base ** (-length / scale) for length in GAME.coding_lengths.tolist()])
    np.testing.assert_allclose(prior(Naming(base=base, scale=scale)), weights / weights.sum(), rtol=1e-12)


def test_base_one_is_the_uniform_control() -> None:
    np.testing.assert_allclose(prior(Naming(base=1.0)), np.full(256, 1 / 256), rtol=1e-12)


def test_the_agents_own_weights_come_on_top() -> None:
    own = prior(GAME, **{"red box": {"11": 3, "00": 0}})
    plain = prior(GAME)
    weights = np.array([{"11": 3, "00": 0}.get(language[3], 1) for language in LANGUAGES])
    np.testing.assert_allclose(own, plain * weights / (plain * weights).sum(), rtol=1e-12)


def test_extreme_priors_stay_numbers() -> None:
    for base, scale in ((1e6, 0.01), (1 + 1e-9, 1e6)):
        log_prior = Naming(base=base, scale=scale).log_prior({}, (), [], None)
        assert np.isfinite(log_prior).all()
        assert np.exp(log_prior).sum() == pytest.approx(1)


pairs_of = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=6)


@settings(max_examples=30, deadline=None)
@given(pairs_of, st.sampled_from([Fraction(0), Fraction(3, 20), Fraction(1, 2)]))
def test_the_likelihood_is_a_product_over_the_examples(pairs: list[tuple[int, int]], noise: Fraction) -> None:
    data = [Example(MEANINGS[x], SIGNALS[y]) for x, y in pairs]
    expected, right = [], []
    for language in LANGUAGES:
        fits = [language[x] == SIGNALS[y] for x, y in pairs]
        expected.append(float(math.prod((1 - noise if fit else noise / 3) for fit in fits)))
        right.append(sum(fits))
    log_likelihood = GAME.log_likelihood([[], data], float(noise))
    assert not log_likelihood[0].any()
    np.testing.assert_allclose(np.exp(log_likelihood[1]), expected, rtol=1e-9)
    assert GAME.explained(data).tolist() == right


def test_samples_show_uniform_meanings_and_noisy_signals() -> None:
    h, noise, n = GAME.read_hypothesis(TWISTED), 0.3, 20_000
    drawn = GAME.transmit(h, n, noise, np.random.default_rng(3))
    counts = Counter(drawn)
    statistic = 0.0
    for meaning, right in zip(MEANINGS, TWISTED.values(), strict=True):
        for signal in SIGNALS:
            expected = n / 4 * (1 - noise if signal == right else noise / 3)
            statistic += (counts[Example(meaning, signal)] - expected) ** 2 / expected
    assert statistic < 37.7  # chi-square, 15 degrees of freedom: exceeded with chance 1e-3; the seed is fixed


def test_samples_without_noise_follow_the_language() -> None:
    drawn = GAME.transmit(77, 100, 0.0, np.random.default_rng(0))
    assert len(drawn) == 100
    assert all(GAME.predict(77, example.input) == example.output for example in drawn)


# -- h* and d⁰ -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "members"), [("degenerate", 4), ("systematic", 8), ("holistic", 16), ("other", 228)])
def test_a_class_is_drawn_from_by_the_seed(name: str, members: int) -> None:
    drawn = [start(Naming(name), seed)[0].target for seed in range(60 if members < 100 else 5)]
    assert {class_of(LANGUAGES[h]) for h in drawn} == {name}
    assert len(set(drawn)) == members or members == 228
    assert start(Naming(name), 3) == start(Naming(name), 3)


def test_random_draws_from_all() -> None:
    drawn = [start(Naming("random"), seed)[0].target for seed in range(400)]
    assert len(set(drawn)) > 180  # 256 · (1 − e^(−400/256)) = 202 are expected, with a standard deviation of 6


@pytest.mark.parametrize("initial", [0, 1, 3, 4, 7, 20])
def test_initial_examples_show_each_meaning_as_often(initial: int) -> None:
    for seed in range(10):
        began, faults = start(Naming("holistic", initial=initial), seed)
        assert not faults
        assert began.rival is None
        assert len(began.samples) == initial
        shown = Counter(example.input for example in began.samples)
        assert {shown[meaning] for meaning in MEANINGS} <= {initial // 4, -(-initial // 4)}
        assert GAME.explained(began.samples)[began.target] == initial


def test_what_is_left_over_is_drawn() -> None:
    shown = {start(Naming("holistic", initial=1), seed)[0].samples[0].input for seed in range(60)}
    assert shown == set(MEANINGS)


def test_a_language_given_outright() -> None:
    began, _ = start(Naming(TWISTED, initial=4))
    assert GAME.write_hypothesis(began.target) == TWISTED
    assert [GAME.example_text(example) for example in began.samples] == [f"{name} → {signal}" for name, signal in TWISTED.items()]


def test_what_the_start_table_gives_is_taken_and_the_rest_is_what_would_have_been_drawn() -> None:
    game = Naming("systematic", initial=6)
    drawn, _ = start(game, 5)
    written = {
        "hypothesis": game.write_hypothesis(drawn.target),
        "sample": [{"input": list(example.input), "output": example.output} for example in drawn.samples],
    }
    assert start(game, 99, **written) == (drawn, [])
    assert start(game, 5, sample=written["sample"]) == (drawn, [])
    assert start(game, 5, hypothesis=written["hypothesis"]) == (drawn, [])
    assert start(game, 5, sample=[])[0].samples == ()


def test_every_fault_of_a_given_start() -> None:
    _, faults = start(
        GAME,
        hypothesis={"blue circle": "00"},
        rival=ORDERED,
        sample=[
            {"input": ["blue", "circle"], "output": "2"},
            {"input": ["blue"], "output": "00"},
            {"input": ["blue", "red"], "output": "00"},
            {"input": ["blu", "box"], "output": "00"},
            {"input": "blue box", "output": "00"},
            {"input": ["blue", 3], "output": "00"},
            {"output": "00"},
            {"input": ["blue", "box"]},
            {"input": ["box", "blue"], "output": "01"},
        ],
    )
    keys = [fault.key for fault in faults]
    assert keys == ["start.hypothesis", "start.rival", *(f"start.sample[{i}]" for i in range(1, 9))]
    text = "\n".join(map(str, faults))
    for words in ("gives no signal to blue box", 'expected one of "00", "01", "10", "11", found "2"', '"blu"; nearest known: blue'):
        assert words in text


# -- words ---------------------------------------------------------------------------------------------------------------


def test_words() -> None:
    h = GAME.read_hypothesis(ORDERED)
    assert GAME.rule(h) == "blue circle 00  blue box 01  red circle 10  red box 11 (systematic)"
    assert GAME.rule_table(h) == (
        "      circle  box",
        "blue  00      01",
        "red   10      11",
        "systematic · α = 12",
    )
    assert all(len(line) <= 36 for each in range(256) for line in GAME.rule_table(each))


@pytest.mark.parametrize("text", ["red box → 10", "red box -> 10", "red, box => 10", " box red->10 "])
def test_an_example_from_a_line(text: str) -> None:
    assert GAME.read_line(text) == Example(("red", "box"), "10")


def test_every_example_is_read_back_from_its_line() -> None:
    for meaning in MEANINGS:
        for signal in SIGNALS:
            assert GAME.read_line(GAME.example_text(Example(meaning, signal))) == Example(meaning, signal)


@pytest.mark.parametrize("text", ["red box", "red box → 12", "red → 10", "red blue box → 10", "red red → 10", "", "rde box → 10"])
def test_a_line_that_is_no_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected|unknown"):
        GAME.read_line(text)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("systematic", "expected a table"),
        ({}, "gives no signal to blue circle"),
        ({**ORDERED, "red box": "2"}, 'red box must be one of "00", "01", "10", "11", found "2"'),
        ({**ORDERED, "red box": 11}, "found 11"),
        ({**ORDERED, "red bxo": "11"}, "nearest known: red box"),
    ],
)
def test_a_value_that_is_no_language(value: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        GAME.read_hypothesis(value)


# -- the table of the configuration --------------------------------------------------------------------------------------


def built(**table: Any) -> tuple[Naming, list[Fault]]:
    values = {field.key: field.default for field in KIND.fields} | table
    faults: list[Fault] = []
    return naming.build(values, ("task",), faults), faults


def test_naming_is_found() -> None:
    assert task_kinds()["naming"] is KIND
    game, faults = built()
    assert not faults
    assert (game.samples, game.base, game.scale) == (GAME.samples, GAME.base, GAME.scale)
    assert start(game) == start(GAME)


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ("systemtic", "nearest: systematic"),
        ("zzz", "degenerate, systematic, holistic, other, random, or a table of signals"),
        (33, "33"),
        (True, "true"),
        ({"blue circle": "00"}, "gives no signal"),
    ],
)
def test_a_hypothesis_that_cannot_be(wanted: Any, words: str) -> None:
    _, faults = built(hypothesis=wanted)
    assert [fault.path for fault in faults] == [("task", "hypothesis")]
    assert words in faults[0].message


def test_all_faults_of_a_file_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        read_config(
            {
                "chain": {"task": "naming"},
                "task": {"hypothesis": "x", "base": 0.5, "scale": 0, "samples": 0, "initial": -1},
                "agent": [{"prior": {"red box": {"2": 1}}}],
            }
        )
    assert {fault.key for fault in caught.value.faults} == {
        *(f"task.{key}" for key in ("hypothesis", "base", "scale", "samples", "initial")),
        "agent[1].prior.red box",
    }


@pytest.mark.parametrize("kind", ["openai", "anthropic", "mistral"])
def test_it_cannot_be_put_to_a_language_model(kind: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_config({"chain": {"task": "naming"}, "agent": [{"kind": kind}]})
    assert [str(fault) for fault in caught.value.faults] == ["agent[1].kind: the task naming cannot be put to a language model"]
