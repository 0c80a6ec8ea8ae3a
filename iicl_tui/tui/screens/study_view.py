"""Follows the chains of a study while they run, and draws any metric by condition."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static
from textual.worker import get_current_worker

from iicl_tui.errors import LabError
from iicl_tui.files import OutsideFiles, outside_files
from iicl_tui.present import study_table
from iicl_tui.present.comparison import ComparisonView, view_of, with_chain
from iicl_tui.store import crash_reports
from iicl_tui.study.comparison import compare
from iicl_tui.study.folder import read_folder
from iicl_tui.study.following import ChainRow, Follower, StudyNow
from iicl_tui.study.measures import default_metrics
from iicl_tui.study.running import StudyRun
from iicl_tui.study.study_file import Study
from iicl_tui.text import printable
from iicl_tui.tui.keymap import key_label
from iicl_tui.tui.screens.means import MeansScreen
from iicl_tui.tui.study.comparison_pane import ComparisonPane
from iicl_tui.tui.widgets.action_bar import ActionBar, ActionButton
from iicl_tui.tui.widgets.line_table import Kind, LineTable

LOOK_EVERY = 0.5
"""Seconds between looks at the folder."""
REST = 0.2
"""Seconds after a key in which no file is read, so that the keys stay quick."""
_COMPARE_EVERY = 2.0
"""Seconds between computations of the means while files are read."""
MARK_AFTER = 0.1
"""Seconds that the cursor must rest on a chain before its curve is drawn."""
_KINDS: dict[str, Kind] = {"waiting": "dim", "running": "now", "failed": "wrong", "stuck": "wrong"}


class StudyViewScreen(MeansScreen):
    """Shows a study. Workers read the folder and compute the means; the table makes only the lines that are seen.

    StudyScreen adds the running of the study.
    """

    @dataclass
    class Seen(Message):
        """The folder was read, in part or as a whole. ended: whether this look is over."""

        now: StudyNow | None
        ended: bool = False
        fault: str = ""

    @dataclass
    class Compared(Message):
        """The means were computed."""

        now: StudyNow
        view: ComparisonView

    def __init__(self, folder: Path, study: Study | None = None, outside: bool = False) -> None:
        """Open a study.

        Args:
            folder: Its folder.
            study: None: the one that the folder belongs to.
            outside: Whether configurations may name files outside their folder.

        Raises:
            LabError: The folder has no study, or it is too large to be followed.
        """
        super().__init__()
        if study is None:
            found = read_folder(folder)
            if found is None:
                raise LabError(
                    f"{folder} is no folder of a study", "It has no study.toml.", "Compare its sessions with c, or name a study."
                )
            study = found[0]
        self.folder, self.study = folder, study
        self.now = StudyNow(study)
        self.run: StudyRun | None = None
        self._outside = outside
        with outside_files(OutsideFiles(outside)):
            self._first = study.config(study.plan(0))
        self._follower = Follower(study, folder)
        self._metrics = study.metrics or default_metrics(self._first.task)
        self.metric = self._metrics[0]
        self._together = False
        self._by_state = False
        self._order: list[int] | range = range(study.count)
        self._looking = False
        self._touched = 0.0
        self._compared_at = 0.0
        self._stale = False
        """Whether chains were read since the means were computed."""
        self._viewed: StudyNow | None = None

    def body(self) -> ComposeResult:
        yield ActionBar(id="tabs")
        with Horizontal(id="panes"):
            with Vertical(id="left") as left:
                left.border_title = "chains"
                yield LineTable(id="chains")
            with Vertical(id="right") as right:
                right.border_title = "conditions"
                yield ComparisonPane(id="comparison")
        yield Static(id="detail", markup=False)

    def on_mount(self) -> None:
        self.show_pane("chains")
        self.show()
        self._look()
        self.set_interval(LOOK_EVERY, self.tick)

    def on_resize(self) -> None:
        self.call_after_refresh(self.show)

    # Following the folder

    def tick(self) -> None:
        """Look at the folder again, unless that is still being done."""
        if not self._looking:
            self._look()

    def _rest(self) -> None:
        """Leaves the interpreter to the screen for a moment after each key."""
        time.sleep(0.001)
        while time.monotonic() - self._touched < REST:
            time.sleep(0.01)

    @work(thread=True, exclusive=True, group="look")
    def _look(self) -> None:
        self._looking = True
        worker = get_current_worker()
        fault = ""
        try:
            for now in self._follower.look(self._rest, lambda: worker.is_cancelled):
                self.post_message(self.Seen(now))
        except LabError as error:
            fault = str(error)
        except Exception as error:  # no single file may end the program
            fault = crash_reports.cannot_show(error)
        self.post_message(self.Seen(None, True, fault))

    @on(Seen)
    def _seen(self, event: Seen) -> None:
        self._looking = self._looking and not event.ended
        if event.ended and self._stale and self.is_mounted:
            self.compute()
        if event.fault:
            self.notify(printable(event.fault, 400), severity="warning", markup=False)
        if event.now is not None and self.is_mounted:
            self.now = event.now
            self._reorder()
            self.show()
            self._stale = True
            if self.now.sessions is None:
                self._show_view()
            elif time.monotonic() - self._compared_at > _COMPARE_EVERY:
                self.compute()

    @property
    def read_all(self) -> bool:
        """Whether every file was read as it is, and the means are those of all."""
        return not self._looking and "reading" not in self.now.counts and self._viewed is self.now

    @property
    def shown(self) -> StudyNow:
        """What is shown: what was read, with the chains that run here."""
        if self.run is None or not self.run.running:
            return self.now
        return self.now.with_running(tuple(self.run.running), self._follower.places)

    # The table

    def show(self) -> None:
        """Show what is known now: header, table and the line about the chain under the cursor."""
        if not self.query("#detail"):
            return
        now, run = self.shown, self.run
        state = "‖ pausing" if run is not None and run.pausing else "▶ running" if run is not None else ""
        words = study_table.sums(now, run.progress if run is not None else None)
        kind = state or ("done" if now.ended == self.study.count else "not running here")
        self.header(printable(self.study.title, 200), (*words, str(self.folder)), kind)
        table = self.query_one("#chains", LineTable)
        columns = study_table.columns(self.study, table.size.width, self.metric, bool(now.spent))
        planned = self._first.generations
        order = self._order

        def line_at(place: int) -> tuple[str, Kind]:
            row = now.row(order[place])
            return columns.line(self.study, order[place], row, planned), _KINDS.get(row.state, "")

        with self.app.batch_update():
            table.show(columns.head(self.study), len(order), line_at)
            self._show_detail(now)
        self.refresh_bindings()

    def _show_detail(self, now: StudyNow) -> None:
        index = self.index
        row = now.row(index)
        detail = self.query_one("#detail", Static)
        text = Content(study_table.detail(self.study, index, row))
        if detail.content != text:
            detail.set_class(bool(row.fault), "-wrong")
            detail.update(text)

    @property
    def index(self) -> int:
        """The chain under the cursor."""
        return self._order[min(self.query_one("#chains", LineTable).cursor, len(self._order) - 1)]

    @property
    def row(self) -> ChainRow:
        """The chain under the cursor as it is now."""
        return self.now.row(self.index)

    @on(LineTable.Moved, "#chains")
    def _moved(self, event: LineTable.Moved) -> None:
        self._touched = time.monotonic()
        self._show_detail(self.shown)
        self.refresh_bindings()
        self.set_timer(MARK_AFTER, partial(self._mark, event.line))

    # The curves

    @work(thread=True, exclusive=True, group="compare")
    def compute(self) -> None:
        self._compared_at, self._stale = time.monotonic(), False
        now = self.now
        sessions = now.sessions
        if sessions is None:
            return
        found = compare(sessions, None, self._method)
        names = [group.name for group in found.groups]
        base = self.base_among(names)
        self.post_message(self.Compared(now, view_of(found, self.metric, base, self._together)))

    @on(Compared)
    def _compared(self, event: Compared) -> None:
        if self.is_mounted:
            self._view, self._viewed = event.view, event.now
            self._show_view()

    def _mark(self, line: int) -> None:
        if self.is_mounted and self.query("#chains") and line == self.query_one("#chains", LineTable).cursor:
            self._show_view()

    def _show_view(self) -> None:
        view, data = self._view, self.row.data
        place = view.places.get(data.path, -1) if view is not None and data is not None else -1
        if view is not None and data is not None and not self._together:
            view = view.marked(with_chain(view.panels, place, data, view.metric))
        key = key_label(self.lab_app.keymap["study.start"][0])
        pane = self.query_one(ComparisonPane)
        pane.show(view, "No chain has a generation yet." + ("" if self.run is not None else f" {key} starts the study."))
        if place >= 0:
            pane.select(place)

    @property
    def metrics(self) -> Sequence[str]:
        sessions = self.now.sessions
        return [*self._metrics, *(sessions.metrics if sessions is not None else ())]

    def step_metric(self, by: int) -> None:
        super().step_metric(by)
        self.show()

    def action_together(self) -> None:
        self._together = not self._together
        self.compute()

    def action_base(self) -> None:
        data = self.row.data
        if data is not None and self._view is not None:
            self.set_base(self._view.places.get(data.path, 0))

    def action_sort(self) -> None:
        self._by_state = not self._by_state
        self._reorder()
        self.show()

    def _reorder(self) -> None:
        """List the chains in their order as they are now. The cursor stays on its chain."""
        index = self.index
        self._order = study_table.ordered(self.now, self._by_state)
        self.query_one("#chains", LineTable).cursor = self._order.index(index)

    # Panes in a small window

    def show_pane(self, pane: Literal["chains", "curves"]) -> None:
        """Select the pane that a small window shows."""
        self.set_class(pane == "curves", "-curves")
        buttons = [ActionButton(f"study.pane-{name}", "", name == pane) for name in ("chains", "curves")]
        self.query_one("#tabs", ActionBar).show("", buttons)

    def action_pane_chains(self) -> None:
        self.show_pane("chains")
        self.query_one("#chains").focus()

    def action_pane_curves(self) -> None:
        self.show_pane("curves")
        self.query_one("#means").focus()

    def copy_text(self) -> str | None:
        return str(self.folder / self.study.plan(self.index).file)
