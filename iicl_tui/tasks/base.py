"""The protocol of a task. The engine, the store and the screens know tasks only through it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from iicl_tui import registry
from iicl_tui.bayes.space import ProductSpace
from iicl_tui.errors import Fault
from iicl_tui.schema import Field
from iicl_tui.schema import Path as KeyPath

if TYPE_CHECKING:  # tasks/wording.py imports Example from here
    from iicl_tui.tasks.wording import Wording

Array = NDArray[np.float64]


class Example(NamedTuple):
    """(x, y): what is shown and what goes with it, as the file writes them. Inputs are in the task's own order."""

    input: tuple[str, ...]
    output: str


@dataclass(frozen=True)
class DatasetMetric:
    """A figure of a dataset, as "share of common words". low, high: the ends of its axis; high None: as far as it goes.

    short: its name in at most 5 characters, for a narrow column.
    """

    name: str
    low: float = 0.0
    high: float | None = 1.0
    digits: int = 2
    short: str = ""


Preference = Callable[[Example], tuple[float, ...]]
"""A way to rank examples: the best one has the least key."""


@dataclass(frozen=True)
class Start:
    """What is there before generation 1. target: h*; rival: ĥ, where the task has one; samples: d⁰."""

    target: int
    rival: int | None
    samples: tuple[Example, ...]


class Task(Protocol):
    """One task with its options. A hypothesis is an index into `space`."""

    name: str
    space: ProductSpace
    focus: int | None
    """The place in `space.groupings` of what the experiment is about (ACRE: the spurious object); the probability of each of its
    values is drawn as a trajectory."""
    factor_word: str
    """What the factors are, in the plural: objects."""
    explains: bool
    """Hypotheses differ in which examples they explain. Where they do not, what they explain of d⁰ is not shown."""
    figures: tuple[DatasetMetric, ...]
    """What is measured of a dataset itself; none where its examples are counted only."""
    preferences: Mapping[str, Preference]
    """The ways in which a filter can rank examples, by name; none where all are worth the same."""
    samples: int
    """M: how many samples a generation passes on."""

    @property
    def inputs(self) -> tuple[tuple[str, ...], ...]:
        """Every possible input x, in the task's order; empty where they cannot be listed."""

    outputs: tuple[str, ...]
    """Every possible output y; empty where they cannot be listed."""

    @property
    def wording(self) -> Wording | None:
        """How the task is put to a language model; None: it cannot be."""

    def rule(self, hypothesis: int) -> str:
        """The hypothesis in words, one line."""

    def rule_table(self, hypothesis: int) -> tuple[str, ...]:
        """The hypothesis as a small table, lines of at most 36 columns; none where `rule` says it well enough."""

    def read_hypothesis(self, value: Any) -> int:
        """From a file's value. Raises ValueError with a sentence for a person."""

    def write_hypothesis(self, hypothesis: int) -> Any:
        """As a file's value."""

    def read_example(self, input: Any, output: Any) -> Example:
        """From a file's values, checked and in the task's order. Raises ValueError with a sentence for a person."""

    def example_text(self, example: Example) -> str:
        """One line: A, C → on."""

    def example_note(self, example: Example) -> str:
        """What is to be known of an example beside itself, in a few words; "" for nothing."""

    def read_line(self, text: str) -> Example:
        """From a line as `example_text` writes it, the arrow also as ->. Raises ValueError with a sentence for a person."""

    def measure(self, examples: Sequence[Example]) -> tuple[float, ...]:
        """One number for each of `figures`; NaN where there is nothing to measure."""

    def predict(self, hypothesis: int, input: tuple[str, ...]) -> str:
        """The output that the hypothesis gives to an input."""

    def follows(self, hypothesis: int, example: Example) -> bool:
        """Whether the hypothesis gives this output to this input, however it may be written."""

    def explained(self, examples: Sequence[Example]) -> NDArray[np.int64]:
        """(H,): how many of the examples each hypothesis explains."""

    def log_likelihood(self, datasets: Sequence[Sequence[Example]], noise: float) -> Array:
        """(T, H) log p(dᵢ | h) in nats with label noise, one row a dataset. −inf where it is impossible."""

    def log_prior(self, prior: Mapping[str, Any], path: KeyPath, faults: list[Fault], folder: Path | None) -> Array:
        """(H,) log P₀ in nats from an [agent.prior] table; adds what is wrong to faults (then the result is uniform)."""

    def start(self, rng: np.random.Generator, given: Mapping[str, Any], path: KeyPath, faults: list[Fault]) -> Start:
        """d⁰ and h*: what the [start] table gives outright, and the rest drawn."""

    def transmit(self, hypothesis: int, count: int, noise: float, rng: np.random.Generator) -> tuple[Example, ...]:
        """count samples from the hypothesis: x by the task's own distribution, y with label noise."""


@dataclass(frozen=True)
class TaskKind:
    """A task as the configuration knows it.

    build: option values (by key), the place in the file, faults to add to, the file's folder → a task.
    embed: a [task] table whose files are read into it, so that a session file stands alone.
    """

    name: str
    title: str
    help: str
    fields: tuple[Field, ...]
    build: Callable[[Mapping[str, Any], KeyPath, list[Fault], Path | None], Task]
    embed: Callable[[Mapping[str, Any], Path | None], dict[str, Any]] = lambda table, folder: dict(table)
    order: int = 100


_ARROW = re.compile(r"→|->|=>")


def read_arrow(text: str) -> tuple[str, str] | None:
    """The sides of "A, C → on" (or -> or =>); None where there is not one arrow."""
    sides = _ARROW.split(text)
    return (sides[0].strip(), sides[1].strip()) if len(sides) == 2 else None


def task_kinds() -> Mapping[str, TaskKind]:
    """Every task there is, by the name that files use."""
    return registry.kinds("iicl_tui.tasks")
