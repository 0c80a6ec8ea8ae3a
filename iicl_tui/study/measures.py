"""The measures of a chain under the names that tables, comparisons and reports use. They are those of a session's own export."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iicl_tui.chain.engine import Chain
from iicl_tui.chain.metrics import measure, so_far
from iicl_tui.tasks.base import Task

Array = NDArray[np.float64]


def metric_names(task: Task) -> list[str]:
    """The names of all metrics of a task, in the order of `metrics_of`."""
    names = ["entropy_nats", "p_target", "p_rival", "p_hypothesis"]
    names += ["d0_explained", "both", "is_target", "target_explains", "rival_explains"]
    names += [f"p({split.name}={value})" for split in task.space.groupings for value in split.values]
    if task.focus is not None:
        split = task.space.groupings[task.focus]
        names += [f"h({split.name}={value})" for value in split.values]
    for metric in task.dataset_metrics:
        name = metric.name.replace(" ", "_")
        names += [f"made_{name}", f"passed_{name}", *([f"so_far_{name}"] if metric.pooled else [])]
    return names


def metrics_of(chain: Chain) -> dict[str, Array]:
    """Each metric's (T,) values by generation, t = 1 … T; NaN where it is not known.

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
    return out


def default_metrics(task: Task) -> tuple[str, ...]:
    """What is shown if nobody says: what the experiments of the task measure."""
    if task.dataset_metrics:
        return tuple(f"made_{metric.name.replace(' ', '_')}" for metric in task.dataset_metrics)
    if task.focus is not None:
        split = task.space.groupings[task.focus]
        off = split.values[min(1, len(split.values) - 1)]
        return ("entropy_nats", f"p({split.name}={off})", "d0_explained", f"h({split.name}={off})", "both")
    return ("entropy_nats", "p_target")
