"""A comparison of conditions as panels of curves."""

from __future__ import annotations

import numpy as np

from iicl_tui.charts.panel import Panel, Series
from iicl_tui.study.comparison import Comparison
from iicl_tui.text import printable

MOST_CURVES = 6
"""In one panel; more cannot be told apart."""


def panel(comparison: Comparison, metric: str) -> Panel:
    """The means of the first groups by generation, each with its interval."""
    series, known, means = [], [np.zeros(0)], [np.zeros(0)]
    for place, group in enumerate(comparison.groups[:MOST_CURVES]):
        curve = comparison.curve(group, metric)
        known += [curve.mean, curve.low, curve.high]
        means.append(curve.mean)
        series.append(Series(printable(group.name, 20), curve.mean, f"state.{place}", curve.low, curve.high))
    values = np.concatenate(known)
    values = values[np.isfinite(values)]
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    shares = np.concatenate(means)
    if not ((shares < 0) | (shares > 1)).any():  # an interval of Student's t may leave [0, 1]
        low, high = 0.0, 1.0
    if low == high:
        low, high = low - 0.5, high + 0.5
    more = len(comparison.groups) - MOST_CURVES
    title = metric + (f" (first {MOST_CURVES} of {len(comparison.groups)})" if more > 0 else "")
    return Panel(printable(title, 60), tuple(series), low, high, (), None, 1)
