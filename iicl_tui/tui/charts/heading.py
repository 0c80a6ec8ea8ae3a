"""The first row of a belief chart: title, how to read it, and the key to its marks."""

from __future__ import annotations

from collections.abc import Sequence

from iicl_tui.tui.charts.picture import DIM, MARK, STRONG, Picture, shorten, text_width
from iicl_tui.tui.charts.view import BeliefView

NO_BELIEF = "no belief for this generation"


def mark_key(view: BeliefView, *more: tuple[str, int]) -> list[tuple[str, int]]:
    """(text, ink) of every mark in the view, then `more`."""
    return [(f"{mark.symbol} {mark.name}", int(MARK)) for mark in view.marks] + list(more)


def heading(picture: Picture, view: BeliefView, notes: Sequence[str], key: Sequence[tuple[str, int]]) -> None:
    """Draw row 0. The notes come in order of importance; what does not fit whole is left out, the key first."""
    column = picture.put(0, 0, shorten(view.title, picture.width), STRONG)
    for note in notes:
        if not note:
            continue
        gap = "  " if column == text_width(view.title) else " · "
        gap = gap if column else ""
        if column + text_width(gap) + text_width(note) > picture.width:
            continue
        column = picture.put(column, 0, gap + note, DIM)
    end = picture.width
    for text, code in reversed(key):
        start = end - text_width(text)
        if start < column + 2:
            break
        picture.put(start, 0, text, code)
        end = start - 2
