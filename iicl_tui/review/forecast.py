"""Forecasts of a commit: beliefs before and after, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iicl_tui.bayes import inference
from iicl_tui.bayes.space import ProductSpace

Array = NDArray[np.float64]


@dataclass(frozen=True)
class BeliefFrame:
    """The hypothesis space of a forecast, and the names in it.

    Attributes:
        space: The hypotheses.
        target: The true hypothesis h*.
        focus: The grouping whose values are listed, if any.
        names: What the belief is called before and after.
    """

    space: ProductSpace
    target: int
    focus: int | None
    names: tuple[str, str]


@dataclass(frozen=True, eq=False)
class Forecast:
    """The effect of a commit.

    Attributes:
        frame: The space of the beliefs.
        now, then: (H,) log-probabilities in nats; None where they are not known exactly.
        passed: The items that would pass on.
        notes: Sentences on what is assumed, or why `then` is not known.
        unlearnable: The next agent could not learn from what passes, so the chain would stop.
    """

    frame: BeliefFrame
    now: Array | None
    then: Array | None
    passed: tuple[Any, ...] = ()
    notes: tuple[str, ...] = ()
    unlearnable: bool = False


@dataclass(frozen=True)
class BeliefSummary:
    """A belief in a few numbers.

    Attributes:
        entropy: In nats.
        p_target: P(h*).
        focus: Probability of each value of the grouping in focus, if any.
    """

    entropy: float
    p_target: float
    focus: tuple[float, ...]


def summarize(log_p: Array, frame: BeliefFrame) -> BeliefSummary:
    """Summarizes one belief. log_p: (H,) log-probabilities in nats."""
    p = np.exp(log_p)
    focus = () if frame.focus is None else tuple(frame.space.marginal(p, frame.focus).tolist())
    return BeliefSummary(float(inference.entropy(log_p)), float(p[frame.target]), focus)
