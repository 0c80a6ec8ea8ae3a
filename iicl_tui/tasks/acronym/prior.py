"""Reads the prior of an acronym task from an [agent.prior] table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iicl_tui.bayes.inference import log_normalise
from iicl_tui.bayes.space import ProductSpace
from iicl_tui.errors import Fault
from iicl_tui.schema import Path as KeyPath
from iicl_tui.schema import describe, nearest
from iicl_tui.tasks.priors import read_prior

Array = NDArray[np.float64]

NUMBERS = ("easy", "hard", "longer")

MOST = 1_000_000


def read_acronym_prior(
    space: ProductSpace,
    shares: Array,
    letters: NDArray[np.integer],
    prior: Mapping[str, Any],
    path: KeyPath,
    faults: list[Fault],
    folder: Path | None,
) -> Array:
    """Read an [agent.prior] table of an acronym task. All its keys multiply.

    `easy` and `hard` (default 1) are the pseudo-counts of a Beta prior over the share s: P₀ ∝ s^(easy−1) (1−s)^(hard−1).
    `longer` (default 1) multiplies the weight once per letter. `common`, `length`, `weights` and `table` are as in `read_prior`.

    Args:
        space: hypotheses; the first factor is the share, the second the length.
        shares: share s of each value of the first factor.
        letters: length of each value of the second factor.
        prior: the table.
        path: its place in the configuration.
        faults: what is invalid is added here.
        folder: where file names are looked up.

    Returns:
        (H,) log P₀ in nats; uniform if anything is invalid.
    """
    before = len(faults)
    numbers = dict.fromkeys(NUMBERS, 1.0)
    others = (*(factor.name for factor in space.factors), "weights", "table")
    known = (*NUMBERS, *others)
    for key, value in prior.items():
        if key not in known:
            faults.append(Fault((*path, key), f"unknown key; nearest known: {nearest(key, known) or ', '.join(known)}"))
        elif key in numbers:
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= MOST:
                expected = f"expected a number above 0, at most {MOST:,}"
                faults.append(Fault((*path, key), f"{expected}, found {describe(value)}"))
            else:
                numbers[key] = float(value)
    log_prior = read_prior(space, {key: value for key, value in prior.items() if key in others}, path, faults, folder)
    if len(faults) > before:
        return log_normalise(np.zeros(space.size))
    share, length = shares[space.codes[:, 0]], letters[space.codes[:, 1]]
    log_beta = (numbers["easy"] - 1) * np.log(share) + (numbers["hard"] - 1) * np.log1p(-share)
    return log_normalise(log_prior + log_beta + length * math.log(numbers["longer"]))
