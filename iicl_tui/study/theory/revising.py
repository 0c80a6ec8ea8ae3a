"""The filters that have an agent learn again, for many chains at once: refinements, and the conversation with a partner."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iicl_tui.bayes.inference import is_mode
from iicl_tui.study.theory.gates import normalised
from iicl_tui.study.theory.learning import Learner, drawn
from iicl_tui.study.theory.outcomes import ABSENT, Outcomes, counted

Array = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Revising:
    """What one generation's agents know: one row a chain.

    Attributes:
        counts: (N, K + 1) outcomes of the data that each agent saw, and ones.
    """

    outcomes: Outcomes
    learner: Learner
    counts: Array
    rng: np.random.Generator

    def sums(self, counts: Array) -> Array:
        """(n, H) cumulative sums of the chances of each hypothesis to be learned from these counts."""
        most = float(counts.sum(axis=1).max(initial=1.0))
        return np.cumsum(normalised(self.learner.weights(self.learner.log_weights(counts), most)), axis=1)

    def choose(self, counts: Array) -> Ints:
        """(n,) hypotheses learned from these counts; −1 where none is possible."""
        return drawn(self.sums(counts), self.rng.random(len(counts)))


Revise = Callable[[Ints, Revising], Ints]
"""(N,) hypotheses, none of them −1 → (N,) the ones that go on; −1 where the chain stops."""


@dataclass(frozen=True, eq=False)
class Refine:
    """The agent takes examples of d⁰ as further data and chooses again; a hypothesis that explains them all is kept.

    Attributes:
        failing: (H, K) how often each hypothesis gets each outcome of d⁰ wrong.
        shown: (H, K) the examples that the agent is shown: the failing ones, or all of d⁰.
        rounds: How often it is asked at most.
        stops: The chain stops at a hypothesis that still fails.
    """

    failing: Array
    shown: Array
    rounds: int
    stops: bool

    def __call__(self, hypotheses: Ints, state: Revising) -> Ints:
        """See `Revise`."""
        wrong: NDArray[np.bool_] = np.asarray(self.failing.any(axis=1))
        out = hypotheses.copy()
        for _ in range(self.rounds):
            at = np.flatnonzero(wrong[out])
            if not at.size:
                break
            extra = np.zeros((len(at), state.counts.shape[1]))
            extra[:, :-1] = self.shown[out[at]]
            after = state.choose(state.counts[at] + extra)
            extra[:, -1] = 1.0
            after = np.where(after < 0, state.choose(extra), after)  # they contradict the data: only the examples count
            out[at] = np.where(after < 0, out[at], after)
        return np.where(wrong[out], -1, out) if self.stops else out


@dataclass(frozen=True, eq=False)
class Talk:
    """The agent learns from the pairs that a partner with the same belief understands, see `filters.conversation`.

    Attributes:
        rules: How they talk.
        p: (X, Y, H) p(y | x, h).
    """

    rules: Any
    p: Array

    def __call__(self, hypotheses: Ints, state: Revising) -> Ints:
        """See `Revise`."""
        inputs, outputs, size = self.p.shape
        # They talk by the belief, even if the agent takes its maximum when it learns.
        belief = Revising(state.outcomes, _sampler(state.learner), state.counts, state.rng)
        sums = belief.sums(state.counts)
        probabilities = np.diff(sums, axis=1, prepend=0.0)
        likely = (probabilities @ self.p.reshape(-1, size).T).reshape(-1, inputs, outputs)
        guesses = np.cumsum(_guesses(likely, self.rules.guess), axis=1)
        rows, understood = np.arange(len(hypotheses)), []
        for _ in range(self.rules.rounds):
            speaks = drawn(sums, state.rng.random(len(rows))) if self.rules.draws == "pair" else hypotheses
            said = state.outcomes.draw(speaks, 1, state.learner.noise, state.rng)[:, 0]
            guess = drawn(guesses[rows, :, said % outputs], state.rng.random(len(rows)))
            understood.append(np.where(guess == said // outputs, said, ABSENT))
        counts = counted(np.array(understood).T, state.outcomes.size)
        if self.rules.update == "added":
            counts[:, :-1] += state.counts[:, :-1]
        return state.choose(counts)


def _sampler(learner: Learner) -> Learner:
    return replace(learner, takes_maximum=False)


def _guesses(likely: Array, how: str) -> Array:
    """(N, X, Y) chances of each guess, up to a factor, from the (N, X, Y) P(y | x) of the partner."""
    with np.errstate(divide="ignore"):
        log_p = np.log(likely)
    best = is_mode(np.moveaxis(log_p, 1, 2)).astype(np.float64)
    best = np.moveaxis(best, 2, 1)
    if how == "best":
        return best
    return np.where(likely.max(axis=1, keepdims=True) > 0, likely, best)
