"""Small multiples: many panels of one size beside and below one another, so that they can be compared."""

from __future__ import annotations

from iicl_tui.charts.panel import Box

_GAP = 2
_LEAST = 20, 7
"""Columns and lines that a panel needs, so that its curve can be seen."""
_GOOD = 34, 9
"""Columns and lines with which it is comfortable."""


def boxes(count: int, width: int, height: int, first: int = 0) -> list[Box]:
    """(panel, x, y, width, height) of the panels that fit, as large as they can be; all if possible, else from `first` on."""
    if not count or width < 1 or height < 1:
        return []
    most = max(1, (width + _GAP) // (_LEAST[0] + _GAP)), max(1, height // _LEAST[1])
    shown = min(count, most[0] * most[1])
    shapes = [(across, -(-shown // across)) for across in range(1, min(shown, most[0]) + 1)]
    across, down = max((shape for shape in shapes if shape[1] <= most[1]), key=lambda shape: _comfort(shape, width, height))
    box_width, box_height = (width - _GAP * (across - 1)) // across, height // down
    start = first % count if shown < count else 0
    return [
        ((start + place) % count, place % across * (box_width + _GAP), place // across * box_height, box_width, box_height)
        for place in range(shown)
    ]


def _comfort(shape: tuple[int, int], width: int, height: int) -> float:
    across, down = shape
    return min((width - _GAP * (across - 1)) // across / _GOOD[0], height // down / _GOOD[1])
