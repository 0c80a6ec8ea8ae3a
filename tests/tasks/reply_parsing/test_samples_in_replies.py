"""Examples read from replies of every form that models use, and from texts that are made to mislead."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iicl_tui.tasks.acre.task import Acre
from iicl_tui.tasks.base import Example
from iicl_tui.tasks.reply_parsing import read_samples
from iicl_tui.tasks.wording import SamplesReading

profile = settings(derandomize=True, deadline=None, max_examples=150)

ACRE = Acre(("A", "B", "C", "D", "screen"))
OUTPUTS = {"on": ("on",), "off": ("off",), "und": ("und", "undetermined", "unknown", "uncertain")}

THREE = (Example(("A", "C"), "on"), Example(("B",), "off"), Example(("D", "screen"), "und"))


def read(text: str, count: int = 3, task: Acre = ACRE) -> SamplesReading:
    outputs = OUTPUTS if task is ACRE else {state: (state.lower(),) for state in task.outputs}
    reading = read_samples(text, count, task.objects, outputs, task.read_example)
    assert len(reading.examples) <= count
    assert bool(reading.trouble) == (len(reading.examples) < count)
    return reading


def each(form: str, between: str = "\n", examples: Sequence[Example] = THREE) -> str:
    return between.join(form.format(", ".join(x), y, n) for n, (x, y) in enumerate(examples, 1))


TABLES = [{"input": list(x), "output": y} for x, y in THREE]
ASKED = each("Input: {0}\nOutput: {1}")
RULE = '{"A": "on", "B": "off", "C": "und", "D": "und", "screen": "off"}'
FORMS = {
    "asked for": each("Input: {0}\nOutput: {1}"),
    "crlf": each("Input: {0}\r\nOutput: {1}", "\r\n"),
    "blank lines": each("Input: {0}\n\nOutput: {1}", "\n\n\n"),
    "fenced": f"```\n{ASKED}\n```",
    "numbered": each("{2}. Input: {0}\n   Output: {1}"),
    "numbered labels": each("Input {2}: {0}\nOutput {2}: {1}", "\n\n"),
    "headed": each("Example {2}:\nInput: {0}\nOutput: {1}", "\n\n"),
    "headings": each("### Example {2}\n\n- Input: {0}\n- Output: {1}", "\n\n"),
    "bullets": each("- Input: {0}\n  Output: {1}"),
    "bold": each("**Input:** {0}\n**Output:** {1}", "\n\n"),
    "bold before the colon": each("**Input**: {0}  \n**Output**: *{1}*", "\n\n"),
    "one line": each("Input: {0}; Output: {1}"),
    "one line, dots": each("Input: {0}. Output: {1}.", " "),
    "one line, bars": each("Input: {0} | Output: {1}"),
    "labels and arrow": each("Input: {0} -> Output: {1}"),
    "upper case": each("Input: {0}\nOutput: {1}").upper(),
    "lower case": each("input: {0}\noutput: {1}").replace("screen", "Screen"),
    "equals": each("input = {0}\noutput = {1}"),
    "light": each("Objects: {0}\nLight: {1}", "\n\n"),
    "state of the light": each("Input: {0}\nState of the light: {1}"),
    "the light is": each("Input: {0}\nOutput: the light is {1}."),
    "quoted": each('Input: "{0}"\nOutput: "{1}"'),
    "braces": each("Input: {{{0}}}\nOutput: {{{1}}}"),
    "square brackets": each("Input: [{0}], Output: [{1}]"),
    "both": each("Input: both {0}\nOutput: {1}"),
    "and": each("Input: {0}\nOutput: {1}").replace("A, C", "A and C").replace("D, ", "D & "),
    "objects": each("Input: objects {0}\nOutput: {1}"),
    "output first": each("Output: {1}\nInput: {0}", "\n\n"),
    "output first, numbered": each("{2}. Output: {1}\n   Input: {0}") + "\n\nThese are all.",
    "reasons": each("Input: {0}\nOutput: {1} (since A is on and B is off)"),
    "reasons below": each("Input: {0}\nOutput: {1}\nReason: here B, C would be on.", "\n\n"),
    "yaml": "\n".join("- input:\n" + "".join(f"  - {name}\n" for name in x) + f"  output: {y}" for x, y in THREE),
    "arrow": each("{0} -> {1}"),
    "real arrow": each("{2}) {0} → {1}"),
    "fat arrow": each("- {{{0}}} => {1}"),
    "arrows on one line": each("{0} -> {1}", "; "),
    "arrows and the light": each("{0} → the light is {1}"),
    "colon": each("{0}: {1}"),
    "brackets and colon": each("({0}): {1}", ", "),
    "is": each("{0} is {1}"),
    "tabs": each("{0}\t{1}"),
    "table": "| Input | Output |\n|---|---|\n" + each("| {0} | {1} |"),
    "numbered table": "| # | Objects | Light |\n|:-|:-:|-:|\n" + each("| {2} | {0} | **{1}** |"),
    "json": json.dumps(TABLES),
    "pretty json": json.dumps(TABLES, indent=2),
    "json lines": "\n".join(map(json.dumps, TABLES)),
    "json in a table": json.dumps({"examples": TABLES, "note": "as asked"}),
    "json, text": json.dumps([{"input": ", ".join(x), "output": y} for x, y in THREE]),
    "json, other keys": json.dumps([{"Objects": list(x), "Light": y.upper()} for x, y in THREE]),
    "json, output first": json.dumps([{"output": y, "input": list(x)} for x, y in THREE]),
    "json pairs": json.dumps([[list(x), y] for x, y in THREE]),
    "json keys": json.dumps({", ".join(x): y for x, y in THREE}),
    "json, broken off": json.dumps(TABLES)[:-2],
    "json, trailing commas": json.dumps(TABLES).replace("}", ",}"),
    "python": str(TABLES),
    "rule first": f"Rule: {RULE}\n\n{ASKED}",
    "rule first, arrows": f"Rule: A -> on, B -> off, C -> und\n\n{each('{0} -> {1}')}",
    "rule in lines first": f"A: on\nB: off\nC: und\nD: und\nscreen: off\n\n{ASKED}",
    "form first": f"Input: objects\nOutput: state\n\n{ASKED}",
    "output as a heading": f"Output:\n\n{ASKED}",
    "other order": each("Input: {0}\nOutput: {1}").replace("A, C", "C, A").replace("D, screen", "screen, D"),
    "synonym": each("Input: {0}\nOutput: {1}").replace("und", "Undetermined."),
    "hostile": each("\x1b[1mInput:\x1b[0m {0}\nOutput: {1}\x00").replace("\x1b[1m", "\u202e").replace("\x1b[0m", "\u200b"),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_examples_in_every_form(form: str) -> None:
    reading = read(FORMS[form])
    assert reading.examples == THREE
    assert form == "form first" or reading.remarks == ()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("around", ["Here are 3 examples:\n\n{}", "{}\n\nLet me know: is more needed?", "<think>A -> on</think>{}"])
def test_what_stands_around_changes_nothing(form: str, around: str) -> None:
    assert read(around.replace("{}", FORMS[form])).examples == THREE


def test_too_many_are_cut_off() -> None:
    reading = read(each("Input: {0}\nOutput: {1}"), 2)
    assert reading.examples == THREE[:2]
    assert reading.remarks == ("There are 3 examples: the first 2 that can be read are kept.",)


def test_too_few() -> None:
    reading = read(each("Input: {0}\nOutput: {1}", examples=THREE[:2]), 4)
    assert reading.examples == THREE[:2]
    assert reading.trouble == "2 of 4 examples can be read."


def test_an_object_twice_counts_once() -> None:
    reading = read("Input: C, A, C\nOutput: on", 1)
    assert reading.examples == (Example(("A", "C"), "on"),)
    assert reading.remarks == ("Example 1 shows C more than once: it counts once.",)


def test_the_same_example_twice_is_kept() -> None:
    reading = read(each("{0} -> {1}", examples=[THREE[0]] * 3))
    assert reading.examples == (THREE[0],) * 3
    assert reading.remarks == ("Some examples are there more than once.",)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("Input: A, Z\nOutput: on", "Example 1: “Z” is no object."),
        ("Input: the big screen\nOutput: on", "Example 1: “big screen” is no object."),
        ("Input: AB\nOutput: on", "Example 1: “AB” is no object."),
        ("Input: A\nOutput: maybe", "Example 1: “maybe” is none of on, off and und."),
        ("Input: A\nOutput: once", "Example 1: “once” is none of on, off and und."),
        ("Input: A\nOutput: \x1b[31m", "Example 1: “␛” is none of on, off and und."),
        ("Input:\nOutput: on", "Example 1: it shows no object."),
        ("Input: none\nOutput: off", "Example 1: it shows no object."),
        ("Input: A\nOutput:", "Example 1: it has no output."),
    ],
)
def test_an_example_that_cannot_be_read_is_named(wrong: str, said: str) -> None:
    reading = read(f"{wrong}\n\nInput: B\nOutput: off", 2)
    assert reading.examples == (Example(("B",), "off"),)
    assert reading.trouble == f"1 of 2 examples can be read. {said}"
    enough = read(f"{wrong}\n\nInput: B\nOutput: off", 1)
    assert enough.examples == reading.examples
    assert said in enough.remarks


@pytest.mark.parametrize(
    "wrong", ["A, Z -> on", "A -> maybe", '[{"input": ["Z"], "output": "on"}]', "| A, Z | on |", "| A | maybe |"]
)
def test_in_other_forms_as_well(wrong: str) -> None:
    reading = read(wrong, 1)
    assert reading.examples == ()
    assert "Example 1: “" in reading.trouble


def test_many_that_cannot_be_read_are_counted() -> None:
    said = read(each("{0} -> {1}", examples=[Example(("Z",), "on")] * 30), 30).trouble
    assert said.startswith("0 of 30 examples can be read. Example 1: “Z” is no object.")
    assert said.endswith("27 more cannot be read.")


def test_an_example_that_was_cut_off_at_the_end() -> None:
    reading = read("Input: A, C\nOutput: on\n\nInput: B", 2)
    assert reading.examples == THREE[:1]
    assert reading.trouble == "1 of 2 examples can be read. Example 2: it has no output."


def test_what_the_task_refuses_cannot_be_read() -> None:
    def refuse(objects: list[str], output: str) -> Example:
        raise ValueError(f"no \x1b{objects} → {output}")

    reading = read_samples("A, C -> on", 1, ACRE.objects, OUTPUTS, refuse)
    assert reading.examples == ()
    assert "no ␛['A', 'C'] → on" in reading.trouble


@pytest.mark.parametrize("text", ["", "  \n"])
def test_an_empty_reply(text: str) -> None:
    assert read(text).trouble == "The reply is empty."


@pytest.mark.parametrize(
    "text",
    ["I'm sorry, I can't.", "When A and C are shown, the light is on.", "Turn off the screen.", "1, 2, 3", "\ud800\x00"],
)
def test_prose_without_examples(text: str) -> None:
    assert read(text).trouble == "There are no examples in the reply."


def test_thoughts_are_not_the_answer() -> None:
    assert read(f"<think>B -> on</think>{each('{0} -> {1}')}").examples == THREE
    assert "before the answer" in read(f"<think>{each('{0} -> {1}')}").trouble


def test_none_asked_for() -> None:
    assert read("A -> on", 0).examples == ()


# -- names and states that may be anything ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("objects", "states"),
    [
        (("A", "A screen", "screen"), ("on", "off")),
        (("a", "A"), ("on", "off")),
        (("salt and pepper", "salt", "pepper"), ("ja", "nein")),
        (("both", "and", "the"), ("on", "off")),
        (("input", "output", "light"), ("on", "off")),
        (("Input: A", "x}", "{objects}"), ("on", "off")),
        (("#1", "1.", "- a"), ("on", "off")),
        (("x", "y", "z"), ("+", "-")),
        (("red ball", "ball"), ("not sure", "sure", "off")),
    ],
)
def test_names_that_may_be_mistaken_for_something(objects: tuple[str, ...], states: tuple[str, ...]) -> None:
    task = Acre(objects, states)
    for x in task.inputs:
        examples = (Example(x, states[0]), Example(task.inputs[0], states[1]))
        for text in (
            each("Input: {0}\nOutput: {1}", examples=examples),
            json.dumps([{"input": list(x), "output": y} for x, y in examples]),
            each("{0} -> {1}", examples=examples),
        ):
            if objects == ("#1", "1.", "- a") and "->" in text:
                continue  # as a mark at the head of a line they cannot be told from one
            assert read(text, 2, task).examples == examples, text


SIGNS = "abAB on.:;=->*_|'\"{}[]()`/&+#$é日0 1"
objects_of_signs = st.lists(
    st.text(st.sampled_from(SIGNS), min_size=1, max_size=8).map(str.strip).filter(bool),
    min_size=2,
    max_size=4,
    unique_by=lambda name: " ".join(name.split()).lower(),
)


@pytest.mark.slow
@given(objects_of_signs, st.data())
@profile
def test_any_names_are_read_from_json_and_from_labels(objects: list[str], data: st.DataObject) -> None:
    task = Acre(objects, ("on", "off", "und"))
    makes = st.builds(Example, st.sampled_from(task.inputs), st.sampled_from(task.outputs))
    examples = tuple(data.draw(st.lists(makes, min_size=1, max_size=4)))
    for text in (
        json.dumps([{"input": list(x), "output": y} for x, y in examples]),
        each("Input: {0}\nOutput: {1}", examples=examples),
    ):
        assert read(text, len(examples), task).examples == examples


# -- nothing is raised, and nothing takes long --------------------------------------------------------------------------------

PIECES = ["A", "B", "screen", "on", "off", "und", ":", "->", ",", ";", "\n", '"', "{", "}", "[", "]", "|", " ", "is", "and",
          "Input", "Output", "Light", "Example", "1.", "-", "**", "\\n", "\x00", "\x1b", "\u202e", "\ud800", "<think>",
          "</think>", "Z", "maybe", "Rule", "```", "{}"]  # fmt: skip


@pytest.mark.slow
@given(st.lists(st.sampled_from(PIECES), max_size=60).map("".join) | st.text(st.characters(), max_size=80), st.integers(1, 4))
@settings(profile, max_examples=600)
def test_nothing_is_raised_and_every_reading_is_sound(text: str, count: int) -> None:
    reading = read(text, count)
    for x, y in reading.examples:
        assert x in ACRE.inputs
        assert y in ACRE.outputs
    for said in (*reading.remarks, reading.trouble):
        assert len(said) <= 600
        assert not {char for char in said if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")}


HUGE = {
    "colons": ":",
    "quotes": '"',
    "letters": "z",
    "brackets": "(",
    "lists": "[",
    "tables": "{",
    "bars": "|",
    "names": "A ",
    "names and commas": "A,",
    "others": "Z,",
    "arrows": "->",
    "names and arrows": "A -> ",
    "lines": "A, C -> on; ",
    "inputs": "Input: ",
    "outputs": "Output: on ",
    "numbers": "1. ",
    "heads": "example ",
    "pairs": '["A","C"],',
    "hostile": "\x00\ud800\x1b\u202e",
    "escapes": "\\n",
    "ones": "[1,",
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", HUGE)
def test_200_kilobytes_of_anything_are_read_in_linear_time(kind: str) -> None:
    read(HUGE[kind] * (200_000 // len(HUGE[kind])), 1000)  # a pattern that backtracks would need many minutes
    read("Input: " + HUGE[kind] * (200_000 // len(HUGE[kind])), 4)


def test_a_thousand_examples() -> None:
    examples = [THREE[n % 3] for n in range(1000)]
    assert read(each("Input: {0}\nOutput: {1}", "\n\n", examples), 1000).examples == tuple(examples)
