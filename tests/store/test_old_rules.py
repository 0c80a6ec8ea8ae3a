"""Sessions from before an option existed open, and run on as they did."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from iicl_tui.chain.engine import Chain
from iicl_tui.filters.partner import Partner
from iicl_tui.filters.rank import Rank
from iicl_tui.store.decode import decode

SESSIONS = Path(__file__).parent / "old_sessions"


@pytest.mark.parametrize("name", ["a-partner-makes-order", "rare-words-held-up", "effective-set-rescues"])
async def test_a_session_without_the_key_runs_on_by_the_old_rule(name: str) -> None:
    text = (SESSIONS / f"{name}.toml").read_text()
    assert not any(key in text for key in ("passes =", "ties =", "mode ="))
    found = decode(text)
    (rule,) = found.config.filters
    assert not isinstance(rule, Rank) or rule.ties == "order"
    assert rule.kind != "partner" or isinstance(rule, Partner)
    chain = Chain(replace(found.config, generations=6), found.generations[:2])
    await chain.run()
    assert chain.generations == list(found.generations[:6])
