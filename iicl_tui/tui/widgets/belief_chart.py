"""A chart of the belief over all hypotheses, in three forms, with a cursor."""

from __future__ import annotations

from dataclasses import dataclass, replace

from textual import events
from textual.message import Message
from textual.reactive import reactive

from iicl_tui.charts import belief
from iicl_tui.charts.picture import Picture, notice
from iicl_tui.charts.view import NO_BELIEF, BeliefView, Direction, likeliest
from iicl_tui.tui.widgets.picture_widget import PictureWidget

_WHEEL_ROWS = 3


class BeliefChart(PictureWidget, can_focus=True):
    """Draws its `view`. The cursor is part of the view; `move`, a click and the wheel move it and post CursorMoved."""

    view: reactive[BeliefView | None] = reactive(None, repaint=False)

    @dataclass
    class CursorMoved(Message):
        """The cursor has moved to another hypothesis."""

        chart: BeliefChart
        hypothesis: int

        @property
        def control(self) -> BeliefChart:
            return self.chart

    def picture(self, width: int, height: int) -> Picture:
        if self.view is None:
            return notice(width, height, NO_BELIEF)
        return belief.draw(self.view, width, height)

    def watch_view(self) -> None:
        self.redraw()

    @property
    def cursor(self) -> int | None:
        """The hypothesis under the cursor."""
        return None if self.view is None else self.view.cursor

    @property
    def readout(self) -> str:
        """One line on the hypothesis under the cursor."""
        return "" if self.view is None else belief.readout(self.view)

    def set_cursor(self, hypothesis: int | None) -> None:
        """Put the cursor on a hypothesis, or remove it."""
        if self.view is None or hypothesis == self.view.cursor:
            return
        self.view = replace(self.view, cursor=hypothesis)
        if hypothesis is not None:
            self.post_message(self.CursorMoved(self, hypothesis))

    def move(self, direction: Direction) -> None:
        """Move the cursor to the next hypothesis in that direction; without one, put it on the likeliest."""
        if self.view is None or self.view.log_p is None:
            return
        if self.view.cursor is None:
            self.set_cursor(likeliest(self.view.log_p))
        else:
            self.set_cursor(belief.neighbour(self.view, *self.size, self.view.cursor, direction))

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if self.view is None or offset is None:
            return
        hypothesis = belief.hypothesis_at(self.view, *self.size, offset.x, offset.y)
        if hypothesis is not None:
            event.stop()
            self.set_cursor(hypothesis)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._scroll_ranks(event, "down")

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._scroll_ranks(event, "up")

    def _scroll_ranks(self, event: events.MouseEvent, direction: Direction) -> None:
        """Scroll the ranked form, the only one that is longer than the widget."""
        if self.view is None or self.view.log_p is None or self.view.form != "ranked":
            return
        event.stop()
        view = self.view
        hypothesis = likeliest(self.view.log_p) if view.cursor is None else view.cursor
        for _ in range(_WHEEL_ROWS):
            hypothesis = belief.neighbour(view, *self.size, hypothesis, direction)
        self.set_cursor(hypothesis)
