"""log p(y | x, h): against the definition of label noise, and against the likelihood of single examples."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from iicl_tui.tasks.acre.task import Acre
from iicl_tui.tasks.acronym.task import Acronym
from iicl_tui.tasks.base import Example, Task
from iicl_tui.tasks.naming.task import Naming

LISTED: list[Task] = [Acre(("A", "B", "C")), Acre(("A", "B", "C"), ("lit", "dark")), Naming()]
NOISES = [Fraction(0), Fraction(1, 20), Fraction(1, 2), Fraction(9, 10)]


@pytest.mark.parametrize("noise", NOISES, ids=str)
@pytest.mark.parametrize("task", LISTED, ids=lambda task: f"{task.name}-{len(task.outputs)}")
def test_labels_are_noisy_predictions(task: Task, noise: Fraction) -> None:
    labels = task.log_labels(float(noise))
    assert labels is not None
    assert labels.shape == (len(task.inputs), len(task.outputs), task.space.size)
    p = np.exp(labels)
    np.testing.assert_allclose(p.sum(axis=1), 1.0, rtol=1e-12)
    others = len(task.outputs) - 1
    for x, shown in enumerate(task.inputs):
        for h in range(0, task.space.size, 7):
            expected = [float(1 - noise if y == task.predict(h, shown) else noise / others) for y in task.outputs]
            np.testing.assert_allclose(p[x, :, h], expected, rtol=1e-12)


@pytest.mark.parametrize("noise", NOISES, ids=str)
@pytest.mark.parametrize("task", LISTED, ids=lambda task: f"{task.name}-{len(task.outputs)}")
def test_labels_are_the_likelihoods_of_single_examples(task: Task, noise: Fraction) -> None:
    single = [[Example(x, y)] for x in task.inputs for y in task.outputs]
    labels = task.log_labels(float(noise))
    assert labels is not None
    np.testing.assert_array_equal(labels.reshape(len(single), -1), task.log_likelihood(single, float(noise)))


def test_where_nothing_can_be_listed_there_are_none() -> None:
    assert Acronym().log_labels(0.1) is None
