"""Lines below a head, each in one style. Only visible lines are made, and only changed ones are painted again."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.scroll_view import ScrollView
from textual.strip import Strip

HEAD = 1
"""Lines of the head."""


class PaintedLines(ScrollView, can_focus=True):
    """A list of lines that the keys go through. A subclass says what a line is, and what moving does."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home", "edge(0)", "First", show=False),
        Binding("end", "edge(1)", "Last", show=False),
    ]
    STYLES: ClassVar[str]
    """The names of the component classes are this and the kind of the line: STYLES--KIND."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._styles: dict[tuple[str, bool], Style] = {}
        self._painted: dict[int, tuple[str, str]] = {}
        """Text and kind of every visible line, as last painted."""

    def visible_line(self, y: int) -> tuple[str, str]:
        """The text and the kind of a visible line; the kind "" is the widget's own style."""
        raise NotImplementedError

    def action_move(self, by: int) -> None:
        """Move so many lines down."""
        raise NotImplementedError

    def action_page(self, by: int) -> None:
        self.action_move(by * max(self.size.height - HEAD - 1, 1))

    def repaint_changed(self) -> None:
        """Paint the lines that are not as they were painted."""
        width, height = self.size
        changed = [Region(0, y, width, 1) for y in range(height) if self._painted.get(y) != self.visible_line(y)]
        if changed:
            self.refresh(*changed)

    def reveal(self, line: int) -> None:
        """Scroll so that a line is visible."""
        if self.size.height:
            # The head covers the first line, so the line above must be visible as well.
            self.scroll_to_region(Region(0, line, 1, 1 + HEAD), animate=False, force=True)

    def notify_style_update(self) -> None:
        self._styles.clear()
        super().notify_style_update()

    def _style(self, kind: str) -> Style:
        """The component's style, kept because looking it up costs more than drawing the line."""
        key = kind, self.has_focus
        if key not in self._styles:
            self._styles[key] = self.get_component_rich_style(f"{self.STYLES}--{kind}") if kind else self.rich_style
        return self._styles[key]

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        text, kind = self._painted[y] = self.visible_line(y)
        style = self._style(kind)
        return Strip([Segment(text, style)]).adjust_cell_length(width, style).crop(0, width)
