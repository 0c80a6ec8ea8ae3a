"""The list of generations. Only visible lines are drawn, so that ten thousand cost no more than thirty."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import ClassVar

from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive

from iicl_tui.present.lab_state import GenerationRows
from iicl_tui.text import printable
from iicl_tui.tui.widgets.painted_lines import HEAD, PaintedLines


class Generations(PaintedLines):
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
    STYLES = "rows"

    rows: reactive[GenerationRows | None] = reactive(None, repaint=False)  # only changed lines are painted again

    @dataclass
    class Chosen(Message):
        """The person chose a generation to show; 0 is d⁰."""

        generation: int

    def watch_rows(self, before: GenerationRows | None, rows: GenerationRows | None) -> None:
        if rows is None:
            return
        self.virtual_size = Size(self.size.width, rows.total + 1 + HEAD)
        if before is None or before.selected != rows.selected:
            self._reveal()
        self.repaint_changed()

    def on_resize(self) -> None:
        self._reveal()

    def _reveal(self) -> None:
        if self.rows is not None:
            self.reveal(self.rows.selected)

    def visible_line(self, y: int) -> tuple[str, str]:
        """The text and the kind of a visible line."""
        rows = self.rows
        if rows is None:
            return "", ""
        if y < HEAD:
            return _columns("t", "H", rows.name or ("d⁰" if rows.initial else "")), "head"
        t = y - HEAD + self.scroll_offset.y
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
        if event.y >= HEAD:
            self._choose(event.y - HEAD + round(self.scroll_offset.y))

    def _choose(self, generation: int) -> None:
        if self.rows is not None:
            self.post_message(self.Chosen(max(0, min(generation, self.rows.latest))))

    def action_move(self, by: int) -> None:
        if self.rows is not None:
            self._choose(self.rows.selected + by)

    def action_edge(self, last: int) -> None:
        if self.rows is not None:
            self._choose(self.rows.latest * last)


def _columns(t: str, entropy: str, fit: str, note: str = "") -> str:
    return f" {t:>5} {note}" if note else f" {t:>5} {entropy:>5} {fit:>5}"
