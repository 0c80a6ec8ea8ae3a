"""A comparison of conditions as panels of curves, and as a table of means and differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

import numpy as np
from numpy.typing import NDArray

from iicl_tui.charts.panel import Panel, Series
from iicl_tui.study.collection import SOURCE, ChainData
from iicl_tui.study.comparison import Comparison, Curve, Group
from iicl_tui.study.statistics import CUT, Estimate, interval, number, text
from iicl_tui.text import printable, shorten, text_width

MOST_CURVES = 6
"""In one panel; more cannot be told apart."""
MOST_PANELS = 60
"""Conditions with a panel of their own; more cannot be found again."""


@dataclass(frozen=True, eq=False)
class ComparisonView:
    """A comparison of one metric, as a screen shows it.

    Attributes:
        title: The metric, and at which generation it is compared.
        how: How the intervals were made.
        panels: One for each condition, or one for all.
        head, rows: A table of the conditions: chains, mean, interval, and the difference from the base with its interval.
        differences: For each condition the same difference as a sentence; "" for the base.
        note: What the person should know about the numbers; "" otherwise.
        metric: The metric's name.
        names: Those of the conditions.
        places: The condition of each chain by its file.
        values: The values of each condition, one a chain, that its mean is of.
        means: Each condition's mean with its interval.
    """

    title: str
    how: str
    panels: tuple[Panel, ...]
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    differences: tuple[str, ...]
    note: str
    metric: str
    names: tuple[str, ...]
    places: Mapping[Path, int]
    values: tuple[NDArray[np.float64], ...] = ()
    means: tuple[Estimate, ...] = ()

    def marked(self, panels: tuple[Panel, ...]) -> ComparisonView:
        """The same with other panels."""
        return replace(self, panels=panels)


def view_of(comparison: Comparison, metric: str, base: int = 0, together: bool = False) -> ComparisonView:
    """What a screen shows.

    Args:
        comparison: The conditions.
        metric: What is compared.
        base: The condition that the others are compared with.
        together: One panel with all conditions, else one for each.
    """
    groups, words = comparison.groups, [short_name(comparison, group) for group in comparison.groups]
    means = [comparison.mean(group, metric) for group in groups]
    base = min(base, len(groups) - 1)
    rows, sentences, cut = [], [], any(mean.cut for mean in means)
    for place, (group, mean) in enumerate(zip(groups, means, strict=True)):
        found = comparison.difference(group, groups[base], metric) if place != base else None
        row = words[place], f"{mean.count:,}", number(mean.value), interval(mean), text(found) if found is not None else ""
        rows.append(row)
        sentences.append("")
        if found is not None:
            pairs = f"{found.count:,} pairs of chains" if found.how.endswith(", paired") else "unpaired"
            cut = cut or found.cut
            sentences[-1] = f"{words[place]} − {words[base]}: {text(found)}, {pairs}"
    unfinished = sum(not chain.complete for chain in comparison.collection.chains)
    clustered = any(comparison.clusters(group.chains) is not None for group in groups)
    unit = "chains that share a seed count as one" if clustered else "a chain counts once"
    key = " · ".join(key.rpartition(".")[2] for key in comparison.by)
    return ComparisonView(
        f"{printable(comparison.collection.measure(metric).text, 60)}, {where(comparison)}",
        f"{means[0].how}; {unit}" + (f"; {CUT}" if cut else ""),
        (panel(comparison, metric, words),) if together else multiples(comparison, metric),
        (printable(key, 40) or "condition", "chains", "mean", "interval", f"minus {words[base]}" if len(groups) > 1 else ""),
        tuple(rows),
        tuple(sentences),
        f"{unfinished:,} chains are not complete and are left out of the means." if unfinished else "",
        metric,
        tuple(group.name for group in groups),
        {chain.path: place for place, group in enumerate(groups) for chain in group.chains},
        tuple(comparison.values(group, metric) for group in groups),
        tuple(means),
    )


def short_name(comparison: Comparison, group: Group) -> str:
    """A condition by its values alone, as a chart's title has room for."""
    keys = group.chains[0].keys
    words = [
        PurePath(str(keys[key])).stem if key == SOURCE else f"{value:g}" if isinstance(value := keys[key], float) else str(value)
        for key in comparison.by
    ]
    return printable(" · ".join(words), 60) or "all chains"


def where(comparison: Comparison) -> str:
    """At which generations chains are compared."""
    end = "the last generation" if comparison.generation is None else f"generation {comparison.generation}"
    if comparison.last == 1:
        return end
    return (
        f"the last {comparison.last} generations" if comparison.generation is None else f"{comparison.last} generations up to {end}"
    )


def panel(comparison: Comparison, metric: str, names: Sequence[str] = ()) -> Panel:
    """The means of the first groups by generation, each with its interval. names: of the curves; (): the groups'."""
    groups = comparison.groups[:MOST_CURVES]
    curves = [comparison.curve(group, metric) for group in groups]
    series = [
        Series(printable(names[place] if names else group.name, 20), curve.mean, f"state.{place}", curve.low, curve.high)
        for place, (group, curve) in enumerate(zip(groups, curves, strict=True))
    ]
    more = len(comparison.groups) - MOST_CURVES
    title = comparison.collection.measure(metric).text + (f" (first {MOST_CURVES} of {len(comparison.groups)})" if more > 0 else "")
    return Panel(printable(title, 60), tuple(series), *_limits(curves), (), None, 1)


def multiples(comparison: Comparison, metric: str) -> tuple[Panel, ...]:
    """A panel for each of the first groups, all of one scale: the mean by generation with its interval."""
    groups = comparison.groups[:MOST_PANELS]
    curves = [comparison.curve(group, metric) for group in groups]
    low, high = _limits(curves)
    found = []
    for place, (group, curve) in enumerate(zip(groups, curves, strict=True)):
        mean = Series("mean", curve.mean, f"state.{place}", curve.low, curve.high)
        found.append(Panel(short_name(comparison, group), (mean,), low, high, (), None, 1))
    return tuple(found)


def with_chain(panels: tuple[Panel, ...], place: int, chain: ChainData, metric: str) -> tuple[Panel, ...]:
    """The same with one chain's curve in its condition's panel."""
    values = chain.metrics.get(metric)
    if values is None or not 0 <= place < len(panels):
        return panels
    marked = replace(panels[place], series=(*panels[place].series, Series("chain", values, "mark")))
    return (*panels[:place], marked, *panels[place + 1 :])


def _limits(curves: Sequence[Curve]) -> tuple[float, float]:
    """The scale of panels with these curves: [0, 1] if all means are in it."""
    means = np.concatenate([np.zeros(0), *(curve.mean for curve in curves)])
    values = np.concatenate([means, *(part for curve in curves for part in (curve.low, curve.high))])
    values = values[np.isfinite(values)]
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    if not ((means < 0) | (means > 1)).any():
        low, high = 0.0, 1.0
    return (low - 0.5, high + 0.5) if low == high else (low, high)


def table_lines(head: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """A table as lines, the head first. The first column is left-aligned, and gives way where there is no room."""
    widths = [max(map(text_width, column)) for column in zip(head, *rows, strict=True)]
    kept = [place for place, one in enumerate(widths) if one]
    others = sum(widths[place] + 2 for place in kept[1:])
    while len(kept) > 2 and width - others < 8:  # too narrow: the last columns are left out
        others -= widths[kept.pop()] + 2
    widths[0] = max(min(widths[0], width - others), 4)
    return [
        "  ".join(
            _left(line[place], widths[place]) if place == 0 else _right(line[place], widths[place]) for place in kept
        ).rstrip()
        for line in (head, *rows)
    ]


def _left(text: str, width: int) -> str:
    text = shorten(text, width)
    return text + " " * (width - text_width(text))


def _right(text: str, width: int) -> str:
    text = shorten(text, width)
    return " " * (width - text_width(text)) + text
