"""Panels for the tests of curves."""

from __future__ import annotations

from typing import Any

import numpy as np

from iicl_tui.charts.panel import Panel, Series


def entropy(values: Any, **changes: Any) -> Panel:
    given_: dict[str, Any] = {"references": (("uniform", 5.49), ("one-hot", 0.0)), "selected": 0} | changes
    return Panel("entropy (nats)", (Series("H", np.asarray(values, dtype=float), "accent"),), 0.0, 5.49, **given_)
