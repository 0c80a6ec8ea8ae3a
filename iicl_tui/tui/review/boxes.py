"""The parts of the pane that take keys or are drawn by size: row editor, line of text, list, lines."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.widget import Widget

from iicl_tui.text import printable
from iicl_tui.tui.actions import bindings
from iicl_tui.tui.review.clickables import Clickable, ClickableRow
from iicl_tui.tui.review.styles import hue_style
from iicl_tui.tui.widgets.plain_input import PlainInput

if TYPE_CHECKING:  # reviews of rows need no tasks
    from iicl_tui.review.edit import Control, Edit

LONGEST_TEXT = 500


class EditBox(ClickableRow, can_focus=True):
    """The row editor. Posts Changed after each change, and Closed when it is kept or cancelled."""

    GROUP = "edit"
    BINDINGS: ClassVar[list] = [*bindings("edit")]

    class Changed(Message):
        """The edit changed."""

    class Closed(Message):
        """keep: take the edit."""

        def __init__(self, keep: bool) -> None:
            super().__init__()
            self.keep = keep

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.edit: Edit | None = None

    def open(self, edit: Edit) -> None:
        """Starts to edit."""
        self._take(edit)
        self.focus(scroll_visible=False)

    def _take(self, edit: Edit) -> None:
        self.edit = edit
        switches = edit.switches
        self.show([Clickable(_control(one, at == edit.at, switches), str(at)) for at, one in enumerate(edit.controls)])

    def _change(self, at: int, by: int) -> None:
        if self.edit is not None:
            self._take(self.edit.change(at, by))
            self.post_message(self.Changed())

    def _move(self, by: int) -> None:
        if self.edit is not None:
            self._take(self.edit.move(by))

    def on_clickable_row_pressed(self, event: ClickableRow.Pressed) -> None:
        event.stop()
        self._change(int(event.id), 1)

    def action_previous(self) -> None:
        self._move(-1)

    def action_next(self) -> None:
        self._move(1)

    def action_change(self) -> None:
        if self.edit is not None:
            self._change(self.edit.at, 1)

    def action_change_back(self) -> None:
        if self.edit is not None:
            self._change(self.edit.at, -1)

    def action_keep(self) -> None:
        self.post_message(self.Closed(True))

    def action_cancel(self) -> None:
        self.post_message(self.Closed(False))


def _control(control: Control, here: bool, switches: bool) -> Content:
    name, value = printable(control.name, 40), printable(control.value, 40)
    style = hue_style(control.hue) if control.hue >= 0 else ""
    if not switches:
        text = Content.assemble(f" {name} ‹", (value, style), "› ")
    elif control.hue >= 0:
        text = Content.assemble(f" {name} " if name else " ", "◉ " if control.on else "○ ", (value, style), " ")
    else:
        text = Content.assemble(" ", "■ " if control.on else "□ ", value, " ")
    return text.stylize("reverse bold") if here else text


class LineInput(PlainInput):
    """One line of text. Control characters are made visible as they come in."""

    GROUP = "field"
    BINDINGS: ClassVar[list] = [*bindings("field")]

    class Closed(Message):
        """keep: take the edit."""

        def __init__(self, keep: bool) -> None:
            super().__init__()
            self.keep = keep

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, compact=True, max_length=LONGEST_TEXT, select_on_focus=False)

    def validate_value(self, value: str) -> str:
        return printable(value, LONGEST_TEXT)

    def action_keep(self) -> None:
        self.post_message(self.Closed(True))

    def action_cancel(self) -> None:
        self.post_message(self.Closed(False))


class Lines(Widget):
    """Lines made to fit the widget by `make`: (width, height) → at most height lines."""

    DEFAULT_CSS = """
    Lines { text-wrap: nowrap; }
    """

    def __init__(self, make: Callable[[int, int], list[Content]], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._make = make

    def render(self) -> Content:
        width, height = self.content_size
        lines = self._make(width, height)[:height] if width > 0 else []
        return Content("\n").join(line.truncate(width, ellipsis=True) for line in lines)


class Page(Widget):
    """As many lines as needed, made by `make`: (width) → lines. Longer lines are wrapped."""

    def __init__(self, make: Callable[[int], list[Content]], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._make = make

    def _lines(self, width: int) -> list[Content]:
        return [row for line in self._make(width) for row in _wrapped(line, width)] if width > 0 else []

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return max(len(self._lines(width)), 1)

    def render(self) -> Content:
        return Content("\n").join(self._lines(self.content_size.width))


def _wrapped(line: Content, width: int) -> list[Content]:
    """Wraps a line to the width, with the line's own indent."""
    indent = len(line.plain) - len(line.plain.lstrip(" "))
    if line.cell_length <= width or not 0 < indent < width // 2:
        return line.wrap(width)
    return [Content(" " * indent) + row for row in line[indent:].wrap(width - indent)]


class RowList(Widget):
    """A list of lines that keeps one row in view. Posts Picked when a row is clicked, and Wheeled when the wheel turns."""

    DEFAULT_CSS = """
    RowList { text-wrap: nowrap; }
    """
    ALLOW_SELECT = False

    class Picked(Message):
        """A row was clicked."""

        def __init__(self, row: int) -> None:
            super().__init__()
            self.row = row

    class Wheeled(Message):
        """The wheel was turned by this many rows."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    def __init__(self, line: Callable[[int, int], Content], *, id: str | None = None) -> None:
        """Takes `line`: (row, width) → the row as Content."""
        super().__init__(id=id)
        self._line = line
        self._count = self._here = self._top = 0

    def show(self, count: int, here: int) -> None:
        """Shows this many rows, and scrolls to the row `here`."""
        self._count, self._here = count, here
        self.refresh()

    def render(self) -> Content:
        width, height = self.content_size
        if width < 1 or height < 1:
            return Content("")
        self._top = scrolled(self._top, self._here, height, self._count)
        rows = range(self._top, min(self._top + height, self._count))
        above, below = self._top, self._count - self._top - len(rows)
        beside = {rows[-1]: f"↓ {below} more" if below else ""} if rows else {}
        if above:
            beside[rows[0]] = f"↑ {above} more"
        return Content("\n").join(self._row(row, beside.get(row, ""), width) for row in rows)

    def _row(self, row: int, words: str, width: int) -> Content:
        """Draws a row in the width that the words beside it leave."""
        room = max(width - len(words) - 2, 0) if words else width
        line = self._line(row, room).truncate(room, ellipsis=True, pad=bool(words))
        return Content.assemble(line, "  ", (words, "$text-muted")) if words else line

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is not None and 0 <= self._top + offset.y < self._count:
            self.post_message(self.Picked(self._top + offset.y))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.post_message(self.Wheeled(-1))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.post_message(self.Wheeled(1))


def scrolled(top: int, here: int, height: int, count: int) -> int:
    """Returns the first row to show, so that `here` is in view."""
    top = min(max(top, here - height + 1), here)
    return max(min(top, count - height), 0)
