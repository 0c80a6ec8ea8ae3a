"""The exact matrix of ACRE with five objects and M = 4 against its own matrix product, in one run.

The product: (243, D)·(D, 243) for the D = 3,321,960 datasets, in the same blocks, from arrays that are there already. In processor
time of one thread.

    .venv/bin/python tests/benchmarks/bench_prediction.py [M]
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import sys
import time

import numpy as np

from iicl_tui.bayes import inference, markov, multisets
from iicl_tui.tasks.acre.task import Acre


def product(m: int, size: int = 243, outcomes: int = 93) -> float:
    """Seconds of the matrix products alone."""
    first, second = multisets.lengths(outcomes, size, m, None)
    tails = np.random.default_rng(0).random((multisets.count(outcomes, second), size))
    makes, learns, total = tails, tails + 1, np.zeros((size, size))
    starts = np.array([multisets.count(outcomes, second) - multisets.count(outcomes - at, second) for at in range(outcomes)])
    lasts = [head[-1] if head else 0 for head, _, _ in multisets.heads(outcomes, first, None)]
    before = time.process_time()
    for last in lasts:
        total += makes[starts[last] :].T @ learns[starts[last] :]
    return time.process_time() - before


def main() -> None:
    """Prints the figures."""
    m = int(sys.argv[1]) if len(sys.argv) > 1 else 4
    task = Acre()
    log_prior = inference.log_normalise(np.random.default_rng(7).normal(size=243))
    least = product(m)
    print(f"M = {m}: {multisets.count(93, m):,} datasets; the matrix product alone takes {least:.1f} s")
    for name, options in (
        ("sample, τ = 1", {}), ("sample, τ = .5", {"temperature": 0.5}), ("within a set", {"members": task.space.codes[:, 4] == 1}),
        ("map", {"choose": "map"}),
    ):  # fmt: skip
        before = time.process_time()
        matrix = markov.transition(log_prior, task.log_labels(0.05), m, **options)
        took = time.process_time() - before
        print(f"{name:16} {took:5.1f} s = {took / least:.2f}×, rows sum to 1 within {np.abs(matrix.sum(axis=1) - 1).max():.0e}")


if __name__ == "__main__":
    main()
