"""Lesson files: what they may say, and every fault at its line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from iicl_tui.chain.engine import Chain
from iicl_tui.errors import ConfigError
from iicl_tui.lessons.expressions import number_text, read_condition, read_expression
from iicl_tui.lessons.metrics import METRICS
from iicl_tui.lessons.prepared import prepare_now
from iicl_tui.lessons.reading import parse_lesson
from iicl_tui.lessons.texts import WIDTH, fill, wrap

HEAD = """format = "iicl-tui-lesson/1"
title = "One"
idea = "An idea."
minutes = 2

[[chain]]
name = "a"
config = { chain = { generations = 2 }, task = { objects = ["A", "B"], spurious = "B", initial = 2, samples = 2 } }
"""
STEP = """
[[step]]
text = "A text."
generation = 1
"""
NUMBER = """
[step.question]
kind = "number"
ask = "How much?"
explain = "It is {truth}[, not {guess}]."
answer = "P(B off) @2"
"""


def faults_of(text: str, tmp_path: Path) -> list[str]:
    with pytest.raises(ConfigError) as error:
        prepare_now(parse_lesson(text, tmp_path / "one.toml"))
    assert all(fault.line is not None for fault in error.value.faults if len(fault.path) > 1)
    return [str(fault) for fault in error.value.faults]


def chain_of(tmp_path: Path) -> Chain:
    return prepare_now(parse_lesson(HEAD + STEP, tmp_path / "one.toml")).chains["a"]


def test_all_faults_of_a_file_are_named_at_once(tmp_path: Path) -> None:
    text = HEAD.replace('title = "One"', 'titel = "One"').replace("samples = 2", "sampels = 2") + STEP.replace("text", "txt")
    found = faults_of(text + NUMBER.replace("@2", "").replace('kind = "number"', 'kind = "numbr"'), tmp_path)
    assert [fault.partition(":")[0] for fault in found] == ["title", "line 2", "line 8", "line 10", "line 11", "line 15"]
    assert any("titel: unknown key" in fault for fault in found)
    assert any("nearest known: samples" in fault for fault in found)
    assert any("nearest known: number" in fault for fault in found)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("generation = 1", "generation = 9", "step[1].generation: there is no generation 9; the chain ends at 2"),
        ("P(B off) @2", "P(B off) @7", "answer: there is no generation 7; the chain ends at 2"),
        ("P(B off) @2", "P(B of) @2", 'there is no "B of"; nearest known: B off'),
        ("P(B off) @2", "entropi @2", 'unknown metric "entropi"; nearest known: entropy'),
        ("P(B off) @2", "entropy @1 of b", 'there is no chain "b"'),
        ("P(B off) @2", "P @1", "P needs what it is of, as P(screen off) @1"),
        ("P(B off) @2", "explained @0", "explained begins at generation 1, not at 0"),
        ("P(B off) @2", "5 * P(B off) @0 + 1", "outside of 0 to 1"),
        ("P(B off) @2", "P(B off) @2 / 0", "divides by 0"),
        ("P(B off) @2", "made(easy) @2", 'there is no measure "easy"'),
        ('text = "A text."', f'text = "{"word " * 90}"', "takes 6 lines at 80 columns; at most 5 fit the panel"),
        ('text = "A text."', 'text = "{entropi @1}"', "nearest known: entropy"),
        ('text = "A text."', 'text = "{entropy @1"', "a brace without its partner"),
        ('text = "A text."', 'text = "{guess}"', "known only in the explanation"),
        ('text = "A text."', 'text = "{rule @0}"', "from generation 1 on"),
        ('text = "A text."', 'text = "{example 9 @0}"', "example takes a number from 1 to"),
        ('text = "A text."', 'text = "{entropy @1 | percent}"', "unknown form"),
        ('text = "A text."', 'text = "x"\nobject = "C"', 'there is no "C"; known: A, B'),
        ('text = "A text."', 'text = "x"\nshow = ["belif"]', "nearest known: belief"),
        ('text = "A text."', 'text = "x"\nthen = ["obects"]', "nearest known: objects"),
        ('text = "A text."', 'text = "x"\nhypothesis = {A = "on"}', "gives no state to B"),
        ('text = "A text."', 'text = "x"\nchain = "c"', 'there is no chain "c"'),
        ('explain = "It is {truth}[, not {guess}]."', "", "is missing"),
        ('name = "a"', 'name = "a b"', "expected letters, digits and hyphens"),
        ("samples = 2", "samples = 0", "samples"),
        ('name = "a"', 'name = "a"\nsession = "none.toml"', "expected one of config, preset, session and like"),
        ("samples = 2 } }", 'samples = 2 }, agent = [{ kind = "openai", model = "m" }] }', "Bayesian agents only"),
        ("samples = 2 } }", 'samples = 2 }, filter = [{ kind = "human" }] }', "its filter asks a person"),
    ],
)  # fmt: skip
def test_a_fault_is_named_with_its_line(tmp_path: Path, old: str, new: str, words: str) -> None:
    text = HEAD + STEP + NUMBER
    assert old in text
    found = faults_of(text.replace(old, new, 1), tmp_path)
    assert len(found) == 1
    assert words in found[0]


def test_a_choice_has_exactly_one_true_option(tmp_path: Path) -> None:
    choice = """
[step.question]
kind = "choice"
ask = "Which?"
explain = "So."
option = [{ text = "x", when = "entropy @1 >= 0" }, { text = "y", when = "%s" }]
"""
    good = prepare_now(parse_lesson(HEAD + STEP + choice % "otherwise", tmp_path / "one.toml")).steps[0].asked
    assert good is not None
    assert good.truth == (0.0,)
    assert "exactly one option must be true" in faults_of(HEAD + STEP + choice % "entropy @1 < 9", tmp_path)[0]
    assert "expected a comparison" in faults_of(HEAD + STEP + choice % "entropy @1", tmp_path)[0]


def test_a_chain_like_another_changes_only_what_it_says(tmp_path: Path) -> None:
    second = '\n[[chain]]\nname = "b"\nlike = "a"\nset = ["chain.seed=7"]\nconfig = { filter = [{ kind = "effective-set" }] }\n'
    lesson = parse_lesson(HEAD + second + STEP, tmp_path / "one.toml")
    first, other = (source.config for source in lesson.chains)
    assert first is not None
    assert other is not None
    assert (first.seed, other.seed, len(first.filters), len(other.filters)) == (42, 7, 0, 1)
    assert first.task.samples == other.task.samples == 2


def test_a_file_that_is_no_lesson_says_so(tmp_path: Path) -> None:
    assert "format" in " ".join(faults_of('format = "iicl-tui/1"\n', tmp_path))
    assert any("[[step]]" in fault for fault in faults_of(HEAD, tmp_path))


def test_expressions_go_from_left_to_right(tmp_path: Path) -> None:
    chains = {"a": chain_of(tmp_path)}
    for text, value in {"1 + 2 * 3": 9.0, "rules @0 - 4": 5.0, "examples @1 of a / 4": 0.5}.items():
        assert read_expression(text).value(chains) == value
    assert read_condition("rules @0 = 9 and examples @last < 3").holds(chains)
    assert not read_condition("rules @0 = 9 and examples @last > 3").holds(chains)


def test_metrics_are_those_of_the_chain(tmp_path: Path) -> None:
    chain = chain_of(tmp_path)
    chains = {"a": chain}
    belief = chain.belief(2)
    assert belief is not None
    off = sum(p for p, codes in zip(np.exp(belief.log_p), chain.task.space.codes, strict=True) if codes[1] == 1)
    assert read_expression("P(B off) @2").value(chains) == pytest.approx(off)
    kept = [chain.task.space.assignment(each.hypothesis)["B"] == "off" for each in chain.generations]
    assert read_expression("share(B off) @2").value(chains) == sum(kept) / 2
    fitting = sum(all(chain.task.agrees(h, x) for x in chain.data(1)) for h in range(chain.task.space.size))
    assert read_expression("fitting @1").value(chains) == fitting


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0 %"), (0.004, "under 1 %"), (0.456, "46 %"), (0.999, "over 99 %"), (1.0, "100 %")]
)
def test_a_share_is_never_rounded_to_none_or_all(value: float, text: str) -> None:
    assert number_text(value, "share") == text


def test_a_part_about_the_guess_is_left_out_without_one(tmp_path: Path) -> None:
    chains = {"a": chain_of(tmp_path)}
    text = "It is {truth}[; you said {guess}]."
    assert fill(text, chains, {"truth": "4", "guess": "5", "gap": "1"}) == "It is 4; you said 5."
    assert fill(text, chains, {"truth": "4", "guess": "", "gap": "1"}) == "It is 4."


def test_lines_fit_the_panel() -> None:
    assert max(map(len, wrap("word " * 60))) <= WIDTH
    assert wrap("one\ntwo\n\nthree") == ["one two", "three"]


def test_the_guide_names_every_metric_and_its_example_is_a_lesson(tmp_path: Path) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "lessons.md").read_text(encoding="utf-8")
    for name, metric in METRICS.items():
        assert f"| `{name}{'(…)' if metric.argument else ''}` | " in page
    example = page.split("```toml\n")[1].split("```")[0]
    prepared = prepare_now(parse_lesson(example, tmp_path / "example.toml"))
    assert prepared.steps[0].asked is not None
