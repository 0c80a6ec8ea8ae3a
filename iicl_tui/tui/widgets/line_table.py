"""A table of lines with a cursor. Only visible lines are made and drawn, so that a hundred thousand cost no more than thirty."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive

from iicl_tui.tui.widgets.painted_lines import HEAD, PaintedLines

Kind = Literal["", "head", "dim", "now", "wrong"]


class LineTable(PaintedLines):
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
    STYLES = "line"
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
            self.virtual_size = Size(self.size.width, count + HEAD)
        self.cursor = max(0, min(self.cursor, count - 1))
        self.repaint_changed()

    def watch_cursor(self) -> None:
        self.reveal(self.cursor)
        self.repaint_changed()
        self.post_message(self.Moved(self, self.cursor))

    def on_resize(self) -> None:
        self.virtual_size = Size(self.size.width, self.count + HEAD)
        self.reveal(self.cursor)

    def visible_line(self, y: int) -> tuple[str, str]:
        """The text and the kind of a visible line."""
        if y < HEAD:
            return self._head, "head"
        line = y - HEAD + round(self.scroll_offset.y)
        if line >= self.count:
            return "", ""
        text, kind = self._line_at(line)
        return ("▸" + text[1:], "cursor") if line == self.cursor else (text, kind)

    def on_click(self, event: events.Click) -> None:
        line = event.y - HEAD + round(self.scroll_offset.y)
        if event.y >= HEAD and line < self.count:
            if line == self.cursor:
                self.post_message(self.Chosen(self, line))
            self.cursor = line

    def action_move(self, by: int) -> None:
        self.cursor = max(0, min(self.cursor + by, self.count - 1))

    def action_edge(self, last: int) -> None:
        self.cursor = max(self.count - 1, 0) * last
