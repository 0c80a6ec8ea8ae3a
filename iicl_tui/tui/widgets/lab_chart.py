"""The belief chart with keys for its cursor."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from iicl_tui.charts.view import likeliest
from iicl_tui.tui.actions import bindings
from iicl_tui.tui.widgets.belief_chart import BeliefChart


class LabChart(BeliefChart):
    """A belief chart whose cursor moves with the arrows, hjkl, Home, End and m."""

    GROUP = "chart"
    BINDINGS: ClassVar[list] = [*bindings("chart")]

    def action_left(self) -> None:
        self.move("left")

    def action_right(self) -> None:
        self.move("right")

    def action_up(self) -> None:
        self.move("up")

    def action_down(self) -> None:
        self.move("down")

    def action_start(self) -> None:
        self._edge(0)

    def action_end(self) -> None:
        self._edge(-1)

    def action_likeliest(self) -> None:
        if self.view is not None and self.view.log_p is not None:
            self.set_cursor(likeliest(self.view.log_p))

    def _edge(self, place: int) -> None:
        """Move to the first (0) or last (−1) hypothesis: by rank in the ranked form, else in the order of the space."""
        view = self.view
        if view is None or view.log_p is None:
            return
        ranked = view.form == "ranked"
        self.set_cursor(int(np.argsort(-view.log_p, kind="stable")[place]) if ranked else place % view.space.size)
