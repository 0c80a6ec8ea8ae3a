"""A model that is asked for examples and states its rule: the rule's pairs are no examples."""

from __future__ import annotations

import pytest

from iicl_tui.tasks.acre.task import Acre
from iicl_tui.tasks.acre.wording import AcreWording

ACRE = Acre()
WORDING = AcreWording(ACRE)
RULE = {"A": "on", "B": "off", "C": "und", "D": "off", "screen": "off"}
INSTEAD = "The reply states a rule instead of examples."
TOO = "The reply states the rule, too. Its pairs do not count as examples."

RULES = {
    "json": str(RULE).replace("'", '"'),
    "lines": "\n".join(f"{name}: {state}" for name, state in RULE.items()),
    "one line": ", ".join(f"{name}: {state}" for name, state in RULE.items()),
    "equals": "; ".join(f"{name} = {state}" for name, state in RULE.items()),
    "words": ", ".join(f"{name} is {state}" for name, state in RULE.items()),
    "bullets": "\n".join(f"- **{name}**: {state}" for name, state in RULE.items()),
    "arrows": "\n".join(f"{name} → {state}" for name, state in RULE.items()),
    "table": "| Object | State |\n|---|---|\n" + "\n".join(f"| {name} | {state} |" for name, state in RULE.items()),
    "items": str([{"object": name, "state": state} for name, state in RULE.items()]).replace("'", '"'),
    "labels": "\n".join(f"Object: {name}\nState: {state}" for name, state in RULE.items()),
    "another order": "\n".join(f"{name}: {state}" for name, state in reversed(RULE.items())),
    "not all of it": "\n".join(f"{name}: {state}" for name, state in list(RULE.items())[:4]),
    "headed": "Rule:\n" + "\n".join(f"{name}: {state}" for name, state in RULE.items()),
    "latex": r"\(" + ", ".join(rf"{name} = \text{{{state}}}" for name, state in RULE.items()) + r"\)",
    "full width": "、".join(f"{name}：{state}" for name, state in RULE.items()),
}


@pytest.mark.parametrize("reply", RULES.values(), ids=RULES.keys())
def test_a_rule_is_not_taken_for_examples(reply: str) -> None:
    reading = WORDING.read_samples(reply, 4)
    assert reading.examples == ()
    assert reading.trouble in (INSTEAD, "There are no examples in the reply.")


@pytest.mark.parametrize("name", ["json", "lines", "one line", "arrows", "bullets"])
def test_a_rule_before_the_examples_is_left_out(name: str) -> None:
    for examples in ("Input: A, C\nOutput: on\nInput: B\nOutput: off", "A, C -> on\nB -> off"):
        reading = WORDING.read_samples(f"{RULES[name]}\n\n{examples}", 2)
        assert [ACRE.example_text(each) for each in reading.examples] == ["A, C → on", "B → off"]


def test_a_rule_in_the_form_of_the_examples_is_said() -> None:
    reading = WORDING.read_samples(f"{RULES['lines']}\n\nA, C: on\nB: off\nB, D: off", 3)
    assert [ACRE.example_text(each) for each in reading.examples] == ["A, C → on", "B → off", "B, D → off"]
    assert TOO in reading.remarks


@pytest.mark.parametrize(
    "reply",
    [
        "\n".join(f"Input: {name}\nOutput: {state}" for name, state in RULE.items()),
        str([{"input": [name], "output": state} for name, state in RULE.items()]).replace("'", '"'),
        "| Input | Output |\n|---|---|\n" + "\n".join(f"| {name} | {state} |" for name, state in RULE.items()),
        "\n".join(f"{name} -> {state}" for name, state in RULE.items()),
    ],
)
def test_an_example_for_every_object_alone_is_still_five_examples(reply: str) -> None:
    reading = WORDING.read_samples(reply, 5)
    assert [each.input for each in reading.examples] == [(name,) for name in RULE]
    assert (reading.remarks, reading.trouble) == ((), "")


def test_examples_that_contradict_each_other_are_said() -> None:
    reading = WORDING.read_samples("A, C -> on\nC, A -> off\nB -> off", 3)
    assert len(reading.examples) == 3
    assert reading.remarks == ("The examples contradict each other: “A, C” has more than one output.",)


def test_fewer_examples_are_said() -> None:
    reading = WORDING.read_samples("Input: A, C\nOutput: on\nInput: B\nOutput: off\nInput: D, scr", 4)
    assert len(reading.examples) == 2
    assert reading.trouble.startswith("2 of 4 examples can be read.")
