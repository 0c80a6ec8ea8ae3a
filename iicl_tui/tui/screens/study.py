"""Study: follows the chains of a study, runs, pauses and exports them, and opens any chain in the lab."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual import on

from iicl_tui.agents.access import Access
from iicl_tui.files import OutsideFiles, outside_files
from iicl_tui.study.folder import open_folder
from iicl_tui.study.running import StudyRun, budget_of
from iicl_tui.study.study_file import Study
from iicl_tui.text import printable
from iicl_tui.tui.actions import bindings
from iicl_tui.tui.screens.study_view import StudyViewScreen
from iicl_tui.tui.study import dialogs
from iicl_tui.tui.widgets.inline_form import InlineForm
from iicl_tui.tui.widgets.line_table import LineTable


class StudyScreen(StudyViewScreen):
    """Runs the study that it shows, and opens its chains."""

    GROUP = "study"
    BINDINGS: ClassVar[list] = [*bindings("study")]
    CSS_PATH = "study.tcss"
    AUTO_FOCUS = "#chains"
    HELP = (
        "Many chains of one study, each in a file of its own. The table has a line for each chain: what is varied, its state, its "
        "generations, and the last value of the metric. The charts show the mean of each condition over its chains, with its 95% "
        "interval, and the chain under the cursor. Chains that another process runs in the same folder are followed, too."
    )

    def __init__(
        self, folder: Path, study: Study | None = None, start: bool = False, command: str = "", outside: bool = False
    ) -> None:
        """Open a study.

        Args:
            folder: Its folder.
            study: None: the one that the folder belongs to.
            start: Whether to start it at once.
            command: What made the study of its file, for the record.
            outside: Whether configurations may name files outside their folder.

        Raises:
            LabError: The folder has no study, or it is too large to be followed.
        """
        super().__init__(folder, study, outside)
        self._start, self._command = start, command
        self._budget = budget_of(self.study, self._first)
        self._leave_warned = False
        self._told = 0

    def on_mount(self) -> None:
        if self._start:
            self.call_after_refresh(self.action_start)

    def on_unmount(self) -> None:
        if self.run is not None:
            self.run.stop()

    def tick(self) -> None:
        super().tick()
        run = self.run
        if run is None:
            return
        for text in run.notices[self._told :]:
            self.notify(printable(text, 400), markup=False, timeout=10)
        self._told = len(run.notices)
        if not run.alive:
            self.run = None
            self._leave_warned = False
            if run.error is not None:
                self.lab_app.show_error(run.error)
        self.show()

    # Actions

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if not self.is_mounted or not self.query("#chains"):
            return True
        if action == "open":
            return True if self.row.data is not None else None
        if action == "start":
            return None if self.run is not None or self.now.ended == self.study.count else True
        if action == "pause":
            return True if self.run is not None and not self.run.pausing else None
        if action == "retry":
            return True if self.run is None and self.now.counts.get("failed") else None
        if action in ("base", "compare", "export"):
            return True if self._view is not None else None
        if action.startswith("pane_"):
            return self.has_class("-narrow")
        return super().check_action(action, parameters)

    def why_not(self, action: str) -> str:
        if action == "open":
            return "This chain has no generation yet."
        if action == "start":
            return "It runs already." if self.run is not None else "All chains are done."
        if action == "pause":
            return "Nothing runs here."
        if action == "retry":
            return "Pause first." if self.run is not None else "No chain has failed."
        return "No chain has a generation yet." if action in ("base", "compare", "export") else ""

    @on(LineTable.Chosen, "#chains")
    def action_open(self) -> None:
        data = self.row.data
        if data is not None:
            self.lab_app.open("lab", path=data.path)

    async def action_start(self) -> None:
        if self.run is None:
            await self._begin(False)

    async def action_retry(self) -> None:
        if self.run is None:
            await self._begin(True)

    async def _begin(self, retry: bool) -> None:
        """Start, after a question if it is large or costs money."""
        with outside_files(OutsideFiles(self._outside)):
            left = self.study.count - self.now.ended - (0 if retry else self.now.counts.get("failed", 0))
            question = dialogs.start(self.study, self._budget, max(left, 0), retry)
        if question is None:
            self._start_run(retry)
        else:
            await self.ask(question)

    def _start_run(self, retry: bool) -> None:
        folder = open_folder(self.folder, self.study, self._command)
        access = Access().with_entries(self.lab_app.settings.hosts)
        self.run = StudyRun(self.study, folder, access, retry, self._outside, self._budget)
        self._told = 0
        self.run.start()
        self.show()

    def action_pause(self) -> None:
        if self.run is not None:
            self.run.pause()
            self.show()

    def action_compare(self) -> None:
        self.lab_app.open("compare", [self.folder])

    async def action_export(self) -> None:
        await self.ask(dialogs.export(self.folder, [self.folder]))

    @on(InlineForm.Answered)
    async def _answered(self, event: InlineForm.Answered) -> None:
        event.stop()
        subject, answers = event.form.subject, event.answers
        await self.close_dialog()
        if answers is None:
            return
        if subject == dialogs.EXPORT:
            self.write_export([self.folder], dict(answers))
        elif answers["answer"] == dialogs.YES:
            self._budget = dialogs.budget_in(answers)
            self._start_run(subject == dialogs.RETRY)

    # Leaving

    def back(self) -> None:
        if self.query(InlineForm):
            self.call_later(self.close_dialog)
        elif self.may_leave():
            self.lab_app.leave()

    def may_leave(self) -> bool:
        if self.run is None or not self.run.alive or self._leave_warned:
            return True
        self._leave_warned = True
        self.notify(
            "It runs here. Leave again to stop it; what is done is saved, and start goes on.", severity="warning", markup=False
        )
        return False
