"""All generations so far, as a strip of small frames."""

from __future__ import annotations

from dataclasses import dataclass

from textual import events
from textual.message import Message
from textual.reactive import reactive

from iicl_tui.charts import film
from iicl_tui.charts.film import FilmView
from iicl_tui.charts.picture import Picture, notice
from iicl_tui.tui.widgets.picture_widget import PictureWidget


class FilmStrip(PictureWidget):
    """Draws its `view`; a click on a frame or the wheel posts GenerationChosen."""

    view: reactive[FilmView | None] = reactive(None, repaint=False)

    @dataclass
    class GenerationChosen(Message):
        """A generation was chosen; `index` is its row in the view's totals."""

        strip: FilmStrip
        index: int

        @property
        def control(self) -> FilmStrip:
            return self.strip

    def picture(self, width: int, height: int) -> Picture:
        if self.view is None:
            return notice(width, height, "no generation yet")
        return film.draw(self.view, width, height)

    def watch_view(self) -> None:
        self.redraw()

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if self.view is None or offset is None:
            return
        self._choose(event, film.generation_at(self.view, *self.size, offset.x, offset.y))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._choose(event, None if self.view is None else self.view.selected + 1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._choose(event, None if self.view is None else self.view.selected - 1)

    def _choose(self, event: events.MouseEvent, index: int | None) -> None:
        if index is not None and self.view is not None and 0 <= index < len(self.view.totals):
            event.stop()
            self.post_message(self.GenerationChosen(self, index))
