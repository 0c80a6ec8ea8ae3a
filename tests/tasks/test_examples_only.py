"""Data that come without hypotheses fit the first half of the task protocol alone. mypy checks the assignments below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from iicl_tui.tasks.acre.task import Acre
from iicl_tui.tasks.acronym.task import Acronym
from iicl_tui.tasks.base import DatasetMetric, Example, ExampleSpec, HypothesisModel, Preference, Task, Trait
from iicl_tui.tasks.naming.task import Naming


class Reviews:
    """Texts with a grade from 1 to 5: there is nothing to learn, only examples to read, show, measure and rank."""

    name = "reviews"
    inputs: tuple[tuple[str, ...], ...] = ()
    outputs: tuple[str, ...] = ("1", "2", "3", "4", "5")
    dataset_metrics: tuple[DatasetMetric, ...] = (DatasetMetric("mean grade", 1, 5, 1),)
    traits: Mapping[str, Trait] = {"grade": Trait(("1", "2", "3", "4", "5"), lambda example: example.output)}
    preferences: Mapping[str, Preference] = {"best": lambda example: (-float(example.output),)}

    def read_example(self, input: Any, output: Any) -> Example:
        if not isinstance(input, list) or output not in self.outputs:
            raise ValueError("expected a list of texts and a grade from 1 to 5")
        return Example(tuple(input), output)

    def read_line(self, text: str) -> Example:
        words, _, grade = text.rpartition("→")
        return self.read_example([words.strip()], grade.strip())

    def example_text(self, example: Example) -> str:
        return f"{' '.join(example.input)} → {example.output}"

    def example_note(self, example: Example) -> str:
        return f"{len(example.input[0].split())} words"

    def measure(self, examples: Sequence[Example], before: Sequence[Example] = ()) -> tuple[float, ...]:
        return (sum(int(example.output) for example in examples) / len(examples),)


def summary(spec: ExampleSpec, lines: Sequence[str], by: str) -> tuple[list[str], tuple[float, ...]]:
    """Read lines, rank them, and show and measure them, through the protocol alone."""
    examples = [spec.read_line(line) for line in lines]
    ranked = sorted(examples, key=spec.preferences[by])
    return [f"{spec.example_text(each)} ({spec.example_note(each)})" for each in ranked], spec.measure(examples)


def test_data_without_hypotheses_fit_the_half_of_examples() -> None:
    reviews: ExampleSpec = Reviews()
    shown, measured = summary(reviews, ["never again → 1", "what a lovely place → 5"], "best")
    assert shown == ["what a lovely place → 5 (4 words)", "never again → 1 (2 words)"]
    assert measured == (3.0,)
    assert len(measured) == len(reviews.dataset_metrics)
    with pytest.raises(ValueError, match="grade"):
        reviews.read_line("so so → 6")


@pytest.mark.parametrize("task", [Acre(), Naming(), Acronym()], ids=lambda task: task.name)
def test_every_task_is_both_halves(task: Task) -> None:
    spec: ExampleSpec = task
    model: HypothesisModel = task
    drawn = model.transmit(0, 3, 0.0, np.random.default_rng(1))
    assert [spec.read_line(spec.example_text(example)) for example in drawn] == list(drawn)
    assert len(spec.measure(drawn)) == len(spec.dataset_metrics)
