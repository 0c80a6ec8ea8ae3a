"""A widget that shows a picture. The line API needs no Content or renderable for a thousand cells of a thousand colours."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from rich.segment import Segment
from textual.color import Color
from textual.filter import ANSIToTruecolor, LineFilter
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from iicl_tui.charts.picture import Picture
from iicl_tui.tui.widgets.inks import Inks


def picture_strip(picture: Picture, y: int, inks: Inks) -> Strip:
    """A row of the picture as a strip."""
    style = inks.style
    return Strip([Segment(text, style(code)) for text, code in picture.runs(y)], picture.width)


class PictureWidget(Widget):
    """Subclasses say what to draw in `picture` and call `redraw` when that changes; their reactives have repaint=False, since only
    the rows that have become others are painted anew: to put a line through the compositor takes longer than to draw it."""

    DEFAULT_CSS = """
    PictureWidget { height: 1fr; width: 1fr; }
    """

    ALLOW_SELECT = False  # a drag over a chart would select the cells of a text that is not there

    def __init__(
        self, *, name: str | None = None, id: str | None = None, classes: str | None = None, disabled: bool = False
    ) -> None:
        super().__init__(name=name, id=id, classes=classes, disabled=disabled)
        self._picture: Picture | None = None
        self._strips: list[Strip | None] = []
        self._inks: Inks | None = None
        self._inks_for: tuple[str, Color, bool] | None = None

    def picture(self, width: int, height: int) -> Picture:
        """What to show in width × height cells."""
        raise NotImplementedError

    def redraw(self) -> None:
        """Draw the picture anew, and paint the rows that are others now; what nobody sees is drawn when somebody does."""
        width, height = self.size
        before = self._picture
        if before is None or (before.width, before.height) != (width, height) or not self._shown:
            self._forget()
            self.refresh()
            return
        self._picture = self.picture(width, height)
        others = np.flatnonzero(self._picture.unlike(before)).tolist()
        for y in others:
            self._strips[y] = None
        if others:
            self.refresh(*(Region(0, y, width, 1) for y in others))

    @property
    def _shown(self) -> bool:
        return all(node.display for node in self.ancestors_with_self)

    def _forget(self) -> None:
        self._picture, self._strips = None, []

    def notify_style_update(self) -> None:
        self._forget()
        super().notify_style_update()

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, lambda _theme: self._repaint())

    def _repaint(self) -> None:
        self._forget()
        self.refresh()

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Without the one that looks at every cell for colours by number and for dimmed ones: inks have none where it is on."""
        return [one for one in super().get_line_filters() if not isinstance(one, ANSIToTruecolor)]

    def render_line(self, y: int) -> Strip:
        width, height = self.size
        if self._picture is None or (self._picture.width, self._picture.height) != (width, height):
            self._picture = self.picture(width, height)
            self._strips = [None] * height
        if y >= height:
            return Strip.blank(width)
        strip = self._strips[y]
        if strip is None:
            strip = self._strips[y] = picture_strip(self._picture, y, self._current_inks())
        return strip

    def _current_inks(self) -> Inks:
        key = (self.app.theme, self.background_colors[1], self.app.native_ansi_color)
        if self._inks is None or self._inks_for != key:
            self._inks, self._inks_for = Inks(self.app, key[1]), key
        return self._inks
