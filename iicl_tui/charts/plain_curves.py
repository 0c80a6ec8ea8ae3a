"""A panel of curves plotted by plotext, for a plain terminal.

This is the only module that uses plotext. Its figure is a global, so every use holds one lock and begins with a clear
figure. It gets only finite numbers within the panel's limits, since a NaN in a line makes it fail.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from threading import Lock

from iicl_tui.charts.curves import draw_levels, draw_marks, placeholder
from iicl_tui.charts.panel import Layout, Panel, layout_of, style_ink, ticks, visible_segments
from iicl_tui.charts.picture import DIM, Picture

_LOCK = Lock()
_FIRST_COLOUR = 16  # numbers that plotext gives back, so that we know whose cell it is
_ESCAPE = re.compile(r"\x1b\[([0-9;]*)m")

Line = tuple[int, list[float], list[float]]
"""Number of the series, generation indices, values."""


def draw(panel: Panel, width: int, height: int) -> Picture:
    """The picture of one panel, width × height cells."""
    if (empty := placeholder(panel, width, height)) is not None:
        return empty
    layout, picture = layout_of(panel, width, height), Picture(width, height)
    picture.paste(_plotted(panel, layout, width - layout.right, height - 1), 0, 1)
    draw_levels(picture, panel, layout)
    draw_marks(picture, panel, layout)
    return picture


def _plotted(panel: Panel, layout: Layout, width: int, height: int) -> Picture:
    """Axes and lines, drawn by plotext in colours that number the series from _FIRST_COLOUR."""
    import plotext

    with _LOCK:
        plotext.clear_figure()
        plotext.theme("clear")
        plotext.limit_size(False, False)
        plotext.plotsize(width, height)
        plotext.xaxes(True, False)
        plotext.yaxes(True, False)
        plotext.xlim(0, layout.last)
        plotext.ylim(layout.low, layout.high)
        plotext.yticks([layout.low, layout.high], list(layout.labels))
        named = ticks(panel, layout)
        plotext.xticks(named, [str(panel.first + tick) for tick in named])
        lines = list(_lines(panel, layout))
        for number, xs, ys in lines:
            plotext.plot(xs, ys, marker="braille", color=_FIRST_COLOUR + number)
        if not lines:  # plotext leaves an axis without data unnumbered
            plotext.plot([0, layout.last], [layout.low, layout.low], marker=" ")
        text: str = plotext.build()
    picture, inks = Picture(width, height), [style_ink(series.style) for series in panel.series]
    for y, line in enumerate(text.split("\n")[:height]):
        _write(picture, y, line, inks)
    return picture


def _lines(panel: Panel, layout: Layout) -> Iterator[Line]:
    """The visible pieces of every series, joined where one ends in the next one's beginning."""
    line: Line | None = None
    for number, x0, y0, x1, y1 in zip(*(each.tolist() for each in visible_segments(panel, layout, layout.columns)), strict=True):
        if line is None or (line[0], line[1][-1], line[2][-1]) != (number, x0, y0):
            if line is not None:
                yield line
            line = number, [x0], [y0]
        line[1].append(x1)
        line[2].append(y1)
    if line is not None:
        yield line


def _write(picture: Picture, y: int, line: str, inks: Sequence[int]) -> None:
    """Write a line of plotext's output, and translate its colours back into the series that they stand for."""
    x, code, start = 0, int(DIM), 0
    for match in _ESCAPE.finditer(line):
        x = picture.put(x, y, line[start : match.start()], code)
        parts = match.group(1).split(";")
        number = int(parts[2]) - _FIRST_COLOUR if parts[:2] == ["38", "5"] else -1
        code = inks[number] if 0 <= number < len(inks) else int(DIM)
        start = match.end()
    picture.put(x, y, line[start:], code)
