"""Measures of a chain, derived from its records and beliefs. They are never stored. Entropies are in nats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iicl_tui.agents.beliefs import Belief
from iicl_tui.bayes import inference
from iicl_tui.chain.engine import Chain
from iicl_tui.filters.effective_set import EffectiveSet
from iicl_tui.tasks.base import DatasetMetric, Start, Task

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
        both: (T,) 1 if hᵗ explains all of d⁰ and gives the factor in focus the same value as h* (BOTH in the paper's Table 1),
            else 0; NaN if the task has no focus or its hypotheses explain all alike.
        is_target: (T,) 1 if hᵗ = h*, else 0; NaN if hypotheses explain all alike.
        fits_target, fits_rival: (T,) How many examples of dᵗ h* and ĥ explain; NaN without dᵗ.
        made, passed: (T, metrics) The task's metrics of what generation t made, before any edit, and of dᵗ; NaN if there is none.
        made_count: (T,) How many examples generation t made.
        entropy_least, entropy_most: (T,) The range of entropies that a belief's draws can show, whatever the truth; NaN if it is
            not estimated from draws.
        going_on: (T, values) The belief about the factor in focus, restricted to what effective-set filters let pass and
            renormalised; NaN without such a filter, no columns without a focus.
        focus_low, focus_high: (T, values) The interval of each value of the factor in focus, of beliefs from draws or scored; NaN
            for others, no columns without a focus.
        rules_low, rules_high: (T, 2) The same of P(h*) and P(ĥ).
    """

    entropy: Array
    p_target: Array
    p_rival: Array
    p_kept: Array
    marginals: tuple[Array, ...]
    explained: NDArray[np.int64]
    hypothesis: NDArray[np.int64]
    both: Array
    is_target: Array
    fits_target: Array
    fits_rival: Array
    made: Array
    passed: Array
    made_count: Array
    entropy_least: Array
    entropy_most: Array
    going_on: Array
    focus_low: Array
    focus_high: Array
    rules_low: Array
    rules_high: Array

    def __len__(self) -> int:
        return len(self.entropy)

    def extended(self, more: Measures, keep: int) -> Measures:
        """The first `keep` rows of these measures, then all of `more`."""

        parts: dict[str, Any] = {
            field.name: np.concatenate([getattr(self, field.name)[:keep], getattr(more, field.name)])
            for field in fields(self)
            if field.name != "marginals"
        }
        marginals = tuple(np.concatenate([a[:keep], b]) for a, b in zip(self.marginals, more.marginals, strict=True))
        return Measures(marginals=marginals, **parts)


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
    task, space, start = chain.task, chain.task.space, chain.start
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
        _both(chain, kept, explained[kept]),
        (kept == start.target).astype(np.float64) if chain.task.predictive else nothing,
        _fits(chain, start.target, first, last),
        _fits(chain, start.rival, first, last),
        *_dataset_metrics(chain, first, last),
        shown[:, 0],
        shown[:, 1],
        _going_on(chain, p),
        *_focus_intervals(beliefs, task),
        *_rule_intervals(beliefs, start),
    )


def _has_intervals(belief: Belief | None) -> bool:
    """Whether its bounds hold for the belief itself, and not only given one reply."""
    return belief is not None and belief.source in ("samples", "scored")


def _focus_intervals(beliefs: Sequence[Belief | None], task: Task) -> tuple[Array, Array]:
    split = task.space.groupings[task.focus] if task.focus is not None else None
    ends = np.full((2, len(beliefs), len(split.values) if split is not None else 0), np.nan)
    for row, belief in enumerate(beliefs):
        if split is None or belief is None or not _has_intervals(belief):
            continue
        for code in range(len(split.values)):
            ends[:, row, code] = belief.group_bounds(np.flatnonzero(split.codes == code)) or np.nan
    return ends[0], ends[1]


def _rule_intervals(beliefs: Sequence[Belief | None], start: Start) -> tuple[Array, Array]:
    ends = np.full((2, len(beliefs), 2), np.nan)
    for row, belief in enumerate(beliefs):
        for place, hypothesis in enumerate((start.target, start.rival)):
            if belief is not None and hypothesis is not None and _has_intervals(belief):
                ends[:, row, place] = belief.group_bounds([hypothesis]) or np.nan
    return ends[0], ends[1]


def _going_on(chain: Chain, p: Array) -> Array:
    """The restricted belief about the factor in focus; p: (T, H)."""
    task = chain.task
    if task.focus is None:
        return np.empty((len(p), 0))
    split = task.space.groupings[task.focus]
    inside = [each.members(task, chain.start) for each in chain.config.filters if isinstance(each, EffectiveSet)]
    if not inside:
        return np.full((len(p), len(split.values)), np.nan)
    passing = p * np.all(inside, axis=0)
    totals = passing.sum(axis=1, keepdims=True)
    shares = np.divide(passing, totals, out=np.full(p.shape, np.nan), where=totals > 0)
    return shares @ np.equal.outer(split.codes, np.arange(len(split.values))).astype(np.float64)


def _both(chain: Chain, kept: NDArray[np.int64], explained: NDArray[np.int64]) -> Array:
    task, start = chain.task, chain.start
    if task.focus is None or not task.predictive:
        return np.full(len(kept), np.nan)
    codes = task.space.groupings[task.focus].codes
    return ((codes[kept] == codes[start.target]) & (explained == len(start.samples))).astype(np.float64)


def _fits(chain: Chain, hypothesis: int | None, first: int, last: int) -> Array:
    """How many examples of each dᵗ the hypothesis explains."""
    fits = np.full(last - first + 1, np.nan)
    if hypothesis is None or not chain.task.predictive:
        return fits
    for row, generation in enumerate(chain.generations[first - 1 : last]):
        if generation.complete and generation.data:
            fits[row] = sum(chain.task.agrees(hypothesis, example) for example in generation.data)
    return fits


def _dataset_metrics(chain: Chain, first: int, last: int) -> tuple[Array, Array, Array]:
    """The task's metrics of what each generation made, and of what it passed on; and how many examples it made."""
    task, none = chain.task, (np.nan,) * len(chain.task.dataset_metrics)
    made, passed, counts = [], [], []
    for generation in chain.generations[first - 1 : last]:
        record = generation.transmission
        own = [sample.drawn for sample in record.samples if sample.origin is None] if record is not None else []
        counts.append(len(own))
        if none:
            before = chain.data(generation.index - 1)
            made.append(task.measure(own, before) if own else none)
            passed.append(task.measure(generation.data, before) if generation.data else none)
    shape = (last - first + 1, len(none))
    made_, passed_ = (np.array(rows, dtype=np.float64).reshape(shape) for rows in (made, passed))
    return made_, passed_, np.array(counts, dtype=np.float64)


def so_far(measures: Measures, task: Task, start: Start) -> Array:
    """(T, metrics) The pooled metrics of d⁰ and all that was made up to each generation; NaN for metrics that are not pooled."""
    given = np.array([task.measure(start.samples) if start.samples else (np.nan,) * len(task.dataset_metrics)], dtype=np.float64)
    counts = np.concatenate([[len(start.samples)], measures.made_count])[:, None]
    values = np.concatenate([given, measures.made]) if given.size else np.empty((len(counts), 0))
    sums = np.cumsum(np.where(counts > 0, np.nan_to_num(values) * counts, 0.0), axis=0)
    totals = np.cumsum(counts, axis=0)
    means = np.divide(sums, totals, out=np.full(sums.shape, np.nan), where=totals > 0)[1:]
    means[:, [not metric.pooled for metric in task.dataset_metrics]] = np.nan
    return means


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
        both = bool(m.both[0]) if task.predictive else None
    made = m.made[0] if chain.generations[-1].complete or t == 1 else measure(chain, t - 1).made[0]
    measured = zip(task.dataset_metrics, made.tolist(), strict=True)
    metrics = tuple((metric, value) for metric, value in measured if np.isfinite(value))
    initial = len(start.samples) if task.predictive else 0
    least, most = _known(m.entropy_least), _known(m.entropy_most)
    shown = (least, most) if least is not None and most is not None else None
    return Outcome(t, _known(m.entropy), _known(m.p_target), int(m.explained[0]), initial, focus, both, metrics, shown)


def _known(values: Sequence[float] | Array) -> float | None:
    return float(values[0]) if np.isfinite(values[0]) else None
