"""Runs the naming game's presets and prints how often each class of language comes in the last quarter of their generations.

    .venv/bin/python docs/naming_presets.py [CHAINS]

Each row: mean and standard error over the chains, seeds 0, 1, ….
"""

from __future__ import annotations

import asyncio
import sys
import tomllib

import numpy as np
from numpy.typing import NDArray

from iicl_tui.chain.config import read_config
from iicl_tui.chain.engine import Chain
from iicl_tui.store.presets import load, presets
from iicl_tui.tasks.naming.task import CLASSES, Naming

CLASS = Naming().classes


def shares(name: str, seed: int) -> NDArray[np.float64]:
    """(classes,): their shares among hᵗ of the last quarter."""
    document = tomllib.loads(load(name).text)
    document["chain"]["seed"] = seed
    chain = Chain(read_config(document))
    asyncio.run(chain.run())
    last = [generation.hypothesis for generation in chain.generations[-len(chain.generations) // 4 :]]
    return np.bincount(CLASS[last], minlength=len(CLASSES)) / len(last)


def main() -> None:
    """Prints a table in Markdown."""
    chains = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    print(f"| preset, {chains} chains |", " | ".join(CLASSES), "|")
    print("|---" * (len(CLASSES) + 1) + "|")
    for name in [preset.name for preset in presets() if preset.name.startswith("e0-")]:
        found = np.array([shares(name, seed) for seed in range(chains)])
        error = found.std(axis=0, ddof=1) / chains**0.5
        cells = (f"{mean:.2f} ± {each:.2f}".replace("0.", ".") for mean, each in zip(found.mean(axis=0), error, strict=True))
        print(f"| `{name}` |", " | ".join(cells), "|", flush=True)


if __name__ == "__main__":
    main()
