"""Samples of many chains at once, and the filters of samples: whole batches are drawn, judged and drawn again.

A source gives each chain as many samples as it asks for, or fewer where a filter rejects some, as the engine's gates do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from iicl_tui.study.theory.outcomes import ABSENT, Outcomes

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

Source = Callable[[Ints, Ints], Ints]
"""(n,) rows of chains, (n,) how many samples each wants → (n, most) outcomes; `ABSENT` where there is none."""


@dataclass(frozen=True, eq=False)
class Making:
    """What the filters of samples know in one generation.

    Attributes:
        hypotheses: (N,) that the samples are made from.
        belief: Draws (n,) hypotheses from the beliefs of (n,) rows of chains.
        generation: t.
    """

    outcomes: Outcomes
    hypotheses: Ints
    noise: float
    generation: int
    samples: int
    rng: np.random.Generator
    belief: Callable[[Ints], Ints]
    memory: dict[int, Ints] = field(default_factory=dict)


SampleGate = Callable[[Source, Making], Source]
"""Puts a filter behind a source."""


def fresh(making: Making) -> Source:
    """The agent's own samples."""

    def source(rows: Ints, wanted: Ints) -> Ints:
        most = int(wanted.max(initial=0))
        made = making.outcomes.draw(making.hypotheses[rows], most, making.noise, making.rng)
        return np.where(np.arange(most) < wanted[:, None], made, ABSENT)

    return source


def predictive(making: Making) -> Source:
    """Samples of an agent that states no rule: each is made from a hypothesis of its own, drawn from the belief."""

    def source(rows: Ints, wanted: Ints) -> Ints:
        most = int(wanted.max(initial=0))
        made = [making.outcomes.draw(making.belief(rows), 1, making.noise, making.rng) for _ in range(most)]
        together = np.concatenate(made, axis=1) if made else np.empty((len(rows), 0), dtype=np.int64)
        return np.where(np.arange(most) < wanted[:, None], together, ABSENT)

    return source


@dataclass(frozen=True, eq=False)
class Accept:
    """Each sample passes with a chance; those that do not are drawn again, at most `redraws` times, or are missing.

    Attributes:
        chances: (generation, (K, H) agreement) → (K, H) the chance of each outcome of each hypothesis to pass.
    """

    chances: Callable[[int, NDArray[np.bool_]], Array]
    redraws: int

    def __call__(self, inner: Source, making: Making) -> Source:
        """See `SampleGate`."""
        chances = self.chances(making.generation, making.outcomes.agree())
        sure = bool(((chances == 0) | (chances == 1)).all())

        def source(rows: Ints, wanted: Ints) -> Ints:
            left, found = wanted.copy(), [np.empty((len(rows), 0), dtype=np.int64)]
            for _ in range(self.redraws + 1):
                at = np.flatnonzero(left)
                if not at.size:
                    break
                made = inner(rows[at], left[at])
                chance = chances[np.maximum(made, 0), making.hypotheses[rows[at], None]]
                passes = (made >= 0) & (chance > (0.5 if sure else making.rng.random(made.shape)))
                left[at] -= passes.sum(axis=1)
                batch = np.full((len(rows), made.shape[1]), ABSENT)
                batch[at] = np.where(passes, made, ABSENT)
                found.append(batch)
            return closed_up(found, wanted)

        return source


@dataclass(frozen=True)
class Understood:
    """The pairs whose input a partner with a hypothesis of its own, from the same belief, guesses from the output.

    Attributes:
        rounds: How many pairs are exchanged in a generation at most.
        table: (H, X) the output that each hypothesis gives to each input.
    """

    rounds: int
    table: NDArray[np.int16]
    outputs: int

    def __call__(self, inner: Source, making: Making) -> Source:
        """See `SampleGate`."""
        everyone = np.arange(len(making.hypotheses))
        partner, left_rounds = making.belief(everyone), np.full(len(everyone), self.rounds)

        def source(rows: Ints, wanted: Ints) -> Ints:
            left, found = wanted.copy(), [np.empty((len(rows), 0), dtype=np.int64)]
            while (at := np.flatnonzero((left > 0) & (left_rounds[rows] > 0))).size:
                asked = np.minimum(left[at], left_rounds[rows[at]])
                left_rounds[rows[at]] -= asked
                made = inner(rows[at], asked)
                there = made >= 0
                right = there & (self._guessed(partner[rows[at]], made % self.outputs, making.rng) == made // self.outputs)
                left[at] -= right.sum(axis=1)
                batch = np.full((len(rows), made.shape[1]), ABSENT)
                batch[at] = np.where(right, made, ABSENT)
                found.append(batch)
            return closed_up(found, wanted)

        return source

    def _guessed(self, partner: Ints, outputs: Ints, rng: np.random.Generator) -> Ints:
        """(n, m) inputs: one of those that the partner's hypothesis gives the output to, with equal chances; or of all."""
        fitting = self.table[partner][:, None, :] == outputs[:, :, None]
        fitting |= ~fitting.any(axis=2, keepdims=True)
        return np.where(fitting, rng.random(fitting.shape), -1.0).argmax(axis=2)


def closed_up(found: Sequence[Ints], wanted: Ints) -> Ints:
    """(n, most) the outcomes of all batches, without the places between them."""
    together = np.concatenate(found, axis=1)
    most = int(wanted.max(initial=0))
    if together.shape[1] > most:
        together = -np.sort(-together, axis=1)[:, :most]
    return together
