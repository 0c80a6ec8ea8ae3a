"""The line at the top: title, facts, and whether the session is saved. A click opens the command palette."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from iicl_tui.text import printable

# Each state has a sign as well, so that it can be read without colour.
STATES = {
    "saved": "● saved",
    "unsaved": "○ unsaved",
    "read-only": "◌ read-only",
    "running": "▶ running",
    "paused": "‖ paused",
}

_SIGNS = "$<≈≥"
"""Characters other than digits that a number may begin with."""
_LONG, _SHORT = 24, 10
"""Minimum cells for a long title: beside full facts with numbers, and beside shortened ones."""


class HeaderLine(Widget):
    """One line: title, facts as far as they fit, state at the right. Takes plain text; nothing is read as markup.

    A fact that does not fit is cut at its first " · ". A fact that begins with a number, such as $0.0123 · 4,512 tokens,
    matters more than the end of the title: the title is shortened for it and for the facts before it.
    """

    DEFAULT_CSS = """
    HeaderLine {
        dock: top;
        height: 1;
        background: $footer-background;
        color: $footer-foreground;
        padding: 0 1;
        text-wrap: nowrap;
    }
    """
    ALLOW_SELECT = False
    MENU = "≡ "

    title: reactive[str] = reactive("iicl-tui")
    facts: reactive[tuple[str, ...]] = reactive(())
    state: reactive[str] = reactive("")

    def show(self, title: str, facts: Sequence[str] = (), state: str = "") -> None:
        self.title = printable(title, 200)
        self.facts = tuple(printable(fact, 160) for fact in facts if fact)
        self.state = STATES.get(state, printable(state, 40))

    def render(self) -> Content:
        width = self.content_size.width
        state = self.state
        room = width - (cell_len(state) + 2 if state else 0)
        left = Content.assemble((self.MENU, "$footer-key-foreground"), (self.title, "bold"))
        left = left.truncate(max(self._title_room(room), 1), ellipsis=True)
        for fact in self.facts:
            if left.cell_length + 2 + cell_len(fact) > room:
                fact = _short(fact)
            if left.cell_length + 2 + cell_len(fact) > room:
                break
            left = Content.assemble(left, "  ", (fact, "$footer-description-foreground"))
        gap = max(width - left.cell_length - cell_len(state), 0)
        return Content.assemble(left, " " * gap, (state, "$footer-key-foreground"))

    def _title_room(self, room: int) -> int:
        """The cells for the title beside facts with numbers; the whole room if the title would become too short."""
        figures = [at for at, fact in enumerate(self.facts) if fact[0].isdigit() or fact[0] in _SIGNS]
        kept = self.facts[: figures[-1] + 1] if figures else ()
        whole = cell_len(self.MENU) + cell_len(self.title)
        for facts, least in ((kept, _LONG), ([*map(_short, kept)], _SHORT)):
            left = room - sum(2 + cell_len(fact) for fact in facts)
            if left >= min(whole, least):
                return left
        return room

    def on_mount(self) -> None:
        self.tooltip = "Everything that you can do here"

    def on_click(self, event: events.Click) -> None:
        event.stop()
        self.app.call_later(self.app.run_action, "command_palette", self.app)


def _short(fact: str) -> str:
    return fact.partition(" · ")[0]
