"""Example values: what a dataset consists of, how it is measured, and how a text line of it is split."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from iicl_tui.errors import Fault
from iicl_tui.schema import Path


class Example(NamedTuple):
    """One example (x, y), spelt as in a file.

    Attributes:
        input: the parts of x, in the task's own order.
        output: y.
    """

    input: tuple[str, ...]
    output: str


@dataclass(frozen=True)
class DatasetMetric:
    """A number measured of a dataset, such as the share of common words.

    Attributes:
        name: shown to a person.
        low: lower end of its axis.
        high: upper end of its axis; None for open-ended.
        digits: decimals shown.
        short: name in at most 5 characters, for a narrow column.
        pooled: it is a mean over examples, of which the mean over d⁰ and all that was made so far is shown too.
    """

    name: str
    low: float = 0.0
    high: float | None = 1.0
    digits: int = 2
    short: str = ""
    pooled: bool = False


Preference = Callable[[Example], tuple[float, ...]]
"""Sort key that ranks examples; the best example has the smallest key."""


@dataclass(frozen=True)
class Trait:
    """A property by which filters can select examples.

    Attributes:
        values: what it can be.
        of: the value of an example.
    """

    values: tuple[str, ...]
    of: Callable[[Example], str]


@dataclass(frozen=True)
class Start:
    """State of a chain before generation 1.

    Attributes:
        target: the true hypothesis h*.
        rival: the competing hypothesis ĥ, where the task has one.
        samples: the initial dataset d⁰.
    """

    target: int
    rival: int | None
    samples: tuple[Example, ...]


_ARROW = re.compile(r"→|->|=>")


def read_arrow(text: str) -> tuple[str, str] | None:
    """Split "A, C → on" (or -> or =>) into its two sides; None unless there is exactly one arrow."""
    sides = _ARROW.split(text)
    return (sides[0].strip(), sides[1].strip()) if len(sides) == 2 else None


def start_without_rival(
    samples: Sequence[Example],
    target: int,
    given: Mapping[str, Any],
    path: Path,
    faults: list[Fault],
    *,
    read: Callable[[Any], int],
    task: str,
) -> Start:
    """The start of a task in which no other hypothesis competes with h*.

    Args:
        target: h* where [start] gives none.
        given: The table [start].
        path: Its place in the file.
        faults: What is wrong is appended here.
        read: Reads a hypothesis; raises ValueError.
        task: What the examples are, in the plural.
    """
    if "hypothesis" in given:
        try:
            target = read(given["hypothesis"])
        except ValueError as error:
            faults.append(Fault((*path, "hypothesis"), str(error)))
    if "rival" in given:
        faults.append(Fault((*path, "rival"), f"{task} have no rival hypothesis; remove it"))
    return Start(target, None, tuple(samples))
