"""The figure that matters, large enough for the last row of a room. Shown while somebody presents."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

from iicl_tui.charts.big_figures import big_lines
from iicl_tui.present.lab_state import LabState
from iicl_tui.present.presenting import headline
from iicl_tui.text import printable

_TALL_FROM = 36
"""Lines of the window from which the figure takes five lines."""


class Headline(Static):
    """A figure of blocks with two lines of words beside it."""

    DEFAULT_CSS = """
    Headline { display: none; height: auto; text-wrap: nowrap; text-overflow: ellipsis; padding: 0 1; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, markup=False)

    def show(self, state: LabState, place: str = "") -> None:
        """Show the figure of a state, and the moment in words."""
        figure, what = headline(state)
        lines = big_lines(figure, self.app.size.height >= _TALL_FROM) if figure else ["", ""]
        words = ["", printable(what, 60), printable(place, 60)]
        width = max(map(len, lines)) + 3 if figure else 0
        parts = []
        for at in range(max(len(lines), len(words) if figure else 2)):
            line = lines[at] if at < len(lines) else ""
            word = words[at] if at < len(words) and figure else words[at + 1] if at + 1 < len(words) else ""
            parts.append(Content.assemble((line.ljust(width), "bold $text-accent"), (word, "bold")))
        self.update(Content("\n").join(parts))
