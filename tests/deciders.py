"""A base for the deciders of tests: what a test does not expect to be asked is a failure."""

from __future__ import annotations

from collections.abc import Sequence

from iicl_tui.agents.base import ReplyAnswer, UnreadableReply
from iicl_tui.filters.base import Decision, HypothesisShown, Sample, SamplesShown


class Unasked:
    """Implements `Decider`, and expects no question."""

    async def hypothesis(self, shown: HypothesisShown) -> Decision:
        raise AssertionError(f"asked about a hypothesis: {shown}")

    async def samples(self, shown: SamplesShown) -> Sequence[Sample]:
        raise AssertionError(f"asked about samples: {shown}")

    async def reply(self, shown: UnreadableReply) -> ReplyAnswer | None:
        raise AssertionError(f"asked about a reply: {shown}")
