"""Texts in a model's reply, in whatever form it gives them."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iicl_tui.tasks.example import Example
from iicl_tui.tasks.reply_parsing.texts import read_texts
from iicl_tui.tasks.text.rows import read_example
from iicl_tui.tasks.wording import SamplesReading

FIELDS = ("tone",)


def reading(reply: str, count: int = 2, fields: tuple[str, ...] = ()) -> SamplesReading:
    return read_texts(reply, count, fields, lambda input, output: read_example(input, output, fields))


def texts(reply: str, count: int = 2) -> list[str]:
    return [each.output for each in reading(reply, count).examples]


@pytest.mark.parametrize(
    "reply",
    [
        "1. First one.\n2. Second: one.",
        "Sure! Here are two:\n\n1) First one.\n2) Second: one.\n\nLet me know if you need more.",
        "**1.** First one.\n\n**2.** Second: one.",
        "Review 1: First one.\nReview 2: Second: one.",
        "- First one.\n- Second: one.",
        "* First one.\n* Second: one.\n",
        "First one.\n\nSecond: one.",
        "First one.\nSecond: one.",
        "Here you go:\nFirst one.\nSecond: one.",
        '["First one.", "Second: one."]',
        '```json\n["First one.", "Second: one."]\n```',
        '{"text-1": "First one.", "text-2": "Second: one."}',
        '[{"text": "First one."}, {"TEXT": "Second: one."}]',
        '{"reviews": [{"review": "First one."}, {"review": "Second: one."}]}',
        '1. "First one."\n2. “Second: one.”',
        "<think>1. No.\n2. Not these.</think>1. First one.\n2. Second: one.",
        "1. First one.\n2. Second: one.<|im_end|>",
    ],
)
def test_forms(reply: str) -> None:
    assert texts(reply) == ["First one.", "Second: one."]
    assert reading(reply).trouble == ""


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        ("Once upon a time.\n\nThe end: 1. of 2.", "Once upon a time.\n\nThe end: 1. of 2."),
        ("Sure, here is the story:\n\nOnce.\nTwice.", "Once.\nTwice."),
        ("A list:\n1. bread\n2. milk", "A list:\n1. bread\n2. milk"),
        ('"Once upon a time."', "Once upon a time."),
        ("Full-width ＡＢ、 a ‘quote’ and \\textbf{x} stay.", "Full-width ＡＢ、 a ‘quote’ and \\textbf{x} stay."),
        ('{"text-1": "Once."}', "Once."),
    ],
)
def test_one_text_alone_is_taken_as_it_is(reply: str, text: str) -> None:
    assert texts(reply, 1) == [text]


def test_only_numbers_that_follow_one_another_begin_a_text() -> None:
    assert texts("1. Bring:\n3. things\n2. Second.") == ["Bring:\n3. things", "Second."]
    assert texts("1984. was cold.\n\n1. First.\n2. Second.") == ["First.", "Second."]


@pytest.mark.parametrize(
    "reply",
    [
        '[{"tone": "rude", "text": "Go."}, {"Tone": "kind", "text": "Stay."}]',
        '{"tone": "rude", "text": "Go."}\n{"tone": "kind", "text": "Stay."}',
        '{"text-1": {"tone": "rude", "text": "Go."}, "text-2": {"tone": "kind", "text": "Stay."}}',
        "1. tone: rude | text: Go.\n2. tone: kind | text: Stay.",
        "1. Tone: rude\nText: Go.\n2. **Tone**: kind\nText: Stay.",
    ],
)
def test_fields(reply: str) -> None:
    found = reading(reply, 2, FIELDS)
    assert found.examples == (Example(("tone=rude",), "Go."), Example(("tone=kind",), "Stay."))
    assert found.trouble == ""


def test_what_is_missing_or_too_much_is_said() -> None:
    assert reading("1. Only one.").trouble == "It has 1 of 2 texts."
    assert reading("").trouble == "The reply is empty."
    assert "no text" in reading("{}\n").trouble or reading("{}\n").trouble.startswith("It has")
    many = reading("1. a\n2. b\n3. c")
    assert len(many.examples) == 2
    assert "3 texts" in many.remarks[0]
    assert "more than once" in reading("1. a\n2. a").remarks[0]
    assert "“tone”" in reading('[{"text": "Go."}, {"tone": "x", "text": "Stay."}]', 2, FIELDS).remarks[0]


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200), st.integers(1, 4), st.booleans())
def test_no_reply_raises(reply: str, count: int, with_fields: bool) -> None:
    found = reading(reply, count, FIELDS if with_fields else ())
    assert len(found.examples) <= count
    assert bool(found.trouble) == (len(found.examples) < count)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=40).filter(lambda t: t.strip()), min_size=2, max_size=4))
def test_json_gives_back_any_texts(found: list[str]) -> None:
    wanted = [each.strip() for each in found]
    reply = json.dumps([{"tone": "x", "text": each} for each in wanted])
    if "<" not in reply and "[" not in reply[1:]:  # special tokens of models are taken out
        assert [each.output for each in reading(reply, len(found), FIELDS).examples] == wanted


@pytest.mark.slow
@pytest.mark.parametrize("part", ["1. ", "- x\n", "[", '{"a":', "a: b\n", "**", "\n\n", "<think>"])
def test_a_huge_reply_takes_little_time(part: str) -> None:
    started = time.monotonic()
    reading(part * (1_000_000 // len(part)), 3, FIELDS)
    assert time.monotonic() - started < 20
