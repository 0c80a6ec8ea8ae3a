"""iicl-tui compare FILE|DIR…"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from iicl_tui.charts import plain_curves
from iicl_tui.errors import LabError
from iicl_tui.present.comparison import panel, where
from iicl_tui.schema import describe, nearest
from iicl_tui.study.collection import ChainData, Collection, collect
from iicl_tui.study.comparison import Comparison, compare
from iicl_tui.study.statistics import CUT, text
from iicl_tui.text import printable, text_width

_HEIGHT = 12


def main(arguments: argparse.Namespace) -> int:
    """Prints means, differences and curves of groups of chains, or shows them on a screen. Raises LabError."""
    if arguments.screen:
        return _open(arguments)
    comparison, metrics = read(arguments)
    width = min(shutil.get_terminal_size((100, 30)).columns, 140)
    for line in lines(comparison, metrics, 0 if arguments.no_charts else width):
        print(printable(line))
    return 0


def _open(arguments: argparse.Namespace) -> int:
    from iicl_tui.commands.screen import open_app

    metric = arguments.metrics[0] if arguments.metrics else ""
    return open_app(
        arguments, "compare", {"given": [Path(file) for file in arguments.files], "by": _keys(arguments), "metric": metric}
    )


def _keys(arguments: argparse.Namespace) -> list[str] | None:
    return None if arguments.by is None else [key.strip() for key in arguments.by.split(",") if key.strip()]


def read(arguments: argparse.Namespace) -> tuple[Comparison, tuple[str, ...]]:
    """The comparison that a command line asks for, and the metrics to show. Tells which files were left out.

    Raises:
        LabError: There is nothing to compare, or an option cannot be used.
    """
    if not 0 < arguments.level < 1:
        raise LabError("--level takes a probability between 0 and 1")
    if arguments.last < 1:
        raise LabError("--last takes a number of generations from 1 up")
    if arguments.generation is not None and arguments.generation < 1:
        raise LabError("--generation takes a generation from 1 up")
    collection = collect([Path(file) for file in arguments.files])
    for path, why in collection.left_out:
        print(printable(f"Left out: {path}: {why}"), file=sys.stderr)
    metrics = tuple(arguments.metrics) or collection.wanted
    for metric in metrics:
        _check(metric, collection)
    return compare(collection, _keys(arguments), arguments.interval, arguments.level, arguments.generation, arguments.last), metrics


def _check(metric: str, collection: Collection) -> None:
    if metric not in collection.metrics:
        near = nearest(metric, collection.metrics)
        what = f"The nearest is {near}." if near else "Known are: " + ", ".join(collection.metrics) + "."
        raise LabError(f"There is no metric {describe(metric)}", what, "Choose one of them.")


def lines(comparison: Comparison, metrics: tuple[str, ...], width: int) -> Iterator[str]:
    """The comparison as text. width: of the curves; 0 leaves them out."""
    collection = comparison.collection
    seeds = f", seeds {', '.join(collection.seeds)}" if collection.seeds else ""
    by = ", ".join(comparison.by) or "nothing"
    count = len(collection.chains)
    yield f"{count:,} chain{'s' if count != 1 else ''} of the task {collection.task}, grouped by {by}{seeds}"
    unfinished = sum(not chain.complete for chain in collection.chains)
    if unfinished:
        yield f"{unfinished:,} of them have not all their generations; what they do not have is left out of the means."
    hidden = sum(_waits_blind(chain) for chain in collection.chains)
    if hidden:
        yield f"{hidden:,} of them wait for a blind review, so that nothing of them is shown here that says what is right."
    for metric in metrics:
        yield ""
        yield from _metric(comparison, metric)
        if width:
            yield from plain_curves.draw(panel(comparison, metric), width, _HEIGHT).plain()


def _waits_blind(chain: ChainData) -> bool:
    return not chain.complete and any(table.get("blind") is True for table in chain.document.get("filter", ()))


def _metric(comparison: Comparison, metric: str) -> Iterator[str]:
    means = [comparison.mean(group, metric) for group in comparison.groups]
    words = comparison.collection.measure(metric).text
    differences = [(group, comparison.difference(group, comparison.groups[0], metric)) for group in comparison.groups[1:]]
    cut = f"; {CUT}" if any(each.cut for each in (*means, *(found for _, found in differences))) else ""
    yield f"{words} ({metric}), {where(comparison)}: mean over chains [{means[0].how}{cut}]"
    width = max(text_width(group.name) for group in comparison.groups)
    for group, mean in zip(comparison.groups, means, strict=True):
        name = group.name + " " * (width - text_width(group.name))
        yield f"  {name}  {text(mean)}  {mean.count:,} chain{'s' if mean.count != 1 else ''}"
    first = comparison.groups[0]
    for group, found in differences:
        paired = f"{found.count:,} pairs" if found.how.endswith(", paired") else "unpaired"
        yield f"  {group.name} − {first.name}: {text(found)}  {paired}"
