"""Partner: a second agent with the same belief guesses the input from the output; only pairs guessed right pass."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from iicl_tui.agents.base import Agent
from iicl_tui.bayes import inference
from iicl_tui.errors import ChainStopped, Fault
from iicl_tui.filters.base import Draw, FilterKind, PhaseContext, Sample, SampleFilter
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


def _listener(context: PhaseContext, rounds: int) -> _Listener:
    belief = context.belief()
    if belief is None:
        raise ChainStopped(
            "The partner has no belief",
            f"It has the belief of the agent of generation {context.generation}, and that belief is not known.",
            "Set the agent's `belief` in a new session, or remove the filter `partner`.",
        )
    own = inference.sample(belief.log_p, context.rng)
    candidates: dict[str, list[Input]] = defaultdict(list)
    for input in context.task.inputs:
        candidates[context.task.predict(own, input)].append(input)
    return _Listener(context.task.inputs, dict(candidates), rounds)


def _input_text(task: Task, input: Input, output: str) -> str:
    """Returns the input as the task writes it: the text before the arrow."""
    return task.example_text(Example(input, output)).partition(" → ")[0]


FIELDS = (
    Field("rounds", "int", "max. rounds", "How many pairs are exchanged in a generation, at most. Pairs that the partner guesses "
          "right pass, up to M. Empty: M rounds.", None, low=1, high=100_000),
)  # fmt: skip


def build(values: Mapping[str, Any], task: Task, path: KeyPath, faults: list[Fault]) -> Partner:
    """Builds the filter from the values of its [[filter]] table."""
    if not task.inputs:
        faults.append(
            Fault((*path, "kind"), f"a partner guesses among all inputs, and the inputs of the task {task.name} cannot be listed")
        )
    return Partner(values["rounds"])


def check_agents(filter: Partner, task: Task, agents: Sequence[Agent], path: KeyPath, faults: list[Fault]) -> None:
    """Adds a fault if an agent's belief will not be known, since the partner shares it."""
    if not all(agent.has_belief for agent in agents):
        faults.append(Fault((*path, "kind"), 'a partner needs the belief of its agent, but one agent has belief = "none"'))


KIND = FilterKind(
    "partner",
    "partner",
    "A partner with the same belief guesses the input from the output; only pairs guessed right pass.",
    FIELDS,
    build,
    check_agents,
    order=6,
)
