"""The protocol of an agent: it learns a hypothesis from examples, and makes examples from a hypothesis."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from iicl_tui import registry
from iicl_tui.agents.access import Access, Credential
from iicl_tui.agents.beliefs import Belief
from iicl_tui.agents.calls import Call, Exchange, Message, Purpose, Reply, ReplyVerdict, Request
from iicl_tui.agents.money import Price
from iicl_tui.agents.retry import Patience
from iicl_tui.errors import Fault
from iicl_tui.schema import Field
from iicl_tui.schema import Path as KeyPath
from iicl_tui.tasks.base import Example, Task

Rounds = Sequence[Sequence[Example]]
"""The datasets that an agent has before it at one generation: its own earlier rounds (look-back), then dᵗ⁻¹."""


@dataclass(frozen=True)
class Unreadable:
    """A reply that could not be read, nor its repair. skipping: what would happen if it were skipped; "" = it cannot be.

    read: says what is wrong with a text that a person would put in its place; "" = it can be read.
    """

    generation: int
    phase: str
    purpose: Purpose
    prompt: str
    reply: str
    trouble: str
    skipping: str
    read: Callable[[str], str]


@dataclass(frozen=True)
class ReplyAnswer:
    """What a person says of an unreadable reply. text: what is to be read in its place, for "edit"."""

    verdict: ReplyVerdict
    text: str = ""


class ReplyReader(Protocol):
    """Who is asked about a reply that could not be read."""

    async def reply(self, shown: Unreadable) -> ReplyAnswer | None:
        """What to do; None where nobody can say."""


class ModelClient(Protocol):
    """Who asks a model: how often it is tried, what it costs, and how one try is made."""

    patience: Patience

    @property
    def price(self) -> Price | None:
        """Of the model; None where it is not known."""

    @property
    def model(self) -> str:
        """The model's name."""

    async def send(self, request: Request, access: Access) -> tuple[Reply, tuple[str, ...]]:
        """The reply, and the parameters that had to be left out of the request. Raises CallFailed."""


class ModelSession(Protocol):
    """How an agent speaks with its model at one phase of one generation.

    What is on record for this phase is answered from the record, in its order; what is new is on record before it is returned.
    """

    phase: str
    previous: int | None
    """The hypothesis of the generation before; None in the first."""

    taken: int
    """How many of the examples that the agent made while it learned it has handed out in this phase."""

    def calls(self) -> tuple[Call, ...]:
        """The calls of this phase that were asked for until now, from the record or anew."""

    def before(self) -> tuple[Call, ...]:
        """The calls of this generation's earlier phases."""

    def history(self, purpose: Purpose) -> tuple[Exchange, ...]:
        """What the agent said before, as many rounds as the chain's look-back."""

    async def ask(self, purpose: Purpose, request: Request, client: ModelClient) -> Call:
        """One call. Raises CallFailed, ChainStopped where the budget forbids it, StoreError where it cannot be kept."""

    async def help(
        self, purpose: Purpose, prompt: str, reply: str, trouble: str, skipping: str, read: Callable[[str], str]
    ) -> Call:
        """A person's word on a reply that could not be read. Raises ChainStopped where nobody is there to say it."""

    def say(self, text: str) -> None:
        """Tell the person something once."""


class Agent(Protocol):
    """One learner. Random numbers come from the generator that it is handed, and from nowhere else."""

    kind: str

    exact: bool
    """It is computed: asking it costs nothing, and the same random numbers give the same answer."""

    @property
    def believes(self) -> bool:
        """Something comes to be known of its belief."""

    @property
    def credential(self) -> Credential | None:
        """The key that it needs, if it needs one."""

    @property
    def price(self) -> Price | None:
        """What its tokens cost; None where nothing is known (or nothing is paid)."""

    def describe(self) -> str:
        """A few words for a header: bayes sample τ1"""

    async def imitate(self, rounds: Rounds, rng: np.random.Generator, session: ModelSession) -> int:
        """A hypothesis learned from the data. Raises LabError when it cannot."""

    async def transmit(
        self, hypothesis: int, count: int, rounds: Rounds, rng: np.random.Generator, session: ModelSession
    ) -> tuple[Example, ...]:
        """count samples of the hypothesis (or fewer, where it made fewer). rounds: what it learned from. Raises LabError when it
        cannot."""

    async def refine(
        self,
        purpose: Purpose,
        hypothesis: int,
        examples: Sequence[Example],
        rounds: Rounds,
        rng: np.random.Generator,
        session: ModelSession,
    ) -> int:
        """The hypothesis in the light of these examples, or a better one. Raises LabError when it cannot.

        purpose "self-refine": the examples are d⁰, to be checked by itself. "hypothesis-search": they are what it gets wrong.
        """

    def beliefs(self, generations: Sequence[tuple[Rounds, Sequence[Call]]]) -> list[Belief | None]:
        """The belief of each generation, given its data and the calls of its imitation; None where nothing is known."""

    def unread(self, calls: Sequence[Call]) -> bool:
        """Whether these calls of a phase end in a reply that cannot be read, so that a person has to say what becomes of it."""

    def opening(self, rounds: Rounds) -> tuple[Message, ...]:
        """The messages of its first call, if it had these data before it and no history; none for an exact agent."""

    def workload(self, rounds: Rounds, filters: Sequence[str], lookback: int, own: range) -> Workload:
        """What these of its own generations (counted from 0) take, before anything is asked: roughly, and without repairs and
        redraws."""

    async def close(self) -> None:
        """Give up its connections, if it has any; it can be used again afterwards."""


@dataclass(frozen=True)
class Workload:
    """An estimate: calls, tokens sent and received. repairs, redraws and waits are not in it."""

    calls: int = 0
    prompt: int = 0
    completion: int = 0

    def __add__(self, other: Workload) -> Workload:
        return Workload(self.calls + other.calls, self.prompt + other.prompt, self.completion + other.completion)


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


GROUP = "iicl_tui.agents"
"""The entry points by which other packages add kinds of agents: each names an AgentKind."""


def agent_kinds() -> Mapping[str, AgentKind]:
    """Every kind of agent there is, by the name that files use."""
    return registry.kinds(GROUP)


Refine = Callable[[Purpose, int, Sequence[Example]], Awaitable[int]]
"""The agent of a generation, asked to refine a hypothesis in the light of examples."""
