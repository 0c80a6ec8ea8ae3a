from __future__ import annotations

import itertools
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iicl_tui.errors import Fault
from iicl_tui.schema import REQUIRED, Field, Kind, describe, nearest, read_table


def field(kind: Kind, **more: Any) -> Field:
    return Field("key", kind, "label", "help", **more)


VALUES: dict[str, Any] = {
    "whole": 3, "broken": 2.5, "text": "a", "truth": True, "texts": ["a", "b"], "empty": [], "mixed": ["a", 1], "table": {"a": 1},
}  # fmt: skip
TAKES: dict[Kind, set[str]] = {
    "int": {"whole"},
    "float": {"whole", "broken"},
    "str": {"text"},
    "bool": {"truth"},
    "choice": {"text"},
    "strings": {"texts", "empty"},
    "table": {"table"},
    "any": set(VALUES),
}


@pytest.mark.parametrize("kind", TAKES)
@pytest.mark.parametrize("name", VALUES)
def test_each_kind_takes_its_values_and_no_others(kind: Kind, name: str) -> None:
    one = field(kind, choices=("a", "b"))
    value = VALUES[name]
    if name in TAKES[kind]:
        assert one.read(value) == value
        assert type(one.read(value)) is (float if kind == "float" else type(value))
    else:
        with pytest.raises(ValueError, match="expected "):
            one.read(value)


def test_the_items_that_are_no_texts_are_named() -> None:
    for value, found in [
        (7, "7"),
        (["a", 7], "7 as item 2"),
        ([True, "b", {}], "true as item 1, a table as item 3"),
        ([[], 1, 2, 3, 4], "an empty list as item 1, 1 as item 2, 2 as item 3 and 2 more"),
    ]:
        with pytest.raises(ValueError, match=f"^expected a list of texts, found {found}$"):
            field("strings").read(value)


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [(1, 5, "a whole number from 1 to 5"), (1, None, "a whole number, at least 1"), (None, 5, "a whole number, at most 5")],
)
def test_bounds_are_inclusive_and_named(low: int | None, high: int | None, words: str) -> None:
    one = field("int", low=low, high=high)
    assert one.expected == words
    for value in range(-1, 8):
        if (low is None or value >= low) and (high is None or value <= high):
            assert one.read(value) == value
        else:
            with pytest.raises(ValueError, match=f"{words}, found {value}"):
                one.read(value)


def test_large_bounds_are_written_out() -> None:
    assert field("int", low=1, high=1_000_000).expected == "a whole number from 1 to 1000000"


def test_what_cannot_be_computed_with_is_no_number() -> None:
    bounds: list[dict[str, Any]] = [{}, {"low": 0}, {"low": 0, "high": 1}]
    for value, more in itertools.product((math.nan, math.inf, -math.inf, 10**400, 1 << 20000), bounds):
        one = field("float", **more)
        with pytest.raises(ValueError, match="expected a number"):
            one.read(value)


def test_choices_name_the_nearest() -> None:
    with pytest.raises(ValueError, match='found "sampel"; nearest: sample'):
        field("choice", choices=("sample", "map")).read("sampel")
    with pytest.raises(ValueError, match=r'one of sample, map, found "zzz"$'):
        field("choice", choices=("sample", "map")).read("zzz")


def test_converting_comes_last() -> None:
    one = field("int", low=1, convert=lambda value: value * 2)
    assert one.read(3) == 6
    with pytest.raises(ValueError, match="at least 1"):
        one.read(0)


FIELDS = (
    Field("needed", "int", "", "", REQUIRED),
    Field("size", "int", "", "", 4, low=0),
    Field("on-reject", "choice", "", "", "redraw", choices=("redraw", "drop")),
)


def test_a_table_is_read_with_its_defaults() -> None:
    faults: list[Fault] = []
    assert read_table(FIELDS, {"needed": 1, "on-reject": "drop", "kind": "x"}, ("a",), faults, also=("kind",)) == {
        "needed": 1,
        "size": 4,
        "on-reject": "drop",
    }
    assert not faults


def test_every_fault_of_a_table() -> None:
    faults: list[Fault] = []
    values = read_table(FIELDS, {"size": "4", "on_reject": "drop", "zzz": 1}, ("filter", 1), faults)
    assert values == {"needed": None, "size": 4, "on-reject": "redraw"}
    assert [str(fault) for fault in faults] == [
        "filter[2].on_reject: unknown key; nearest known: on-reject",
        "filter[2].zzz: unknown key; known: needed, size, on-reject",
        "filter[2].needed: is missing; expected a whole number",
        'filter[2].size: expected a whole number, at least 0, found "4"',
    ]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (True, "true"), (False, "false"), ("a", '"a"'), ("x" * 41, '"' + "x" * 39 + '…"'), (3, "3"), (0.5, "0.5"), ({}, "a table"),
        ([], "an empty list"), ([1], "a list"), (10**400, "a number of 39 digits or more"),
    ],
)  # fmt: skip
def test_values_in_words(value: Any, words: str) -> None:
    assert describe(value) == words


@pytest.mark.slow
@given(st.text(max_size=20), st.lists(st.text(min_size=1, max_size=10), min_size=1, max_size=5))
def test_the_nearest_word_is_a_known_one(word: str, known: list[str]) -> None:
    assert nearest(known[0], known) in known
    assert nearest(word, known) in (None, *known)
