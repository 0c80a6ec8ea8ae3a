"""Explains a mean of a comparison: which chains it is of, how far they are apart, and what its interval and its difference say."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite

import numpy as np

from iicl_tui.present.comparison import ComparisonView
from iicl_tui.present.drawn_terms import Section
from iicl_tui.present.explain import Depth
from iicl_tui.study.statistics import ends, interval, number
from iicl_tui.text import printable

_MOST_VALUES = 24


def explained(view: ComparisonView | None, place: int, depth: Depth) -> list[Section]:
    """How the mean of a condition came about; nothing before there is one."""
    if view is None or not 0 <= place < len(view.means):
        return []
    lines = _plain(view, place) if depth == "newcomer" else _exact(view, place)
    return [("How this mean came about", "\n".join(lines))]


def _plain(view: ComparisonView, place: int) -> Iterator[str]:
    name, mean = printable(view.rows[place][0], 60), view.means[place]
    yield f"{view.title}, of the chains {name}:"
    yield ""
    yield from _values(view, place)
    if not mean.count:
        return
    yield ""
    if mean.count > 1:
        yield f"Together they come to {number(mean.value)} on average."
    if isfinite(mean.low):
        yield (
            f"If one ran many more such chains, their average would most likely lie between {' and '.join(ends(mean))}: "
            f"the chains differ by chance, and these are only {mean.count:,}."
        )
    else:
        yield "One chain cannot say how far others would be from it, so that there is no interval."
    if view.differences[place]:
        yield ""
        yield f"Beside the one it is compared with: {view.differences[place]}."
        yield "If the interval in brackets does not hold 0, the difference is hardly one of chance."


def _exact(view: ComparisonView, place: int) -> Iterator[str]:
    mean, known = view.means[place], _known(view, place)
    yield f"{view.title} | {printable(view.rows[place][0], 60)}"
    yield ""
    yield from _values(view, place)
    yield ""
    yield f"  x̄ = Σx / n = {number(mean.value)}, n = {mean.count:,}"
    if len(known) > 1:
        yield f"  s = √(Σ(x − x̄)² / (n − 1)) = {number(float(known.std(ddof=1)))}"
    if isfinite(mean.error):
        yield f"  standard error {number(mean.error)}"
    if isfinite(mean.low):
        yield f"  interval {interval(mean)}"
    yield f"  {view.how}"
    if view.differences[place]:
        yield f"  {view.differences[place]}"


def _values(view: ComparisonView, place: int) -> Iterator[str]:
    """The values of the chains, as many as can be read."""
    known = _known(view, place)
    shown = "  ".join(number(float(value)) for value in known[:_MOST_VALUES])
    more = f" … and {len(known) - _MOST_VALUES:,} more" if len(known) > _MOST_VALUES else ""
    yield f"  {len(known):,} chain{'s' * (len(known) != 1)}: {shown}{more}" if len(known) else "  No chain has a value yet."
    if len(known) < len(view.values[place]):
        yield f"  {len(view.values[place]) - len(known):,} without a value are left out."


def _known(view: ComparisonView, place: int) -> np.ndarray:
    values = view.values[place]
    return values[np.isfinite(values)]
