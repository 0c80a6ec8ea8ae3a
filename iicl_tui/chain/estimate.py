"""Estimates what the calls of a chain will cost before the first one is made."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from iicl_tui.agents.base import UsageEstimate
from iicl_tui.agents.calls import Usage
from iicl_tui.agents.money import cost, money_text
from iicl_tui.chain.config import ChainConfig
from iicl_tui.filters.base import filter_kinds
from iicl_tui.tasks.base import Example


@dataclass(frozen=True)
class Estimate:
    """The expected cost of a chain.

    Attributes:
        work: Calls and tokens, without repairs, redraws and a model's thoughts.
        dollars: The cost of the agents with a known price.
        unpriced: Models without one.
        redraws: A filter may cause redraws, which cost more.
    """

    work: UsageEstimate
    dollars: float
    unpriced: tuple[str, ...]
    redraws: bool = False

    def __add__(self, other: Estimate) -> Estimate:
        unpriced = tuple(dict.fromkeys((*self.unpriced, *other.unpriced)))
        return Estimate(self.work + other.work, self.dollars + other.dollars, unpriced, self.redraws or other.redraws)

    @property
    def text(self) -> str:
        """The estimate in one sentence; "" if no model is called."""
        if not self.work.calls:
            return ""
        tokens = self.work.prompt + self.work.completion
        words = f"About {self.work.calls:,} call{'s' if self.work.calls != 1 else ''} and {_rounded(tokens):,} tokens"
        if self.work.reads:
            words += " (up to four times as many if a state and its quote are tokens of their own)"
        more = ", and more if a filter rejects some" if self.redraws else ""
        if not self.unpriced:
            return f"{words}, {money_text(self.dollars)}{more}."
        known = f"; the others come to {money_text(self.dollars)}" if self.dollars else ""
        held = " A budget in dollars cannot limit that; one in tokens can."
        return f"{words}{more}; what {', '.join(self.unpriced)} costs is not known{known}.{held}"


def estimate(config: ChainConfig, done: int = 0) -> Estimate:
    """The estimate for the generations after the first `done`."""
    total, dollars, unpriced = UsageEstimate(), 0.0, list[str]()
    kinds = [filter_kinds()[each.kind] for each in config.filters]
    refinements = sum(kind.refines for kind in kinds)
    turns = len(config.agents)
    for turn, agent in enumerate(config.agents):
        own = range(len(range(turn, done, turns)), len(range(turn, config.generations, turns)))
        work = agent.estimate_usage([_typical_data(config, turn, own)], refinements, config.lookback, own)
        total += work
        if not work.calls:
            continue
        if agent.price is None:
            unpriced.append(agent.describe())
        else:
            dollars += cost(Usage(work.prompt, work.completion), agent.price)
    redraws = any(kind.redraws and getattr(each, "redraws", 1) for kind, each in zip(kinds, config.filters, strict=True))
    return Estimate(total, dollars, tuple(dict.fromkeys(unpriced)), redraws)


_MOST_TYPICAL = 10_000


def _typical_data(config: ChainConfig, turn: int, own: range) -> tuple[Example, ...]:
    """What an agent sees in one of its generations: d⁰, or as much as it sees on average if data accumulate."""
    initial = config.start.samples
    if not config.keep.accumulates or not own:
        return initial
    earlier = config.task.samples * (turn + len(config.agents) * (own[0] + own[-1]) / 2)
    more = min(round(earlier), _MOST_TYPICAL)
    return (*initial, *config.task.transmit(config.start.target, more, 0.0, np.random.default_rng(0)))


def _rounded(number: int) -> int:
    """The number, rounded to two significant digits."""
    step = 10 ** max(len(str(number)) - 2, 0)
    return round(number / step) * step
