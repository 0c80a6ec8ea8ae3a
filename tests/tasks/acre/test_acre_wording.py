"""ACRE's prompts and schemas: for every level of the bias, two and three states, and names that may be mistaken for something."""

from __future__ import annotations

import itertools
import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import iicl_tui.tasks.prompts as prompts_module
from iicl_tui.errors import Fault
from iicl_tui.tasks.acre import KIND
from iicl_tui.tasks.acre.bias import BIASES, PAIRS, doublings
from iicl_tui.tasks.acre.task import Acre
from iicl_tui.tasks.acre.wording import UNDETERMINED, AcreWording
from iicl_tui.tasks.base import Example
from iicl_tui.tasks.prompts import Prompts, as_table, own_prompts, variants
from iicl_tui.tasks.wording import SamplesReading
from iicl_tui.text import printable

OWN = own_prompts("acre")
PLAIN = ("A", "B", "C", "D", "screen")
ODD = ("{objects}", 'a "b"', "{{rule}}", "x}", "ü 日本", "Input: A", "\\1\\g<0>", "{")
NAMES = {"plain": PLAIN, "odd": ODD[:5], "odder": ODD[3:]}
STATES = {"three": ("on", "off", "und"), "two": ("on", "off"), "own": ("lit", "dark", "unclear"), "own two": ("a {rule}", 'b"')}

scenes = pytest.mark.parametrize("states", list(STATES.values()), ids=list(STATES))
namings = pytest.mark.parametrize("objects", list(NAMES.values()), ids=list(NAMES))


def worded(task: Acre) -> AcreWording:
    assert task.wording is not None
    return task.wording


def d0(task: Acre) -> list[Example]:
    """Examples whose lines differ from each other and are no parts of each other's."""
    inputs = [x for x in task.inputs if len(x) == 3][:4]
    return [Example(x, task.outputs[i % len(task.outputs)]) for i, x in enumerate(inputs)]


def lines_of(text: str, examples: Sequence[Example]) -> list[str]:
    return [line for line in text.split("\n") if any(line == f"Input: {', '.join(x)}" for x, _ in examples)]


def json_after(text: str, label: str) -> dict[str, str]:
    """The JSON that follows the label on the same line."""
    (line,) = [line for line in text.split("\n") if line.startswith(label)]
    table: dict[str, str] = json.loads(line.removeprefix(label))
    return table


def texts(task: Acre, hypothesis: int, data: Sequence[Example], count: int, prompts: Prompts = OWN) -> dict[str, str]:
    wording = worded(task)
    return {
        "system": wording.system(prompts),
        "imitate": wording.imitate(prompts, data),
        "transmit": wording.transmit(prompts, hypothesis, count),
        "self-refine": wording.self_refine(prompts, hypothesis, data),
        "hypothesis-search": wording.hypothesis_search(prompts, hypothesis, data),
        "repair-rule": wording.repair_rule(prompts, "It is empty."),
        "repair-samples": wording.repair_samples(prompts, "It is empty.", count),
    }


# -- prompts ----------------------------------------------------------------------------------------------------------


@scenes
@namings
@pytest.mark.parametrize("spurious", [False, True])
@pytest.mark.parametrize("bias", BIASES)
def test_every_text_holds_what_it_must(bias: str, spurious: bool, objects: tuple[str, ...], states: tuple[str, ...]) -> None:
    task = Acre(objects, states, spurious=objects[-1] if spurious else None, bias=bias)
    data, count, hypothesis = d0(task), 7, task.space.size // 2
    found = texts(task, hypothesis, data, count)
    rule = task.write_hypothesis(hypothesis)

    assert f"Objects: {', '.join(objects)}\n" in found["system"]
    for state in states:
        assert f'"{state}"' in found["system"]
    assert found["system"].count("undetermined") == (len(states) == 3)
    for name in ("imitate", "self-refine", "hypothesis-search", "repair-rule"):
        form = json_after(found[name], "Rule: ")
        assert list(form) == list(objects)
        assert set(form.values()) == {"..."}
        assert f"({', '.join(states)})" in found[name]
    for name, label in (("transmit", "Rule: "), ("self-refine", "Your rule: "), ("hypothesis-search", "Your rule: ")):
        assert json_after(found[name], label) == rule
    for name in ("imitate", "self-refine", "hypothesis-search"):
        assert lines_of(found[name], data) == [f"Input: {', '.join(x)}" for x, _ in data]
    for name in ("imitate", "self-refine"):
        for x, y in data:
            assert found[name].count(f"Input: {', '.join(x)}\nOutput: {y}\n") == 1
    for x, y in data:
        shown = f"Input: {', '.join(x)}\nOutput: {y}, but your rule gives {task.predict(hypothesis, x)}\n"
        assert found["hypothesis-search"].count(shown) == 1
    for name in ("transmit", "repair-samples"):
        assert re.search(r"\b7\b", found[name])
        assert f"({', '.join(states)})" in found[name]
    for name in ("repair-rule", "repair-samples"):
        assert "It is empty." in found[name]


@scenes
@pytest.mark.parametrize("spurious", [False, True])
@pytest.mark.parametrize("bias", BIASES)
@pytest.mark.parametrize("distinct", [False, True])
def test_no_slot_is_left_and_no_empty_line_stands_twice(distinct: bool, bias: str, spurious: bool, states: tuple[str, ...]) -> None:
    if any("{" in state for state in states):
        states = ("lit", "dark")
    task = Acre(PLAIN, states, spurious="screen" if spurious else None, bias=bias, distinct=distinct)
    for data in (d0(task), []):
        for name, text in texts(task, 0, data, 1).items():
            assert not re.search(r"\{\s*[A-Za-z-]+\s*\}", text), name
            assert "\n\n\n" not in text, name
            assert text == text.strip(), name
            assert all(line == line.rstrip() for line in text.split("\n")), name


def test_no_examples_are_said_to_be_none() -> None:
    task = Acre(PLAIN)
    assert "Examples:\n(none)\n" in worded(task).imitate(OWN, [])
    assert "Examples:\n(none)\n" in worded(task).self_refine(OWN, 0, [])


def test_distinct_samples_are_asked_for_as_such() -> None:
    sentence = "No two of them have the same input."
    assert sentence in worded(Acre(PLAIN, distinct=True)).transmit(OWN, 0, 4)
    assert sentence not in worded(Acre(PLAIN, distinct=False)).transmit(OWN, 0, 4)


@settings(derandomize=True, deadline=None)
@given(st.text())
def test_hostile_trouble_is_quoted_safely_and_cut(trouble: str) -> None:
    wording = worded(Acre(PLAIN))
    for text in (wording.repair_rule(OWN, trouble), wording.repair_samples(OWN, trouble, 3)):
        assert printable(text, newlines=True) == text
    assert len(wording.repair_rule(OWN, trouble * 10_000)) < 1_000
    assert "{count}" in wording.repair_samples(OWN, "{count} {trouble}", 3)


# -- the bias ---------------------------------------------------------------------------------------------------------

PLACED = {
    "none": (False, False),
    "very-low": (False, True),
    "low": (True, False),
    "mild": (True, False),
    "medium": (True, False),
    "high": (True, False),
    "very-high": (True, True),
}
"""Of SCIENCE's six levels: whether a sentence stands before the data, and after them."""


@pytest.mark.parametrize("bias", BIASES)
def test_the_sentence_stands_before_and_after_the_data_as_the_level_says(bias: str) -> None:
    neutral = texts(Acre(PLAIN, spurious="screen"), 5, d0(Acre(PLAIN)), 4)
    biased = texts(Acre(PLAIN, spurious="screen", bias=bias), 5, d0(Acre(PLAIN)), 4)
    before, after = (sentence.replace("{spurious}", "screen") for sentence in OWN.bias[bias])
    assert (bool(before), bool(after)) == PLACED[bias]
    for name, text in biased.items():
        sentence = before if name == "system" else after if name in ("imitate", "self-refine", "hypothesis-search") else ""
        assert text == (f"{neutral[name]}\n\n{sentence}" if sentence else neutral[name]), name
    # The system message precedes every other, so this is before and after the data of the same dialogue.
    assert biased["imitate"].endswith(after)


@pytest.mark.parametrize("level", PAIRS)
def test_a_pair_places_its_sentences_before_and_after_the_data(level: str) -> None:
    neutral = texts(Acre(PLAIN, spurious="screen"), 5, d0(Acre(PLAIN)), 4)
    biased = texts(Acre(PLAIN, spurious="screen", bias=level), 5, d0(Acre(PLAIN)), 4)
    before, after = level.split("/")
    said = {"none": "", "strong": "Turn off", "medium": "Someone else will turn off", "weak": "Someone else will close"}
    for name, text in biased.items():
        added = text.removeprefix(neutral[name]).strip()
        expected = (
            said[before] if name == "system" else said[after] if name in ("imitate", "self-refine", "hypothesis-search") else ""
        )
        assert added == (f"{expected} the screen at the end." if expected else ""), name


def test_pairs_say_what_the_papers_levels_say() -> None:
    def of(level: str) -> dict[str, str]:
        return texts(Acre(PLAIN, spurious="screen", bias=level), 5, d0(Acre(PLAIN)), 4)

    for pair, level in (("strong/strong", "very-high"), ("strong/none", "high"), ("medium/none", "mild")):
        assert of(pair) == of(level)
        assert doublings(pair) == doublings(level)
    assert len(PAIRS) == 15


def test_the_levels_are_the_tasks_and_differ() -> None:
    assert tuple(OWN.bias) == BIASES
    assert len(set(OWN.bias.values())) == len(BIASES)
    for level, sentences in OWN.bias.items():
        assert all("{spurious}" in sentence for sentence in sentences if sentence)
        assert bool("".join(sentences)) == (level != "none")


def test_the_levels_are_worded_as_the_paper_orders_them() -> None:
    bias = {level: " ".join(sentences).split() for level, sentences in OWN.bias.items()}
    turning = {level for level, words in bias.items() if "off" in words}
    closing = {level for level, words in bias.items() if "Close" in words}
    assert turning == {"mild", "medium", "high", "very-high"}
    assert closing == {"very-low", "low"}
    assert {level for level, words in bias.items() if "monitor" in words} == {"medium"}
    assert {level for level, words in bias.items() if "will" in words} == {"mild"}
    assert OWN.bias["very-high"] == (OWN.bias["high"][0],) * 2
    assert OWN.bias["very-low"][1] == OWN.bias["low"][0]


def test_the_sentence_names_whatever_object_is_spurious() -> None:
    task = Acre(("A", "the {bell}"), spurious="the {bell}", bias="high")
    assert worded(task).system(OWN).endswith("\n\nTurn off the the {bell} at the end.")


def test_neutral_texts_hold_no_word_of_the_biased_ones() -> None:
    task = Acre(("A", "B", "C"), ("lit", "dark", "dim"), distinct=True)
    neutral = " ".join(texts(task, 3, d0(task), 4).values())
    for text in (neutral, " ".join(text for name, text in OWN.texts.items() if not name.startswith("bias-"))):
        words = set(re.findall(r"[a-z]+", re.sub(r"\{[a-z]+\}", "", text.lower())))
        biased = {word for pair in OWN.bias.values() for word in re.findall(r"[a-z]+", " ".join(pair).lower())}
        assert biased & words <= {"the", "of", "at"}
        assert not words & {"screen", "monitor", "display", "switch", "turn", "close", "shut", "off", "spurious", "will"}


# -- variants ---------------------------------------------------------------------------------------------------------


def test_there_are_ten_variants_and_all_ask_for_a_rule_in_other_words() -> None:
    known = variants("acre")
    assert list(known) == [f"variant-{number}" for number in range(1, 11)]
    asked = {OWN.texts["imitate"], *(table["imitate"] for table in known.values())}
    assert len(asked) == 11


@pytest.mark.parametrize("name", [f"variant-{number}" for number in range(1, 11)])
@pytest.mark.parametrize("bias", ["none", "very-low", "very-high"])
def test_a_variant_holds_what_it_must(name: str, bias: str) -> None:
    task = Acre(PLAIN, spurious="screen", bias=bias)
    prompts, faults = read(task, name)
    assert not faults
    data = d0(task)
    found = texts(task, 5, data, 4, prompts)
    assert set(json_after(found["imitate"], "Rule: ").values()) == {"..."}
    assert list(json_after(found["imitate"], "Rule: ")) == list(PLAIN)
    for x, y in data:
        assert f"Input: {', '.join(x)}\nOutput: {y}" in found["imitate"]
    before, after = (sentence.replace("{spurious}", "screen") for sentence in OWN.bias[bias])
    assert found["system"].endswith(before)
    assert found["imitate"].endswith(after)
    assert 'light is "on"' in found["system"]
    assert ", ".join(PLAIN) in found["system"]
    assert "{" not in found["imitate"].replace(json.dumps(dict.fromkeys(PLAIN, "...")), "")
    assert as_table(prompts) == {
        **as_table(OWN),
        **variants("acre")[name],
        **{key: text.strip("\r\n") for key, text in variants("acre")[name].items()},
    }


def test_a_variant_that_is_not_there_is_a_fault_that_names_those_that_are() -> None:
    prompts, faults = read(Acre(PLAIN), "variant-11")
    assert prompts == OWN
    assert [str(fault).partition("; known: variant-1, ")[0] for fault in faults] == ["agent[1].prompts: there is no variant-11"]


# -- prompts files ----------------------------------------------------------------------------------------------------


def read(task: Acre, value: Any, folder: Path | None = None) -> tuple[Prompts, list[Fault]]:
    faults: list[Fault] = []
    return worded(task).read_prompts(value, ("agent", 0, "prompts"), faults, folder), faults


@pytest.mark.parametrize("task", [Acre(PLAIN), Acre(PLAIN, distinct=True), Acre(("A", "B"), ("on", "off"))])
def test_the_tasks_own_file_passes_its_own_check(task: Acre) -> None:
    file = Path(prompts_module.__file__).parent / "acre.toml"
    assert set(tomllib.loads(file.read_text(encoding="utf-8"))) == {*worded(task).layout.texts, "bias"}
    for value, folder in ((as_table(OWN), None), (file.name, file.parent), (None, None)):
        assert read(task, value, folder) == (OWN, [])


@pytest.mark.parametrize(
    ("text", "slots"),
    [
        ("system", ["before"]),
        ("imitate", ["examples", "after"]),
        ("transmit", ["rule", "count"]),
        ("self-refine", ["rule", "examples"]),
        ("hypothesis-search", ["rule", "failing"]),
        ("repair-rule", []),
        ("repair-samples", ["count"]),
        ("three-states", ["on", "off", "und"]),
        ("two-states", ["on", "off"]),
        ("example", ["input", "output"]),
        ("failing-example", ["input", "output", "predicted"]),
        ("no-examples", []),
        ("distinct", []),
    ],
)
def test_what_a_text_must_show(text: str, slots: list[str]) -> None:
    _, faults = read(Acre(PLAIN), {text: "Nothing."})
    assert [fault.message for fault in faults] == [f"must have the slot {{{slot}}}" for slot in slots]
    assert {fault.key for fault in faults} <= {f"agent[1].prompts.{text}"}
    assert not read(Acre(PLAIN), {text: " ".join(f"{{{slot}}}" for slot in slots) or "Nothing."})[1]


def test_a_task_of_distinct_samples_needs_the_place_to_say_so() -> None:
    value = {"transmit": "{rule} {count}"}
    assert not read(Acre(PLAIN), value)[1]
    assert [fault.message for fault in read(Acre(PLAIN, distinct=True), value)[1]] == ["must have the slot {distinct}"]
    assert not read(Acre(PLAIN, distinct=True), {"transmit": "{rule} {count} {distinct}"})[1]


def test_a_persons_own_wording_is_sent_as_it_stands() -> None:
    value = {
        "system": "Objects are {objects}. {before}",
        "two-states": "{on}/{off}",
        "example": "{input} => {output}",
        "failing-example": "{input}: {predicted}, not {output}",
        "imitate": '{examples}\nSay: Rule: {"object": <{states}>}{after}\n{semantics}\nRule!\nRule!',
        "hypothesis-search": "{rule} fails:\n{failing}",
        "bias": {"high": {"before": "Off with the {spurious}!", "after": " And again."}},
    }
    task = Acre(("A", "S"), ("on", "off"), spurious="S", bias="high")
    prompts, faults = read(task, value)
    assert not faults
    data = [Example(("A",), "on"), Example(("A", "S"), "off")]
    assert worded(task).system(prompts) == "Objects are A, S. Off with the S!"
    assert worded(task).imitate(prompts, data) == (
        'A => on\nA, S => off\nSay: Rule: {"object": <on, off>} And again.\non/off\nRule!\nRule!'
    )
    assert worded(task).hypothesis_search(prompts, 3, data) == '{"A": "off", "S": "off"} fails:\nA: off, not on\nA, S: off, not off'
    assert worded(task).transmit(prompts, 0, 2) == worded(task).transmit(OWN, 0, 2)  # what is not given is the task's own


def test_the_documentation_has_every_text_slot_and_sentence() -> None:
    page = (Path(__file__).parents[3] / "docs" / "prompts.md").read_text(encoding="utf-8")
    layout = worded(Acre(PLAIN)).layout
    for text, slots in layout.texts.items():
        assert f"`{text}`" in page
        assert all(f"`{{{slot}}}`" in page for slot in (*slots.must, *slots.may))
    for level, (before, after) in OWN.bias.items():
        cells = [sentence.replace("{spurious}", "screen") for sentence in (f"`{level}`", before, after)]
        assert " ".join(f"| {' '.join(cells[i].split())}" if cells[i] else "|" for i in range(3)) + " |" in page


# -- replies ----------------------------------------------------------------------------------------------------------


@scenes
@namings
def test_every_rule_in_the_form_that_was_asked_for_is_read_back(objects: tuple[str, ...], states: tuple[str, ...]) -> None:
    task = Acre(objects, states)
    wording = worded(task)
    (form,) = [line for line in wording.imitate(OWN, []).split("\n") if line.startswith("Rule: ")]
    for hypothesis in range(task.space.size):
        reply = form
        for state in task.write_hypothesis(hypothesis).values():
            reply = reply.replace('"..."', json.dumps(state, ensure_ascii=False), 1)
        assert reply == wording.rule_reply(hypothesis)
        assert json.loads(reply.removeprefix("Rule: ")) == task.write_hypothesis(hypothesis)
        reading = wording.read_rule(reply)
        assert reading.hypothesis == hypothesis, (reply, reading)
        assert not reading.remarks
        assert not reading.trouble
        read_states = [reply[start:end] for start, end in reading.spans]
        assert [json.loads(f'"{state}"') for state in read_states] == list(task.write_hypothesis(hypothesis).values())


@scenes
@namings
def test_every_example_in_the_form_that_was_asked_for_is_read_back(objects: tuple[str, ...], states: tuple[str, ...]) -> None:
    task = Acre(objects, states)
    examples = [Example(x, y) for x in task.inputs for y in task.outputs]
    for example in examples:
        reply = worded(task).samples_reply([example])
        assert reply == f"Input: {', '.join(example.input)}\nOutput: {example.output}"
        assert worded(task).read_samples(reply, 1) == SamplesReading((example,))
    reply = worded(task).samples_reply(examples)
    assert reply.count("\n") == 2 * len(examples) - 1
    reading = worded(task).read_samples(reply, len(examples))
    first = ", ".join(task.inputs[0])
    remark = f"The examples contradict each other: “{first}” has more than one output."
    assert reading == SamplesReading(tuple(examples), (remark,))


def test_what_cannot_be_read_says_why() -> None:
    wording = worded(Acre(PLAIN))
    rule = wording.read_rule('Rule: {"A": "on"}')
    assert rule.hypothesis is None
    assert "B" in rule.trouble
    samples = wording.read_samples("Input: A\nOutput: on", 2)
    assert samples.examples == (Example(("A",), "on"),)
    assert samples.trouble


def test_every_spelling_of_a_state_is_read_as_that_state() -> None:
    for states in (("on", "off", "und"), ("on", "off"), ("Lit", "Unknown", "dim"), ("und", "off", "undefined")):
        task = Acre(("A", "B"), states)
        wording = worded(task)
        spellings = wording.spellings(0)
        assert wording.spellings(1) == spellings
        assert [words[0] for words in spellings] == [state.lower() for state in states]
        every = list(itertools.chain.from_iterable(spellings))
        assert len(set(every)) == len(every)
        assert all(word == word.lower() for word in every)
        assert len(spellings[1]) == 1
        for state, words in enumerate(spellings):
            for word in words:
                assert wording.read_rule(f'Rule: {{"A": "{word}", "B": "{states[0]}"}}').hypothesis == task.space.index((state, 0))


def test_the_third_state_is_known_by_many_names_but_not_by_those_of_others() -> None:
    assert set(worded(Acre(PLAIN)).spellings(0)[2]) == set(UNDETERMINED)
    assert worded(Acre(PLAIN, ("on", "off"))).spellings(0) == (("on",), ("off",))
    third = worded(Acre(PLAIN, ("on", "Unknown", "dim"))).spellings(0)[2]
    assert third[0] == "dim"
    assert set(third) == {"dim", *UNDETERMINED} - {"unknown"}


def test_states_that_differ_in_case_alone_cannot_be_put_to_a_model() -> None:
    assert Acre(("A", "B"), ("On", "on")).wording is None
    assert Acre(("A", "a"), ("On", "off")).wording is not None


# -- schemas ----------------------------------------------------------------------------------------------------------

COMMON = {"type", "properties", "required", "additionalProperties", "items", "enum", "description"}
"""Keywords that every provider's strict mode takes."""


def follows(value: Any, schema: Mapping[str, Any]) -> bool:
    """Whether the value follows the schema, for the keywords that ours use."""
    if schema["type"] == "object":
        properties = schema["properties"]
        return (
            isinstance(value, dict)
            and set(schema["required"]) <= set(value)
            and set(value) <= set(properties)
            and all(follows(item, properties[key]) for key, item in value.items())
        )
    if schema["type"] == "array":
        return isinstance(value, list) and all(follows(item, schema["items"]) for item in value)
    assert schema["type"] == "string"
    return isinstance(value, str) and value in schema.get("enum", [value])


def parts(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield schema
    for inner in [*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])]:
        yield from parts(inner)


@scenes
@namings
def test_schemas_keep_to_what_strict_modes_take(objects: tuple[str, ...], states: tuple[str, ...]) -> None:
    wording = worded(Acre(objects, states))
    for schema in (wording.rule_schema(), wording.samples_schema(4)):
        assert schema["type"] == "object"
        assert json.loads(json.dumps(schema)) == schema
        for part in parts(schema):
            assert set(part) <= COMMON
            if part["type"] == "object":
                assert part["additionalProperties"] is False
                assert list(part["required"]) == list(part["properties"])


@scenes
@namings
def test_the_rules_schema_takes_every_rule_and_nothing_else(objects: tuple[str, ...], states: tuple[str, ...]) -> None:
    task = Acre(objects, states)
    schema = worded(task).rule_schema()
    for hypothesis in range(task.space.size):
        rule = task.write_hypothesis(hypothesis)
        assert follows(rule, schema)
        assert worded(task).read_rule(json.dumps(rule)).hypothesis == hypothesis
    first = objects[0]
    wrongs: list[Any] = [{}, [], "on", {first: states[0]}]
    wrongs += ({**rule, first: "..."}, {**rule, first: 1}, {**rule, "Z": states[0]})
    for wrong in wrongs:
        assert not follows(wrong, schema)


@scenes
@namings
def test_the_examples_schema_takes_so_many_examples_and_nothing_else(objects: tuple[str, ...], states: tuple[str, ...]) -> None:
    task = Acre(objects, states)
    wording = worded(task)
    examples = [Example(x, task.outputs[i % len(states)]) for i, x in enumerate(task.inputs)]
    for count in (1, 4, len(examples)):
        schema = wording.samples_schema(count)
        asked = examples[-count:]
        reply = {f"example-{i}": {"input": list(x), "output": y} for i, (x, y) in enumerate(asked, 1)}
        assert follows(reply, schema)
        for indent in (None, 2):
            reading = wording.read_samples(json.dumps(reply, ensure_ascii=False, indent=indent), count)
            assert reading == SamplesReading(tuple(asked))
        fewer = {key: example for key, example in reply.items() if key != "example-1"}
        first = reply["example-1"]
        for wrong in (
            fewer,
            {**reply, f"example-{count + 1}": first},
            {**reply, "example-1": {"input": first["input"]}},
            {**reply, "example-1": {**first, "output": "..."}},
            {**reply, "example-1": {**first, "input": ["Z"]}},
            {**reply, "example-1": {**first, "input": objects[0]}},
            {**reply, "example-1": {**first, "why": "x"}},
        ):
            assert not follows(wrong, schema)


# -- the task ---------------------------------------------------------------------------------------------------------


def test_the_bias_of_the_configuration_is_the_one_that_is_said() -> None:
    values = {field.key: field.default for field in KIND.fields} | {"spurious": "screen", "bias": "low"}
    task = KIND.build(values, ("task",), [], None)
    assert task.wording is not None
    assert task.wording.system(OWN).endswith("Close the screen at the end.")
    assert task.wording is task.wording
    drawn = task.transmit(0, 3, 0.0, np.random.default_rng(0))
    assert all("\nOutput: on\n" in task.wording.imitate(OWN, [example]) for example in drawn)
