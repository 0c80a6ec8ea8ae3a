"""How typical the seeds of the lessons are: each chain of two lessons for seeds 1 to 40, and how near each is to their mean.

Prints the mean curve of P(spurious object off), or of its state in question, and the seeds nearest to it, by mean distance.
"""

from __future__ import annotations

import sys

import numpy as np
from numpy.typing import NDArray

import iicl_tui
from iicl_tui.lessons.library import path_of
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


def main() -> None:
    """Prints one line for each chain."""
    for name in LESSONS:
        for chain in (0, 1):
            seed, values = curves(name, chain)
            mean = ", ".join(f"{value:.2f}" for value in values.mean(axis=0))
            print(
                f"{name}, chain {chain + 1}: mean {mean}; seed {seed} is number {rank_of(values, seed)} of {len(SEEDS)} by distance"
            )


if __name__ == "__main__":
    sys.exit(main())
