"""A row of things to click, in as many lines as needed: the bar of keys, choices, the controls of an editor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual import events
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.widget import Widget

_Place = tuple[int, int, int, str]


@dataclass(frozen=True)
class Clickable:
    """A text to click; a click posts its id. A disabled one is dim and cannot be clicked."""

    text: Content
    id: str
    enabled: bool = True


class ClickableRow(Widget):
    """A row of clickables. Posts Pressed with the id of the one that was clicked."""

    DEFAULT_CSS = """
    ClickableRow { height: auto; width: 1fr; text-wrap: nowrap; }
    """
    ALLOW_SELECT = False
    GAP = 2

    class Pressed(Message):
        """Something was clicked."""

        def __init__(self, row: ClickableRow, id: str) -> None:
            super().__init__()
            self.row = row
            self.id = id

        @property
        def control(self) -> ClickableRow:
            return self.row

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._items: tuple[Clickable, ...] = ()

    def show(self, items: Sequence[Clickable]) -> None:
        """Replaces what is shown."""
        self._items = tuple(items)
        self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return max(len(self._lines(width)[0]), 1)

    def render(self) -> Content:
        return Content("\n").join(self._lines(self.content_size.width)[0])

    def _lines(self, width: int) -> tuple[list[Content], list[_Place]]:
        lines, places = [Content("")], []
        for item in self._items:
            text = item.text.truncate(max(width, 1), ellipsis=True)
            if not item.enabled:
                text = text.stylize("$text-disabled italic")
            x = lines[-1].cell_length
            if x and x + self.GAP + text.cell_length > width:
                lines.append(Content(""))
                x = 0
            elif x:
                lines[-1] += " " * self.GAP
                x += self.GAP
            lines[-1] += text
            if item.enabled:
                places.append((len(lines) - 1, x, x + text.cell_length, item.id))
        return lines, places

    def clickable_at(self, x: int, y: int) -> str | None:
        """Returns the id of the clickable at a cell of the content; None if there is none."""
        _, places = self._lines(self.content_size.width)
        return next((id for row, start, end, id in places if row == y and start <= x < end), None)

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        found = self.clickable_at(offset.x, offset.y) if offset is not None else None
        if found is not None:
            event.stop()
            self.post_message(self.Pressed(self, found))
