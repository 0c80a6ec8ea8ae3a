"""Figures of a comparison, drawn by matplotlib: means over chains by generation with their intervals."""

from __future__ import annotations

import importlib
import io
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from iicl_tui.errors import LabError
from iicl_tui.study.comparison import Comparison, Group

MOST_LINES = 7
"""In one pair of axes; more are split by a key."""
_MARKERS = "osD^vP*X<>hd"
_STYLES = ("-", "--", "-.", ":")


def figure(comparison: Comparison, metric: str, form: str) -> bytes:
    """One metric of all groups, as the content of an SVG, PNG or PDF file.

    Raises:
        LabError: matplotlib is not installed.
    """
    try:
        matplotlib: Any = importlib.import_module("matplotlib")
        figures: Any = importlib.import_module("matplotlib.figure")
    except ImportError as error:
        raise LabError(
            "matplotlib is not installed", "The figures of a report need it.", "pip install 'iicl-tui[studies]'"
        ) from error
    panels = split(comparison)
    columns = min(len(panels), 4)
    lines = -(-len(panels) // columns)
    with matplotlib.rc_context({"svg.hashsalt": "iicl-tui", "svg.fonttype": "path", "font.size": 9}):
        made = figures.Figure(figsize=(1.2 + 3.1 * columns, 0.9 + 2.4 * lines), layout="constrained")
        axes = made.subplots(lines, columns, squeeze=False, sharex=True, sharey=True)
        for place, (title, groups) in enumerate(panels):
            _draw(axes[place // columns][place % columns], comparison, groups, metric, title)
        for place in range(len(panels), lines * columns):
            axes[place // columns][place % columns].set_axis_off()
        made.supxlabel("generation")
        made.supylabel(metric)
        handles, labels = axes[0][0].get_legend_handles_labels()
        if len(handles) > 1:
            made.legend(handles, labels, loc="outside right upper", frameon=False)
        out = io.BytesIO()
        made.savefig(out, format=form, dpi=150, metadata={"Date": None} if form == "svg" else None)
    return out.getvalue()


def split(comparison: Comparison) -> list[tuple[str, tuple[Group, ...]]]:
    """The groups, split into panels by one key if there are too many for one."""
    if len(comparison.groups) <= MOST_LINES or len(comparison.by) < 2:
        return [("", comparison.groups)]
    counts = {key: len({group.chains[0].keys[key] for group in comparison.groups}) for key in comparison.by}
    fits = [key for key in comparison.by if len(comparison.groups) / counts[key] <= MOST_LINES]
    facet = min(fits or counts, key=lambda key: counts[key])
    panels: dict[str, list[Group]] = {}
    for group in comparison.groups:
        value = group.chains[0].keys[facet]
        title = f"{facet.rpartition('.')[2]} {value:g}" if isinstance(value, float) else f"{facet.rpartition('.')[2]} {value}"
        rest = " · ".join(part for key, part in zip(comparison.by, group.name.split(" · "), strict=False) if key != facet)
        panels.setdefault(title, []).append(replace(group, name=rest or group.name))
    return [(title, tuple(groups)) for title, groups in panels.items()]


def _draw(axes: Any, comparison: Comparison, groups: Sequence[Group], metric: str, title: str) -> None:
    for place, group in enumerate(groups):
        curve = comparison.curve(group, metric)
        at = np.arange(1, len(curve.mean) + 1)
        colour = f"C{place % 10}"
        marker = _MARKERS[place % len(_MARKERS)] if len(at) <= 20 else None
        axes.plot(at, curve.mean, color=colour, marker=marker, markersize=3.5, linestyle=_STYLES[place % 4], label=group.name)
        axes.fill_between(at, curve.low, curve.high, color=colour, alpha=0.18, linewidth=0)
    axes.set_title(title)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.spines[["top", "right"]].set_visible(False)
