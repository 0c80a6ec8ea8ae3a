"""The marginal belief about each factor."""

from __future__ import annotations

from textual.reactive import reactive

from iicl_tui.charts import marginals
from iicl_tui.charts.marginals import MarginalsView
from iicl_tui.charts.picture import Picture, notice
from iicl_tui.charts.view import NO_BELIEF
from iicl_tui.tui.widgets.picture_widget import PictureWidget


class Marginals(PictureWidget):
    """Draws its `view`."""

    view: reactive[MarginalsView | None] = reactive(None, repaint=False)

    def picture(self, width: int, height: int) -> Picture:
        if self.view is None:
            return notice(width, height, NO_BELIEF)
        return marginals.draw(self.view, width, height)

    def watch_view(self) -> None:
        self.redraw()
