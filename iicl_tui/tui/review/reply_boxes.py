"""A model's reply as received, to scroll through, and the editor of the text that replaces it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widgets import TextArea

from iicl_tui.text import printable
from iicl_tui.tui.actions import bindings

if TYPE_CHECKING:
    from textual.document._document import EditResult
    from textual.document._edit import Edit

    from iicl_tui.present.reply_words import Row

_QUOTE = "▏"


class RawText(ScrollView, can_focus=False):
    """Wrapped lines of text. Only visible lines are drawn, so that a long text costs no more than a short one."""

    DEFAULT_CSS = """
    RawText {
        background: $background;
        scrollbar-size-vertical: 1;
        scrollbar-gutter: stable;
        overflow-x: hidden;
        & > .raw--quote { color: $text-accent; }
        & > .raw--said { color: $text-muted; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"raw--quote", "raw--said"}
    ALLOW_SELECT = False

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._rows: tuple[Row, ...] = ()
        self._lines: list[Row] = []
        self._width = 0

    def show(self, rows: Sequence[Row]) -> None:
        """Shows rows from the first one."""
        self._rows = tuple(rows)
        self._wrap()
        self.scroll_home(animate=False)

    def on_resize(self) -> None:
        if self._width != self.scrollable_content_region.width:
            self._wrap()

    def _wrap(self) -> None:
        self._width = self.scrollable_content_region.width
        room = self._width - len(_QUOTE)
        # Before the first layout there is no width, and wrapping at one character per line would take long.
        rows = self._rows if room > 1 else ()
        self._lines = [replace(row, text=line) for row in rows for line in _wrapped(row.text, room)]
        self.virtual_size = Size(self._width, len(self._lines))
        self.refresh()

    def render_line(self, y: int) -> Strip:
        width, at = self._width, y + self.scroll_offset.y
        base = self.rich_style
        if at >= len(self._lines):
            return Strip.blank(width, base)
        row = self._lines[at]
        if row.quoted:
            parts = [Segment(_QUOTE, self.get_component_rich_style("raw--quote")), Segment(row.text, base)]
        else:
            parts = [Segment(row.text, self.get_component_rich_style("raw--said"))]
        return Strip(parts).adjust_cell_length(width, base).crop(0, width)


def _wrapped(text: str, width: int) -> list[str]:
    return [line.plain for line in Content(text).wrap(width)] or [""]


class ReplyEditor(TextArea):
    """An editor that replaces control and hidden characters by symbols as they are typed, so the text is what is seen."""

    GROUP = "text"
    BINDINGS: ClassVar[list] = [*bindings("text")]

    class Kept(Message):
        """The text should be read instead of the reply."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(
            id=id, compact=True, highlight_cursor_line=False, placeholder="Write the text to be read instead of the reply."
        )
        self._original = ""

    def open(self, text: str, original: str) -> None:
        """Starts with the text and an empty undo history. Starting over restores `original`, a printable text."""
        self._original = original
        self.load_text(printable(text, newlines=True))
        self.focus(scroll_visible=False)

    def action_keep(self) -> None:
        self.post_message(self.Kept())

    def action_start_over(self) -> None:
        self.history.checkpoint()
        self.replace(self._original, self.document.start, self.document.end)
        self.history.checkpoint()
        self.move_cursor(self.document.start)

    def edit(self, edit: Edit) -> EditResult:
        edit.text = printable(edit.text, newlines=True)
        return super().edit(edit)
