"""The Agent protocol: an agent learns a hypothesis from examples and produces examples from a hypothesis."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from iicl_tui import registry
from iicl_tui.agents.access import Access, Credential
from iicl_tui.agents.beliefs import Belief
from iicl_tui.agents.calls import Call, Exchange, Message, Purpose, Reply, ReplyVerdict, Request
from iicl_tui.agents.prices import Price
from iicl_tui.agents.retry import RetryPolicy
from iicl_tui.errors import Fault
from iicl_tui.schema import Field
from iicl_tui.schema import Path as KeyPath
from iicl_tui.tasks.base import Example, Task

Datasets = Sequence[Sequence[Example]]
"""The datasets that an agent sees at one generation: its own earlier ones (look-back), then dᵗ⁻¹."""


@dataclass(frozen=True)
class UnreadableReply:
    """A reply that could not be read, and whose repair could not be read either.

    Attributes:
        generation: The generation that the reply belongs to.
        phase: The phase of that generation.
        purpose: Why the model was asked.
        prompt: The prompt that it answered.
        reply: The reply as it came.
        problem: What is wrong with the reply.
        skip_effect: What happens if the reply is skipped; "" if it cannot be skipped.
        read: Checks a replacement text. Returns what is wrong with it, "" if it can be read.
    """

    generation: int
    phase: str
    purpose: Purpose
    prompt: str
    reply: str
    problem: str
    skip_effect: str
    read: Callable[[str], str]


@dataclass(frozen=True)
class ReplyAnswer:
    """A person's decision about an unreadable reply.

    Attributes:
        verdict: What to do with the reply.
        text: The text to read instead, for the verdict "edit".
    """

    verdict: ReplyVerdict
    text: str = ""


class ReplyReader(Protocol):
    """Decides about replies that could not be read."""

    async def reply(self, shown: UnreadableReply) -> ReplyAnswer | None:
        """The decision; None if nobody is there to decide."""


class ModelClient(Protocol):
    """Sends requests to one model."""

    kind: str
    retry_policy: RetryPolicy

    @property
    def credential(self) -> Credential | None:
        """The key that it sends, if it needs one."""

    @property
    def price(self) -> Price | None:
        """The model's price; None if it is unknown."""

    @property
    def model(self) -> str:
        """The model's name."""

    def as_sent(self, request: Request) -> Request:
        """The request as it would be sent, without unsupported parameters."""

    async def send(self, request: Request, access: Access) -> tuple[Reply, tuple[str, ...]]:
        """Makes one attempt.

        Returns:
            The reply, and the parameters that had to be left out of the request.

        Raises:
            CallFailed: The call failed.
        """


class ModelSession(Protocol):
    """An agent's access to its model during one phase of one generation.

    Calls that are already on record are answered from the record, in order. A new call is recorded before it is returned.
    """

    phase: str
    previous: int | None
    """The hypothesis of the previous generation; None in the first."""

    is_first: bool
    """Whether this is the agent's first generation."""

    examples_used: int
    """How many of the examples that the agent made while learning it has passed on in this phase."""

    def calls(self) -> tuple[Call, ...]:
        """The calls requested so far in this phase, recorded or new."""

    def earlier_calls(self) -> tuple[Call, ...]:
        """The calls of this generation's earlier phases."""

    def history(self, purpose: Purpose) -> tuple[Exchange, ...]:
        """The agent's earlier exchanges, limited to the chain's look-back."""

    async def ask(self, purpose: Purpose, request: Request, client: ModelClient) -> Call:
        """Makes one call, or returns the recorded one.

        Raises:
            CallFailed: The call failed.
            ChainStopped: The budget forbids the call.
            StoreError: The call cannot be recorded.
        """

    async def ask_person(
        self, purpose: Purpose, prompt: str, reply: str, problem: str, skip_effect: str, read: Callable[[str], str]
    ) -> Call:
        """A person's decision about an unreadable reply, as a call. See `UnreadableReply` for the arguments.

        Raises:
            ChainStopped: Nobody is there to decide.
        """

    @property
    def upcoming(self) -> Call | None:
        """The next recorded call that was not asked for yet; None if there is none."""

    def past_calls(self) -> tuple[Call, ...]:
        """The calls of the agent's own earlier generations."""

    async def ask_several(self, purpose: Purpose, request: Request, client: ModelClient) -> tuple[Call, ...]:
        """Makes one call for `n` replies, and returns each reply as a call: at least one, at most `n`. Raises as `ask`."""

    async def ask_all(self, purpose: Purpose, requests: Sequence[Request], client: ModelClient, parallel: int) -> tuple[Call, ...]:
        """Makes independent calls, at most `parallel` at a time. Those on record, in whatever order, are not made again.

        The requests must differ in their last message. If one call fails, no other is begun, and those under way are waited for.

        Returns:
            The calls in the order of the requests.

        Raises:
            CallFailed, ChainStopped, StoreError: As `ask`.
        """

    def notify(self, text: str) -> None:
        """Shows the person a notice."""


class RefineRequest(NamedTuple):
    """What a filter wants refined, and in the light of which examples.

    Attributes:
        purpose: The kind of the filter that asks.
        hypothesis: The current hypothesis.
        examples: The examples to consider.
        only_failing: Whether they are examples that the hypothesis gets wrong; otherwise it is to be checked against them.
    """

    purpose: Purpose
    hypothesis: int
    examples: Sequence[Example]
    only_failing: bool = True


class Agent(Protocol):
    """A learner. All its random numbers come from the generators that it is given."""

    kind: str

    exact: bool
    """Whether the agent is computed: asking it is free, and the same random numbers give the same answer."""

    @property
    def has_belief(self) -> bool:
        """Whether the agent's belief is measured."""

    @property
    def credential(self) -> Credential | None:
        """The key that the agent needs, if it needs one."""

    @property
    def price(self) -> Price | None:
        """The price of its tokens; None if it is unknown or nothing is paid."""

    def describe(self) -> str:
        """A short description for a header, such as "bayes sample τ1"."""

    async def imitate(self, datasets: Datasets, rng: np.random.Generator, session: ModelSession) -> int:
        """Learns a hypothesis from the data.

        Raises:
            LabError: No hypothesis could be learned.
        """

    async def transmit(
        self, hypothesis: int, count: int, datasets: Datasets, rng: np.random.Generator, session: ModelSession
    ) -> tuple[Example, ...]:
        """Produces count examples of the hypothesis, or fewer.

        Args:
            hypothesis: The hypothesis to exemplify.
            count: How many examples are wanted.
            datasets: The data that the hypothesis was learned from.
            rng: The source of random numbers.
            session: The agent's access to its model.

        Raises:
            LabError: No example could be produced.
        """

    async def refine(self, request: RefineRequest, datasets: Datasets, rng: np.random.Generator, session: ModelSession) -> int:
        """Reconsiders a hypothesis in the light of examples.

        Args:
            request: The hypothesis and the examples.
            datasets: The data that the hypothesis was learned from.
            rng: The source of random numbers.
            session: The agent's access to its model.

        Returns:
            The same hypothesis, or a better one.

        Raises:
            LabError: The hypothesis could not be refined.
        """

    def beliefs(self, generations: Sequence[tuple[Datasets, Sequence[Call]]]) -> list[Belief | None]:
        """The belief of each generation, given its data and the calls of its imitation; None if it is unknown."""

    def prior(self, calls: Sequence[Call]) -> Belief | None:
        """The belief before any example, given the calls of its first imitation; None if it is unknown."""

    def missing_prior(self, calls: Sequence[Call]) -> str:
        """Why these calls give no prior, as a clause without a full stop."""

    def missing_belief(self, calls: Sequence[Call]) -> str:
        """Why these calls of an imitation give no belief, as a clause without a full stop."""

    def awaits_person(self, calls: Sequence[Call]) -> bool:
        """Whether a phase with these calls stopped at an unreadable reply, so that a person has to decide about it."""

    def first_messages(self, datasets: Datasets) -> tuple[Message, ...]:
        """The messages of its first call, given these data and no history; empty for an exact agent."""

    def estimate_usage(self, datasets: Datasets, refinements: int, lookback: int, own: range) -> UsageEstimate:
        """Estimates the calls and tokens of some generations, without repairs and redraws.

        Args:
            datasets: Typical data.
            refinements: How many requests for a refinement a generation makes.
            lookback: How many earlier exchanges are sent along.
            own: Which of the agent's own generations to count, from 0.
        """

    async def close(self) -> None:
        """Closes its connections. The agent can be used again afterwards."""


class Chooser(Protocol):
    """An agent that has a belief over all hypotheses and chooses from it. A capability that an `Agent` may have."""

    chooses_within: bool
    """Whether the agent is configured to choose in this way."""

    takes_maximum: bool
    """Whether it takes the likeliest hypothesis, so that it would choose the same one again."""

    async def choose_within(
        self, members: NDArray[np.bool_], datasets: Datasets, rng: np.random.Generator, session: ModelSession
    ) -> int | None:
        """Chooses as `imitate` does, but from the belief restricted to some hypotheses and renormalised.

        Args:
            members: (H,) The hypotheses to choose among.
            datasets: The data that the belief is given.
            rng: The source of random numbers.
            session: The agent's access to its model.

        Returns:
            The hypothesis; None if the belief rules all of them out.
        """


def as_chooser(agent: Agent) -> Chooser:
    """The agent as one that chooses among given hypotheses. Raises LookupError if it does not."""
    if not chooses_within(agent):
        raise LookupError(f"the agent {agent.kind} cannot choose among given hypotheses")
    return cast(Chooser, agent)


def chooses_within(agent: Agent) -> bool:
    """Whether the agent can choose among given hypotheses."""
    return bool(getattr(agent, "chooses_within", False))


def takes_maximum(agent: Agent) -> bool:
    """Whether the agent would choose the same hypothesis again from the same data."""
    return bool(getattr(agent, "takes_maximum", False))


@dataclass(frozen=True)
class UsageEstimate:
    """Estimated calls, prompt tokens and completion tokens; and how many of the calls are reads of a joint belief, at least."""

    calls: int = 0
    prompt: int = 0
    completion: int = 0
    reads: int = 0

    def __add__(self, other: UsageEstimate) -> UsageEstimate:
        return UsageEstimate(
            self.calls + other.calls, self.prompt + other.prompt, self.completion + other.completion, self.reads + other.reads
        )


@dataclass(frozen=True)
class AgentKind:
    """One kind of agent, as the configuration sees it.

    Attributes:
        name: The `kind` in an [[agent]] table.
        title: The name for a person.
        help: A one-line description.
        fields: The options of the [[agent]] table.
        build: (option values by key, task, place in the file, faults to add to, the file's folder) → agent.
        embed: Reads the files that an [[agent]] table names into the table, so that a session file is self-contained.
        order: The position in lists of kinds.
        models: How the names of its models begin; "" for a kind that takes any model.
        gives_logprobs: Whether its models give log-probabilities.
        exact: Whether its agents are computed, so that they need no model, key or network.
    """

    name: str
    title: str
    help: str
    fields: tuple[Field, ...]
    build: Callable[[Mapping[str, Any], Task, KeyPath, list[Fault], Path | None], Agent]
    embed: Callable[[Mapping[str, Any], Task, Path | None], dict[str, Any]] = lambda table, task, folder: dict(table)
    order: int = 100
    models: tuple[str, ...] = ()
    gives_logprobs: bool = False
    exact: bool = False


GROUP = "iicl_tui.agents"
"""The entry-point group by which packages add kinds of agents. Each entry names an AgentKind."""


def agent_kinds() -> Mapping[str, AgentKind]:
    """All kinds of agents by name."""
    return registry.kinds(GROUP)


def kind_of_model(model: str, with_logprobs: bool = False) -> AgentKind:
    """The kind of agent that a model most likely belongs to: the one with the longest matching beginning of a name.

    Args:
        model: The model's name.
        with_logprobs: Consider only kinds whose models give log-probabilities.
    """
    able = [kind for kind in agent_kinds().values() if kind.gives_logprobs or not with_logprobs]
    fitting = [(len(start), kind) for kind in able for start in kind.models if model.startswith(start)]
    return max(fitting, key=lambda pair: pair[0])[1]


Refine = Callable[[RefineRequest], Awaitable[int]]
"""Asks the agent of a generation to refine a hypothesis in the light of examples."""

ChooseWithin = Callable[[NDArray[np.bool_]], Awaitable[int | None]]
"""Asks the agent of a generation to choose among (H,) some hypotheses; None if its belief rules all of them out."""
