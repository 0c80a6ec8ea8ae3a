"""The protocol of a task. The engine, the store and the screens know tasks only through it."""

from __future__ import annotations

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
    """The factor that the experiment is about (ACRE: the spurious object); its marginal is drawn as a trajectory."""
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

    def read_hypothesis(self, value: Any) -> int:
        """From a file's value. Raises ValueError with a sentence for a person."""

    def write_hypothesis(self, hypothesis: int) -> Any:
        """As a file's value."""

    def read_example(self, input: Any, output: Any) -> Example:
        """From a file's values, checked and in the task's order. Raises ValueError with a sentence for a person."""

    def example_text(self, example: Example) -> str:
        """One line: A, C → on."""

    def predict(self, hypothesis: int, input: tuple[str, ...]) -> str:
        """The output that the hypothesis gives to an input."""

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
    """A task as the configuration knows it. build: option values (by key) → a task; faults are added, not raised."""

    name: str
    title: str
    help: str
    fields: tuple[Field, ...]
    build: Callable[[Mapping[str, Any], KeyPath, list[Fault]], Task]
    order: int = 100


def task_kinds() -> dict[str, TaskKind]:
    """Every task there is, by the name that files use."""
    return registry.kinds("iicl_tui.tasks")
