"""The protocol of a task. The engine, the store and the screens know tasks only through it.

It has two halves: `ExampleSpec` says what examples are, `HypothesisModel` says what may be learned from them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from iicl_tui import registry
from iicl_tui.bayes.space import ProductSpace
from iicl_tui.errors import Fault
from iicl_tui.schema import Field
from iicl_tui.schema import Path as KeyPath
from iicl_tui.tasks.example import DatasetMetric, Example, Preference, Start, Trait, read_arrow
from iicl_tui.tasks.wording import Wording

__all__ = [
    "DatasetMetric",
    "Example",
    "ExampleSpec",
    "HypothesisModel",
    "Preference",
    "Start",
    "Task",
    "TaskKind",
    "Trait",
    "read_arrow",
    "task_kinds",
]

Array = NDArray[np.float64]


class ExampleSpec(Protocol):
    """What examples are: how they are read, written, shown, measured and ranked.

    Data that come without hypotheses need this half only.

    Attributes:
        name: as files name the task.
        outputs: every possible output y; empty if they cannot be listed.
        dataset_metrics: what `measure` measures; may be empty.
        preferences: rankings that a filter can use, by name; empty if no example is better than another.
        traits: properties by which a filter can select examples, by name; may be empty.
    """

    name: str
    outputs: tuple[str, ...]
    dataset_metrics: tuple[DatasetMetric, ...]
    preferences: Mapping[str, Preference]
    traits: Mapping[str, Trait]

    @property
    def inputs(self) -> tuple[tuple[str, ...], ...]:
        """Every possible input x, in the task's order; empty if they cannot be listed."""

    def read_example(self, input: Any, output: Any) -> Example:
        """Check a file's values and put them into the task's order. Raises ValueError with a message for the user."""

    def read_line(self, text: str) -> Example:
        """Parse a line as `example_text` writes it; -> may stand for →. Raises ValueError with a message for the user."""

    def example_text(self, example: Example) -> str:
        """The example on one line: A, C → on."""

    def example_note(self, example: Example) -> str:
        """A short remark shown next to the example; "" for none."""

    def measure(self, examples: Sequence[Example], before: Sequence[Example] = ()) -> tuple[float, ...]:
        """One number for each of `dataset_metrics`; NaN where nothing can be measured.

        Args:
            examples: what is measured.
            before: the dataset from which they were made, for metrics that compare with it.
        """


class HypothesisModel(Protocol):
    """What hypotheses are: their space, prior, likelihood and predictions. A hypothesis is an index into `space`.

    Attributes:
        space: all hypotheses.
        focus: index into `space.groupings` of what the experiment is about (ACRE: the spurious object). The
            probabilities of its values are plotted as trajectories.
        factor_word: plural noun for the factors, such as "objects".
        predictive: whether hypotheses differ in the outputs that they predict. If not, no count of explained
            examples is shown, since it is the same for all.
    """

    space: ProductSpace
    focus: int | None
    factor_word: str
    predictive: bool

    def rule(self, hypothesis: int) -> str:
        """The hypothesis in words, on one line."""

    def rule_table(self, hypothesis: int) -> tuple[str, ...]:
        """The hypothesis as a small table, lines of at most 36 columns; empty if `rule` is clear enough."""

    def read_hypothesis(self, value: Any) -> int:
        """Read a file's value. Raises ValueError with a message for the user."""

    def write_hypothesis(self, hypothesis: int) -> Any:
        """The hypothesis as a file's value."""

    def predict(self, hypothesis: int, input: tuple[str, ...]) -> str:
        """The output that the hypothesis gives to an input."""

    def agrees(self, hypothesis: int, example: Example) -> bool:
        """Whether the hypothesis predicts the example's output, in any accepted spelling."""

    def explained(self, examples: Sequence[Example]) -> NDArray[np.int64]:
        """(H,): how many of the examples each hypothesis predicts."""

    def log_labels(self, noise: float) -> Array | None:
        """(X, Y, H) log p(y | x, h) in nats for every listed input and output, with label noise ε.

        None if inputs or outputs cannot be listed. Exact prediction of a chain needs it.
        """

    def log_likelihood(self, datasets: Sequence[Sequence[Example]], noise: float) -> Array:
        """(T, H) log p(dᵢ | h) in nats with label noise ε, one row per dataset; −inf if impossible."""

    def log_prior(self, prior: Mapping[str, Any], path: KeyPath, faults: list[Fault], folder: Path | None) -> Array:
        """(H,) log P₀ in nats from an [agent.prior] table; uniform if the table is invalid, which adds to faults."""

    def transmit(self, hypothesis: int, count: int, noise: float, rng: np.random.Generator) -> tuple[Example, ...]:
        """Draw count samples from the hypothesis: x from the task's own distribution, y with label noise ε."""


class Task(ExampleSpec, HypothesisModel, Protocol):
    """A task with its options: examples, hypotheses, and what a chain needs of both.

    Attributes:
        samples: M, how many samples a generation passes on.
    """

    samples: int

    @property
    def wording(self) -> Wording | None:
        """How language models are asked; None if the task cannot be put to one."""

    def start(self, rng: np.random.Generator, given: Mapping[str, Any], path: KeyPath, faults: list[Fault]) -> Start:
        """d⁰ and h*: taken from the [start] table where given, drawn otherwise."""


@dataclass(frozen=True)
class TaskKind:
    """A kind of task that configurations can name.

    Attributes:
        name: as files name it.
        title: for lists on screen.
        help: one sentence for the form.
        fields: the options of its [task] table.
        build: makes a task from option values (by key), their place in the file, faults to add to, and the file's folder.
        embed: copies the files named in a [task] table into it, so that a session file stands alone.
        order: position in lists.
        tables: lists of tables within its [task] table, by key: what returns the options of one of them, of which the option `kind`
            is the first choice. The form edits them.
    """

    name: str
    title: str
    help: str
    fields: tuple[Field, ...]
    build: Callable[[Mapping[str, Any], KeyPath, list[Fault], Path | None], Task]
    embed: Callable[[Mapping[str, Any], Path | None], dict[str, Any]] = lambda table, folder: dict(table)
    order: int = 100
    tables: Mapping[str, Callable[[Mapping[str, Any]], tuple[Field, ...]]] = field(default_factory=dict)


def task_kinds() -> Mapping[str, TaskKind]:
    """All task kinds by name, those of installed plug-ins included."""
    return registry.kinds("iicl_tui.tasks")
