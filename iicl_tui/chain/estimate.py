"""What a chain will take, before anything is asked: so that nobody is surprised by a bill."""

from __future__ import annotations

from dataclasses import dataclass

from iicl_tui.agents.base import UsageEstimate
from iicl_tui.agents.calls import Usage
from iicl_tui.agents.money import cost, money_text
from iicl_tui.chain.config import ChainConfig

_ASK_ONCE = frozenset({"rank", "self-refine"})
"""Filters that have nothing made again; what others do depends on the replies."""


@dataclass(frozen=True)
class Estimate:
    """work: calls and tokens, without repairs, redraws and what a model thinks aloud. dollars: of the agents whose price is known.

    unpriced: models whose price is not known. redraws: a filter may have something made again.
    """

    work: UsageEstimate
    dollars: float
    unpriced: tuple[str, ...]
    redraws: bool = False

    @property
    def text(self) -> str:
        """One sentence; "" where nothing is asked of any model."""
        if not self.work.calls:
            return ""
        tokens = self.work.prompt + self.work.completion
        words = f"About {self.work.calls:,} call{'s' if self.work.calls != 1 else ''} and {_rounded(tokens):,} tokens"
        more = ", and more where a filter has them made again" if self.redraws else ""
        if not self.unpriced:
            return f"{words}, {money_text(self.dollars)}{more}."
        known = f"; the others come to {money_text(self.dollars)}" if self.dollars else ""
        held = " A budget in dollars cannot hold that back; one in tokens can."
        return f"{words}{more}; what {', '.join(self.unpriced)} costs is not known{known}.{held}"


def estimate(config: ChainConfig, done: int = 0) -> Estimate:
    """Of the generations after the first `done`."""
    total, dollars, unpriced = UsageEstimate(), 0.0, list[str]()
    filters = [each.kind for each in config.filters]
    turns = len(config.agents)
    for turn, agent in enumerate(config.agents):
        own = range(len(range(turn, done, turns)), len(range(turn, config.generations, turns)))
        work = agent.estimate_usage([config.start.samples], filters, config.lookback, own)
        total += work
        if not work.calls:
            continue
        if agent.price is None:
            unpriced.append(agent.describe())
        else:
            dollars += cost(Usage(work.prompt, work.completion), agent.price)
    return Estimate(total, dollars, tuple(dict.fromkeys(unpriced)), any(name not in _ASK_ONCE for name in filters))


def _rounded(number: int) -> int:
    """Two figures say as much as an estimate can."""
    step = 10 ** max(len(str(number)) - 2, 0)
    return round(number / step) * step
