"""The protocol of an agent: it learns a hypothesis from examples, and makes examples from a hypothesis."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from iicl_tui import registry
from iicl_tui.agents.beliefs import Belief
from iicl_tui.errors import Fault
from iicl_tui.schema import Field
from iicl_tui.schema import Path as KeyPath
from iicl_tui.tasks.base import Example, Task

Rounds = Sequence[Sequence[Example]]
"""The datasets that an agent has before it at one generation: its own earlier rounds (look-back), then dᵗ⁻¹."""


@dataclass(frozen=True)
class Imitation:
    """What an agent answers when it learns. evidence: what cannot be recomputed (a reply, its log-probabilities, usage)."""

    hypothesis: int
    evidence: Mapping[str, Any] = field(default_factory=dict)


class Agent(Protocol):
    """One learner. Random numbers come from the generator that it is handed, and from nowhere else."""

    kind: str

    def describe(self) -> str:
        """A few words for a header: bayes sample τ1"""

    async def imitate(self, rounds: Rounds, rng: np.random.Generator) -> Imitation:
        """A hypothesis learned from the data. Raises LabError when it cannot."""

    async def transmit(self, hypothesis: int, count: int, rng: np.random.Generator) -> tuple[Example, ...]:
        """count samples of the hypothesis. Raises LabError when it cannot."""

    def beliefs(self, generations: Sequence[tuple[Rounds, Mapping[str, Any]]]) -> list[Belief | None]:
        """The belief of each generation, given its data and the evidence on record; None where nothing is known."""


@dataclass(frozen=True)
class AgentKind:
    """An agent as the configuration knows it.

    build: option values (by key), the task, the place in the file, faults to add to, the file's folder → an agent.
    embed: an [[agent]] table whose files are read into it, so that a session file stands alone.
    """

    name: str
    title: str
    help: str
    fields: tuple[Field, ...]
    build: Callable[[Mapping[str, Any], Task, KeyPath, list[Fault], Path | None], Agent]
    embed: Callable[[Mapping[str, Any], Task, Path | None], dict[str, Any]] = lambda table, task, folder: dict(table)
    order: int = 100


def agent_kinds() -> dict[str, AgentKind]:
    """Every kind of agent there is, by the name that files use."""
    return registry.kinds("iicl_tui.agents")
