"""The exact Bayesian agent: no key, no network, and every probability known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iicl_tui.agents.base import AgentKind, ModelSession, Rounds, Workload
from iicl_tui.agents.beliefs import Belief
from iicl_tui.agents.calls import Call, Message, Purpose
from iicl_tui.bayes import inference
from iicl_tui.errors import ChainStopped, Fault
from iicl_tui.schema import Field
from iicl_tui.schema import Path as KeyPath
from iicl_tui.tasks.base import Example, Task
from iicl_tui.tasks.priors import read_weights

Array = NDArray[np.float64]


class BayesianAgent:
    """Learns P(h|d) ∝ P₀(h) p(d|h), raised to 1/τ and renormalised: this is its belief.

    choose "sample" draws the hypothesis from the belief; "map" takes its maximum, ties broken at random.
    """

    kind = "bayes"
    exact = True
    believes = True
    price = None
    credential = None

    def __init__(
        self, task: Task, log_prior: Array, *, choose: str = "sample", temperature: float = 1.0, noise: float = 0.0
    ) -> None:
        self.task = task
        self.log_prior = log_prior
        self.choose = choose
        self.temperature = temperature
        self.noise = noise
        self._last: tuple[tuple[Example, ...], Belief | None] | None = None

    def describe(self) -> str:
        """bayes sample τ1; a map agent's τ moves no choice, but its belief, so it is named where it is not 1"""
        words = f"bayes {self.choose}" + (f" τ{self.temperature:g}" if self.choose == "sample" or self.temperature != 1 else "")
        return words + (f" ε{self.noise:g}" if self.noise else "")

    def belief(self, rounds: Rounds) -> Belief | None:
        """The belief given the data; None where no hypothesis can have made it (possible only without noise)."""
        data = tuple(example for examples in rounds for example in examples)
        last = self._last  # read once: another thread may ask about other data
        if last is None or last[0] != data:  # a filter's redraws ask again and again
            self._last = last = (data, self.beliefs([([data], ())])[0])
        return last[1]

    def beliefs(self, generations: Sequence[tuple[Rounds, Sequence[Call]]]) -> list[Belief | None]:
        """As the protocol says; one matrix product for all."""
        if not generations:
            return []
        datasets = [[example for examples in rounds for example in examples] for rounds, _ in generations]
        joint = self.log_prior + self.task.log_likelihood(datasets, self.noise)
        possible = np.isfinite(joint.max(axis=1))
        log_p = inference.temper(inference.log_normalise(np.where(possible[:, None], joint, 0.0)), self.temperature)
        return [Belief(row, "exact") if there else None for row, there in zip(log_p, possible.tolist(), strict=True)]

    async def imitate(self, rounds: Rounds, rng: np.random.Generator, session: ModelSession | None = None) -> int:
        """Draws from the belief, or takes its maximum. Raises ChainStopped where no hypothesis explains the data."""
        belief = self.belief(rounds)
        if belief is None:
            raise ChainStopped(
                "No hypothesis explains these data",
                "The data contradict themselves, or the prior rules out whatever explains them, and the agent knows no noise.",
                "Branch from an earlier generation and decide otherwise, or give the agent `noise` above 0 in a new session.",
            )
        return self._pick(belief, rng)

    async def transmit(
        self, hypothesis: int, count: int, rounds: Rounds, rng: np.random.Generator, session: ModelSession | None = None
    ) -> tuple[Example, ...]:
        """Samples of the hypothesis, with this agent's label noise."""
        return self.task.transmit(hypothesis, count, self.noise, rng)

    async def refine(
        self,
        purpose: Purpose,
        hypothesis: int,
        examples: Sequence[Example],
        rounds: Rounds,
        rng: np.random.Generator,
        session: ModelSession | None = None,
    ) -> int:
        """The examples are further data: chooses anew from the posterior over them and all that it had before it.

        A hypothesis that explains all of them is kept. Where its own data and the examples contradict each other, it goes by the
        examples alone, and where even these cannot be, it keeps what it has. Without noise a refined hypothesis thus explains
        every example; with noise it may be wrong again.
        """
        if not examples or self.task.explained(examples)[hypothesis] == len(examples):
            return hypothesis
        belief = self.belief([*rounds, examples]) or self.belief([examples])
        return hypothesis if belief is None else self._pick(belief, rng)

    def unread(self, calls: Sequence[Call]) -> bool:
        """Never: nothing is said."""
        return False

    def opening(self, rounds: Rounds) -> tuple[Message, ...]:
        """None: nothing is said."""
        return ()

    def workload(self, rounds: Rounds, filters: Sequence[str], lookback: int, own: range) -> Workload:
        """Nothing is paid for."""
        return Workload()

    async def close(self) -> None:
        """There is nothing to give up."""

    def _pick(self, belief: Belief, rng: np.random.Generator) -> int:
        pick = inference.argmax if self.choose == "map" else inference.sample
        return pick(belief.log_p, rng)


FIELDS = (
    Field(
        "choose", "choice", "chooses by", "sample: draws its hypothesis from the posterior. map: takes the likeliest one "
        "(ties broken at random).", "sample", choices=("sample", "map"),
    ),
    Field(
        "temperature", "float", "temperature τ", "The posterior is raised to 1/τ and renormalised: below 1 sharper, above 1 "
        "flatter.", 1.0, low=0.01, high=100,
    ),
    Field(
        "noise", "float", "label noise ε", "The chance that an output is another one than the hypothesis says, both when learning "
        "and when making samples.", 0.0, low=0, high=0.5,
    ),
    Field(
        "prior", "table", "prior weights", "The weight of each value of each factor, as screen = { on = 1, off = 8, und = 1 }; "
        "what is absent weighs 1. Or table = \"file.csv\" over whole hypotheses.", {}, in_form=False,
    ),
)  # fmt: skip


def build(values: Mapping[str, Any], task: Task, path: KeyPath, faults: list[Fault], folder: Path | None) -> BayesianAgent:
    """The agent of an [[agent]] table."""
    log_prior = task.log_prior(values["prior"], (*path, "prior"), faults, folder)
    return BayesianAgent(task, log_prior, choose=values["choose"], temperature=values["temperature"], noise=values["noise"])


def embed(table: Mapping[str, Any], task: Task, folder: Path | None) -> dict[str, Any]:
    """A prior's file is read into the table as `weights`."""
    prior = table.get("prior", {})
    if "table" not in prior or "weights" in prior:
        return dict(table)
    return {**table, "prior": {**prior, "weights": read_weights(prior["table"], task.space, folder)}}


KIND = AgentKind("bayes", "Bayesian", "Exact inference; no key, no network.", FIELDS, build, embed, order=1)
