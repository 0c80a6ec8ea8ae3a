"""What an agent's prior makes of the first data: the probability of each value before and after d⁰."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iicl_tui.agents.bayesian import BayesianAgent
from iicl_tui.chain.config import ChainConfig
from iicl_tui.charts.numbers import HORIZONTAL, percent_text
from iicl_tui.text import printable

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Change:
    """The probability of one value before and after d⁰.

    Attributes:
        after: None if no hypothesis explains d⁰.
    """

    factor: str
    value: str
    before: float
    after: float | None


def changes(config: ChainConfig, agent: int) -> list[Change]:
    """The change of every value of every factor; empty if the agent's belief is not computed by Bayes' rule."""
    learner = config.agents[agent] if agent < len(config.agents) else None
    if not isinstance(learner, BayesianAgent):
        return []
    prior, belief = learner.prior(()), learner.belief([config.start.samples])
    if prior is None:
        return []
    space = config.task.space
    out = []
    for at, factor in enumerate(space.factors):
        before = space.marginal(np.exp(prior.log_p), at).tolist()
        after = [None] * len(before) if belief is None else space.marginal(np.exp(belief.log_p), at).tolist()
        out += [Change(factor.name, *each) for each in zip(factor.values, before, after, strict=True)]
    return out


def bar(share: float, width: int) -> str:
    """A bar of at most `width` cells, for a share from 0 to 1; the least that is above 0 is seen."""
    eighths = max(round(share * 8 * width), 1 if share > 0 else 0)
    return "█" * (eighths // 8) + (HORIZONTAL[eighths % 8] if eighths % 8 else "")


def lines(of: Sequence[Change], factor: str, width: int) -> list[str]:
    """One line for each value of a factor: its bar and figure before d⁰, then after it.

    Args:
        of: The changes.
        factor: Which factor.
        width: Columns of a line.
    """
    shown = [change for change in of if change.factor == factor]
    name = max((len(printable(change.value, 10)) for change in shown), default=0)
    room = max((width - name - 2 - 2 * 9) // 2, 4)

    def part(share: float | None) -> str:
        return "–" if share is None else f"{percent_text(share):>6} {bar(share, room):<{room}}"

    return [f"{printable(change.value, 10):<{name}} {part(change.before)}  {part(change.after)}".rstrip() for change in shown]


def summary(of: Sequence[Change]) -> list[str]:
    """One line for each factor: the probabilities of its values before and after d⁰, in whole per cent."""
    out = []
    for factor in dict.fromkeys(change.factor for change in of):
        mine = [change for change in of if change.factor == factor]
        if any(change.after is None for change in mine):
            return ["No hypothesis with a weight above 0 explains d⁰."]
        parts = (f"{printable(each.value, 10)} {_whole(each.before)}→{_whole(each.after or 0.0)}" for each in mine)
        out.append(f"{printable(factor, 12):<8}  {'   '.join(f'{part:<11}' for part in parts)}".rstrip())
    return out


def _whole(share: float) -> str:
    return f"{100 * share:.0f}"
