"""A small chain with a human filter, for tests of reviews."""

from __future__ import annotations

from typing import Any

from iicl_tui.chain.config import read_config
from iicl_tui.chain.engine import Chain


def make_chain(sink: Any = None, seed: int = 7, **document: Any) -> Chain:
    """A chain of four objects and a screen with a human filter; document: tables to put in the place of these."""
    tables: dict[str, Any] = {
        "chain": {"title": "A person as the filter", "generations": 3, "seed": seed},
        "task": {"hypothesis": 33, "initial": 8, "samples": 4, "draw": "overlap", "spurious": "screen", "bias": "high"},
        "agent": [{"kind": "bayes", "noise": 0.05}],
        "filter": [{"kind": "human"}],
    }
    return Chain(read_config({**tables, **document}), sink=sink)
