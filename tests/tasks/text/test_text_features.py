"""What is measured of a text, and how faults in its declaration are named."""

from __future__ import annotations

import math
import time
from typing import Any

import pytest
from text_tasks import built, task_of, text

from iicl_tui.tasks.text import patterns
from iicl_tui.tasks.text.features import Feature
from iicl_tui.tasks.text.similarity import MOST_COMPARED, distinct, similarity


def feature(**table: Any) -> Feature:
    return task_of({"name": "f", **table}, {"name": "words", "kind": "words"}, fields=["stars"]).features[0]


@pytest.mark.parametrize(
    ("table", "words", "number", "name"),
    [
        ({"kind": "words", "bins": [2, 5]}, "one", 1, "under 2"),
        ({"kind": "words", "bins": [2, 5]}, "one  two\nthree four", 4, "2–4"),
        ({"kind": "words", "bins": [2, 3]}, "one two", 2, "2"),
        ({"kind": "words", "bins": [2, 5]}, "a b c d e", 5, "5 up"),
        ({"kind": "chars", "bins": [3, 6.5]}, "häßlich", 7, "6.5 up"),
        ({"kind": "regex", "pattern": "(?i)no", "bins": [1, 2]}, "No, no", 2, "2 up"),
        ({"kind": "distinct", "n": 1}, "the cat the hat", 0.75, "0.75 to 0.9"),
    ],
)
def test_numbers_and_their_bins(table: dict[str, Any], words: str, number: float, name: str) -> None:
    found = feature(**table)
    assert found.number(text(words)) == number
    assert found.bins[found.bin(text(words))] == name


@pytest.mark.parametrize(
    ("table", "words", "fields", "value"),
    [
        ({"kind": "regex", "pattern": r"\bnot?\b"}, "not bad", {}, "yes"),
        ({"kind": "regex", "pattern": r"\bnot?\b"}, "nothing", {}, "no"),
        ({"kind": "label", "values": ["good", "bad"]}, "BAD, not good", {}, "bad"),
        ({"kind": "label", "values": ["good", "very good"]}, "very good", {}, "very good"),
        ({"kind": "label", "values": ["good", "bad"]}, "goodness", {}, "other"),
        ({"kind": "label", "values": ["good", "bad"], "field": "stars"}, "bad", {"stars": "Good "}, "good"),
        ({"kind": "label", "values": ["good", "bad"], "field": "stars"}, "bad", {}, "other"),
        ({"kind": "field", "values": ["1", "5"], "field": "stars"}, "x", {"stars": "5"}, "5"),
        ({"kind": "field", "bins": [2, 4], "field": "stars"}, "x", {"stars": "3.5"}, "2 to 4"),
        ({"kind": "field", "bins": [2, 4], "field": "stars"}, "x", {"stars": "many"}, "other"),
        ({"kind": "field", "bins": [2, 4], "field": "stars"}, "x", {"stars": "nan"}, "other"),
    ],
)
def test_values(table: dict[str, Any], words: str, fields: dict[str, str], value: str) -> None:
    found = feature(**table)
    assert found.bins[found.bin(text(words, **fields))] == value


def test_similarity_is_the_share_of_letters_that_stay() -> None:
    # "kitten" → "sitting" takes 2 deletions and 3 insertions: 1 − 5 / 13.
    assert similarity("kitten", ["sitting", "x"]) == pytest.approx(8 / 13)
    assert similarity("same", ["other", "same"]) == 1
    assert math.isnan(similarity("alone", []))
    started = time.monotonic()
    similarity("ab" * 500_000, ["ba" * 500_000])
    assert time.monotonic() - started < 5, f"only {MOST_COMPARED} characters are compared"


def test_distinct_n_by_hand() -> None:
    assert distinct("a b a b", 2) == pytest.approx(2 / 3)  # a b, b a, a b
    assert math.isnan(distinct("one", 2))


@pytest.mark.parametrize(
    ("table", "place", "words"),
    [
        ({"name": "f"}, "kind", "is missing"),
        ({"name": "f", "kind": "wrods"}, "kind", "nearest: words"),
        ({"name": "", "kind": "words"}, "name", "visible characters"),
        ({"name": "a=b", "kind": "words"}, "name", "without ="),
        ({"name": "\u202ex", "kind": "words"}, "name", "visible characters"),
        ({"name": "table", "kind": "words"}, "name", "prior's table"),
        ({"name": "f", "kind": "words", "bins": [3, 3]}, "bins", "ascending"),
        ({"name": "f", "kind": "words", "bins": []}, "bins", "ascending"),
        ({"name": "f", "kind": "words", "bins": [True]}, "bins", "ascending"),
        ({"name": "f", "kind": "words", "pattern": "x"}, "pattern", "no `pattern`"),
        ({"name": "f", "kind": "label"}, "values", "is missing"),
        ({"name": "f", "kind": "label", "values": ["a", "A"]}, "values", "different values"),
        ({"name": "f", "kind": "label", "values": ["a"], "bins": [1]}, "bins", "either"),
        ({"name": "f", "kind": "field", "values": ["a"]}, "field", "is missing"),
        ({"name": "f", "kind": "field", "field": "star", "values": ["a"]}, "field", "nearest: stars"),
        ({"name": "f", "kind": "field", "field": "stars"}, "bins", "belief = false"),
        ({"name": "f", "kind": "regex"}, "pattern", "is missing"),
        ({"name": "f", "kind": "regex", "pattern": "["}, "pattern", "no valid regular expression"),
        ({"name": "f", "kind": "regex", "pattern": r"(\pL+\s){0,50}x"}, "pattern", "may take very long"),
        ({"name": "f", "kind": "regex", "pattern": "a(?=b)"}, "pattern", "no looking around"),
        ({"name": "f", "kind": "regex", "pattern": r"(\w)\1"}, "pattern", "no references back"),
        ({"name": "f", "kind": "regex", "pattern": "(" * 400}, "pattern", "no valid"),
        ({"name": "f", "kind": "function", "function": "nobody-has-this", "bins": [1]}, "function", "there is no function"),
        ({"name": "f", "kind": "similarity-last", "belief": True}, "belief", "changes in each generation"),
        ({"name": "f", "kind": "words", "belief": False}, "feature", "none of them is in the belief"),
    ],
)
def test_faults_name_the_key(table: dict[str, Any], place: str, words: str) -> None:
    _, faults = built(feature=[table], fields=["stars"])
    assert words in faults[0].message
    assert faults[0].path == ("task", "feature") if place == "feature" else ("task", "feature", 0, place)


def test_a_grid_that_is_too_large_says_what_to_do() -> None:
    wide = [{"name": f"f{at}", "kind": "words", "bins": list(range(1, 20))} for at in range(3)]
    _, faults = built(feature=wide)
    assert len(faults) == 1
    assert "8,000 cells" in faults[0].message
    assert "belief = false" in faults[0].message
    assert task_of(*wide[:2], {**wide[2], "belief": False}).space.size == 400


def test_two_features_of_one_name() -> None:
    _, faults = built(feature=[{"name": "f", "kind": "words"}, {"name": "f", "kind": "chars"}])
    assert "two features are called" in faults[0].message


@pytest.mark.parametrize("pattern", [r"a*a*a*a*b", r"\s+$", r"(?i)not\b.*\bgood", r"(x+x+)+y", r"(?:ab|a)*b"])
def test_no_pattern_that_is_accepted_stops_the_program(pattern: str) -> None:
    count = patterns.counter(pattern)
    for hostile in ("a" * 100_000, "x" * 100_000, " " * 100_000 + "x", "not " * 30_000):
        started = time.process_time()
        assert count(hostile) >= 0
        assert time.process_time() - started < 2


def test_a_function_of_another_package(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.metadata

    class Point:
        name = "shouting"

        @staticmethod
        def load() -> Any:
            return lambda text, fields: text.count("!") / (1 if fields["stars"] != "0" else 0)

    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: [Point] if group == "iicl_tui.features" else [])
    from iicl_tui.tasks.text import functions

    functions._load.cache_clear()
    found = feature(kind="function", function="shouting", bins=[1])
    assert found.number(text("oh!!")) == 2
    assert math.isnan(found.number(text("oh!!", stars="0"))), "one that fails measures nothing"
    _, faults = built(feature=[{"name": "f", "kind": "function", "function": "shoutin", "bins": [1]}])
    assert "nearest: shouting" in faults[0].message
    functions._load.cache_clear()
