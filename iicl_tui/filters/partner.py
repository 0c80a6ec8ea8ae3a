"""Partner: a second agent of the same belief guesses the input from the output; only pairs that it guesses right pass."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from iicl_tui.agents.base import Agent
from iicl_tui.bayes import inference
from iicl_tui.errors import ChainStopped, Fault
from iicl_tui.filters.base import Draw, FilterKind, OfSamples, PhaseContext, Sample
from iicl_tui.schema import Field
from iicl_tui.schema import Path as KeyPath
from iicl_tui.tasks.base import Example, Task

Input = tuple[str, ...]


@dataclass
class _Listener:
    """The partner of one generation. candidates: for each output the inputs to which its hypothesis gives it.

    rounds: how many are left.
    """

    inputs: Sequence[Input]
    candidates: Mapping[str, Sequence[Input]]
    rounds: int

    def guess(self, output: str, rng: np.random.Generator) -> Input:
        """One of the inputs that fit, each with the same chance; of all inputs where none fits."""
        fitting = self.candidates.get(output, self.inputs)
        return fitting[int(rng.random() * len(fitting))]


class Partner(OfSamples):
    """rounds: how many pairs are exchanged at most in a generation (None: as many as the task passes on)."""

    kind = "partner"

    def __init__(self, rounds: int | None = None) -> None:
        self.rounds = rounds

    async def samples(self, draw: Draw, count: int, hypothesis: int, context: PhaseContext) -> Sequence[Sample]:
        """All pairs exchanged, until enough were guessed right or no round is left. Raises ChainStopped without a belief.

        A pair that a filter before this one rejects is a round, too.
        """
        listener = context.memory.get(self)  # there where a filter after this one asks again
        if listener is None:
            listener = context.memory[self] = _listener(context, context.task.samples if self.rounds is None else self.rounds)
        seen: list[Sample] = []
        right = 0
        while right < count and listener.rounds:
            asked = min(count - right, listener.rounds)  # as many as may all pass: the last one drawn is the last one needed
            listener.rounds -= asked
            for sample in await draw(asked):
                guess = listener.guess(sample.example.output, context.rng)
                if guess == sample.example.input:
                    right += 1
                    seen.append(sample)
                else:
                    reason = f"the partner guessed {_named(context.task, guess, sample.example.output)}"
                    seen.append(replace(sample, verdict="rejected", reason=reason))
        if not listener.rounds and self.kind not in context.exhausted_filters:
            context.exhausted_filters.append(self.kind)
        return seen


def _listener(context: PhaseContext, rounds: int) -> _Listener:
    belief = context.belief()
    if belief is None:
        raise ChainStopped(
            "The partner has nothing to guess from",
            f"It believes what the agent of generation {context.generation} believes, and that is not known.",
            "Give the agent a `belief` in a new session, or leave the filter `partner` out.",
        )
    own = inference.sample(belief.log_p, context.rng)
    candidates: dict[str, list[Input]] = defaultdict(list)
    for input in context.task.inputs:
        candidates[context.task.predict(own, input)].append(input)
    return _Listener(context.task.inputs, dict(candidates), rounds)


def _named(task: Task, input: Input, output: str) -> str:
    """The input as the task writes it: what stands before the arrow."""
    return task.example_text(Example(input, output)).partition(" → ")[0]


FIELDS = (
    Field("rounds", "int", "rounds at most", "How many pairs are exchanged at most in a generation. Those that the partner guesses "
          "right pass, up to M. Empty: M rounds.", None, low=1, high=100_000),
)  # fmt: skip


def build(values: Mapping[str, Any], task: Task, path: KeyPath, faults: list[Fault]) -> Partner:
    """The filter of a [[filter]] table."""
    if not task.inputs:
        faults.append(Fault((*path, "kind"), f"a partner guesses among all inputs, and those of the task {task.name} have no list"))
    return Partner(values["rounds"])


def suits(filter: Partner, task: Task, agents: Sequence[Agent], path: KeyPath, faults: list[Fault]) -> None:
    """The partner has the agent's belief, so that has to be known."""
    if not all(agent.believes for agent in agents):
        faults.append(
            Fault((*path, "kind"), 'a partner has the belief of its agent, and one of them is set up with belief = "none"')
        )


KIND = FilterKind(
    "partner",
    "a partner",
    "A partner with the same belief guesses the input from the output; only pairs guessed right pass.",
    FIELDS,
    build,
    suits,
    order=6,
)
