"""A table of lines with a cursor. Only visible lines are made and drawn, so that a hundred thousand cost no more than thirty."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

Kind = Literal["", "head", "dim", "now", "wrong"]

_HEAD = 1


class LineTable(ScrollView, can_focus=True):
    """A head and lines below it. The arrow keys or a click move the cursor."""

    DEFAULT_CSS = """
    LineTable {
        scrollbar-size-vertical: 1;
        overflow-x: hidden;
        & > .line--head { color: $text-muted; text-style: bold; }
        & > .line--dim { color: $text-disabled; }
        & > .line--now { color: $text-accent; }
        & > .line--wrong { color: $text-error; }
        & > .line--cursor {
            background: $block-cursor-blurred-background;
            color: $block-cursor-blurred-foreground;
            text-style: bold;
        }
        &:focus > .line--cursor { background: $block-cursor-background; color: $block-cursor-foreground; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"line--head", "line--dim", "line--now", "line--wrong", "line--cursor"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home", "edge(0)", "First", show=False),
        Binding("end", "edge(1)", "Last", show=False),
    ]
    ALLOW_SELECT = False

    cursor: reactive[int] = reactive(0, repaint=False)  # only changed lines are painted again

    @dataclass
    class Moved(Message):
        """The cursor is on another line."""

        table: LineTable
        line: int

        @property
        def control(self) -> LineTable:
            return self.table

    @dataclass
    class Chosen(Message):
        """The line under the cursor was clicked."""

        table: LineTable
        line: int

        @property
        def control(self) -> LineTable:
            return self.table

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.count = 0
        self._head = ""
        self._line_at: Callable[[int], tuple[str, Kind]] = lambda line: ("", "")
        self._styles: dict[tuple[str, bool], Style] = {}
        self._painted: dict[int, tuple[str, str]] = {}
        """Text and kind of every visible line, as last painted."""

    def show(self, head: str, count: int, line_at: Callable[[int], tuple[str, Kind]]) -> None:
        """Show these lines. The cursor stays where it is as far as there are lines.

        Args:
            head: The line above.
            count: How many lines there are.
            line_at: A line's text and kind.
        """
        self._head, self._line_at = head, line_at
        if count != self.count:
            self.count = count
            self.virtual_size = Size(self.size.width, count + _HEAD)
        self.cursor = max(0, min(self.cursor, count - 1))
        self._repaint_changed()

    def watch_cursor(self) -> None:
        self._reveal()
        self._repaint_changed()
        self.post_message(self.Moved(self, self.cursor))

    def _repaint_changed(self) -> None:
        width, height = self.size
        changed = [Region(0, y, width, 1) for y in range(height) if self._painted.get(y) != self._line(y)]
        if changed:
            self.refresh(*changed)

    def on_resize(self) -> None:
        self.virtual_size = Size(self.size.width, self.count + _HEAD)
        self._reveal()

    def _reveal(self) -> None:
        if self.size.height:
            # The head covers the first line, so the line above must be visible as well.
            self.scroll_to_region(Region(0, self.cursor, 1, 1 + _HEAD), animate=False, force=True)

    def notify_style_update(self) -> None:
        self._styles.clear()
        super().notify_style_update()

    def _style(self, kind: str) -> Style:
        """The component's style, kept because looking it up costs more than drawing the line."""
        key = kind, self.has_focus
        if key not in self._styles:
            self._styles[key] = self.get_component_rich_style(f"line--{kind}") if kind else self.rich_style
        return self._styles[key]

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        text, kind = self._painted[y] = self._line(y)
        style = self._style(kind)
        return Strip([Segment(text, style)]).adjust_cell_length(width, style).crop(0, width)

    def _line(self, y: int) -> tuple[str, str]:
        """The text and the kind of a visible line."""
        if y < _HEAD:
            return self._head, "head"
        line = y - _HEAD + round(self.scroll_offset.y)
        if line >= self.count:
            return "", ""
        text, kind = self._line_at(line)
        return ("▸" + text[1:], "cursor") if line == self.cursor else (text, kind)

    def on_click(self, event: events.Click) -> None:
        line = event.y - _HEAD + round(self.scroll_offset.y)
        if event.y >= _HEAD and line < self.count:
            if line == self.cursor:
                self.post_message(self.Chosen(self, line))
            self.cursor = line

    def action_move(self, by: int) -> None:
        self.cursor = max(0, min(self.cursor + by, self.count - 1))

    def action_page(self, by: int) -> None:
        self.action_move(by * max(self.size.height - _HEAD - 1, 1))

    def action_edge(self, last: int) -> None:
        self.cursor = max(self.count - 1, 0) * last
