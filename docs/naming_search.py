"""Searches the options of the naming game for those with which the outcomes of the paper's Figure 8 come out.

    .venv/bin/python docs/naming_search.py [CHAINS]

A chain is 40 generations long. Printed is the mean over the last ten of the posterior mass of a class, as it is after the
interaction, averaged over the chains, with the standard error. All chains are computed together with numpy; the tests hold a
generation against the same exact chances as the program's own chains.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from iicl_tui.tasks.naming.task import CLASSES, Naming

Array = NDArray[np.float64]

GENERATIONS, LAST = 40, 10
DEGENERATE, SYSTEMATIC = CLASSES.index("degenerate"), CLASSES.index("systematic")
TASKS = {coding: Naming(coding=coding) for coding in ("symbols", "characters")}
LANGUAGES, CLASS = TASKS["symbols"].space.codes, TASKS["symbols"].classes


@dataclass(frozen=True)
class Setup:
    """The options of a chain, by their names in the program; `rounds` 0: no interaction. `fresh`: each example of dᵗ comes from
    a hypothesis of its own ("pair"), or all from one ("generation"), as the program has it."""

    start: str = "holistic"
    coding: str = "symbols"
    base: float = 2.0
    scale: float = 1.3
    noise: float = 0.05
    samples: int = 8
    rounds: int = 60
    draws: str = "pair"
    guess: str = "best"
    update: str = "added"
    fresh: str = "generation"


class Game:
    """Many chains of one setup.

    Attributes:
        label: (H, 16) p(y|x, h), with x·4 + y as the column.
        log_prior: (H,) not normalised, in nats.
    """

    def __init__(self, setup: Setup, rng: np.random.Generator) -> None:
        self.setup, self.rng = setup, rng
        right = LANGUAGES[:, :, None] == np.arange(4)
        self.label = np.where(right, 1 - setup.noise, setup.noise / 3).reshape(len(LANGUAGES), 16)
        self.log_prior = -TASKS[setup.coding].coding_lengths * np.log(setup.base) / setup.scale

    def first(self, chains: int) -> Array:
        """(chains, 16): how often each pair is in d⁰, which shows the meanings evenly."""
        pool = np.flatnonzero(CLASSES.index(self.setup.start) == CLASS)
        languages = LANGUAGES[self.rng.choice(pool, size=chains)]
        counts = np.zeros((chains, 16))
        for n in range(self.setup.samples):
            counts[np.arange(chains), n % 4 * 4 + languages[:, n % 4]] += 1
        return counts

    def posterior(self, counts: Array) -> Array:
        """(chains, H) P(h|d)."""
        log_p = self.log_prior + counts @ np.log(self.label).T
        p = np.exp(log_p - log_p.max(axis=1, keepdims=True))
        return np.asarray(p / p.sum(axis=1, keepdims=True))

    def draw(self, p: Array, count: int) -> NDArray[np.intp]:
        """(chains, count) draws from (chains, K) weights."""
        cumulative = np.cumsum(p, axis=1)
        return (self.rng.random((len(p), count, 1)) * cumulative[:, None, -1:] >= cumulative[:, None, :]).sum(axis=2)

    def after(self, counts: Array) -> Array:
        """(chains, H): the posterior after the interaction."""
        setup, p = self.setup, self.posterior(counts)
        if not setup.rounds:
            return p
        predicted = p @ self.label
        said = self.draw(predicted if setup.draws == "pair" else self.label[self.draw(p, 1)[:, 0]], setup.rounds)
        heard = np.take_along_axis(predicted.reshape(-1, 4, 4).transpose(0, 2, 1), (said % 4)[:, :, None], axis=1)
        if setup.guess == "best":
            heard = (heard >= heard.max(axis=2, keepdims=True) * (1 - 1e-9)).astype(np.float64)
        cumulative = np.cumsum(heard, axis=2)
        guessed = (self.rng.random((*said.shape, 1)) * cumulative[:, :, -1:] >= cumulative).sum(axis=2)
        understood = counted(said, guessed == said // 4)
        return self.posterior(understood if setup.update == "instead" else counts + understood)

    def step(self, counts: Array) -> tuple[Array, Array]:
        """The next data, (chains, 16), and the posterior after the interaction, (chains, H)."""
        p, count = self.after(counts), self.setup.samples
        weights = p @ self.label if self.setup.fresh == "pair" else self.label[self.draw(p, 1)[:, 0]]
        made = self.draw(weights, count)
        return counted(made, np.ones_like(made, dtype=np.bool_)), p


def counted(pairs: NDArray[np.intp], kept: NDArray[np.bool_]) -> Array:
    """(chains, 16): how often each pair is among the (chains, N) pairs that are kept."""
    return np.stack([((pairs == pair) & kept).sum(axis=1) for pair in range(16)], axis=1).astype(np.float64)


def masses(setup: Setup, chains: int, seed: int = 0) -> Array:
    """(chains, classes): the mean mass of each class in the last generations."""
    game = Game(setup, np.random.default_rng(seed))
    counts, found = game.first(chains), []
    for _ in range(GENERATIONS):
        counts, p = game.step(counts)
        found.append(np.stack([p[:, code == CLASS].sum(axis=1) for code in range(len(CLASSES))], axis=1))
    return np.mean(found[-LAST:], axis=0)


def panels(setup: Setup, chains: int) -> tuple[str, ...]:
    """The outcomes of the four panels as texts, then those that came out as in the paper.

    1 and 2: with interaction systematic languages have the most mass, from holistic and from degenerate d⁰. 3: without it
    degenerate ones have, from both. 4: with a uniform prior neither have.
    """
    starts = ("holistic", "degenerate")
    talking = [masses(replace(setup, start=start), chains) for start in starts]
    silent = [masses(replace(setup, start=start, rounds=0), chains) for start in starts]
    uniform = masses(replace(setup, base=1.0), chains)
    holds = [each.mean(axis=0).argmax() == SYSTEMATIC for each in talking]
    holds.append(all(each.mean(axis=0).argmax() == DEGENERATE for each in silent))
    holds.append(uniform.mean(axis=0).argmax() not in (DEGENERATE, SYSTEMATIC))
    shown = [(each, SYSTEMATIC) for each in talking] + [(each, DEGENERATE) for each in silent] + [(uniform, SYSTEMATIC)]
    came_out = "".join(str(number) if there else "–" for number, there in enumerate(holds, 1))
    return (*(text(each[:, code]) for each, code in shown), came_out)


def text(values: Array) -> str:
    """The mean and its standard error, as .92 ± .03."""
    mean, error = values.mean(), values.std(ddof=1) / len(values) ** 0.5
    return f"{mean:.2f} ± {error:.2f}".replace("0.", ".")


BEST = Setup()
SEARCHED: dict[str, Setup] = {
    "the presets": BEST,
    "update = instead": replace(BEST, update="instead"),
    "guess = drawn": replace(BEST, guess="drawn"),
    "guess = drawn, update = instead": replace(BEST, guess="drawn", update="instead"),
    "draws = generation": replace(BEST, draws="generation"),
    "… update = instead": replace(BEST, draws="generation", update="instead"),
    "dᵗ with fresh h": replace(BEST, fresh="pair"),
    "N = 4": replace(BEST, samples=4),
    "N = 20": replace(BEST, samples=20),
    "20 rounds": replace(BEST, rounds=20),
    "180 rounds": replace(BEST, rounds=180),
    "c = 1": replace(BEST, scale=1.0),
    "c = 1.6": replace(BEST, scale=1.6),
    "c = 2": replace(BEST, scale=2.0),
    "ε = .01": replace(BEST, noise=0.01),
    "ε = .1": replace(BEST, noise=0.1),
    "ε = .15": replace(BEST, noise=0.15),
    "characters, c = 2.7": replace(BEST, coding="characters", scale=2.7),
    "characters, c = 6": replace(BEST, coding="characters", scale=6.0),
    "… c = 6, update = instead": replace(BEST, coding="characters", scale=6.0, update="instead"),
}
COLUMNS = ("systematic, holistic d⁰", "…, degenerate d⁰", "silent: degenerate", "…, degenerate d⁰", "uniform: systematic", "holds")


def main() -> None:
    """Prints one line a setup, as a table in Markdown."""
    chains = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    print(f"| {chains} chains |", " | ".join(COLUMNS), "|")
    print("|---" * (len(COLUMNS) + 1) + "|")
    for name, setup in SEARCHED.items():
        print(f"| {name} |", " | ".join(panels(setup, chains)), "|", flush=True)


if __name__ == "__main__":
    main()
