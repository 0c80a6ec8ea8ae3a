"""The data of the generation looked at: what its agent saw, what it learned, what it passes on."""

from __future__ import annotations

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from iicl_tui.tui.charts.picture import shorten
from iicl_tui.tui.lab.state import DataBlock, DataItem

_STYLES = {"✓": "$text-success", "✗": "$text-error", "✎": "$text-warning", "○": "$text-muted", "": ""}
_GAP = "   "
_LEAST = 12
"""A text is not made shorter than this."""
_ENDLESS = 10_000


class DataText(Widget):
    """Blocks of examples: in running lines, or one a line where there is room for it."""

    DEFAULT_CSS = """
    DataText { height: auto; min-height: 100%; width: 1fr; text-wrap: nowrap; }
    """

    blocks: reactive[tuple[DataBlock, ...]] = reactive(())
    spread: reactive[bool] = reactive(False, layout=True)

    def watch_blocks(self) -> None:
        # The whole screen is laid out anew only where the height is another one.
        if max(len(self._lines()), self.container_size.height) != self.size.height:
            self.refresh(layout=True)

    def render(self) -> Content:
        return Content("\n").join(self._lines())

    def _lines(self) -> list[Content]:
        width = self.content_size.width or self.container_size.width
        gutter = max((cell_len(block.name) for block in self.blocks), default=0) + 2
        lines: list[Content] = []
        for block in self.blocks:
            if self.spread and lines:
                lines.append(Content(""))
            lines += _spread(block, gutter, width) if self.spread or block.lines else _flowing(block, gutter, width)
        return lines


def _head(block: DataBlock, gutter: int) -> Content:
    return Content.assemble((block.name, "bold"), " " * (gutter - cell_len(block.name)))


def _item(item: DataItem, width: int) -> Content:
    """Where it is wider than this, with a shorter text, so that the note stays."""
    parts: list[str | tuple[str, str]] = []
    if item.mark:
        parts.append((f"{item.mark} ", _STYLES.get(item.mark, "")))
    room = width - (2 if item.mark else 0) - (cell_len(item.note) + 2 if item.note else 0)
    text = shorten(item.text, room) if cell_len(item.text) > room >= _LEAST else item.text
    parts.append((text, "$text-muted strike" if item.mark == "✗" else ""))
    if item.note:
        parts.append((f"  {item.note}", "$text-muted"))
    return Content.assemble(*parts)


def _flowing(block: DataBlock, gutter: int, width: int) -> list[Content]:
    lines, line = [], _head(block, gutter)
    caption = Content.styled(block.caption if block.items else block.empty, "$text-muted")
    for piece in [*(_item(item, width - gutter) for item in block.items), caption]:
        if not piece.cell_length:
            continue
        if line.cell_length > gutter and line.cell_length + len(_GAP) + piece.cell_length > width:
            lines.append(line)
            line = Content(" " * gutter)
        line = Content.assemble(line, _GAP if line.cell_length > gutter else "", piece)
    return [*lines, line]


def _spread(block: DataBlock, gutter: int, width: int) -> list[Content]:
    caption = Content.styled(block.caption if block.items else block.empty, "$text-muted")
    lines = [Content.assemble(_head(block, gutter), caption)]
    return lines + [Content.assemble(" " * gutter, _item(item, width - gutter)) for item in block.items]


class DataPane(VerticalScroll):
    """Scrolls where there is more than room for it."""

    DEFAULT_CSS = """
    DataPane { scrollbar-size-vertical: 1; }
    """

    def compose(self) -> ComposeResult:
        yield DataText()

    def show(self, blocks: tuple[DataBlock, ...], spread: bool) -> None:
        """The blocks; spread: one example a line."""
        text = self.query_one(DataText)
        text.blocks = blocks
        text.spread = spread

    @property
    def plain(self) -> str:
        """What stands here, one example a line."""
        lines = []
        for block in self.query_one(DataText).blocks:
            lines += [line.plain for line in _spread(block, cell_len(block.name) + 2, _ENDLESS)]
        return "\n".join(lines)
