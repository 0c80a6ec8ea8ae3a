"""In a tall window, the curves of the session under the cursor, below the list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from textual.containers import Vertical
from textual.css.query import NoMatches

if TYPE_CHECKING:
    from iicl_tui.charts.panel import Panel


class CurvesPane(Vertical):
    """Shows nothing until there are curves. Its chart is created then, so that the first text does not wait for numpy."""

    def show(self, panels: Sequence[Panel]) -> None:
        """Show curves; none hides the pane."""
        self.set_class(bool(panels), "-known")
        if not panels:
            return
        try:
            chart: Any = self.query_one("#home-curves")
        except NoMatches:
            from iicl_tui.tui.widgets.curves import Curves

            chart = Curves(id="home-curves")
            chart.can_focus = False
            self.mount(chart)
        chart.panels = tuple(panels)
