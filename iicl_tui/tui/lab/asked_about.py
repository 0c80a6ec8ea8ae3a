"""Which part of the laboratory a person asks about: what is under the mouse, or what has the focus."""

from __future__ import annotations

from textual.screen import Screen
from textual.widget import Widget

from iicl_tui.present.explanation_page import Focus
from iicl_tui.present.lab_state import Pane

PARTS: dict[str, Focus] = {
    "chart": "belief", "belief": "belief", "curves": "curves", "each": "objects", "objects": "objects", "data": "data",
    "generations": "generations", "now": "phases", "review": "review",
}  # fmt: skip
"""The part of the page by the id of a widget or of one that holds it."""


def asked_about(screen: Screen[object], pane: Pane) -> Focus:
    """The part under the mouse, if it is there, else the one with the focus.

    Args:
        screen: The laboratory.
        pane: What a small window shows; in a larger one the belief.
    """
    hovered, focused = _part(screen.app.mouse_over), _part(screen.focused)
    if hovered not in (None, "belief"):
        return hovered or "belief"
    if focused is not None and (focused != "belief" or pane == "belief"):
        return focused
    return pane


def _part(widget: Widget | None) -> Focus | None:
    """The part of the page that a widget belongs to."""
    if widget is None:
        return None
    return next((PARTS[each.id] for each in widget.ancestors_with_self if each.id in PARTS), None)
