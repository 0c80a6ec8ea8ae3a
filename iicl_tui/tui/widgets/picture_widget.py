"""A widget that shows a picture, by Textual's line API: a thousand cells of a thousand colours need no Content."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from rich.segment import Segment
from textual.color import Color
from textual.filter import ANSIToTruecolor, LineFilter
from textual.geometry import NULL_SPACING, Region
from textual.strip import Strip
from textual.widget import Widget

from iicl_tui.charts.picture import Picture
from iicl_tui.tui.widgets.inks import Inks


def picture_strip(picture: Picture, y: int, inks: Inks) -> Strip:
    """A row of the picture as a strip."""
    style = inks.style
    return Strip([Segment(text, style(code)) for text, code in picture.runs(y)], picture.width)


class PictureWidget(Widget):
    """A widget that shows what `picture` returns. Subclasses call `redraw` when that changes.

    Their reactives have repaint=False: only changed rows are repainted, because the compositor takes longer for a line
    than drawing it does.
    """

    DEFAULT_CSS = """
    PictureWidget { height: 1fr; width: 1fr; }
    """

    ALLOW_SELECT = False  # a chart has no text that a drag could select

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
        """Redraw the picture and repaint the rows that have changed. A hidden widget draws when it is shown."""
        width, height = self.size
        before = self._picture
        if before is None or (before.width, before.height) != (width, height) or not self._shown:
            self._drop_picture()
            self.refresh()
            return
        self._picture = self.picture(width, height)
        changed = np.flatnonzero(self._picture.changed_rows(before)).tolist()
        for y in changed:
            self._strips[y] = None
        if changed:
            self.refresh(*(Region(0, y, width, 1) for y in changed))

    @property
    def _shown(self) -> bool:
        return all(node.display for node in self.ancestors_with_self)

    def _drop_picture(self) -> None:
        self._picture, self._strips, self._inks = None, [], None

    def notify_style_update(self) -> None:
        self._drop_picture()
        super().notify_style_update()

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, lambda _theme: self._repaint())

    def _repaint(self) -> None:
        self._drop_picture()
        self.refresh()

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Leaves out the filter that searches every cell for ANSI and dimmed colours: inks already avoid both."""
        return [one for one in super().get_line_filters() if not isinstance(one, ANSIToTruecolor)]

    def render_lines(self, crop: Region) -> list[Strip]:
        """Checks once per paint, instead of once per line, whether the inks still fit.

        Without a border, padding or an effect, the rows of the picture are the lines of the widget: Textual's own way through
        all of these takes longer than the rows.
        """
        settings = self._ink_settings()
        if self._inks is not None and self._inks_for != settings:
            self._inks = None
        if not self._bare():
            return super().render_lines(crop)
        strips = [self.render_line(y) for y in crop.line_range]
        for line_filter in self.get_line_filters():
            strips = [strip.apply_filter(line_filter, settings[1]) for strip in strips]
        return strips if crop.column_span == (0, self.size.width) else [strip.crop(*crop.column_span) for strip in strips]

    def _bare(self) -> bool:
        styles = self.styles
        if styles.gutter != NULL_SPACING or self.opacity != 1.0 or styles.tint.a:
            return False
        return not any(edge for edge, _ in styles.outline) and not styles.has_rule("hatch")

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
        if self._inks is None:
            self._inks_for = self._ink_settings()
            self._inks = Inks(self.app, self._inks_for[1])
        return self._inks

    def _ink_settings(self) -> tuple[str, Color, bool]:
        """The settings that the inks depend on: theme, background, and whether the terminal's own colours are used."""
        return self.app.theme, self.background_colors[1], self.app.native_ansi_color
