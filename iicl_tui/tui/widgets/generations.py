"""The list of generations. Only visible lines are drawn, so that ten thousand cost no more than thirty."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
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

from iicl_tui.present.lab_state import GenerationRows
from iicl_tui.text import printable

_HEAD = 1


class Generations(ScrollView, can_focus=True):
    """One line for each generation: its entropy, and how much of d⁰ its hypothesis explains, or a metric of the task.

    A click or the arrow keys choose the generation to show.
    """

    DEFAULT_CSS = """
    Generations {
        scrollbar-size-vertical: 1;
        overflow-x: hidden;
        & > .rows--head { color: $text-muted; }
        & > .rows--to-come { color: $text-disabled; }
        & > .rows--now { color: $text-accent; text-style: bold; }
        & > .rows--look { background: $block-cursor-blurred-background; color: $block-cursor-blurred-foreground; text-style: bold; }
        &:focus > .rows--look { background: $block-cursor-background; color: $block-cursor-foreground; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"rows--head", "rows--to-come", "rows--now", "rows--look"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Earlier", show=False),
        Binding("down,j", "move(1)", "Later", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home", "edge(0)", "First", show=False),
        Binding("end", "edge(1)", "Latest", show=False),
    ]

    rows: reactive[GenerationRows | None] = reactive(None, repaint=False)  # only changed lines are painted again

    @dataclass
    class Chosen(Message):
        """The person chose a generation to show; 0 is d⁰."""

        generation: int

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._styles: dict[tuple[str, bool], Style] = {}
        self._painted: dict[int, tuple[str, str]] = {}
        """Text and kind of every visible line, as last painted."""

    def watch_rows(self, before: GenerationRows | None, rows: GenerationRows | None) -> None:
        if rows is None:
            return
        self.virtual_size = Size(self.size.width, rows.total + 1 + _HEAD)
        if before is None or before.selected != rows.selected:
            self._reveal()
        width, height = self.size
        others = [Region(0, y, width, 1) for y in range(height) if self._painted.get(y) != self._line(y)]
        if others:
            self.refresh(*others)

    def on_resize(self) -> None:
        self._reveal()

    def _reveal(self) -> None:
        if self.rows is not None and self.size.height:
            # The head covers the first line, so the line above must be visible as well.
            self.scroll_to_region(Region(0, self.rows.selected, 1, 1 + _HEAD), animate=False, force=True)

    def notify_style_update(self) -> None:
        self._styles.clear()
        super().notify_style_update()

    def _style(self, kind: str) -> Style:
        """The component's style, kept because looking it up costs more than drawing the line."""
        key = kind, self.has_focus
        if key not in self._styles:
            self._styles[key] = self.get_component_rich_style(f"rows--{kind}") if kind else self.rich_style
        return self._styles[key]

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        text, kind = self._painted[y] = self._line(y)
        style = self._style(kind)
        return Strip([Segment(text, style)]).adjust_cell_length(width, style).crop(0, width)

    def _line(self, y: int) -> tuple[str, str]:
        """The text and the kind of a visible line."""
        rows = self.rows
        if rows is None:
            return "", ""
        if y < _HEAD:
            return _columns("t", "H", rows.name or ("d⁰" if rows.initial else "")), "head"
        t = y - _HEAD + self.scroll_offset.y
        if t > rows.total:
            return "", ""
        if t == 0:
            text = _columns("d⁰", "", "", "given")
        elif t == rows.now and rows.note:
            text = _columns(str(t), "", "", printable(rows.note, 10))
        elif t <= len(rows.entropy):
            entropy = float(rows.entropy[t - 1])
            fit = f"{int(rows.explained[t - 1])}/{rows.initial}" if rows.initial else ""
            if rows.metric is not None:
                fit = f"{rows.metric[t - 1]:.2f}" if isfinite(rows.metric[t - 1]) else ""
            sign = "~" if rows.drawn is not None and rows.drawn[t - 1] else ""
            text = _columns(str(t), f"{sign}{entropy:.2f}" if isfinite(entropy) else "–", fit)
        else:
            text = _columns(str(t), "", "")
        kind = "to-come" if t > rows.latest else "now" if t == rows.now else ""
        if t == rows.selected:
            return "▸" + text[1:], "look"
        return text, kind

    def on_click(self, event: events.Click) -> None:
        if event.y >= _HEAD:
            self._choose(event.y - _HEAD + round(self.scroll_offset.y))

    def _choose(self, generation: int) -> None:
        if self.rows is not None:
            self.post_message(self.Chosen(max(0, min(generation, self.rows.latest))))

    def action_move(self, by: int) -> None:
        if self.rows is not None:
            self._choose(self.rows.selected + by)

    def action_page(self, by: int) -> None:
        self.action_move(by * max(self.size.height - _HEAD - 1, 1))

    def action_edge(self, last: int) -> None:
        if self.rows is not None:
            self._choose(self.rows.latest * last)


def _columns(t: str, entropy: str, fit: str, note: str = "") -> str:
    return f" {t:>5} {note}" if note else f" {t:>5} {entropy:>5} {fit:>5}"
