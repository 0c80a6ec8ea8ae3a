"""Runs the Bayesian acronym chain under several rank filters and prints what each makes and passes on.

    .venv/bin/python docs/acronym_filters.py [CHAINS]

Each row: mean and standard error over the chains, seeds 0, 1, …, in the last of six generations.
"""

from __future__ import annotations

import asyncio
import sys
import tomllib
from collections.abc import Mapping
from typing import Any

import numpy as np

from iicl_tui.chain.config import read_config
from iicl_tui.chain.engine import Chain
from iicl_tui.store.presets import load

CONDITIONS: dict[str, Mapping[str, Any] | None] = {
    "no filter": None,
    "hard, ties by order": {"prefer": "hard", "ties": "order"},
    "hard, ties by the seed": {"prefer": "hard", "ties": "seed"},
    "hard, weighted": {"prefer": "hard", "ties": "seed", "choose": "weighted"},
    "easy, ties by the seed": {"prefer": "easy", "ties": "seed"},
    "easy, weighted": {"prefer": "easy", "ties": "seed", "choose": "weighted"},
}
COLUMNS = ("hard made", "hard passed", "passed anew")


async def row(options: Mapping[str, Any] | None, seed: int) -> tuple[float, float, float]:
    """Hard outputs made, hard outputs passed on, and examples passed on that the generation before did not; all as shares."""
    document = tomllib.loads(load("e4-hard").text)
    document["chain"]["seed"] = seed
    document["filter"] = [] if options is None else [{"kind": "rank", **options}]
    chain = Chain(read_config(document))
    await chain.run()
    record = chain.generations[-1].transmission
    assert record is not None
    made = [sample.example for sample in record.samples if sample.origin is None]
    last, before = chain.data(len(chain.generations)), set(chain.data(len(chain.generations) - 1))
    hard_made, hard_passed = (1 - chain.task.measure(examples)[0] for examples in (made, last))
    return hard_made, hard_passed, sum(example not in before for example in last) / len(last)


def main() -> None:
    """Prints one line a condition."""
    chains = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    print(f"{chains} chains".ljust(24), *(name.rjust(14) for name in COLUMNS))
    for name, options in CONDITIONS.items():
        found = np.array([asyncio.run(row(options, seed)) for seed in range(chains)])
        error = found.std(axis=0, ddof=1) / chains**0.5
        print(name.ljust(24), *(f"{mean:.2f} ± {each:.2f}".rjust(14) for mean, each in zip(found.mean(axis=0), error, strict=True)))


if __name__ == "__main__":
    main()
