"""What tasks have in common whose hypotheses give one output to each of finitely many inputs, and whose inputs can be listed."""

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
from iicl_tui.tasks.base import DatasetMetric, Example, Preference, read_arrow

Array = NDArray[np.float64]


class Labelling(ABC):
    """The part of the `Task` protocol that follows from the table of labels.

    A task of this kind says what its inputs, outputs and `table` are, and how its examples are read and written.
    """

    explains = True
    figures: tuple[DatasetMetric, ...] = ()
    preferences: Mapping[str, Preference] = MappingProxyType({})
    space: ProductSpace
    outputs: tuple[str, ...]

    @property
    @abstractmethod
    def inputs(self) -> tuple[tuple[str, ...], ...]:
        """Every input, in the order of the table."""

    @property
    @abstractmethod
    def table(self) -> NDArray[np.int8]:
        """(H, X): the place of the output that each hypothesis gives to each input."""

    @abstractmethod
    def read_example(self, input: Any, output: Any) -> Example:
        """As the protocol says."""

    @abstractmethod
    def example_text(self, example: Example) -> str:
        """As the protocol says."""

    @cached_property
    def _places(self) -> tuple[dict[tuple[str, ...], int], dict[str, int]]:
        return {x: i for i, x in enumerate(self.inputs)}, {y: i for i, y in enumerate(self.outputs)}

    @cached_property
    def _label_matches(self) -> Array:
        """(X·Y, H): 1 where the hypothesis gives this output to this input; row x·Y + y."""
        outputs = len(self.outputs)
        right = self.table.T[:, None, :] == np.arange(outputs)[None, :, None]
        return right.reshape(-1, self.space.size).astype(np.float64)

    def _counts(self, datasets: Sequence[Sequence[Example]]) -> Array:
        """(T, X·Y): how often each (x, y) occurs in each dataset."""
        (inputs, outputs), width = self._places, len(self.outputs)
        counts = np.zeros((len(datasets), len(inputs) * width))
        for row, examples in zip(counts, datasets, strict=True):
            for example in examples:
                row[inputs[example.input] * width + outputs[example.output]] += 1
        return counts

    def explained(self, examples: Sequence[Example]) -> NDArray[np.int64]:
        """(H,): how many of the examples each hypothesis explains."""
        return np.asarray(np.rint(self._counts([examples])[0] @ self._label_matches), dtype=np.int64)

    def log_likelihood(self, datasets: Sequence[Sequence[Example]], noise: float) -> Array:
        """(T, H) log p(dᵢ | h) in nats: 1 − ε for the right output, ε / (Y − 1) for each other one."""
        right = self._counts(datasets) @ self._label_matches
        wrong = np.array([[len(examples)] for examples in datasets]) - right
        if noise == 0:
            return np.where(wrong > 0.5, -np.inf, 0.0)
        return right * np.log1p(-noise) + wrong * np.log(noise / (len(self.outputs) - 1))

    def predict(self, hypothesis: int, input: tuple[str, ...]) -> str:
        """The output that the hypothesis gives to the input."""
        return self.outputs[self.table[hypothesis, self._places[0][input]]]

    def follows(self, hypothesis: int, example: Example) -> bool:
        """Whether the hypothesis gives this output to this input."""
        return self.predict(hypothesis, example.input) == example.output

    def labelled(self, hypothesis: int, chosen: NDArray[np.intp], noise: float, rng: np.random.Generator) -> tuple[Example, ...]:
        """Samples of the hypothesis at these inputs: with label noise ε each other output has the chance ε / (Y − 1)."""
        labels, count, width = self.table[hypothesis, chosen], len(chosen), len(self.outputs)
        if noise > 0:
            flips = rng.random(count) < noise
            shift = rng.integers(1, width, size=count)
            labels = np.where(flips, (labels + shift) % width, labels)
        return tuple(Example(self.inputs[x], self.outputs[y]) for x, y in zip(chosen.tolist(), labels.tolist(), strict=True))

    def rule_table(self, hypothesis: int) -> tuple[str, ...]:
        """None: the rule is short enough."""
        return ()

    def example_note(self, example: Example) -> str:
        """Nothing."""
        return ""

    def measure(self, examples: Sequence[Example]) -> tuple[float, ...]:
        """Nothing."""
        return ()

    def write_hypothesis(self, hypothesis: int) -> dict[str, str]:
        """{A = "on", …}: each factor's value."""
        return self.space.assignment(hypothesis)

    def read_line(self, text: str) -> Example:
        """From a line as `example_text` writes it. Raises ValueError."""
        sides = read_arrow(text)
        if sides is None:
            form = self.example_text(Example(self.inputs[-1], self.outputs[0])).replace("→", "->")
            raise ValueError(f"expected the input, an arrow, and the output: {form}")
        return self.read_example([part.strip() for part in sides[0].split(",") if part.strip()], sides[1])

    def given_samples(self, given: Mapping[str, Any], path: KeyPath, faults: list[Fault]) -> tuple[Example, ...]:
        """d⁰ as the [start] table gives it outright."""
        samples = []
        for i, entry in enumerate(given["sample"]):
            try:
                samples.append(self.read_example(entry.get("input"), entry.get("output")))
            except ValueError as error:
                faults.append(Fault((*path, "sample", i), str(error)))
        return tuple(samples)
