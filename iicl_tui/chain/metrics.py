"""Measures of a chain, derived from its records and beliefs. They are never stored. Entropies are in nats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iicl_tui.bayes import inference
from iicl_tui.chain.engine import Chain
from iicl_tui.tasks.base import DatasetMetric

Array = NDArray[np.float64]

BLOCK = 512
"""Number of generations whose beliefs are in memory at once: 512 × 243 numbers take 1 MB."""


@dataclass(frozen=True, eq=False)
class Measures:
    """One row per generation, t = 1 … T, each after its imitation. NaN if the belief is not known or there is no rival.

    Attributes:
        entropy: (T,) Entropy of the belief in nats; ln |H| if uniform, 0 if certain.
        p_target, p_rival: (T,) P(h*) and P(ĥ).
        p_kept: (T,) P(hᵗ) of the hypothesis that was passed on.
        marginals: For each grouping of the space, (T, values).
        explained: (T,) How many examples of d⁰ hᵗ explains.
        hypothesis: (T,) hᵗ.
        made, passed: (T, metrics) The task's metrics of what generation t made, before any edit, and of dᵗ; NaN if there is none.
        entropy_least, entropy_most: (T,) The range of entropies that a belief's draws can show, whatever the truth; NaN if it is
            not estimated from draws.
    """

    entropy: Array
    p_target: Array
    p_rival: Array
    p_kept: Array
    marginals: tuple[Array, ...]
    explained: NDArray[np.int64]
    hypothesis: NDArray[np.int64]
    made: Array
    passed: Array
    entropy_least: Array
    entropy_most: Array

    def __len__(self) -> int:
        return len(self.entropy)

    def extended(self, more: Measures, keep: int) -> Measures:
        """The first `keep` rows of these measures, then all of `more`."""

        def joined(name: str) -> Array:
            return np.concatenate([getattr(self, name)[:keep], getattr(more, name)])

        return Measures(
            joined("entropy"),
            joined("p_target"),
            joined("p_rival"),
            joined("p_kept"),
            tuple(np.concatenate([a[:keep], b]) for a, b in zip(self.marginals, more.marginals, strict=True)),
            np.concatenate([self.explained[:keep], more.explained]),
            np.concatenate([self.hypothesis[:keep], more.hypothesis]),
            joined("made"),
            joined("passed"),
            joined("entropy_least"),
            joined("entropy_most"),
        )


def measure(chain: Chain, first: int = 1) -> Measures:
    """The measures of generation `first` to the last one begun, computed BLOCK generations at a time."""
    last = len(chain.generations)
    parts = [_block(chain, at, min(at + BLOCK - 1, last)) for at in range(first, last + 1, BLOCK)]
    if not parts:
        return _block(chain, first, first - 1)
    whole = parts[0]
    for part in parts[1:]:
        whole = whole.extended(part, len(whole))
    return whole


def remeasure(before: Measures, chain: Chain) -> Measures:
    """The measures after a step. Recomputes only the last row and adds the new ones."""
    keep = min(max(len(before) - 1, 0), len(chain.generations))
    return before.extended(measure(chain, keep + 1), keep)


def _block(chain: Chain, first: int, last: int) -> Measures:
    space, start = chain.task.space, chain.start
    beliefs = chain.beliefs(first, last)
    kept = np.array([chain.generations[t - 1].hypothesis for t in range(first, last + 1)], dtype=np.int64)
    log_p = np.full((len(beliefs), space.size), np.nan)
    for row, belief in zip(log_p, beliefs, strict=True):
        if belief is not None:
            row[:] = belief.log_p
    known = np.array([belief is not None for belief in beliefs], dtype=bool)
    p = np.exp(log_p)
    entropy = np.full(len(beliefs), np.nan)
    if known.any():
        entropy[known] = inference.entropy(log_p[known])
    shown = np.full((len(beliefs), 2), np.nan)
    for ends, belief in zip(shown, beliefs, strict=True):
        if belief is not None and belief.entropy_range is not None:
            ends[:] = belief.entropy_range
    marginals = []
    for split in space.groupings:
        members = np.equal.outer(split.codes, np.arange(len(split.values))).astype(np.float64)
        marginals.append(p @ members)
    explained = chain.task.explained(start.samples)
    nothing = np.full(len(beliefs), np.nan)
    return Measures(
        entropy,
        p[:, start.target],
        nothing if start.rival is None else p[:, start.rival],
        p[np.arange(len(kept)), kept],
        tuple(marginals),
        explained[kept],
        kept,
        *_dataset_metrics(chain, first, last),
        *shown.T,
    )


def _dataset_metrics(chain: Chain, first: int, last: int) -> tuple[Array, Array]:
    """The task's metrics of what each generation made, and of what it passed on."""
    task, none = chain.task, (np.nan,) * len(chain.task.dataset_metrics)
    made, passed = [], []
    if not none:
        empty = np.empty((last - first + 1, 0))
        return empty, empty
    for t in range(first, last + 1):
        record = chain.generations[t - 1].transmission
        own = [sample.drawn for sample in record.samples if sample.origin is None] if record is not None else []
        made.append(task.measure(own) if own else none)
        passed.append(task.measure(chain.generations[t - 1].data) if chain.generations[t - 1].data else none)
    shape = (last - first + 1, len(none))
    return np.array(made, dtype=np.float64).reshape(shape), np.array(passed, dtype=np.float64).reshape(shape)


@dataclass(frozen=True)
class Outcome:
    """The state of a chain in numbers. None if a number does not apply.

    Attributes:
        focus: The factor in focus, its likeliest value, and that value's probability.
        both: hᵗ explains all of d⁰ and gives the factor in focus the same value as h* (BOTH in the paper's Table 1).
        initial: |d⁰|; 0 if the task's hypotheses do not differ in what they explain.
        metrics: The task's metrics of the latest samples made, before any edit.
        entropy_range: The entropies that the belief's draws can show; None if it is not estimated from draws.
    """

    generation: int
    entropy: float | None
    p_target: float | None
    explained: int
    initial: int
    focus: tuple[str, str, float] | None
    both: bool | None
    metrics: tuple[tuple[DatasetMetric, float], ...] = ()
    entropy_range: tuple[float, float] | None = None


def outcome(chain: Chain) -> Outcome | None:
    """The outcome of the last generation begun; None for a new chain."""
    if not chain.generations:
        return None
    t = len(chain.generations)
    m = measure(chain, t)
    task, start = chain.task, chain.start
    focus = both = None
    if task.focus is not None:
        split = task.space.groupings[task.focus]
        row = m.marginals[task.focus][0]
        if np.isfinite(row).all():
            focus = (split.name, split.values[int(row.argmax())], float(row.max()))
        same = split.codes[m.hypothesis[0]] == split.codes[start.target]
        both = bool(same and m.explained[0] == len(start.samples)) if task.predictive else None
    made = m.made[0] if chain.generations[-1].complete or t == 1 else measure(chain, t - 1).made[0]
    measured = zip(task.dataset_metrics, made.tolist(), strict=True)
    metrics = tuple((metric, value) for metric, value in measured if np.isfinite(value))
    initial = len(start.samples) if task.predictive else 0
    least, most = _known(m.entropy_least), _known(m.entropy_most)
    shown = (least, most) if least is not None and most is not None else None
    return Outcome(t, _known(m.entropy), _known(m.p_target), int(m.explained[0]), initial, focus, both, metrics, shown)


def _known(values: Sequence[float] | Array) -> float | None:
    return float(values[0]) if np.isfinite(values[0]) else None
