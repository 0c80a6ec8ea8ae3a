"""Examples as numbers: the outcomes that an example can have as far as any hypothesis can tell, and arrays of draws of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from iicl_tui.bayes.inference import log_normalise
from iicl_tui.errors import LabError
from iicl_tui.tasks.acronym.task import Acronym
from iicl_tui.tasks.base import Example, Task

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

ABSENT = -1
"""Fills the place of an example that was not passed on."""


class Outcomes(Protocol):
    """The outcomes of one task.

    Attributes:
        size: K, how many there are.
    """

    size: int

    def numbers(self, examples: Sequence[Example]) -> Ints:
        """(N,) the outcome of each example, in the order given."""

    def log_p(self, noise: float) -> Array:
        """(K, H) log p(outcome | h) with label noise ε in nats; the columns sum to 1. −inf if impossible."""

    def agree(self) -> NDArray[np.bool_]:
        """(K, H): whether the hypothesis predicts the outcome, as `Task.agrees` says."""

    def draw(self, hypotheses: Ints, count: int, noise: float, rng: np.random.Generator) -> Ints:
        """(N, count) outcomes drawn from (N,) hypotheses, as `Task.transmit` draws them."""


class LabelOutcomes:
    """Pairs (x, y) of a task that lists its inputs and outputs: the outcome is x·Y + y.

    Every hypothesis gives one output to each input; x is uniform, y has label noise.
    """

    def __init__(self, task: Task) -> None:
        labels = task.log_labels(0.25)
        assert labels is not None
        inputs, self.outputs, _ = labels.shape
        right = labels == labels.max(axis=1, keepdims=True)
        if not ((right.sum(axis=1) == 1).all() and np.unique(np.round(labels, 12)).size <= 2):
            raise LabError(
                "No theory of this task", f"In the task {task.name} a hypothesis does not give exactly one output to each input."
            )
        self.size = inputs * self.outputs
        self._task, self._inputs = task, inputs
        self._right = right.reshape(self.size, -1)
        self.table: NDArray[np.int16] = right.argmax(axis=1).T.astype(np.int16)  # (H, X)
        self._distinct = bool(getattr(task, "distinct", False))

    @cached_property
    def _places(self) -> tuple[dict[tuple[str, ...], int], dict[str, int]]:
        return {x: i for i, x in enumerate(self._task.inputs)}, {y: i for i, y in enumerate(self._task.outputs)}

    def numbers(self, examples: Sequence[Example]) -> Ints:
        """(N,) x·Y + y of each example."""
        inputs, outputs = self._places
        return np.array([inputs[x] * self.outputs + outputs[y] for x, y in examples], dtype=np.int64)

    def log_p(self, noise: float) -> Array:
        """(K, H) log p(x, y | h) in nats."""
        labels = self._task.log_labels(noise)
        assert labels is not None
        return labels.reshape(self.size, -1) - np.log(self._inputs)

    def agree(self) -> NDArray[np.bool_]:
        """(K, H)."""
        return self._right

    def draw(self, hypotheses: Ints, count: int, noise: float, rng: np.random.Generator) -> Ints:
        """(N, count): x uniform (within a row without replacement if the task says so), y with label noise."""
        shape = (len(hypotheses), count)
        if self._distinct and count:
            x = rng.random((len(hypotheses), self._inputs)).argsort(axis=1)[:, :count]
        else:
            x = rng.integers(self._inputs, size=shape)
        y = self.table[hypotheses[:, None], x].astype(np.int64)
        if noise > 0:
            flips = rng.random(shape) < noise
            y = np.where(flips, (y + rng.integers(1, self.outputs, size=shape)) % self.outputs, y)
        return x * self.outputs + y


class AcronymOutcomes:
    """Whether an output is a common word, and its length within the grid: the outcome is easy·L + length."""

    def __init__(self, task: Acronym) -> None:
        self._task = task
        self.lengths = task.longest - task.shortest + 1
        self.size = 2 * self.lengths

    def numbers(self, examples: Sequence[Example]) -> Ints:
        """(N,) easy·L + length, of the nearest length of the grid."""
        return np.array([self._number(example) for example in examples], dtype=np.int64)

    def _number(self, example: Example) -> int:
        length = min(max(len(example.output), self._task.shortest), self._task.longest) - self._task.shortest
        return int(self._task.is_easy(example)) * self.lengths + length

    @cached_property
    def _representatives(self) -> list[Example]:
        easy = [False] * self.lengths + [True] * self.lengths
        lengths = [*range(self._task.shortest, self._task.longest + 1)] * 2
        return [Example(("",), output) for output in self._task.words.outputs(easy, lengths, np.random.default_rng(0))]

    def log_p(self, noise: float) -> Array:
        """(K, H) log p(easy, length | h) in nats."""
        return self._task.log_likelihood([[example] for example in self._representatives], noise)

    def agree(self) -> NDArray[np.bool_]:
        """(K, H): every output is spelt by its initials."""
        return np.ones((self.size, self._task.space.size), dtype=np.bool_)

    @cached_property
    def _sums(self) -> dict[float, Array]:
        return {}

    def draw(self, hypotheses: Ints, count: int, noise: float, rng: np.random.Generator) -> Ints:
        """(N, count)."""
        if noise not in self._sums:
            self._sums[noise] = np.cumsum(np.exp(log_normalise(self.log_p(noise).T)), axis=1)
        sums = self._sums[noise]
        uniform = np.minimum(rng.random((len(hypotheses), count)), np.nextafter(1.0, 0.0))
        out = np.empty(uniform.shape, dtype=np.int64)
        for at in range(count):
            rows = sums[hypotheses]
            out[:, at] = (rows > uniform[:, at, None] * rows[:, -1:]).argmax(axis=1)
        return out


def outcomes_of(task: Task) -> Outcomes:
    """The outcomes of a task. Raises LabError if its examples cannot be numbered."""
    if isinstance(task, Acronym):
        return AcronymOutcomes(task)
    if task.log_labels(0.25) is None:
        raise LabError("No theory of this task", f"The examples of the task {task.name} cannot be listed.")
    return LabelOutcomes(task)


def counted(outcomes: Ints, size: int) -> Array:
    """(N, K + 1) how often each row has each outcome, then a column of ones, from (N, M) outcomes with `ABSENT` ones."""
    rows, width = len(outcomes), size + 1
    places = np.where(outcomes < 0, size, outcomes) + np.arange(rows)[:, None] * width
    counts = np.bincount(places.ravel(), minlength=rows * width).reshape(rows, width).astype(np.float64)
    counts[:, size] = 1.0
    return counts
