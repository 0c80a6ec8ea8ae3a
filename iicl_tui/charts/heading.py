"""The first row of a belief chart: title, notes and the key to its marks."""

from __future__ import annotations

from collections.abc import Sequence

from iicl_tui.charts.picture import DIM, MARK, STRONG, Picture, shorten, text_width
from iicl_tui.charts.view import BeliefView


def mark_key(view: BeliefView, *more: tuple[str, int]) -> list[tuple[str, int]]:
    """(text, ink) of every mark of the view, then `more`."""
    return [(f"{mark.symbol} {mark.name}", int(MARK)) for mark in view.marks] + list(more)


def heading(picture: Picture, view: BeliefView, variants: Sequence[Sequence[str]], key: Sequence[tuple[str, int]]) -> None:
    """Draw row 0: title, notes and key.

    Args:
        variants: the notes from the longest to the shortest; uses the first that fits beside the whole key.
        key: entries of the key; if they do not fit, the last ones are left out.
    """
    title = shorten(view.title, picture.width)
    key_width = sum(2 + text_width(text) for text, _ in key)
    written = [" · ".join(note for note in notes if note) for notes in variants]
    used = text_width(title) + (2 if title else 0)
    notes = next((text for text in written if used + text_width(text) + key_width <= picture.width), written[-1])
    column = picture.put(0, 0, title, STRONG)
    if notes and used + text_width(notes) <= picture.width:
        column = picture.put(used, 0, notes, DIM)
    elif notes and picture.width - used >= 8:
        column = picture.put(used, 0, shorten(notes, picture.width - used), DIM)
    while key and column + key_width > picture.width:
        key = key[:-1]
        key_width = sum(2 + text_width(text) for text, _ in key)
    column = picture.width - key_width
    for text, code in key:
        column = picture.put(column + 2, 0, text, code)
