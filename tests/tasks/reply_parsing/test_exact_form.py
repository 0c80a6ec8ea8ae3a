"""Replies in exactly the form that is asked for are read as the readers of free text would read them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iicl_tui.bayes.space import Factor, ProductSpace
from iicl_tui.tasks.base import Example
from iicl_tui.tasks.reply_parsing import pairs as reading_pairs
from iicl_tui.tasks.reply_parsing import read_rule, read_samples
from iicl_tui.tasks.reply_parsing import samples as reading_samples
from iicl_tui.tasks.reply_parsing.exact_form import plain_examples, plain_rule
from iicl_tui.tasks.wording import RuleReading, SamplesReading

profile = settings(derandomize=True, deadline=None, max_examples=100)

NAMES: tuple[str, ...] = (
    "A",
    "a",
    "b",
    "B C",
    "C",
    "screen",
    "big screen",
    "the",
    "and",
    "on",
    "light on",
    "state",
    "old rule",
    "Rule",
    "input",
    "y",
)
NAMES += (
    "light",
    "Object 1",
    "name",
    "item",
    "if",
    "is",
    "not",
    "D-1",
    "D",
    "1",
    "2",
    "a b c",
    "Ä",
    "ß",
    "灯",
    "answer",
    "new",
    "x",
)
STATES = (("on", "off", "und"), ("On", "on", "no"), ("on", "on off", "off"), ("yes", "no"), ("A", "B", "is"), ("1", "2", "12"))


def read_twice(read: str, names: Sequence[str], states: Sequence[str], text: str) -> tuple[object, object]:
    """As it is read, and as it is read where no pattern of the plain form is made."""
    readings: list[object] = []
    for pattern in (plain_rule if read == "rule" else plain_examples, lambda *_: None):
        reading_pairs.finder.cache_clear()
        reading_samples._finder.cache_clear()
        with patch.object(reading_pairs, "plain_rule", pattern), patch.object(reading_samples, "plain_examples", pattern):
            readings.append(rule_in(text, names, states) if read == "rule" else samples_in(text, names, states))
    reading_pairs.finder.cache_clear()
    reading_samples._finder.cache_clear()
    return readings[0], readings[1]


def rule_in(text: str, names: Sequence[str], states: Sequence[str]) -> RuleReading:
    space = ProductSpace(tuple(Factor(name, tuple(states)) for name in names))
    return read_rule(text, space, [[(state.lower(),) for state in states]] * len(names))


def samples_in(text: str, names: Sequence[str], states: Sequence[str]) -> SamplesReading:
    outputs = {state: (state.lower(),) for state in states}
    return read_samples(text, 3, names, outputs, lambda objects, output: Example(tuple(objects), output))


names = st.lists(st.sampled_from(NAMES), min_size=1, max_size=5, unique=True)


@pytest.mark.slow
@profile
@given(names, st.sampled_from(STATES), st.data())
def test_a_plain_rule_is_read_as_any_other(names: list[str], states: tuple[str, ...], data: st.DataObject) -> None:
    table = {name: data.draw(st.sampled_from(states)) for name in names}
    text = data.draw(st.sampled_from(("Rule: ", "", "Rule:\n"))) + json.dumps(table, indent=data.draw(st.sampled_from((None, 2))))
    plain, free = read_twice("rule", names, states, text + data.draw(st.sampled_from(("", "\n", "."))))
    assert plain == free


@pytest.mark.slow
@profile
@given(names, st.sampled_from(STATES), st.data())
def test_plain_examples_are_read_as_any_others(names: list[str], states: tuple[str, ...], data: st.DataObject) -> None:
    shown = st.lists(st.sampled_from(names), min_size=1, max_size=4)
    examples = data.draw(st.lists(st.tuples(shown, st.sampled_from(states)), min_size=1, max_size=5))
    between = data.draw(st.sampled_from(("\n", "\n\n")))
    text = between.join(f"Input: {', '.join(x)}\nOutput: {y}" for x, y in examples)
    plain, free = read_twice("samples", names, states, text + data.draw(st.sampled_from(("", "\n\n", "."))))
    assert plain == free


def test_the_form_that_is_asked_for_is_plain() -> None:
    # Else the tests above would compare free readings with each other.
    space = ProductSpace((Factor("A", ("on", "off")), Factor("big screen", ("on", "off"))))
    pattern = plain_rule(space)
    assert pattern is not None
    found = pattern.fullmatch('Rule: {"A": "on", "big screen": "off"}')
    assert found is not None
    assert found.groups() == ("on", "off")
    patterns = plain_examples(("A", "big screen"), ("on", "off"), ("input", "output"))
    assert patterns is not None
    text = "Input: A, big screen\nOutput: on\nInput: A\nOutput: off\n"
    assert patterns[0].fullmatch(text)
    assert patterns[1].findall(text) == [("A, big screen", "on"), ("A", "off")]


@pytest.mark.parametrize(
    "text",
    [
        'Rule: {"A": "on", "B": "off", "B": "on"}',
        'Rule: {"A": "on"}',
        'Rule: {"A": "on", "B": "maybe"}',
        'Rule: {"B": "on", "A": "off"}',
        'Rule: {"A": "on", "B": "off"} or {"A": "on", "B": "on"}',
        'The old rule was: {"A": "on", "B": "off"}',
    ],
)
def test_whatever_else_a_reply_holds_is_not_plain(text: str) -> None:
    pattern = plain_rule(ProductSpace((Factor("A", ("on", "off")), Factor("B", ("on", "off")))))
    assert pattern is not None
    assert pattern.fullmatch(text) is None


@pytest.mark.parametrize("name", ['"', "a\\b", "a,b", "{", "a\nb", " a", "a  b", "", "rule", "Object 1", "a" * 40, "a.b", "on|off"])
def test_unusual_names_have_no_pattern(name: str) -> None:
    assert plain_rule(ProductSpace((Factor(name, ("on", "off")),))) is None
    assert plain_rule(ProductSpace((Factor("A", ("on", name)),))) is None
    assert plain_examples((name,), ("on", "off"), ()) is None


def test_labels_are_no_names_of_plain_examples() -> None:
    assert plain_examples(("A", "Output"), ("on", "off"), ("input", "output")) is None
