"""Base class for tasks whose hypotheses give one output to each of finitely many inputs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iicl_tui.bayes.space import ProductSpace
from iicl_tui.errors import Fault
from iicl_tui.schema import Path as KeyPath
from iicl_tui.tasks.example import DatasetMetric, Example, Preference, Trait, read_arrow
from iicl_tui.tasks.spelling import comparable

Array = NDArray[np.float64]


_LONG = 64
"""Examples from which on it is worth while to look whether they were counted before."""


class Labelling(ABC):
    """Implements the parts of the `Task` protocol that follow from a table of labels.

    Subclasses define `inputs`, `outputs` and `table`, and how examples are read and written.
    """

    predictive = True
    dataset_metrics: tuple[DatasetMetric, ...] = ()
    preferences: Mapping[str, Preference] = MappingProxyType({})
    traits: Mapping[str, Trait] = MappingProxyType({})
    space: ProductSpace
    outputs: tuple[str, ...]

    @property
    @abstractmethod
    def inputs(self) -> tuple[tuple[str, ...], ...]:
        """Every input, in the order of the table's columns."""

    @property
    @abstractmethod
    def table(self) -> NDArray[np.int8]:
        """(H, X): index of the output that each hypothesis gives to each input."""

    @abstractmethod
    def read_example(self, input: Any, output: Any) -> Example:
        """See `ExampleSpec.read_example`."""

    @abstractmethod
    def example_text(self, example: Example) -> str:
        """See `ExampleSpec.example_text`."""

    # -- labels and likelihood -----------------------------------------------------------------------------------------

    @cached_property
    def _indices(self) -> tuple[dict[tuple[str, ...], int], dict[str, int]]:
        """Index of each input and of each output."""
        return {x: i for i, x in enumerate(self.inputs)}, {y: i for i, y in enumerate(self.outputs)}

    @cached_property
    def _label_matches(self) -> Array:
        """(X·Y, H): 1 where the hypothesis gives this output to this input; the row is x·Y + y."""
        outputs = len(self.outputs)
        matches = self.table.T[:, None, :] == np.arange(outputs)[None, :, None]
        return matches.reshape(-1, self.space.size).astype(np.float64)

    def _log_label(self, noise: float) -> tuple[float, float]:
        """log p of the predicted output, 1 − ε, and of each other one, ε / (Y − 1), in nats."""
        return float(np.log1p(-noise)), float(np.log(noise / (len(self.outputs) - 1))) if noise > 0 else -np.inf

    def log_labels(self, noise: float) -> Array:
        """(X, Y, H) log p(y | x, h) in nats."""
        right, wrong = self._log_label(noise)
        return np.where(self._label_matches > 0, right, wrong).reshape(-1, len(self.outputs), self.space.size)

    def _counts(self, datasets: Sequence[Sequence[Example]]) -> Array:
        """(T, X·Y): how often each (x, y) occurs in each dataset.

        A long dataset that goes on from the one counted before, as data that accumulate do, is counted from there on.
        """
        (inputs, outputs), width = self._indices, len(self.outputs)
        counts = np.zeros((len(datasets), len(inputs) * width))
        before, known = self._counted
        for row, examples in zip(counts, datasets, strict=True):
            new: Sequence[Example] = examples
            if _LONG <= len(before) <= len(examples) and list(examples[: len(before)]) == before:
                row[:], new = known, examples[len(before) :]
            for example in new:
                row[inputs[example.input] * width + outputs[example.output]] += 1
            if len(examples) >= _LONG:
                before, known = list(examples), row.copy()
        self._counted = before, known
        return counts

    _counted: tuple[list[Example], Array] = ([], np.zeros(0))
    """The last long dataset and its counts."""

    def explained(self, examples: Sequence[Example]) -> NDArray[np.int64]:
        """(H,): how many of the examples each hypothesis predicts."""
        return np.asarray(np.rint(self._counts([examples])[0] @ self._label_matches), dtype=np.int64)

    def log_likelihood(self, datasets: Sequence[Sequence[Example]], noise: float) -> Array:
        """(T, H) log p(dᵢ | h) in nats: the sum of `log_labels` over the examples of each dataset."""
        log_right, log_wrong = self._log_label(noise)
        right = self._counts(datasets) @ self._label_matches
        wrong = np.array([[len(examples)] for examples in datasets]) - right
        if noise == 0:
            return np.where(wrong > 0.5, log_wrong, log_right)
        return right * log_right + wrong * log_wrong

    def predict(self, hypothesis: int, input: tuple[str, ...]) -> str:
        """The output that the hypothesis gives to the input."""
        return self.outputs[self.table[hypothesis, self._indices[0][input]]]

    def agrees(self, hypothesis: int, example: Example) -> bool:
        """Whether the hypothesis predicts the example's output."""
        return self.predict(hypothesis, example.input) == example.output

    def draw_labels(self, hypothesis: int, chosen: NDArray[np.intp], noise: float, rng: np.random.Generator) -> tuple[Example, ...]:
        """Samples of the hypothesis at the inputs with these indices, labels drawn as in `log_labels`."""
        labels, count, width = self.table[hypothesis, chosen], len(chosen), len(self.outputs)
        if noise > 0:
            flips = rng.random(count) < noise
            shift = rng.integers(1, width, size=count)
            labels = np.where(flips, (labels + shift) % width, labels)
        return tuple(Example(self.inputs[x], self.outputs[y]) for x, y in zip(chosen.tolist(), labels.tolist(), strict=True))

    # -- reading and writing -------------------------------------------------------------------------------------------

    def rule_table(self, hypothesis: int) -> tuple[str, ...]:
        """Empty: `rule` is short enough."""
        return ()

    def example_note(self, example: Example) -> str:
        """Empty: there is nothing to add."""
        return ""

    def measure(self, examples: Sequence[Example], before: Sequence[Example] = ()) -> tuple[float, ...]:
        """Empty: there are no dataset metrics."""
        return ()

    def write_hypothesis(self, hypothesis: int) -> dict[str, str]:
        """Each factor's value: {A = "on", …}."""
        return self.space.assignment(hypothesis)

    def read_line(self, text: str) -> Example:
        """Parse a line as `example_text` writes it. Raises ValueError."""
        sides = read_arrow(text) or read_arrow(comparable(text))
        if sides is None:
            form = self.example_text(Example(self.inputs[-1], self.outputs[0])).replace("→", "->")
            raise ValueError(f"expected the input, an arrow, and the output: {form}")
        try:
            return self.read_example(_parts(sides[0]), sides[1])
        except ValueError:
            if comparable(sides[0]) == sides[0]:
                raise
            return self.read_example(_parts(comparable(sides[0])), sides[1])

    def read_given_samples(self, given: Mapping[str, Any], path: KeyPath, faults: list[Fault]) -> tuple[Example, ...]:
        """d⁰ as listed in the [start] table; invalid samples are left out and added to faults."""
        samples = []
        for i, entry in enumerate(given["sample"]):
            try:
                samples.append(self.read_example(entry.get("input"), entry.get("output")))
            except ValueError as error:
                faults.append(Fault((*path, "sample", i), str(error)))
        return tuple(samples)


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
