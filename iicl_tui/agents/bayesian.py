"""The exact Bayesian agent: no key, no network, and exact probabilities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iicl_tui.agents.base import AgentKind, Datasets, ModelSession, RefineRequest, UsageEstimate
from iicl_tui.agents.beliefs import Belief
from iicl_tui.agents.calls import Call, Message
from iicl_tui.bayes import inference
from iicl_tui.errors import ChainStopped, Fault
from iicl_tui.schema import Field, normal_number
from iicl_tui.schema import Path as KeyPath
from iicl_tui.tasks.base import Example, Task
from iicl_tui.tasks.priors import read_weights

Array = NDArray[np.float64]


class BayesianAgent:
    """Learns P(h|d) ∝ P₀(h) p(d|h), raised to 1/τ and renormalised. This is its belief.

    Args:
        task: The task.
        log_prior: (H,) log P₀(h) in nats.
        choose: "sample" draws the hypothesis from the belief, "map" takes its maximum with ties broken at random.
        temperature: τ.
        noise: ε, the probability that an example's label is wrong.
    """

    kind = "bayes"
    exact = True
    chooses_within = True
    has_belief = True
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
        """For example "bayes sample τ1". A map agent's τ changes only its belief, so it is named only if it is not 1."""
        words = f"bayes {self.choose}" + (f" τ{self.temperature:g}" if self.choose == "sample" or self.temperature != 1 else "")
        return words + (f" ε{self.noise:g}" if self.noise else "")

    def belief(self, datasets: Datasets) -> Belief | None:
        """The belief given the data; None if no hypothesis can have made them, which is possible only without noise."""
        data = tuple(example for dataset in datasets for example in dataset)
        last = self._last  # read once: another thread may replace it
        if last is None or last[0] != data:  # a filter's redraws ask repeatedly
            self._last = last = (data, self.beliefs([([data], ())])[0])
        return last[1]

    def beliefs(self, generations: Sequence[tuple[Datasets, Sequence[Call]]]) -> list[Belief | None]:
        """As the protocol says, with one matrix product for all generations."""
        if not generations:
            return []
        merged = [[example for dataset in datasets for example in dataset] for datasets, _ in generations]
        joint = self.log_prior + self.task.log_likelihood(merged, self.noise)
        possible = np.isfinite(joint.max(axis=1))
        log_p = inference.temper(inference.log_normalise(np.where(possible[:, None], joint, 0.0)), self.temperature)
        return [Belief(row, "exact") if there else None for row, there in zip(log_p, possible.tolist(), strict=True)]

    async def imitate(self, datasets: Datasets, rng: np.random.Generator, session: ModelSession | None = None) -> int:
        """Draws from the belief, or takes its maximum.

        Raises:
            ChainStopped: No hypothesis explains the data.
        """
        belief = self.belief(datasets)
        if belief is None:
            raise ChainStopped(
                "No hypothesis explains these data",
                "The data are contradictory, or the prior excludes every explanation, and the agent assumes no noise.",
                "Branch from an earlier generation and decide differently, or give the agent a `noise` above 0 in a new session.",
            )
        return self._pick(belief.log_p, rng)

    @property
    def takes_maximum(self) -> bool:
        """Whether it takes the likeliest hypothesis."""
        return self.choose == "map"

    async def choose_within(
        self, members: NDArray[np.bool_], datasets: Datasets, rng: np.random.Generator, session: ModelSession | None = None
    ) -> int | None:
        """Draws from the belief restricted to the (H,) members, or takes its maximum there; None if it rules all of them out."""
        belief = self.belief(datasets)
        within = None if belief is None else inference.restrict(belief.log_p, members)
        return None if within is None else self._pick(within, rng)

    async def transmit(
        self, hypothesis: int, count: int, datasets: Datasets, rng: np.random.Generator, session: ModelSession | None = None
    ) -> tuple[Example, ...]:
        """Samples of the hypothesis, with this agent's label noise.

        If the task's rules stay hidden, each sample is of a fresh hypothesis from the belief: a draw from the posterior predictive
        distribution.
        """
        belief = self.belief(datasets) if getattr(self.task, "fresh_rules", False) else None
        if belief is None:
            return self.task.transmit(hypothesis, count, self.noise, rng)
        drawn = (self.task.transmit(self._pick(belief.log_p, rng), 1, self.noise, rng) for _ in range(count))
        return tuple(example for examples in drawn for example in examples)

    async def refine(
        self, request: RefineRequest, datasets: Datasets, rng: np.random.Generator, session: ModelSession | None = None
    ) -> int:
        """Treats the examples as further data and chooses again from the posterior over all data.

        A hypothesis that explains all examples is kept. If the examples contradict the earlier data, only the examples count. If
        no hypothesis explains the examples either, the current one is kept. Without noise a refined hypothesis therefore
        explains every example; with noise it may still be wrong.
        """
        hypothesis, examples = request.hypothesis, request.examples
        if not examples or self.task.explained(examples)[hypothesis] == len(examples):
            return hypothesis
        belief = self.belief([*datasets, examples]) or self.belief([examples])
        return hypothesis if belief is None else self._pick(belief.log_p, rng)

    def prior(self, calls: Sequence[Call]) -> Belief | None:
        """P₀, tempered as the belief is. No calls are needed."""
        return self.beliefs([((), ())])[0]

    def missing_prior(self, calls: Sequence[Call]) -> str:
        """It is always known."""
        return ""

    def missing_belief(self, calls: Sequence[Call]) -> str:
        """The data alone decide."""
        return "no hypothesis explains these data"

    def awaits_person(self, calls: Sequence[Call]) -> bool:
        """Never: there are no replies."""
        return False

    def first_messages(self, datasets: Datasets) -> tuple[Message, ...]:
        """None: no messages are sent."""
        return ()

    def estimate_usage(self, datasets: Datasets, refinements: int, lookback: int, own: range) -> UsageEstimate:
        """Nothing is called."""
        return UsageEstimate()

    async def close(self) -> None:
        """There is nothing to close."""

    def _pick(self, log_p: Array, rng: np.random.Generator) -> int:
        pick = inference.argmax if self.takes_maximum else inference.sample
        return pick(log_p, rng)


FIELDS = (
    Field(
        "choose", "choice", "chooses by", "sample: draws its hypothesis from the posterior. map: takes the likeliest one "
        "(ties broken at random).", "sample", choices=("sample", "map"),
    ),
    Field(
        "temperature", "float", "temperature τ", "The posterior is raised to 1/τ and renormalised: below 1 sharper, above 1 "
        "flatter.", 1.0, low=0.01, high=100, convert=normal_number,
    ),
    Field(
        "noise", "float", "label noise ε", "The probability that an output differs from what the hypothesis says, both when "
        "learning and when making samples.", 0.0, low=0, high=0.5, convert=normal_number,
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
    """Reads a prior's file into the table as `weights`."""
    prior = table.get("prior", {})
    if "table" not in prior or "weights" in prior:
        return dict(table)
    return {**table, "prior": {**prior, "weights": read_weights(prior["table"], task.space, folder)}}


KIND = AgentKind("bayes", "Bayesian", "Exact inference; no key, no network.", FIELDS, build, embed, order=1, exact=True)
