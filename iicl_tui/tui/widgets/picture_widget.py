"""A widget that shows a Picture by the line API, and makes it anew only when something it depends on has changed."""

from __future__ import annotations

from rich.segment import Segment
from textual.color import Color
from textual.strip import Strip
from textual.widget import Widget

from iicl_tui.tui.charts.picture import Picture
from iicl_tui.tui.widgets.inks import Inks


def picture_strips(picture: Picture, inks: Inks) -> list[Strip]:
    """The rows of the picture as strips."""
    style, width = inks.style, picture.width
    return [Strip([Segment(text, style(code)) for text, code in picture.runs(y)], width) for y in range(picture.height)]


class PictureWidget(Widget):
    """Subclasses say what to draw in `picture` and call `redraw` when that changes."""

    DEFAULT_CSS = """
    PictureWidget { height: 1fr; width: 1fr; }
    """

    ALLOW_SELECT = False  # a drag over a chart would select the cells of a text that is not there

    def __init__(
        self, *, name: str | None = None, id: str | None = None, classes: str | None = None, disabled: bool = False
    ) -> None:
        super().__init__(name=name, id=id, classes=classes, disabled=disabled)
        self._strips: list[Strip] | None = None
        self._drawn_for: tuple[int, int] = (0, 0)
        self._inks: Inks | None = None
        self._inks_for: tuple[str, Color, bool] | None = None

    def picture(self, width: int, height: int) -> Picture:
        """What to show in width × height cells."""
        raise NotImplementedError

    def redraw(self) -> None:
        """Forget the picture; it is made again when the screen asks for it."""
        self._strips = None
        self.refresh()

    def notify_style_update(self) -> None:
        self._strips = None
        super().notify_style_update()

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, lambda _theme: self.redraw())

    def render_line(self, y: int) -> Strip:
        width, height = self.size
        if self._strips is None or self._drawn_for != (width, height):
            self._strips = picture_strips(self.picture(width, height), self._current_inks())
            self._drawn_for = (width, height)
        return self._strips[y] if y < len(self._strips) else Strip.blank(width)

    def _current_inks(self) -> Inks:
        key = (self.app.theme, self.background_colors[1], self.app.native_ansi_color)
        if self._inks is None or self._inks_for != key:
            self._inks, self._inks_for = Inks(self.app, key[1]), key
        return self._inks
