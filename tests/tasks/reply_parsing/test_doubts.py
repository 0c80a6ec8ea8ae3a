"""Replies that take back or doubt what they say, or state another rule beside their examples: never in silence."""

from __future__ import annotations

import pytest

from iicl_tui.tasks.acre.task import Acre
from iicl_tui.tasks.acre.wording import AcreWording
from iicl_tui.tasks.acronym.task import Acronym
from iicl_tui.tasks.example import Example
from iicl_tui.tasks.reply_parsing.texts import read_texts

ACRE = Acre()
WORDING = AcreWording(ACRE)
RULE, OTHER = WORDING.rule_reply(5), WORDING.rule_reply(211)
LINES = [f"{name}: {state}" for name, state in ACRE.space.assignment(5).items()]
EXAMPLES = ("Input: A\nOutput: on\n\nInput: B, C\nOutput: off", "A -> on\nB, C -> off", '[[["A"], "on"], [["B", "C"], "off"]]')
TOO = "The reply states the rule, too. Its pairs do not count as examples."


@pytest.mark.parametrize(
    "after",
    [
        "Wait, that is wrong.",
        "Actually, no.",
        "Hmm, that can't be right.",
        "No wait, scratch that.",
        "Oops, A should be off.",
        "Sorry, I meant screen off.",
        "Correction: D is on.",
        "I made a mistake above.",
        "My previous answer was wrong.",
        "This rule fails on example 3.",
        "However, this contradicts the second example.",
        "Ah, this does not work: with A and B the light was off.",
        "I am not sure about B.",
        "This is just a guess.",
        "B could also be off.",
        "It is possible that C is off.",
        "The data are also consistent with A: off.",
        "Note: this is only one of several possible rules.",
        "But the light is off if A and B are together.",
        "unless B is shown too",
        "I cannot determine B.",
    ],
)
def test_what_takes_back_or_doubts_is_said(after: str) -> None:
    reading = WORDING.read_rule(f"{RULE}\n\n{after}")
    assert reading.hypothesis == 5
    assert any("does not count" in remark for remark in reading.remarks)
    for examples in EXAMPLES:
        if "rule" not in after and "data" not in after:
            assert len(WORDING.read_samples(f"{examples}\n\n{after}", 2).examples) == 2
            assert WORDING.read_samples(f"{examples}\n\n{after}", 2).remarks


@pytest.mark.parametrize(
    "after",
    [
        "This explains all examples.",
        "Let me know if you need anything else!",
        "No other rule fits.",
        "There is no mistake.",
        "I checked it: nothing is wrong.",
        "Explanation: A turns the light on since example 1 shows it; B is off in example 2.",
        "The screen is a distraction.",
    ],
)
def test_what_agrees_is_not_remarked_on(after: str) -> None:
    assert WORDING.read_rule(f"{RULE}\n\n{after}").remarks == ()
    assert WORDING.read_samples(f"{EXAMPLES[0]}\n\n{after}", 2).remarks == ()


def test_how_a_model_came_to_its_rule_is_no_doubt() -> None:
    assert WORDING.read_rule(f"Wait, that is wrong. I am not sure yet. Now: {RULE}").remarks == ()


@pytest.mark.parametrize(
    "said",
    ["on, or off", "on; off", "on and off", "on?", "on (90%)", "on if alone", "on, I think", "on (maybe off)", "on -- wait, off"],
)
def test_what_limits_a_word_beside_it_is_said(said: str) -> None:
    reading = WORDING.read_rule("\n".join([f"A: {said}", *LINES[1:]]))
    assert reading.hypothesis is None or reading.remarks
    assert WORDING.read_rule("\n".join(["A: on (example 3, where it is off)", *LINES[1:]])).remarks == ()


def test_a_hedged_rule_in_sentences_is_said() -> None:
    states = ACRE.space.assignment(5).items()
    text = ", ".join(f"{name} is {'probably ' if name == 'A' else ''}{state}" for name, state in states)
    assert any("probably" in remark for remark in WORDING.read_rule(f"{text}.").remarks)


@pytest.mark.parametrize(
    "rule", [OTHER, OTHER.removeprefix("Rule: "), "\n".join(LINES), "A better rule: A on, B off, C on, D off, screen on"]
)
@pytest.mark.parametrize("examples", EXAMPLES)
def test_a_rule_after_the_examples_is_said(rule: str, examples: str) -> None:
    reading = WORDING.read_samples(f"{examples}\n\n{rule}", 2)
    assert [ACRE.example_text(each) for each in reading.examples] == ["A → on", "B, C → off"]
    assert TOO in reading.remarks
    before = WORDING.read_samples(f"{rule}\n\n{examples}", 2)
    assert [ACRE.example_text(each) for each in before.examples] == ["A → on", "B, C → off"]
    assert TOO not in WORDING.read_samples(f"{examples}\n\nThese follow the rule.", 2).remarks


def test_acronyms_and_texts_that_are_taken_back() -> None:
    wording = Acronym().wording
    acronyms = "Output: CAT\nInput: cold, air, test\nOutput: WIN\nInput: wait, ice, now"
    assert wording.read_samples(acronyms, 2).remarks == ()
    assert wording.read_samples(f"{acronyms}\n\nWait, that is wrong.", 2).remarks

    def read(fields: list[str], text: str) -> Example:
        return Example(tuple(fields), text)

    texts = "1. Wait, that is wrong, she said.\n2. He was not sure."
    assert read_texts(texts, 2, (), read).remarks == ()
    assert read_texts(f"{texts}\n\nActually, no.", 2, (), read).remarks
