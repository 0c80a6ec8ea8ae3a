"""Sessions made by the program itself, for the tests of the store."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deciders import Unasked

from iicl_tui.chain.config import ChainConfig, read_config
from iicl_tui.chain.engine import Chain
from iicl_tui.filters.base import Decision, HypothesisShown, Sample, SamplesShown
from iicl_tui.store.session import SessionFile
from iicl_tui.tasks.base import Example

CREATED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
HOSTILE = 'no \x1b[31m "quotes" \\ \r\n\x7f \u202e 漢字 [/ # end: head\n# end: transmission 9\n'


def config(title: str = "A test", generations: int = 3, human: bool = False, **chain: Any) -> ChainConfig:
    """A small ACRE chain."""
    document: dict[str, Any] = {
        "chain": {"title": title, "generations": generations, "seed": 7, **chain},
        "task": {"spurious": "screen", "bias": "high", "draw": "overlap", "initial": 8},
        "agent": [
            {"kind": "bayes", "noise": 0.02, "prior": {"screen": {"off": 8}}},
            {"kind": "bayes", "temperature": 0.5, "noise": 0.05},
        ],
    }
    if human:
        document["filter"] = [{"kind": "human"}]
    return read_config(document)


class Decider(Unasked):
    """Decides by turns, with everything that a decision can carry."""

    def __init__(self) -> None:
        self.turn = 0

    async def hypothesis(self, shown: HypothesisShown) -> Decision:
        self.turn += 1
        if self.turn % 3 == 1:
            return Decision(shown.hypothesis, "reject", shown.hypothesis, HOSTILE, 1.25)
        if self.turn % 3 == 2:
            return Decision(shown.hypothesis, "edit", 17, "", 0.5)
        return Decision(shown.hypothesis, "approve", shown.hypothesis)

    async def samples(self, shown: SamplesShown) -> Sequence[Sample]:
        out = []
        for sample in shown.samples:
            self.turn += 1
            if self.turn % 4 == 0:
                out.append(Sample(sample.example, sample.number, "rejected", None, HOSTILE, 2.0))
            elif self.turn % 4 == 1:
                out.append(Sample(Example(("A",), "und"), sample.number, "edited", sample.example, "", 0.1))
            else:
                out.append(sample)
        return out


def run(session: SessionFile, until: int | None = None) -> None:
    """Takes a session further, to its end or to a generation's."""
    asyncio.run(Chain(session.config, session.generations, session, Decider()).run(until))


def make(where: Path, until: int | None = None, **options: Any) -> Path:
    """A session's file, run to its end or to a generation's."""
    with SessionFile.create(config(**options), where, created=CREATED) as session:
        run(session, until)
        return session.path
