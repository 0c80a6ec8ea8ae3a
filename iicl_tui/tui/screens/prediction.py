"""Prediction: the distribution that theory gives hᵗ, drawn over the belief, and what has happened beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Static
from textual.worker import get_current_worker

from iicl_tui.chain.history import ChainHistory
from iicl_tui.charts import histogram
from iicl_tui.charts.picture import Picture
from iicl_tui.charts.view import BeliefView
from iicl_tui.errors import LabError
from iicl_tui.present import outlook as words
from iicl_tui.present.lab_state import FORMS
from iicl_tui.present.outlook import Outlook
from iicl_tui.store import crash_reports
from iicl_tui.store.array_cache import ArrayCache
from iicl_tui.store.paths import cache_folder
from iicl_tui.text import printable
from iicl_tui.tui.actions import bindings
from iicl_tui.tui.screens.base import AppScreen
from iicl_tui.tui.widgets.lab_chart import LabChart
from iicl_tui.tui.widgets.picture_widget import PictureWidget


class _Cancelled(Exception):
    """The screen was left while the matrix was computed."""


class HistogramWidget(PictureWidget):
    """Draws its `view`."""

    view: reactive[histogram.Histogram | None] = reactive(None, repaint=False)

    def picture(self, width: int, height: int) -> Picture:
        return Picture(width, height) if self.view is None else histogram.draw(self.view, width, height)

    def watch_view(self) -> None:
        self.redraw()


class PredictionScreen(AppScreen):
    """A worker computes the law; leaving the screen cancels it."""

    GROUP = "prediction"
    BINDINGS: ClassVar[list] = [*bindings("prediction")]
    CSS_PATH = "prediction.tcss"
    AUTO_FOCUS = "#chart"
    HELP = (
        "What theory says about this chain before it runs: the probability of every hypothesis in each generation, drawn as lines "
        "over the agent's belief. Below, how often each hypothesis was held so far, beside the mean prediction, the prior and the "
        "stationary distribution. The distances are total variation: 0 for equal distributions, 1 for those that share nothing."
    )

    @dataclass
    class Progressed(Message):
        """So much of the matrix, or of the simulation, is computed."""

        share: float

    @dataclass
    class Found(Message):
        """The prediction, or why there is none."""

        outlook: Outlook | None
        why: str = ""

    def __init__(self, title: str, chain: ChainHistory, generation: int, view_at: Callable[[int], BeliefView]) -> None:
        """Predict a chain.

        Args:
            title: The session's title.
            chain: The chain as it is now.
            generation: The generation to show first.
            view_at: The belief of a generation, as the laboratory draws it.
        """
        super().__init__()
        self._title, self._chain, self._view_at = title, chain, view_at
        self.generation = max(generation, 1)
        self.outlook: Outlook | None = None
        self._form = view_at(self.generation).form
        self._scale = view_at(self.generation).scale
        self._cursor: int | None = None
        self._predicted_first = False

    def body(self) -> ComposeResult:
        yield Static("", id="working", markup=False)
        with Vertical(id="panes"):
            with Vertical(id="upper"):
                yield LabChart(id="chart")
                yield Static(id="readout", markup=False)
            with Vertical(id="lower") as lower:
                lower.border_title = "hypotheses held so far, and what was to be expected"
                yield HistogramWidget(id="histogram")
        yield Static(id="words", markup=False)

    def on_mount(self) -> None:
        self.header(f"Prediction: {self._title}")
        self._say("#working", "Computing the prediction… Esc cancels.")
        self._predict()

    @work(thread=True, exclusive=True, group="predict")
    def _predict(self) -> None:
        worker = get_current_worker()
        last = [0]

        def progress(share: float) -> None:
            if worker.is_cancelled:
                raise _Cancelled
            if int(100 * share) != last[0]:
                last[0] = int(100 * share)
                self.post_message(self.Progressed(share))

        try:
            found = words.outlook(self._chain, ArrayCache(cache_folder() / "predictions"), progress)
        except _Cancelled:
            return
        except LabError as error:
            self.post_message(self.Found(None, words.reason(error)))
        except Exception as error:  # nothing above a thread could tell the person
            self.post_message(self.Found(None, crash_reports.cannot_show(error)))
        else:
            self.post_message(self.Found(found))

    @on(Progressed)
    def _progressed(self, event: Progressed) -> None:
        if self.is_mounted and self.outlook is None:
            self._say("#working", f"Computing the prediction: {event.share:.0%}. Esc cancels.")

    @on(Found)
    def _found(self, event: Found) -> None:
        if not self.is_mounted:
            return
        self.outlook = event.outlook
        if event.outlook is None:
            self._say("#working", printable(f"No prediction. {event.why}", 600))
            return
        self.add_class("-ready")
        marks: dict[int, str] = {}
        for mark in self._view_at(0).marks:
            marks[mark.hypothesis] = marks.get(mark.hypothesis, "") + mark.symbol
        self.query_one(HistogramWidget).view = words.histogram(event.outlook, marks)
        self._show()
        self.query_one("#chart").focus()

    def _show(self) -> None:
        found = self.outlook
        if found is None:
            return
        generation, last = self.generation, len(found.prediction.distributions)
        self.header(f"Prediction: {self._title}", (f"generation {generation} of {last}",))
        view = replace(
            self._view_at(generation),
            previous=words.log_predicted(found, generation),
            ghost="predicted hᵗ",
            form=self._form,
            scale=self._scale,
            cursor=self._cursor,
        )
        heading = f"belief in generation {generation}, and as lines what was predicted of h"
        if view.log_p is None and view.previous is not None:  # the chain is not so far yet
            view = replace(view, log_p=view.previous, previous=None)
            heading = f"what is predicted of h in generation {generation}"
        if self._predicted_first and view.previous is not None:
            heading = f"what was predicted of h in generation {generation}, and as lines the belief"
            view = replace(view, log_p=view.previous, previous=view.log_p, ghost="belief", low=None, high=None, bounds=())
        self.query_one("#upper").border_title = heading
        chart = self.query_one(LabChart)
        chart.view = view
        self._say("#readout", chart.readout)
        parts = (words.distances(found), words.at_generation(found, generation), words.how(found), words.BY_CHANCE)
        self._say("#words", " ".join(filter(None, parts)))
        self.refresh_bindings()

    def _say(self, name: str, text: str) -> None:
        self.query_one(name, Static).update(Content(text))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        found = self.outlook
        if action in ("earlier", "later", "first", "last", "view", "scale", "swap"):
            if found is None:
                return None
            last = len(found.prediction.distributions)
            if action in ("earlier", "first"):
                return True if self.generation > 1 else None
            if action in ("later", "last"):
                return True if self.generation < last else None
        return super().check_action(action, parameters)

    def _look_at(self, generation: int) -> None:
        if self.outlook is not None:
            self.generation = max(1, min(generation, len(self.outlook.prediction.distributions)))
            self._show()

    def action_earlier(self) -> None:
        self._look_at(self.generation - 1)

    def action_later(self) -> None:
        self._look_at(self.generation + 1)

    def action_first(self) -> None:
        self._look_at(1)

    def action_last(self) -> None:
        self._look_at(10**9)

    def action_view(self) -> None:
        self._form = FORMS[(FORMS.index(self._form) + 1) % len(FORMS)]
        self._show()

    def action_swap(self) -> None:
        self._predicted_first = not self._predicted_first
        self._show()

    def action_scale(self) -> None:
        self._scale = "linear" if self._scale == "log" else "log"
        self._show()

    @on(LabChart.CursorMoved)
    def _cursor_moved(self, event: LabChart.CursorMoved) -> None:
        self._cursor = event.hypothesis
        self._show()

    def copy_text(self) -> str | None:
        found = self.outlook
        return "\n".join((words.distances(found), words.how(found))) if found is not None else None
