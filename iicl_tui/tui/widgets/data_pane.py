"""The data of the generation looked at: what its agent saw, what it learned, what it passes on."""

from __future__ import annotations

from itertools import chain, islice

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

    def __init__(self) -> None:
        super().__init__()
        self._made: tuple[tuple[DataBlock, ...], bool, int] | None = None
        """What `_kept` was made of: the height is asked for before the lines are."""
        self._kept: list[_Parts] = []

    def watch_blocks(self) -> None:
        # The whole screen is laid out anew only where the height is another one.
        if max(len(self._lines()), self.container_size.height) != self.size.height:
            self.refresh(layout=True)

    def render(self) -> Content:
        parts = chain.from_iterable(["\n", *line] for line in self._lines())
        return Content.assemble(*islice(parts, 1, None))

    def _lines(self) -> list[_Parts]:
        width = self.content_size.width or self.container_size.width
        if self._made != (self.blocks, self.spread, width):
            self._made, self._kept = (self.blocks, self.spread, width), self._lines_of(width)
        return self._kept

    def _lines_of(self, width: int) -> list[_Parts]:
        gutter = max((cell_len(block.name) for block in self.blocks), default=0) + 2
        lines: list[_Parts] = []
        for block in self.blocks:
            if self.spread and lines:
                lines.append([])
            lines += _spread(block, gutter, width) if self.spread or block.lines else _flowing(block, gutter, width)
        return lines


_Parts = list[str | tuple[str, str]]


def _head(block: DataBlock, gutter: int) -> _Parts:
    return [(block.name, "bold"), " " * (gutter - cell_len(block.name))]


def _item(item: DataItem, width: int) -> tuple[_Parts, int]:
    """Its parts and their cells; where it is wider than this, with a shorter text, so that the note stays."""
    parts: _Parts = []
    beside = (2 if item.mark else 0) + (cell_len(item.note) + 2 if item.note else 0)
    if item.mark:
        parts.append((f"{item.mark} ", _STYLES.get(item.mark, "")))
    cells = cell_len(item.text)
    text = shorten(item.text, width - beside) if cells > width - beside >= _LEAST else item.text
    parts.append((text, "$text-muted strike" if item.mark == "✗" else ""))
    if item.note:
        parts.append((f"  {item.note}", "$text-muted"))
    return parts, beside + (cells if text is item.text else cell_len(text))


def _caption(block: DataBlock) -> tuple[_Parts, int]:
    text = block.caption if block.items else block.empty
    return [(text, "$text-muted")], cell_len(text)


def _flowing(block: DataBlock, gutter: int, width: int) -> list[_Parts]:
    lines, used = [_head(block, gutter)], gutter
    for parts, cells in [*(_item(item, width - gutter) for item in block.items), _caption(block)]:
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


def _spread(block: DataBlock, gutter: int, width: int) -> list[_Parts]:
    lines = [_head(block, gutter) + _caption(block)[0]]
    return lines + [[" " * gutter, *_item(item, width - gutter)[0]] for item in block.items]


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
            lines += [Content.assemble(*line).plain for line in _spread(block, cell_len(block.name) + 2, _ENDLESS)]
        return "\n".join(lines)
