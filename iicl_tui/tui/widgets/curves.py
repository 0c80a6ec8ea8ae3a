"""Curves: numbers by generation."""

from __future__ import annotations

from dataclasses import dataclass

from textual import events
from textual.message import Message
from textual.reactive import reactive

from iicl_tui.charts.curves import draw_panels
from iicl_tui.charts.panel import Panel, generation_at
from iicl_tui.charts.picture import Picture
from iicl_tui.tui.widgets.picture_widget import PictureWidget


class Curves(PictureWidget):
    """Draws as many of its `panels` as fit, from `current` on; a click posts GenerationChosen."""

    panels: reactive[tuple[Panel, ...]] = reactive((), repaint=False)
    current: reactive[int] = reactive(0, repaint=False)

    @dataclass
    class GenerationChosen(Message):
        """A generation was chosen; `index` is its index in the series' values."""

        curves: Curves
        index: int

        @property
        def control(self) -> Curves:
            return self.curves

    def picture(self, width: int, height: int) -> Picture:
        return draw_panels(self.panels, width, height, self.current)

    def watch_panels(self, before: tuple[Panel, ...], now: tuple[Panel, ...]) -> None:
        if len(before) != len(now) or not all(map(Panel.looks_like, before, now)):
            self.redraw()

    def watch_current(self) -> None:
        self.redraw()

    def next_panel(self) -> None:
        """Show the next panel first."""
        self.current = (self.current + 1) % max(len(self.panels), 1)

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None:
            return
        index = generation_at(self.panels, *self.size, offset.x, offset.y, self.current)
        if index is not None:
            event.stop()
            self.post_message(self.GenerationChosen(self, index))
