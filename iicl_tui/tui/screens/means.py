"""What the screens with means of conditions have in common: the metric, the interval, what is compared with what, and dialogs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual import on
from textual.widget import Widget

from iicl_tui.present.comparison import ComparisonView
from iicl_tui.study import statistics
from iicl_tui.tui.screens.exporting import ExportingScreen
from iicl_tui.tui.study.comparison_pane import ComparisonPane
from iicl_tui.tui.widgets.inline_form import InlineForm

if TYPE_CHECKING:
    from iicl_tui.present.explain import Depth


class MeansScreen(ExportingScreen):
    """Shows means in a ComparisonPane. A subclass computes them."""

    def __init__(self) -> None:
        super().__init__()
        self.metric = ""
        self._method: statistics.Method = "t"
        self._base: str | None = None
        self._view: ComparisonView | None = None

    def compute(self) -> object:
        """Compute the means anew, and show them."""
        raise NotImplementedError

    @property
    def metrics(self) -> Sequence[str]:
        """The metrics to choose from; none before there is anything to compare."""
        raise NotImplementedError

    def step_metric(self, by: int) -> None:
        """Show another metric: the next one, or with −1 the one before."""
        names = tuple(dict.fromkeys(self.metrics))
        if names:
            self.metric = names[(names.index(self.metric) + by) % len(names)]
            self.compute()

    def action_metric(self) -> None:
        self.step_metric(1)

    def action_metric_before(self) -> None:
        self.step_metric(-1)

    def action_interval(self) -> None:
        self._method = "bootstrap" if self._method == "t" else "t"
        self.compute()

    def action_more(self) -> None:
        self.query_one(ComparisonPane).next_panels()

    @on(ComparisonPane.Based)
    def _based(self, event: ComparisonPane.Based) -> None:
        self.set_base(event.place)

    def set_base(self, place: int) -> None:
        """Compare the other conditions with the one at this place."""
        if self._view is not None and place < len(self._view.names):
            self._base = self._view.names[place]
            self.compute()

    def base_among(self, names: Sequence[str]) -> int:
        """The place of the condition that the others are compared with."""
        return names.index(self._base) if self._base in names else 0

    def explanation(self, depth: Depth, part: Widget | None) -> Sequence[tuple[str, str]]:
        """How the mean of the condition under the cursor came about."""
        from iicl_tui.present.mean_explained import explained

        return explained(self._view, self.query_one(ComparisonPane).place, depth)

    async def ask(self, dialog: InlineForm) -> None:
        """Show a dialog in place of one that is open."""
        await self.query(InlineForm).remove()
        await self.query_one("#body").mount(dialog)

    async def close_dialog(self) -> None:
        """Close the dialog that is open."""
        await self.query(InlineForm).remove()
        if self.AUTO_FOCUS:
            self.query_one(self.AUTO_FOCUS).focus()
