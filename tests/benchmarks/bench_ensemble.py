"""An ensemble of 10,000 chains × 100 generations × 243 hypotheses against the least that numpy can do for it.

The floor: one matrix product (N, 93)·(93, 243), one exponential, one cumulative sum and one search a generation, in the same blocks
and without new arrays. Both take turns, in processor time of one thread. Prints the ratio and the memory of the process.

    .venv/bin/python tests/benchmarks/bench_ensemble.py [CHAINS] [GENERATIONS]
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import resource
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from iicl_tui.chain.config import read_config
from iicl_tui.study.theory.ensemble import BLOCK, simulate

PAIRS, HYPOTHESES = 93, 243


def floor(chains: int, generations: int) -> None:
    """The bare operations."""
    rng = np.random.default_rng(0)
    counts = rng.integers(0, 2, (BLOCK, PAIRS)).astype(np.float64)
    log_p = -rng.random((PAIRS, HYPOTHESES))
    product, sums = np.empty((BLOCK, HYPOTHESES)), np.empty((BLOCK, HYPOTHESES))
    for _ in range(generations):
        for first in range(0, chains, BLOCK):
            rows = min(BLOCK, chains - first)
            np.matmul(counts[:rows], log_p, out=product[:rows])
            np.exp(product[:rows], out=product[:rows])
            np.cumsum(product[:rows], axis=1, out=sums[:rows])
            wanted = rng.random(rows) * sums[:rows, -1]
            (sums[:rows] > wanted[:, None]).argmax(axis=1)


def seconds(run: Callable[[], object]) -> float:
    """The processor time of a call."""
    before = time.process_time()
    run()
    return time.process_time() - before


def main() -> None:
    """Prints the figures."""
    chains, generations = (int(given) for given in (*sys.argv[1:], "10000", "100")[:2])
    agent: dict[str, Any] = {"noise": 0.02}
    kinds: dict[str, dict[str, Any]] = {
        "no filter": {"agent": [agent]},
        "no filter, with mean beliefs": {"agent": [agent]},
        "map": {"agent": [{**agent, "choose": "map"}]},
        "effective set": {"agent": [agent], "filter": [{"kind": "effective-set"}]},
    }
    for name, document in kinds.items():
        config = read_config({"chain": {"generations": generations}, **document})
        beliefs = name.endswith("beliefs")
        turns = [
            (seconds(lambda: simulate(config, chains, beliefs=beliefs)), seconds(lambda: floor(chains, generations)))  # noqa: B023
            for _ in range(3)
        ]
        ours, least = (min(column) for column in zip(*turns, strict=True))
        print(f"{name:30} {ours:6.2f} s against {least:6.2f} s of bare numpy = {ours / least:.2f}×")
    print(f"memory at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000:.0f} MB")


if __name__ == "__main__":
    main()
