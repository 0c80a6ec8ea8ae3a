"""Partner: a second agent with the same belief guesses the input from the output.

Either the agent learns from the pairs guessed right, and then makes fresh samples (the paper's procedure), or these pairs pass as
the samples (our own first rule).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iicl_tui.agents.base import Agent
from iicl_tui.bayes import inference
from iicl_tui.errors import ChainStopped, Fault
from iicl_tui.filters.base import Draw, FilterKind, HypothesisFilter, PhaseContext, Propose, Sample, SampleFilter
from iicl_tui.filters.conversation import Listener, Rules
from iicl_tui.schema import Field
from iicl_tui.schema import Path as KeyPath
from iicl_tui.tasks.base import Example, Task

Input = tuple[str, ...]


@dataclass
class _Listener:
    """The partner of one generation.

    Attributes:
        inputs: All inputs of the task.
        candidates: For each output, the inputs that the partner's hypothesis maps to it.
        rounds: Number of rounds left.
    """

    inputs: Sequence[Input]
    candidates: Mapping[str, Sequence[Input]]
    rounds: int

    def guess(self, output: str, rng: np.random.Generator) -> Input:
        """Draws one of the inputs that fit, uniformly; one of all inputs if none fits."""
        fitting = self.candidates.get(output, self.inputs)
        return fitting[int(rng.random() * len(fitting))]


class Conversation(HypothesisFilter):
    """Lets the agent learn again from the pairs that its partner understood. See `conversation`."""

    kind = "partner"

    def __init__(self, rules: Rules) -> None:
        self.rules = rules

    async def hypothesis(self, propose: Propose, context: PhaseContext) -> int:
        """Returns the hypothesis that the agent learns from the pairs guessed right. The exchanges are put on record.

        Raises:
            ChainStopped: The agent's belief is not known, or no hypothesis explains what it learns from.
        """
        before, log_p, learner = await propose(), _known_belief(context), context.learner
        if learner is None:
            raise LookupError("a partner from whom an agent learns needs an exact agent")
        listener = Listener(context.task, log_p, learner.noise, self.rules)
        understood: list[Example] = []
        for _ in range(self.rules.rounds):
            speaks = inference.sample(log_p, context.rng) if self.rules.draws == "pair" else before
            for example in await learner.speak(speaks, 1, context.rng):
                said = listener.hear(example, context.rng)
                context.exchanges.append(said)
                if said.guess is None:
                    understood.append(example)
        after = await learner.learn(understood, self.rules.update == "instead")
        context.record_refinement(self.kind, before, after)
        return after


class Partner(SampleFilter):
    """Passes the pairs whose input the partner guesses from the output.

    Attributes:
        rounds: Maximum number of pairs exchanged in a generation; None: as many as the task passes on.
    """

    kind = "partner"

    def __init__(self, rounds: int | None = None) -> None:
        self.rounds = rounds

    async def samples(self, draw: Draw, count: int, hypothesis: int, context: PhaseContext) -> Sequence[Sample]:
        """Returns all pairs exchanged, until enough were guessed right or no round is left.

        A pair that an earlier filter rejects counts as a round, too.

        Raises:
            ChainStopped: The agent's belief is not known.
        """
        listener = context.memory.get(self)  # exists if a later filter asked for more
        if listener is None:
            listener = context.memory[self] = _listener(context, context.task.samples if self.rounds is None else self.rounds)
        seen: list[Sample] = []
        right = 0
        while right < count and listener.rounds:
            asked = min(count - right, listener.rounds)  # never more than could all pass
            listener.rounds -= asked
            for sample in await draw(asked):
                guess = listener.guess(sample.example.output, context.rng)
                if guess == sample.example.input:
                    right += 1
                    seen.append(sample)
                else:
                    reason = f"the partner guessed {_input_text(context.task, guess, sample.example.output)}"
                    seen.append(replace(sample, verdict="rejected", reason=reason))
        if not listener.rounds and self.kind not in context.exhausted_filters:
            context.exhausted_filters.append(self.kind)
        return seen


def _known_belief(context: PhaseContext) -> NDArray[np.float64]:
    """(H,) log-probabilities of the agent's belief. Raises ChainStopped if it is not known."""
    belief = context.belief()
    if belief is None:
        raise ChainStopped(
            "The partner has no belief",
            f"It has the belief of the agent of generation {context.generation}, and that belief is not known.",
            "Set the agent's `belief` in a new session, or remove the filter `partner`.",
        )
    return belief.log_p


def _listener(context: PhaseContext, rounds: int) -> _Listener:
    own = inference.sample(_known_belief(context), context.rng)
    candidates: dict[str, list[Input]] = defaultdict(list)
    for input in context.task.inputs:
        candidates[context.task.predict(own, input)].append(input)
    return _Listener(context.task.inputs, dict(candidates), rounds)


def _input_text(task: Task, input: Input, output: str) -> str:
    """Returns the input as the task writes it: the text before the arrow."""
    return task.example_text(Example(input, output)).partition(" → ")[0]


FIELDS = (
    Field("passes", "choice", "passes", "fresh: as in the paper, the agent learns from the pairs guessed right and then makes "
          "fresh samples. understood: the pairs guessed right pass themselves, up to M.", "understood",
          choices=("understood", "fresh")),
    Field("rounds", "int", "max. rounds", "How many pairs are exchanged in a generation, with fresh; at most, with understood. "
          "Empty: M rounds.", None, low=1, high=100_000),
    Field("draws", "choice", "speaks from", "With fresh. pair: a hypothesis drawn from the belief for each pair. generation: one "
          "hypothesis, the one that was learned.", "pair", choices=("pair", "generation")),
    Field("guess", "choice", "guesses", "With fresh. best: the partner takes the likeliest input (ties broken at random). drawn: "
          "it draws the input from its belief.", "best", choices=("best", "drawn")),
    Field("update", "choice", "learns from", "With fresh. added: the agent learns from its data and the pairs guessed right. "
          "instead: from these pairs alone.", "added", choices=("added", "instead")),
)  # fmt: skip


def build(values: Mapping[str, Any], task: Task, path: KeyPath, faults: list[Fault]) -> Partner | Conversation:
    """Builds the filter from the values of its [[filter]] table."""
    if values["passes"] == "fresh":
        rounds = task.samples if values["rounds"] is None else values["rounds"]
        it: Partner | Conversation = Conversation(Rules(rounds, values["draws"], values["guess"], values["update"]))
    else:
        it = Partner(values["rounds"])
    if not task.inputs:
        faults.append(
            Fault((*path, "kind"), f"a partner guesses among all inputs, and the inputs of the task {task.name} cannot be listed")
        )
    return it


def check_agents(filter: Partner | Conversation, task: Task, agents: Sequence[Agent], path: KeyPath, faults: list[Fault]) -> None:
    """Adds a fault if an agent's belief will not be known, since the partner shares it."""
    if not all(agent.has_belief for agent in agents):
        faults.append(Fault((*path, "kind"), 'a partner needs the belief of its agent, but one agent has belief = "none"'))
    if isinstance(filter, Conversation) and not all(agent.exact for agent in agents):
        what = '"fresh" needs Bayesian agents, which learn again from what was understood; with a model use "understood"'
        faults.append(Fault((*path, "passes"), what))


KIND = FilterKind(
    "partner",
    "partner",
    "A partner with the same belief guesses the input from the output; pairs guessed right pass, or the agent learns from them.",
    FIELDS,
    build,
    check_agents,
    order=6,
)
