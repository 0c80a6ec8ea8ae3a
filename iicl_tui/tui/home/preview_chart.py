"""The belief of a session's preview."""

from __future__ import annotations

from iicl_tui.charts.picture import Picture, notice
from iicl_tui.store.crash_reports import cannot_show
from iicl_tui.tui.widgets.belief_chart import BeliefChart


class PreviewChart(BeliefChart, can_focus=False):
    """A belief chart without a cursor. What it cannot draw, it says: no single file may end the program."""

    def picture(self, width: int, height: int) -> Picture:
        try:
            return super().picture(width, height)
        except Exception as error:
            return notice(width, height, cannot_show(error))
