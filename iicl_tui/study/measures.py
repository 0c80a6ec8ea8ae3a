"""The measures of a chain under the names that tables, comparisons and reports use. They are those of a session's own export."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf, log

import numpy as np
from numpy.typing import NDArray

from iicl_tui.chain.engine import Chain
from iicl_tui.chain.metrics import measure, so_far
from iicl_tui.review.decider import hides_truth
from iicl_tui.tasks.base import Task

Array = NDArray[np.float64]
_OF_TRUTH = ("p_target", "p_rival", "d0_explained", "both", "is_target", "target_explains", "rival_explains")
"""What says how right a rule or a belief is."""


@dataclass(frozen=True)
class Measure:
    """What a metric is called, and which values it can have.

    Attributes:
        name: As files and options name it.
        text: In words, with its unit, as a person reads it.
        low, high: Its limits; infinite where none is known.
    """

    name: str
    text: str
    low: float = -inf
    high: float = inf


def measures_of(task: Task) -> dict[str, Measure]:
    """All metrics of a task by name, in the order of `metrics_of`."""
    return {each.name: each for each in _measures(task)}


def _measures(task: Task) -> Iterator[Measure]:
    yield Measure("entropy_nats", "entropy of the belief, nats", 0.0, log(task.space.size))
    for name, rule in (("p_target", "h*"), ("p_rival", "ĥ"), ("p_hypothesis", "hᵗ")):
        yield Measure(name, f"P({rule})", 0.0, 1.0)
    yield Measure("d0_explained", "d⁰ that hᵗ explains, examples", 0.0)
    yield Measure("both", "BOTH, share of chains", 0.0, 1.0)
    yield Measure("is_target", "hᵗ = h*, share of chains", 0.0, 1.0)
    for name, rule in (("target_explains", "h*"), ("rival_explains", "ĥ")):
        yield Measure(name, f"dᵗ that {rule} explains, examples", 0.0)
    for split in task.space.groupings:
        for value in split.values:
            yield Measure(f"p({split.name}={value})", f"P({split.name} {value})", 0.0, 1.0)
    if task.focus is not None:
        split = task.space.groupings[task.focus]
        for value in split.values:
            yield Measure(f"h({split.name}={value})", f"hᵗ has {split.name} {value}, share of chains", 0.0, 1.0)
    for metric in task.dataset_metrics:
        name = metric.name.replace(" ", "_")
        limits = (0.0, 1.0) if (metric.low, metric.high) == (0, 1) else (-inf, inf)  # other ends are those of an axis
        yield Measure(f"made_{name}", f"{metric.name}, as made", *limits)
        yield Measure(f"passed_{name}", f"{metric.name}, as passed on", *limits)
        if metric.pooled:
            yield Measure(f"so_far_{name}", f"{metric.name}, of all so far", *limits)


def metrics_of(chain: Chain) -> dict[str, Array]:
    """Each metric's (T,) values by generation, t = 1 … T; NaN where it is not known, or hidden until a blind review is over.

    p(…) is the probability that the belief gives to a value; h(…) is 1 if the hypothesis that was passed on has it, else 0.
    """
    task, start, measures = chain.task, chain.start, measure(chain)
    nothing = np.full(len(measures), np.nan)
    out = {
        "entropy_nats": measures.entropy,
        "p_target": measures.p_target,
        "p_rival": measures.p_rival,
        "p_hypothesis": measures.p_kept,
        "d0_explained": measures.explained.astype(np.float64) if task.predictive else nothing,
        "both": measures.both,
        "is_target": measures.is_target,
        "target_explains": measures.fits_target,
        "rival_explains": measures.fits_rival,
    }
    for split, marginals in zip(task.space.groupings, measures.marginals, strict=True):
        for place, value in enumerate(split.values):
            out[f"p({split.name}={value})"] = marginals[:, place]
    if task.focus is not None:
        split = task.space.groupings[task.focus]
        for place, value in enumerate(split.values):
            out[f"h({split.name}={value})"] = (split.codes[measures.hypothesis] == place).astype(np.float64)
    pooled = so_far(measures, task, start)
    for place, metric in enumerate(task.dataset_metrics):
        name = metric.name.replace(" ", "_")
        out[f"made_{name}"], out[f"passed_{name}"] = measures.made[:, place], measures.passed[:, place]
        if metric.pooled:
            out[f"so_far_{name}"] = pooled[:, place]
    return {**out, **dict.fromkeys(_OF_TRUTH, nothing)} if hides_truth(chain) else out


def default_metrics(task: Task) -> tuple[str, ...]:
    """What is shown if nobody says: what the experiments of the task measure."""
    if task.dataset_metrics:
        return tuple(f"made_{metric.name.replace(' ', '_')}" for metric in task.dataset_metrics)
    if task.focus is not None:
        split = task.space.groupings[task.focus]
        off = split.values[min(1, len(split.values) - 1)]
        return ("entropy_nats", f"p({split.name}={off})", "d0_explained", f"h({split.name}={off})", "both")
    return ("entropy_nats", "p_target")
