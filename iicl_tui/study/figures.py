"""Figures of a comparison, drawn by matplotlib: means over chains by generation with their intervals."""

from __future__ import annotations

import importlib
import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from iicl_tui.errors import LabError
from iicl_tui.study.comparison import Comparison, Group
from iicl_tui.text import printable

MOST_LINES = 7
"""In one pair of axes; more are split by a key."""
_MOST_COLUMNS = 5
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")
"""Colours that people with any colour vision can tell apart (Okabe and Ito 2008)."""
_MARKERS = "osD^vP*X<>hd"
_STYLES = ("-", "--", "-.", ":")
_OPTIONS = {"svg.hashsalt": "iicl-tui", "svg.fonttype": "path", "font.size": 9, "text.parse_math": False}
"""Names from outside stay text, and the same data give the same bytes."""
_METADATA = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": None}

_PANEL = 2.35, 1.75
"""Width and height of a pair of axes in inches; the other lengths are in inches, too."""
_ALONE = 4.2, 2.8
"""The same of a figure with one pair of axes."""
_LEFT, _RIGHT, _BOTTOM, _TOP = 0.75, 0.15, 0.55, 0.35
_GAP = 0.2, 0.4
_LETTER = 0.075
"""The width of a letter, about."""
_MOST_LABEL = 40
"""Letters of a label in the legend."""


@dataclass(frozen=True, eq=False)
class _Line:
    """One curve: its name, its group, and its metric."""

    name: str
    group: Group
    metric: str


def figure(comparison: Comparison, metric: str, form: str) -> bytes:
    """One metric of all groups, as the content of an SVG, PNG or PDF file.

    Raises:
        LabError: matplotlib is not installed.
    """
    panels = [(title, [_Line(group.name, group, metric) for group in groups]) for title, groups in split(comparison)]
    return _figure(comparison, panels, comparison.collection.measure(metric).text, form)


def shares(comparison: Comparison, metrics: Sequence[str], form: str) -> bytes:
    """A panel for each group with one line for each of several probabilities, such as those of the classes of languages.

    This is the layout of the paper's Figure 8.

    Raises:
        LabError: matplotlib is not installed.
    """
    names = {metric: metric.partition("=")[2].rstrip(")") for metric in metrics}
    panels = [(group.name, [_Line(names[metric], group, metric) for metric in metrics]) for group in comparison.groups]
    return _figure(comparison, panels, shares_text(metrics), form)


def shares_name(metrics: Sequence[str]) -> str:
    """What several probabilities of one grouping are called together: p(class)."""
    return f"{metrics[0].partition('=')[0]})"


def shares_text(metrics: Sequence[str]) -> str:
    """The same for a person: P(class)."""
    return f"P{shares_name(metrics)[1:]}"


def splits(metrics: Sequence[str]) -> list[tuple[str, ...]]:
    """Those of the metrics that are probabilities of several values of one grouping, by grouping."""
    found: dict[str, list[str]] = {}
    for metric in metrics:
        name, equals, _ = metric.partition("=")
        if equals and name.startswith("p("):
            found.setdefault(name, []).append(metric)
    return [tuple(each) for each in found.values() if len(each) > 1]


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


def _figure(comparison: Comparison, panels: Sequence[tuple[str, Sequence[_Line]]], name: str, form: str) -> bytes:
    try:
        matplotlib: Any = importlib.import_module("matplotlib")
        figures: Any = importlib.import_module("matplotlib.figure")
    except ImportError as error:
        raise LabError(
            "matplotlib is not installed", "The figures of a report need it.", "pip install 'iicl-tui[studies]'"
        ) from error
    columns = min(len(panels), _MOST_COLUMNS)
    rows = -(-len(panels) // columns)
    with matplotlib.rc_context(_OPTIONS):
        panel = _PANEL if len(panels) > 1 else _ALONE
        made, axes = _laid_out(figures, rows, columns, panel, _legend_width(panels))
        for place, (title, lines) in enumerate(panels):
            _draw(axes[place // columns][place % columns], comparison, lines, title)
        for place in range(len(panels), rows * columns):
            axes[place // columns][place % columns].set_visible(False)
            axes[place // columns - 1][place % columns].tick_params(labelbottom=True)
        _bound(axes, [axis.dataLim for row in axes for axis in row if axis.get_visible()])
        width, height = made.get_size_inches()
        drawn = columns * (panel[0] + _GAP[0]) - _GAP[0]
        made.text((_LEFT + drawn / 2) / width, 0.1 / height, "generation", ha="center", va="bottom")
        made.text(0.1 / width, 0.5, printable(name), ha="left", va="center", rotation="vertical")
        handles, labels = axes[0][0].get_legend_handles_labels()
        if len(handles) > 1:
            corner = (_LEFT + drawn + _RIGHT) / width, 1 - _TOP / height
            made.legend(handles, labels, loc="upper left", bbox_to_anchor=corner, frameon=False, borderaxespad=0)
        out = io.BytesIO()
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph")  # a letter that the font does not have is drawn as a box
            made.savefig(out, format=form, dpi=150, metadata=_METADATA[form])
    return out.getvalue()


def _legend_width(panels: Sequence[tuple[str, Sequence[_Line]]]) -> float:
    lines = panels[0][1]
    return 0.6 + _LETTER * max(len(_label(line)) for line in lines) if len(lines) > 1 else 0.0


def _laid_out(figures: Any, rows: int, columns: int, panel: tuple[float, float], legend: float) -> tuple[Any, Any]:
    """A figure of panels of a fixed size. matplotlib's own layouts take most of the time of many panels."""
    width = _LEFT + columns * (panel[0] + _GAP[0]) - _GAP[0] + _RIGHT + legend
    height = _BOTTOM + rows * (panel[1] + _GAP[1]) - _GAP[1] + _TOP
    made = figures.Figure(figsize=(width, height))
    places = {
        "left": _LEFT / width,
        "right": (width - _RIGHT - legend) / width,
        "bottom": _BOTTOM / height,
        "top": 1 - _TOP / height,
        "wspace": _GAP[0] / panel[0],
        "hspace": _GAP[1] / panel[1],
    }
    return made, made.subplots(rows, columns, squeeze=False, sharex=True, sharey=True, gridspec_kw=places)


def _bound(axes: Any, limits: Sequence[Any]) -> None:
    """The same limits in all panels, a little wider than what is drawn."""
    boxes = np.array([[each.x0, each.y0, each.x1, each.y1] for each in limits])
    boxes = boxes[np.isfinite(boxes).all(axis=1)]
    if not len(boxes):
        return
    low, high = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    room = np.where(high > low, 0.04 * (high - low), 0.5)
    axes[0][0].set_xlim(low[0] - room[0], high[0] + room[0])
    axes[0][0].set_ylim(low[1] - room[1], high[1] + room[1])
    axes[0][0].locator_params(nbins=5)
    axes[0][0].xaxis.get_major_locator().set_params(integer=True)


def _label(line: _Line) -> str:
    return printable(line.name, limit=_MOST_LABEL)


def _draw(axes: Any, comparison: Comparison, lines: Sequence[_Line], title: str) -> None:
    axes.set_autoscale_on(False)
    for place, line in enumerate(lines):
        curve = comparison.curve(line.group, line.metric)
        at = np.arange(1, len(curve.mean) + 1)
        colour = _COLOURS[place % len(_COLOURS)]
        marker = _MARKERS[place % len(_MARKERS)] if len(at) <= 20 else None
        axes.plot(at, curve.mean, color=colour, marker=marker, markersize=3.5, linestyle=_STYLES[place % 4], label=_label(line))
        axes.fill_between(at, curve.low, curve.high, color=colour, alpha=0.18, linewidth=0)
    axes.set_title(printable(title, limit=_MOST_LABEL), fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
