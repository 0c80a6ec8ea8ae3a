"""The data of the selected generation: what its agent saw, learned and passed on."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice, zip_longest

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.geometry import Region, Size
from textual.reactive import reactive
from textual.strip import Strip
from textual.style import Style
from textual.visual import Visual
from textual.widget import Widget

from iicl_tui.charts.picture import shorten
from iicl_tui.present.lab_state import DataBlock, DataItem

_STYLES = {"✓": "$text-success", "✗": "$text-error", "✎": "$text-warning", "○": "$text-muted", "": ""}
_GAP = "   "
_LEAST = 12
"""Minimum width of a shortened text."""
_ENDLESS = 10_000


class DataText(Widget):
    """Blocks of examples, in running lines or one on each line."""

    DEFAULT_CSS = """
    DataText { height: auto; min-height: 100%; width: 1fr; text-wrap: nowrap; }
    """

    blocks: reactive[tuple[DataBlock, ...]] = reactive((), repaint=False)
    spread: reactive[bool] = reactive(False, layout=True)
    if_it_fits: reactive[bool] = reactive(False, layout=True)

    def __init__(self) -> None:
        super().__init__()
        self._made: tuple[tuple[DataBlock, ...], bool, bool, int, int] = ((), False, False, 0, 0)
        """What `_kept` was made from."""
        self._kept: list[_Parts] = []

    def watch_blocks(self) -> None:
        """Paint only changed lines again; lay out the screen again only if the height has changed."""
        pairs = zip_longest(self._kept, self._lines())
        others = [Region(0, y, self.size.width, 1) for y, (before, line) in enumerate(pairs) if line != before]
        if max(len(self._lines()), self.container_size.height) != self.size.height:
            self.refresh(layout=True)
        elif others:
            self.refresh(*others)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._lines(width))

    def render(self) -> Content:
        """The whole text, for selecting and copying."""
        parts = chain.from_iterable(["\n", *line] for line in self._lines())
        return Content.assemble(*islice(parts, 1, None))

    def render_line(self, y: int) -> Strip:
        """Make only the visible part of a long text."""
        lines = self._lines()
        if y >= len(lines):
            return Strip.blank(self.size.width, self.rich_style)
        line = Content.assemble(*lines[y])
        selection = self.text_selection
        span = None if selection is None else selection.get_span(y)
        if span is not None:
            line = line.stylize(
                Style.from_styles(self.screen.get_component_styles("screen--selection")), *_clamped(span, len(line))
            )
        strips = Visual.to_strips(self, line, self.size.width, 1, self.visual_style, apply_selection=False)
        return strips[0].apply_offsets(0, y)

    def _lines(self, width: int = 0) -> list[_Parts]:
        width = width or self.content_size.width or self.container_size.width
        height = self.container_size.height if self.if_it_fits else 0
        blocks, *rest = self._made
        if blocks is not self.blocks or rest != [self.spread, self.if_it_fits, width, height]:
            self._made, self._kept = (self.blocks, self.spread, self.if_it_fits, width, height), self._lines_of(width, self.spread)
            if self.spread and len(self._kept) > height > 0:
                self._kept = self._lines_of(width, False)
        return self._kept

    def _lines_of(self, width: int, spread: bool) -> list[_Parts]:
        gutter = max((cell_len(block.name) for block in self.blocks), default=0) + 2
        lines: list[_Parts] = []
        for block in self.blocks:
            if spread and lines:
                lines.append([])
            lines += _one_per_line(block, gutter, width) if spread or block.lines else _running_lines(block, gutter, width)
        return lines


def _clamped(span: tuple[int, int], length: int) -> tuple[int, int]:
    """A selection's span in a line; an end of −1 is the line's end."""
    return span[0], length if span[1] == -1 else span[1]


_Parts = list[str | tuple[str, str]]


def _head(block: DataBlock, gutter: int) -> _Parts:
    return [(block.name, "bold"), " " * (gutter - cell_len(block.name))]


def _item(item: DataItem, width: int) -> tuple[_Parts, int]:
    """An item's parts and their width. Shortens a text that is too wide, by half at most, so that the note stays visible."""
    parts: _Parts = []
    used = 2 if item.mark else 0
    if item.mark:
        parts.append((f"{item.mark} ", _STYLES.get(item.mark, "")))
    room = max(width - used, _LEAST)
    beside = cell_len(item.note) + 2 if item.note else 0
    text = shorten(item.text, max(room - beside, room // 2))
    parts.append((text, "$text-muted strike" if item.mark == "✗" else ""))
    used += cell_len(text)
    if item.note:
        note = shorten(item.note, room - cell_len(text) - 2)
        parts.append((f"  {note}", "$text-muted"))
        used += cell_len(note) + 2
    return parts, used


def _items(block: DataBlock, width: int) -> Iterator[tuple[_Parts, int]]:
    """The parts of each item and their width. A note that has no room beside its text comes after it."""
    for item in block.items:
        text = cell_len(item.text) + (2 if item.mark else 0)
        if item.note and text <= width < text + cell_len(item.note) + 2:
            yield _item(item._replace(note=""), width)
            yield _item(DataItem("", "", item.note), width)
        else:
            yield _item(item, width)


def _caption(block: DataBlock) -> tuple[_Parts, int]:
    text = block.caption if block.items else block.empty
    return [(text, "$text-muted")], cell_len(text)


def _running_lines(block: DataBlock, gutter: int, width: int) -> list[_Parts]:
    lines, used = [_head(block, gutter)], gutter
    for parts, cells in [*_items(block, width - gutter), _caption(block)]:
        if not cells:
            continue
        if used > gutter and used + len(_GAP) + cells > width:
            lines.append([" " * gutter])
            used = gutter
        if used > gutter:
            lines[-1].append(_GAP)
            used += len(_GAP)
        lines[-1] += parts
        used += cells
    return lines


def _one_per_line(block: DataBlock, gutter: int, width: int) -> list[_Parts]:
    lines = [_head(block, gutter) + _caption(block)[0]]
    return lines + [[" " * gutter, *parts] for parts, _ in _items(block, width - gutter)]


class DataPane(VerticalScroll):
    """The data in a pane that scrolls if they do not fit."""

    DEFAULT_CSS = """
    DataPane { scrollbar-size-vertical: 1; }
    """

    def compose(self) -> ComposeResult:
        yield DataText()

    def show(self, blocks: tuple[DataBlock, ...], spread: bool, if_it_fits: bool = False) -> None:
        """Show the blocks. With `spread`, each example has its own line; with `if_it_fits`, only if all are then in sight."""
        text = self.query_one(DataText)
        text.if_it_fits = if_it_fits
        text.blocks = blocks
        text.spread = spread

    @property
    def plain(self) -> str:
        """The data as text, one example on each line."""
        lines = []
        for block in self.query_one(DataText).blocks:
            lines += [Content.assemble(*line).plain for line in _one_per_line(block, cell_len(block.name) + 2, _ENDLESS)]
        return "\n".join(lines)
