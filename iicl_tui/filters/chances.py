"""Draws again what does not pass by chance: shared by the filters that reject with a known chance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from iicl_tui.filters.base import Draw, Exhausted, PhaseContext, Propose, Sample


async def passed_hypothesis(
    kind: str, propose: Propose, chance: Callable[[int], float], redraws: int, context: PhaseContext
) -> int:
    """Returns the first proposal that passes.

    Args:
        kind: The filter's kind.
        propose: Draws the next hypothesis.
        chance: The chance of a hypothesis to pass.
        redraws: How many more are drawn at most.
        context: The phase.

    Raises:
        Exhausted: None passed.
    """
    for _ in range(redraws + 1):
        hypothesis = await propose()
        if context.rng.random() < chance(hypothesis):
            return hypothesis
    raise Exhausted(kind, redraws + 1, hypothesis)


async def passed_samples(
    draw: Draw, count: int, chance: Callable[[Sample], float], reason: str, redraws: int, context: PhaseContext
) -> Sequence[Sample]:
    """Returns all samples drawn, each with its status. Fewer than `count` pass if the redraws are used up. Arguments as above."""
    seen: list[Sample] = []
    left = count
    for _ in range(redraws + 1):
        judged = [
            sample if context.rng.random() < chance(sample) else replace(sample, verdict="rejected", reason=reason)
            for sample in await draw(left)
        ]
        seen += judged
        left -= sum(sample.passes for sample in judged)
        if left == 0:
            break
    return seen
