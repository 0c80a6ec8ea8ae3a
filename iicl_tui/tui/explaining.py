"""What a person asks about, and the page that explains it: this screen's numbers first, then each word that is drawn on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from textual.geometry import Region
from textual.screen import Screen
from textual.widget import Widget

from iicl_tui.present.drawn_terms import Section, at_cell, find, sections
from iicl_tui.present.explain import DEPTHS, Depth
from iicl_tui.tui.textual_adapter import drawn_lines
from iicl_tui.tui.widgets.footer import KeyBar
from iicl_tui.tui.widgets.painted_lines import PaintedLines

NO_TERMS: Section = ("No term here", "No word of this screen is in the glossary. ? says what you can do here.")


Numbers = Callable[[Depth, Widget | None], Sequence[Section]]
"""What a screen says of its numbers, for the part that is asked about."""

Values = Callable[[Widget | None], Mapping[str, str]]
"""What the terms of a screen are now, for the part that is asked about."""


def pages_of(
    screen: Screen[object], group: str, parts: frozenset[str], numbers: Numbers, values: Values
) -> tuple[Mapping[Depth, Sequence[Section]], int]:
    """The page at each depth, and the section to open first.

    What is said of the numbers comes first, then the words of the part that is asked about, those of the rest of the screen, and
    those that the text about the numbers itself uses. If the mouse is on a word, or on a number that a word says the meaning of,
    that word is opened.

    Args:
        screen: The screen as it is drawn now.
        group: Its group of actions.
        parts: The ids of the widgets that are asked about as a whole.
        numbers: What it says of its numbers.
        values: What its terms are now, by term.
    """
    hovered = _hovered(screen)
    part = _part(parts, hovered or screen.focused)
    found = find(_lines(screen), with_settings=group == "configure", with_sparks=group == "home")
    region = screen.find_widget(part).visible_region if part is not None else Region()
    here = [each for each in found if region.contains(each.start, each.line)]
    head = region.y if isinstance(part, PaintedLines) else None
    pointed = at_cell(here, *screen.app.mouse_position, head) if hovered is not None else None
    now = values(part)
    pages: dict[Depth, Sequence[Section]] = {}
    for depth in DEPTHS:
        told = list(numbers(depth, part))
        own = find([line for _, text in told for line in text.splitlines()])
        words = sections((each.entry for each in [*here, *found, *own]), depth)
        pages[depth] = [*told, *((term, f"{text}\n\n{now[term]}" if term in now else text) for term, text in words)] or [NO_TERMS]
    headings = [heading for heading, _ in pages[DEPTHS[0]]]
    return pages, headings.index(pointed.term) if pointed is not None else 0


def _hovered(screen: Screen[object]) -> Widget | None:
    """The widget under the mouse, unless that is the screen itself, its body or the keys at the bottom."""
    widget = screen.app.mouse_over
    if widget is None or widget is screen or widget.screen is not screen or widget.id == "body" or isinstance(widget, KeyBar):
        return None
    return widget


def _part(parts: frozenset[str], widget: Widget | None) -> Widget | None:
    """The widget, or what it is a part of: one of `parts`, or one that has a title in its border."""
    around = [each for each in widget.ancestors_with_self if isinstance(each, Widget)] if widget is not None else []
    whole = [each for each in around if each.id in parts]
    if whole:
        return whole[-1]
    return next((each for each in around if each.border_title or isinstance(each, PaintedLines)), widget)


def _lines(screen: Screen[object]) -> list[str]:
    """The text of the screen, line by line, without the keys at the bottom."""
    keys = {y for bar in screen.query(KeyBar) for y in range(bar.region.y, bar.region.bottom)}
    return ["" if y in keys else strip.text for y, strip in enumerate(drawn_lines(screen))]
