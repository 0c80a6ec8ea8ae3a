"""A list of one-line entries. Only visible lines are drawn, so that ten thousand cost no more than thirty."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip


class LogList(ScrollView, can_focus=True):
    """A list of rows (dimmed text at the left, line). The caller makes both printable."""

    DEFAULT_CSS = """
    LogList {
        background: $background;
        scrollbar-size-vertical: 1;
        overflow-x: hidden;
        & > .log--left { color: $text-muted; }
        & > .log--cursor { background: $block-cursor-background; color: $block-cursor-foreground; text-style: bold; }
        & > .log--found { background: $text-accent; color: $background; text-style: underline; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"log--left", "log--cursor", "log--found"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown,space", "page(1)", "Page down", show=False),
        Binding("home", "edge(0)", "First", show=False),
        Binding("end", "edge(1)", "Last", show=False),
    ]

    cursor: reactive[int] = reactive(0, always_update=True)
    words: reactive[str] = reactive("")
    """Case-folded text to mark in the lines."""

    class Moved(Message):
        """The cursor is on another entry."""

        def __init__(self, at: int) -> None:
            super().__init__()
            self.at = at

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, LogList.Moved)

    def __init__(self, rows: Sequence[tuple[str, str]], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.rows = rows

    def on_mount(self) -> None:
        self.virtual_size = Size(self.size.width, len(self.rows))

    def validate_cursor(self, at: int) -> int:
        return max(0, min(at, len(self.rows) - 1))

    def watch_cursor(self, at: int) -> None:
        self.scroll_to_region(Region(0, at, 1, 1), animate=False, force=True)
        self.post_message(self.Moved(at))
        self.refresh()

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        at = y + self.scroll_offset.y
        base = self.rich_style
        if at >= len(self.rows):
            return Strip.blank(width, base)
        left, line = self.rows[at]
        style = base
        left_style = self.get_component_rich_style("log--left")
        if at == self.cursor:
            style = left_style = self.get_component_rich_style("log--cursor")
        segments = [Segment("▸ " if at == self.cursor else "  ", style), Segment(left + "  ", left_style)]
        segments += self._marked(line, style)
        strip = Strip(segments)
        if strip.cell_length > width:
            return Strip([*strip.crop(0, width - 1), Segment("…", style)]).adjust_cell_length(width, style)
        return strip.adjust_cell_length(width, style)

    def _marked(self, line: str, style: Style) -> list[Segment]:
        words = self.words
        folded = line.casefold()
        if not words or len(folded) != len(line):
            return [Segment(line, style)]
        found = self.get_component_rich_style("log--found")
        segments: list[Segment] = []
        start = 0
        while (at := folded.find(words, start)) >= 0:
            segments += [Segment(line[start:at], style), Segment(line[at : at + len(words)], found)]
            start = at + len(words)
        return [*segments, Segment(line[start:], style)]

    def watch_words(self) -> None:
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        self.cursor = event.y + self.scroll_offset.y

    def action_move(self, by: int) -> None:
        self.cursor += by

    def action_page(self, by: int) -> None:
        self.cursor += by * max(self.size.height - 1, 1)

    def action_edge(self, last: int) -> None:
        self.cursor = (len(self.rows) - 1) * last
