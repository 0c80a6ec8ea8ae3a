"""Numbers by generation."""

from __future__ import annotations

from dataclasses import dataclass

from textual import events
from textual.message import Message
from textual.reactive import reactive

from iicl_tui.charts import trajectories
from iicl_tui.charts.picture import Picture
from iicl_tui.charts.trajectories import Panel
from iicl_tui.tui.app_protocol import AppProtocol
from iicl_tui.tui.widgets.picture_widget import PictureWidget


class Trajectories(PictureWidget):
    """Draws its `panels`, as many as have room; with too little room those from `current` on."""

    panels: reactive[tuple[Panel, ...]] = reactive((), repaint=False)
    current: reactive[int] = reactive(0, repaint=False)

    @dataclass
    class GenerationChosen(Message):
        """The person wants to see a generation. index: position in the series' values."""

        trajectories: Trajectories
        index: int

        @property
        def control(self) -> Trajectories:
            return self.trajectories

    _ready = False

    def on_mount(self) -> None:
        """Curves come with the second picture of the program: to load what draws them takes longer than all else on the first."""
        if isinstance(self.app, AppProtocol):
            self.app.after_first_picture(self._begin)
        else:
            self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        self._ready = True
        self.redraw()

    def picture(self, width: int, height: int) -> Picture:
        if not self._ready:
            return Picture(width, height)
        return trajectories.draw_panels(self.panels, width, height, self.current)

    def watch_panels(self) -> None:
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
        index = trajectories.generation_at(self.panels, *self.size, offset.x, offset.y, self.current)
        if index is not None:
            event.stop()
            self.post_message(self.GenerationChosen(self, index))
