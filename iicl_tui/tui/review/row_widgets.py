"""The parts of the screen of one's own rows: the queue of marks, the text, the question about the fields."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar

from textual import events
from textual.content import Content
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.visual import Visual
from textual.widget import Widget

from iicl_tui.data_files import FieldMapping
from iicl_tui.review.styled import StyledText, styled
from iicl_tui.text import printable
from iicl_tui.tui.actions import bindings
from iicl_tui.tui.review.boxes import RowList, scrolled
from iicl_tui.tui.review.styles import content

Lines = Callable[[int], Iterator[StyledText]]
"""Returns lines of at most so many cells."""


def line_strip(widget: Widget, line: Content) -> Strip:
    """Draws one line of a widget."""
    width = max(widget.size.width, 1)
    return Visual.to_strips(widget, line, width, 1, widget.visual_style, apply_selection=False)[0]


class MarkColumn(RowList):
    """The queue of rows, one sign each, without words beside them."""

    def show_queue(self, count: int, here: int, same: bool) -> None:
        """Shows so many rows, and scrolls to the row `here`. With `same`, only this row and the one before may have changed."""
        top, before = self._top, self._here
        width, height = self.content_size
        if not same or count != self._count or not top <= here < top + height:
            if not 0 < here - top < height - 1:  # half a page further, since all rows are drawn again
                self._top = here - height // 2
            self.show(count, here)
            return
        self._here = here
        self.refresh(*(Region(0, row - top, width, 1) for row in {before, here} if top <= row < top + height))

    def _row(self, row: int, words: str, width: int) -> Content:
        return self._line(row, width)

    def render_lines(self, crop: Region) -> list[Strip]:
        self._top = scrolled(self._top, self._here, self.content_size.height, self._count)
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """Draws one row, since a decision changes two of many."""
        row, width = self._top + y, self.content_size.width
        return line_strip(self, self._line(row, width) if width > 0 and row < self._count else Content(""))


class RowPage(Widget):
    """Lines that are made as far as they are looked at, so that a row of a megabyte costs no more than a short one."""

    DEFAULT_CSS = """
    RowPage { text-wrap: nowrap; }
    """
    ALLOW_SELECT = False

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._source: Lines | None = None
        self._iterator: Iterator[StyledText] = iter(())
        self._lines: list[StyledText] = []
        self._shown: list[StyledText] = []
        self._width = 0
        self._top = 0

    def show(self, source: Lines, keep_place: bool = False) -> None:
        """Shows lines, from the first one unless `keep_place`."""
        before = len(self._lines)
        self._source = source
        self._width = 0
        if not keep_place:
            self._top = 0
        width, height = self.content_size
        if self._top or width < 1:
            self.refresh()
            return
        self._begin(width)
        self._read(height + 1)
        self.refresh(Region(0, 0, width, min(max(before, len(self._lines)), height)))  # the rest stays empty

    def _begin(self, width: int) -> None:
        if self._source is not None:
            self._width, self._iterator, self._lines = width, self._source(width), []

    def scroll_by(self, lines: int) -> None:
        """Scrolls by so many lines."""
        self._top = max(self._top + lines, 0)
        self.refresh()

    def scroll_page(self, pages: int) -> None:
        """Scrolls by so many pages, which overlap in one line."""
        self.scroll_by(pages * max(self.content_size.height - 2, 1))

    def render(self) -> Content:
        """All that is in view."""
        return Content("\n").join(map(content, self._in_view()))

    def render_lines(self, crop: Region) -> list[Strip]:
        self._shown = self._in_view()
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        return line_strip(self, content(self._shown[y]) if y < len(self._shown) else Content(""))

    def _in_view(self) -> list[StyledText]:
        width, height = self.content_size
        if self._source is None or width < 1 or height < 1:
            return []
        if width != self._width:
            self._begin(width)
        self._read(self._top + height + 1)
        self._top = min(self._top, max(len(self._lines) - height, 0))
        more = len(self._lines) > self._top + height
        shown = self._lines[self._top : self._top + height - more]
        return [*shown, styled(("↓ more: Space scrolls", "muted"))] if more else shown

    def _read(self, count: int) -> None:
        while len(self._lines) < count:
            line = next(self._iterator, None)
            if line is None:
                return
            self._lines.append(line)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.scroll_by(-3)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.scroll_by(3)


PARTS = ("beside the text", "judged", "prompt", "group", "truth", "not shown")


class FieldsPane(RowList, can_focus=True):
    """The question which field plays which part. Posts Answered."""

    DEFAULT_CSS = """
    FieldsPane { height: 1fr; }
    """
    GROUP = "fields"
    BINDINGS: ClassVar[list] = [*bindings("fields")]

    class Answered(Message):
        """The parts are chosen."""

        def __init__(self, mapping: FieldMapping) -> None:
            super().__init__()
            self.mapping = mapping

    class Refused(Message):
        """Something is missing."""

        def __init__(self, why: str) -> None:
            super().__init__()
            self.why = why

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(self._field, id=id)
        self._names: tuple[str, ...] = ()
        self._examples: tuple[str, ...] = ()
        self._parts: list[int] = []

    def ask(self, names: Sequence[str], examples: Sequence[str], chosen: FieldMapping | None) -> None:
        """Asks about these fields.

        Args:
            names: The fields.
            examples: A value of each.
            chosen: The parts so far.
        """
        self._names, self._examples = tuple(names), tuple(examples)
        self._parts = [_part(name, chosen) for name in names]
        self.show(len(names), 0)

    def _field(self, row: int, width: int) -> Content:
        here = row == self._here
        part = PARTS[self._parts[row]]
        name = printable(self._names[row], 24)
        style = {"judged": "$text-accent bold", "not shown": "$text-muted"}.get(part, "$text-accent")
        text = Content.assemble(
            "▸ " if here else "  ",
            (f"{name:<24}", "bold" if here else ""),
            "  ",
            (f"‹{part:^15}›", style),
            "  ",
            (printable(self._examples[row].replace("\n", " "), 200), "$text-muted"),
        )
        return text.truncate(width, ellipsis=True)

    @property
    def mapping(self) -> FieldMapping | None:
        """The parts chosen; None while no field is judged."""
        of = {part: [name for name, at in zip(self._names, self._parts, strict=True) if PARTS[at] == part] for part in PARTS}
        if not of["judged"]:
            return None
        group, prompt, truth = (next(iter(of[part]), None) for part in ("group", "prompt", "truth"))
        return FieldMapping(of["judged"][0], tuple(of["beside the text"]), group, prompt, truth)

    def _change(self, by: int) -> None:
        if not self._names:
            return
        at = (self._parts[self._here] + by) % len(PARTS)
        if PARTS[at] not in ("beside the text", "not shown"):  # one field at most plays such a part
            self._parts = [0 if part == at else part for part in self._parts]
        self._parts[self._here] = at
        self.refresh()

    def _move(self, by: int) -> None:
        self.show(len(self._names), min(max(self._here + by, 0), max(len(self._names) - 1, 0)))

    def action_change(self) -> None:
        self._change(1)

    def action_change_back(self) -> None:
        self._change(-1)

    def action_up(self) -> None:
        self._move(-1)

    def action_down(self) -> None:
        self._move(1)

    def action_keep(self) -> None:
        mapping = self.mapping
        self.post_message(self.Answered(mapping) if mapping is not None else self.Refused("Choose the field that is judged."))

    def on_row_list_picked(self, event: RowList.Picked) -> None:
        event.stop()
        if event.row == self._here:
            self._change(1)
        else:
            self._move(event.row - self._here)

    def on_row_list_wheeled(self, event: RowList.Wheeled) -> None:
        event.stop()
        self._move(event.by)


def _part(name: str, chosen: FieldMapping | None) -> int:
    if chosen is None:
        return 0
    part = next((part for part, field in (("judged", chosen.judged), ("prompt", chosen.prompt), ("group", chosen.group),
                                          ("truth", chosen.truth)) if field == name), "")  # fmt: skip
    if not part:
        part = "beside the text" if name in chosen.shown else "not shown"
    return PARTS.index(part)
