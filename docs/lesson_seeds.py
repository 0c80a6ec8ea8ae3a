"""How typical the seeds of the lessons are: their chains for seeds 1 to 40, and how near each is to their mean.

Prints for two lessons the mean curve of P(spurious object off), or of its state in question, and the seeds nearest to it, by mean
distance; then for every number that a lesson asks for its mean, its range without the outer tenths, and the lesson's own.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

import iicl_tui
from iicl_tui.chain.engine import Chain
from iicl_tui.lessons.lesson import ChainSource, NumberQuestion
from iicl_tui.lessons.library import ORDER, path_of
from iicl_tui.lessons.reading import read_lesson

SEEDS = range(1, 41)
LESSONS = ("choosing-makes-it-grow", "weak-and-strong-evidence")


def curves(name: str, chain: int) -> tuple[int, NDArray[np.float64]]:
    """The lesson's own seed, and (seeds, T): P(screen off) in every generation for every seed."""
    config = read_lesson(path_of(name)).chains[chain].config
    assert config is not None
    focus = config.task.focus
    assert focus is not None
    runs = [iicl_tui.run(config, {"chain.seed": seed}).measures.marginals[focus][:, 1] for seed in SEEDS]
    return config.seed, np.array(runs)


def rank_of(values: NDArray[np.float64], seed: int) -> int:
    """The place of a seed by the mean distance of its curve from the mean curve; 1 is the nearest."""
    distances = np.abs(values - values.mean(axis=0)).mean(axis=1)
    return int((distances < distances[seed - 1]).sum()) + 1


def chains_of(sources: Sequence[ChainSource], seed: int | None) -> dict[str, Chain]:
    """The chains of a lesson with another seed, or with their own. d⁰ and h* stay where the lesson gives them."""
    changes = {} if seed is None else {"chain.seed": seed}
    chains = {each.name: Chain(iicl_tui.read_config(each.config, changes)) for each in sources if each.config is not None}
    for chain in chains.values():
        asyncio.run(chain.run())
    return chains


def figures(name: str) -> Iterator[str]:
    """A line for each number that a lesson asks for."""
    lesson = read_lesson(path_of(name))
    if any(source.config is None for source in lesson.chains):
        return
    questions = [step.question for step in lesson.steps if isinstance(step.question, NumberQuestion)]
    own = chains_of(lesson.chains, None)
    runs = [chains_of(lesson.chains, seed) for seed in SEEDS] if questions else []
    for question in questions:
        stated = question.answer.value(own)
        values = np.array([question.answer.value(run) for run in runs])
        low, middle, high = np.quantile(values, [0.1, 0.5, 0.9])
        nearer = int((np.abs(values - values.mean()) < abs(stated - values.mean())).sum())
        yield (
            f"{name}: {question.answer.text}: {stated:.3g}; of {len(SEEDS)} seeds mean {values.mean():.3g}, median {middle:.3g}, "
            f"{low:.3g} to {high:.3g} without the outer tenths; {nearer} are nearer to the mean"
        )


def main() -> None:
    """Prints one line for each chain, then one for each figure."""
    for name in LESSONS:
        for chain in (0, 1):
            seed, values = curves(name, chain)
            mean = ", ".join(f"{value:.2f}" for value in values.mean(axis=0))
            print(
                f"{name}, chain {chain + 1}: mean {mean}; seed {seed} is number {rank_of(values, seed)} of {len(SEEDS)} by distance"
            )
    for name in ORDER:
        for line in figures(name):
            print(line)


if __name__ == "__main__":
    sys.exit(main())
