"""The acronyms' prompts and schemas: every order, case and persona, and prompts files of a person's own."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import iicl_tui.tasks.prompts as prompts_module
from iicl_tui.agents.request_settings import without_bounds
from iicl_tui.errors import Fault
from iicl_tui.tasks.acre.task import Acre
from iicl_tui.tasks.acronym.fields import FIELDS
from iicl_tui.tasks.acronym.task import Acronym
from iicl_tui.tasks.acronym.wording import AcronymWording
from iicl_tui.tasks.base import Example
from iicl_tui.tasks.prompts import Prompts, as_table, own_prompts
from iicl_tui.tasks.wording import SamplesReading
from iicl_tui.text import printable

OWN = own_prompts("acronym")
(PERSONAS,) = (field.choices for field in FIELDS if field.key == "persona")
ORDERS, CASES = ("output-first", "input-first"), ("upper", "lower")

THREE = (
    Example(("cold", "air", "test"), "cat"),
    Example(("dry", "open", "grass"), "dog"),
    Example(("big", "ice cream", "t-shirt", "red"), "bear"),
)

layouts = pytest.mark.parametrize(("order", "case"), [(order, case) for order in ORDERS for case in CASES])


def worded(**options: Any) -> AcronymWording:
    return Acronym(**options).wording


def texts(wording: AcronymWording, data: Sequence[Example], count: int, prompts: Prompts = OWN) -> dict[str, str]:
    return {
        "system": wording.system(prompts),
        "imitate": wording.imitate(prompts, data),
        "transmit": wording.transmit(prompts, 5, count, data),
        "repair-samples": wording.repair_samples(prompts, "It is empty.", count),
    }


# -- prompts ----------------------------------------------------------------------------------------------------------


@layouts
def test_every_text_holds_what_it_must(order: str, case: str) -> None:
    found = texts(worded(order=order, case=case, samples=9), THREE, 7)
    for name in ("imitate", "transmit"):
        shown = []
        for x, y in THREE:
            lines = [f"Output: {y.upper() if case == 'upper' else y}", f"Input: {', '.join(x)}"]
            shown += lines if order == "output-first" else lines[::-1]
        assert f"Examples:\n{chr(10).join(shown)}\n\n" in found[name]
    for name, count in (("imitate", 9), ("transmit", 7), ("repair-samples", 7)):
        assert re.findall(r"\d+", found[name]) == [str(count)]
        form = [line.partition(":")[0] for line in found[name].split("\n") if re.match(r"(Out|In)put: (what|words)", line)]
        assert form == (["Output", "Input"] if order == "output-first" else ["Input", "Output"])
        assert ("capital letters" in found[name], "small letters" in found[name]) == (case == "upper", case == "lower")
    assert "It is empty." in found["repair-samples"]


@layouts
@pytest.mark.parametrize("persona", PERSONAS)
def test_no_slot_is_left_and_no_empty_line_stands_twice(order: str, case: str, persona: str) -> None:
    wording = worded(order=order, case=case, persona=persona)
    for data in (THREE, ()):
        for name, text in texts(wording, data, 1).items():
            assert not re.search(r"\{\s*[A-Za-z-]+\s*\}", text), name
            assert "\n\n\n" not in text, name
            assert text == text.strip(), name
            assert all(line == line.rstrip() for line in text.split("\n")), name
    assert "Examples:\n(none)\n" in wording.imitate(OWN, ())


def test_transmission_asks_as_imitation_did_and_says_no_hypothesis() -> None:
    wording = worded(samples=4)
    assert wording.transmit(OWN, 0, 4, THREE) == wording.transmit(OWN, 77, 4, THREE) == wording.imitate(OWN, THREE)


@settings(derandomize=True, deadline=None)
@given(st.text())
def test_hostile_trouble_is_quoted_safely_and_cut(trouble: str) -> None:
    wording = worded()
    text = wording.repair_samples(OWN, trouble * 1000, 3)
    assert printable(text, newlines=True) == text
    assert len(text) < 1000
    assert "{count}" in wording.repair_samples(OWN, "{count} {trouble}", 3)


def test_nobody_is_asked_to_refine_what_is_not_stated() -> None:
    for ask in (worded().self_refine, worded().hypothesis_search):
        with pytest.raises(LookupError):
            ask(OWN, 0, THREE)


# -- the persona ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("persona", PERSONAS)
def test_the_sentence_stands_before_and_after_the_data(persona: str) -> None:
    neutral, biased = texts(worded(), THREE, 4), texts(worded(persona=persona), THREE, 4)
    before, after = OWN.bias[persona]
    assert (bool(before), bool(after)) == (persona != "neutral", persona != "neutral")
    for name, text in biased.items():
        sentence = {"system": before, "repair-samples": ""}.get(name, after)
        assert text == (f"{neutral[name]}\n\n{sentence}" if sentence else neutral[name]), name


def test_the_personas_are_the_tasks_and_differ() -> None:
    assert tuple(OWN.bias) == PERSONAS
    assert PERSONAS is not None
    assert PERSONAS[0] == "neutral"
    assert len(set(OWN.bias.values())) == len(PERSONAS)
    for persona, sentences in list(OWN.bias.items())[1:]:
        assert all(f" {persona} " in sentence for sentence in sentences)


def test_neutral_texts_favour_no_words() -> None:
    text = " ".join((*OWN.texts.values(), *texts(worded(), (), 4).values())).lower()
    assert not re.findall(
        r"\b(?:common|rare|usual|known|easy|hard|long|short|prefer|real|favou?r|letters? long|dictionary)\b", text
    )


# -- prompts files ----------------------------------------------------------------------------------------------------


def read(value: Any, folder: Path | None = None) -> tuple[Prompts, list[Fault]]:
    faults: list[Fault] = []
    return worded().read_prompts(value, ("agent", 0, "prompts"), faults, folder), faults


def test_the_tasks_own_file_passes_its_own_check() -> None:
    file = Path(prompts_module.__file__).parent / "acronym.toml"
    assert set(tomllib.loads(file.read_text(encoding="utf-8"))) == {*worded().layout.texts, "bias"}
    for value, folder in ((as_table(OWN), None), (file.name, file.parent), (None, None)):
        assert read(value, folder) == (OWN, [])


def test_what_a_text_must_show() -> None:
    for text, slots in worded().layout.texts.items():
        _, faults = read({text: "Nothing."})
        assert [fault.message for fault in faults] == [f"must have the slot {{{slot}}}" for slot in slots.must]
        assert not read({text: " ".join(f"{{{slot}}}" for slot in (*slots.must, *slots.may)) or "Nothing."})[1]
        assert [fault.key for fault in read({text: "{examplez}" + " ".join(f"{{{slot}}}" for slot in slots.must)})[1]] == [
            f"agent[1].prompts.{text}"
        ]


def test_a_persons_own_wording_is_sent_as_it_stands(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(
        """
        system = "You make acronyms. {before}"
        imitate = "{examples}\\n{count} more, in {case}, as\\n{form}{after}"
        output-first = '{"Output": "{output}", "Input": "{input}"}'
        form-input = "word1, word2, ..."
        form-output = "ACRONYM"
        upper = "CAPITALS"
        bias.rare = { before = "Be odd.", after = " Very odd." }
        """
    )
    prompts, faults = read("mine.toml", tmp_path)
    assert not faults
    wording = worded(persona="rare", samples=12)
    assert wording.system(prompts) == "You make acronyms. Be odd."
    assert wording.imitate(prompts, THREE[:2]) == (
        '{"Output": "CAT", "Input": "cold, air, test"}\n{"Output": "DOG", "Input": "dry, open, grass"}\n'
        '12 more, in CAPITALS, as\n{"Output": "ACRONYM", "Input": "word1, word2, ..."} Very odd.'
    )
    assert wording.transmit(prompts, 0, 5, ()).startswith("Examples:\n(none)\n\nWrite new examples")  # the task's own
    assert 'form:\n{"Output": "ACRONYM"' in wording.repair_samples(prompts, "", 5)
    assert wording.system(read({"bias": {"neutral": {"before": "x"}}})[0]) == worded(persona="rare").system(OWN)


def test_faults_of_personas_are_told() -> None:
    _, faults = read({"bias": {"neutral": {"before": "Be bold."}, "rare": {}, "odd": {"after": "x"}, "long": {"after": "{form}"}}})
    assert [fault.key for fault in faults] == [f"agent[1].prompts.bias.{key}" for key in ("odd", "neutral", "rare", "long.after")]


def test_the_documentation_has_every_text_slot_and_sentence() -> None:
    page = (Path(__file__).parents[3] / "docs" / "prompts.md").read_text(encoding="utf-8")
    page = page[page.index("\n## Acronyms") :]
    for text, slots in worded().layout.texts.items():
        assert f"`{text}`" in page
        assert all(f"`{{{slot}}}`" in page for slot in (*slots.must, *slots.may))
    for persona, (before, after) in list(OWN.bias.items())[1:]:
        assert f"| `{persona}` | {before} | {after} |" in page


# -- replies ----------------------------------------------------------------------------------------------------------


@layouts
def test_what_is_asked_for_is_read_back(order: str, case: str) -> None:
    wording = worded(order=order, case=case, samples=6)
    reply = wording.samples_reply(THREE)
    assert reply in wording.imitate(OWN, THREE)
    assert wording.read_samples(reply, 3) == SamplesReading(THREE)
    task = wording.task
    for hypothesis in range(0, task.space.size, 17):
        made = task.transmit(hypothesis, 6, 0.0, np.random.default_rng(0))
        reply = wording.rule_reply(hypothesis)
        assert wording.read_samples(reply, 6).examples == made
        reading = wording.read_rule(reply)
        assert reading.hypothesis == wording.implied(made)
        assert not reading.trouble
        assert reading.spans == ()


def test_the_hypothesis_is_what_the_examples_are_likeliest_under() -> None:
    wording = worded(samples=20)
    task = wording.task
    for hypothesis in (0, 66, task.space.size - 1):
        made = task.transmit(hypothesis, 20, 0.0, np.random.default_rng(1))
        likelihood = task.log_likelihood([made], 0.0)[0]
        assert wording.implied(made) == int(np.flatnonzero(likelihood == likelihood.max())[0])
    assert wording.implied([]) == 0  # all are as likely


def test_acre_states_its_rules_and_its_examples_amount_to_the_first_that_explains_most() -> None:
    task = Acre(("A", "B"))
    assert task.wording is not None
    assert (task.wording.states_rule, worded().states_rule) == (True, False)
    examples = [Example(("A",), "off"), Example(("A", "B"), "und"), Example(("A",), "on")]
    assert task.rule(task.wording.implied(examples)) == "A off  B und"


def test_too_few_examples_are_a_remark_of_the_rule_and_none_its_trouble() -> None:
    wording = worded(samples=5)
    few = wording.read_rule(wording.samples_reply(THREE))
    assert few.hypothesis == wording.implied(THREE)
    assert few.remarks == ("3 of 5 examples can be read.",)
    none = wording.read_rule("I would rather not.")
    assert none.hypothesis is None
    assert none.trouble


def test_spellings_are_one_a_value() -> None:
    wording = worded()
    for place, factor in enumerate(wording.task.space.factors):
        assert wording.spellings(place) == tuple((value,) for value in factor.values)


# -- schemas ----------------------------------------------------------------------------------------------------------

COMMON = {"type", "properties", "required", "additionalProperties", "items"}
"""Keywords that every provider's strict mode takes."""


def parts(schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    inner = [*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])]
    return [schema, *(part for each in inner for part in parts(each))]


@pytest.mark.parametrize(
    ("output", "input", "fits"),
    [
        ("CAT", ["cold", "air", "test"], True),
        ("cat", ["cold", "air", "test"], False),
        ("C", ["cold", "air"], False),
        ("C" * 15, ["cold", "air"], False),
        ("CAT", ["Cold", "air"], False),
        ("CAT", ["cold air", "test"], False),
        ("CAT", ["cold"], False),
        ("CAT", ["cold"] * 10, True),
        ("CAT", ["cold"] * 11, False),
    ],
)
def test_the_schema_bounds_words(output: str, input: list[str], fits: bool) -> None:
    pair = worded(samples=1).samples_schema(1)["properties"]["example-1"]["properties"]
    words = pair["input"]
    found = (
        re.search(pair["output"]["pattern"], output) is not None
        and words["minItems"] <= len(input) <= words["maxItems"]
        and all(re.search(words["items"]["pattern"], word) for word in input)
    )
    assert found is fits


@pytest.mark.parametrize("order", ORDERS)
def test_the_schema_asks_for_so_many_examples_in_the_tasks_order(order: str) -> None:
    wording = worded(order=order, samples=3)
    schema = wording.samples_schema(3)
    assert wording.rule_schema() == schema
    assert json.loads(json.dumps(schema)) == schema
    for part in parts(without_bounds(schema)):
        assert set(part) <= COMMON
        if part["type"] == "object":
            assert part["additionalProperties"] is False
            assert list(part["required"]) == list(part["properties"])
    assert list(schema["properties"]) == ["example-1", "example-2", "example-3"]
    keys = list(schema["properties"]["example-1"]["properties"])
    assert keys == (["output", "input"] if order == "output-first" else ["input", "output"])
    reply = {name: {"output": y.upper(), "input": list(x)} for name, (x, y) in zip(schema["properties"], THREE, strict=True)}
    for indent in (None, 2):
        assert wording.read_samples(json.dumps(reply, indent=indent), 3) == SamplesReading(THREE)
