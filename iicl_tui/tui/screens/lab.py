"""The laboratory: steps one chain and shows it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.message import Message
from textual.widget import Widget

from iicl_tui.errors import LabError
from iicl_tui.present.belief_provenance import uses_models
from iicl_tui.present.costs import next_call_worst_case
from iicl_tui.present.lab_builder import call_in_progress, header_facts, initial_charts
from iicl_tui.present.lab_session import LabSession
from iicl_tui.present.lab_state import Activity, ChartSettings, LabState
from iicl_tui.review.decider import ReviewDecider, always_blind
from iicl_tui.review.request import AnyRequest, ReplyRequest
from iicl_tui.text import printable
from iicl_tui.tui.actions import bindings
from iicl_tui.tui.lab import dialogs
from iicl_tui.tui.lab.asked_about import PARTS, asked_about
from iicl_tui.tui.lab.availability import Situation, availability, reason
from iicl_tui.tui.lab.chain_runner import REPAINT_AFTER, ChainRunner
from iicl_tui.tui.lab.key_consents import KeyConsents
from iicl_tui.tui.lab.leaving import LeaveGuard
from iicl_tui.tui.lab.view import LabView
from iicl_tui.tui.screens.lab_many import MANY, LabManyScreen
from iicl_tui.tui.widgets.chain_pane import CHAINS_BESIDE_FROM
from iicl_tui.tui.widgets.data_pane import DataPane
from iicl_tui.tui.widgets.inline_form import InlineForm
from iicl_tui.tui.widgets.lab_chart import LabChart

if TYPE_CHECKING:
    from iicl_tui.present.explain import Depth
    from iicl_tui.tui.review.pane import ReviewPane
    from iicl_tui.tui.review.reply_pane import ReplyPane

_TICK = 0.25
"""Seconds between updates of the text about a running call."""


class LabScreen(LabManyScreen):
    """Runs the chain that it shows, asks the person for decisions, and opens dialogs."""

    GROUP = "lab"
    PARTS = frozenset(PARTS)
    BINDINGS: ClassVar[list] = [*bindings("lab")]
    CSS_PATH = "lab.tcss"
    DEFAULT_CLASSES = "-pane-belief"  # setting it later would look up every style on the screen again
    HELP = (
        "One chain of agents. Each generation has three phases. Imitation: an agent learns a hypothesis from the data of the "
        "generation before. Interaction: a filter accepts the hypothesis or has another one drawn. Transmission: the agent makes "
        "the data that the next generation learns from. The chart shows the agent's belief over all hypotheses: ★ is the true "
        "rule h*, + its rival ĥ, ▲ the hypothesis of this generation. Space does the next phase."
    )

    @dataclass
    class Noticed(Message):
        """The chain has a notice for the person."""

        text: str

    @dataclass
    class ReviewRequested(Message):
        """A person is asked; None: the request is closed."""

        request: AnyRequest | None

    def __init__(
        self,
        path: Path | None = None,
        session: LabSession | None = None,
        charts: ChartSettings | None = None,
        lent: bool = False,
    ) -> None:
        """Open a session.

        Args:
            path: Its file, if no session is given.
            session: The session itself.
            charts: How the belief is drawn at first; None: as the settings say.
            lent: The session belongs to the screen below, which closes it.

        Raises:
            StoreError, ConfigError: The file cannot be opened.
        """
        if session is None:
            assert path is not None
            session = LabSession.open(path)
        super().__init__(session, charts or ChartSettings())
        self.runner = ChainRunner(self, session, lambda record: self.decider.recorded(record))
        self.consents = KeyConsents(session.chain)
        self._always_blind = always_blind(session.chain.config)
        self._charts_from_settings = charts is None
        self._leaving = LeaveGuard()
        self._lent = lent
        self._goal_after_question: int | None = None
        """The goal of a run that waits for an answer about a key; None: one phase."""
        self.decider: ReviewDecider
        self._review: ReviewPane | ReplyPane | None = None
        """The pane of the current or last request."""

    # What is on the screen

    def body(self) -> ComposeResult:
        yield LabView()
        file = self.session.file
        draft_of, created = (file.path, str(file.created or "")) if file is not None else (None, "")
        self.decider = ReviewDecider(
            lambda: self.session.chain, self._review_requested, self.lab_app.paths.state, draft_of, created
        )
        self.session.decider = self.decider

    def on_mount(self) -> None:
        if self._charts_from_settings:
            self._charts = initial_charts(self.session.chain.task, self.lab_app.settings.lab)
        for notice in self.session.file.notices if self.session.file is not None else ():
            self.lab_app.notify(printable(notice, 400), severity="warning", markup=False, timeout=10)
        if self.session.read_only is not None:
            self.lab_app.notify(printable(self.session.read_only, 400), title="Read-only", markup=False)
        chain = self.session.chain
        chain.access = chain.access.with_entries(self.lab_app.settings.hosts)
        chain.on_notice = self._notice
        self._ticker = self.set_interval(_TICK, self._tick, pause=True)
        self._fit(self.app.size.width, self.app.size.height)
        self._focus_pane()
        self.rebuild()

    async def on_unmount(self) -> None:
        await self.runner.end()
        if self._lent:
            return
        self.session.close()
        with contextlib.suppress(Exception):  # nobody is left who could act on a failed connection
            await self.session.chain.close()

    @property
    def activity(self) -> Activity:
        return self.runner.activity

    @property
    def blind(self) -> bool:
        """A blind filter hides the truth until the chain ends; a person may hide it too."""
        deciding = self.session.chain.next is not None
        return (self._always_blind and deciding) or self.decider.blind

    # Stepping

    def _start(self, goal: int | None = None) -> None:
        """Run the next phase, or run to the end of generation `goal`. Asks about keys for hosts first."""
        state = self.state
        if self.activity.busy or state is None:
            return
        if not state.steppable:
            why = self.session.chain.end_error() if self.session.chain.next is None else None
            raise why or LabError(f"Read-only: {self.session.read_only or ''}")
        request = self.consents.next_request()
        if request is not None:
            self._goal_after_question = goal
            self.call_later(self._ask, dialogs.trust(request))
            return
        self._ticker.resume()
        self.runner.start(goal, self.lab_app.paths.state)
        self.set_timer(REPAINT_AFTER, self._still_busy)  # a shorter phase is over before anybody could read that it runs

    def _still_busy(self) -> None:
        if self.activity.busy:
            self.rebuild()

    @on(ChainRunner.Advanced)
    def _chain_advanced(self) -> None:
        began = time.monotonic()
        self.session.refresh()
        self.rebuild()
        self.call_after_refresh(self.runner.repainted, began)

    @on(ChainRunner.Stopped)
    def _chain_stopped(self, event: ChainRunner.Stopped) -> None:
        self._ticker.pause()
        self.runner.stopped(event.error)
        self._leaving.forget()
        self.session.refresh()
        self.rebuild()
        if event.error is not None:
            self.lab_app.show_error(event.error)

    def _tick(self) -> None:
        """Update the text about a running call and its cost, and nothing else."""
        if self.state is None:
            return
        words, known = call_in_progress(self.session.chain, self.clock()), header_facts(self.session)
        if (words, known) != (self.state.calling, self.state.facts):
            self.state = replace(self.state, calling=words, facts=known)

    def _notice(self, text: str) -> None:
        self.post_message(self.Noticed(text))

    @on(Noticed)
    def _noticed(self, event: Noticed) -> None:
        self.lab_app.notify(printable(event.text, 400), markup=False, timeout=10)

    def action_next_phase(self) -> None:
        state = self.state
        if state is not None and not state.steppable and not self.activity.busy and state.selected < state.now:
            self.look_at(state.selected + 1)
        else:
            self._start()

    def action_start_session(self) -> None:
        """Start a session from the configuration that is shown."""
        self.lab_app.switch_to("lab", session=self.session.started(self.lab_app.paths.sessions), charts=self._charts)

    def action_end_generation(self) -> None:
        upcoming = self.session.chain.next
        self._start(upcoming[0] if upcoming is not None else len(self.session.chain.generations))

    def action_run_to_end(self) -> None:
        self._start(self.session.chain.config.generations)

    def action_pause(self) -> None:
        if self.activity.kind == "run":
            self.runner.pause()
            self.rebuild()

    # The person as a filter

    def _review_requested(self, request: AnyRequest | None) -> None:
        self.post_message(self.ReviewRequested(request))

    @on(ReviewRequested)
    async def _show_review(self, event: ReviewRequested) -> None:
        request = event.request
        asking = request is not None
        if request is not None:
            self._review = await self._review_pane(request)
        self.runner.set_asking(asking)
        self.set_class(asking, "-reviewing")
        self.set_class(isinstance(request, ReplyRequest), "-replying")
        self.rebuild()
        if self._review is not None:
            self._review.show(request)
        if not asking:
            self._focus_pane()

    async def _review_pane(self, request: AnyRequest) -> ReviewPane | ReplyPane:
        """The pane for this kind of request, created when first needed, since most chains ask nobody."""
        from iicl_tui.present.reply_words import asked
        from iicl_tui.tui.review.pane import ReviewPane
        from iicl_tui.tui.review.reply_pane import ReplyPane

        replying = isinstance(request, ReplyRequest)
        kind: type[ReviewPane | ReplyPane] = ReplyPane if replying else ReviewPane
        for found in self.query(kind):
            return found
        pane: ReviewPane | ReplyPane
        if replying:
            pane = ReplyPane(self.decider, lambda shown: asked(self.session.chain, shown), id="reply")
        else:
            pane = ReviewPane(self.decider, can_expand=lambda: not self.small, id="review")
        await self.mount(pane, after=self.query_one(LabView))
        return pane

    def on_review_pane_full_screen_pressed(self) -> None:
        self.toggle_class("-full")

    def on_review_pane_blind_changed(self) -> None:
        self.rebuild()

    def action_review(self) -> None:
        if self.activity.asking and self._review is not None:
            self._review.focus()
        else:
            self._start()

    # Dialogs

    async def _ask(self, dialog: InlineForm) -> None:
        await self.query(InlineForm).remove()
        self.add_class("-asking")
        await self.mount(dialog, after=self._review or self.query_one(LabView))

    async def _close_dialog(self) -> None:
        self.remove_class("-asking")
        await self.query(InlineForm).remove()
        self._focus_pane()

    @property
    def _folder(self) -> Path:
        """The folder for branches and copies."""
        return self.session.output_folder(self.lab_app.paths.sessions)

    async def action_run_to(self) -> None:
        if self.session.chain.next is not None and not self.activity.busy:
            await self._ask(dialogs.run_to(self.session.chain))

    async def action_branch(self) -> None:
        if self.state is None or self.activity.busy:
            return
        if self.session.file is None:
            raise LabError("This chain is in no file yet", "Only a saved session can be branched.", "Save a copy first.")
        from iicl_tui.tui.lab.branch_form import BranchForm

        beside = self.app.size.width >= CHAINS_BESIDE_FROM
        await self._ask(BranchForm(self.session, self.state.selected, beside))

    async def action_save_copy(self) -> None:
        if not self.activity.busy:
            await self._ask(dialogs.save_copy(self.session, self._folder))

    async def action_export(self) -> None:
        if not self.activity.busy:
            await self._ask(dialogs.export(self.session, self._folder))

    async def action_note(self) -> None:
        if self.state is not None and not self.activity.busy:
            await self._ask(dialogs.note(self.session, self.state.selected))

    async def action_budget(self) -> None:
        if not self.activity.busy:
            await self._ask(dialogs.budget(self.session.chain, await next_call_worst_case(self.session.chain)))

    @on(InlineForm.Answered)
    async def _dialog_answered(self, event: InlineForm.Answered) -> None:
        """Apply the answers. An error leaves the dialog open, so that they can be corrected."""
        event.stop()
        answers, subject = event.answers, event.form.subject
        if answers is None:
            await self._close_dialog()
        elif subject == dialogs.RUN_TO:
            await self._close_dialog()
            self._start(int(answers["goal"]))
        elif subject == dialogs.BUDGET:
            self.session.chain.budget = dialogs.parse_budget(self.session.chain, answers)
            self.runner.forget_budget()
            await self._close_dialog()
            self.rebuild()
        elif subject == dialogs.EXPORT:
            files, notices = dialogs.write_export(self.session, answers)
            await self._close_dialog()
            self.lab_app.notify(
                printable(f"{len(files)} files in {files[0].parent}. {' '.join(notices)}", 600), title="Exported", markup=False
            )
        elif subject == dialogs.NOTE:
            assert self.state is not None
            kept = dialogs.keep_note(self.session, self.state.selected, answers)
            await self._close_dialog()
            self.lab_app.notify(kept, markup=False)
        elif subject == MANY:
            self.open_many(answers)
            await self._close_dialog()
        elif subject == dialogs.TRUST:
            await self._close_dialog()
            if host := self.consents.answer(answers["answer"]):
                self.lab_app.save_trusted_host(host)
            self._start(self._goal_after_question)
        elif subject == dialogs.BRANCH:
            assert self.state is not None
            session = dialogs.create_branch(self.session, self.state.selected, self._folder, answers)
            await self._close_dialog()
            assert session.file is not None
            self.lab_app.notify(f"Created the branch {printable(session.file.path.name, 80)}.", markup=False)
            if answers.get("open") == dialogs.BESIDE and self.may_leave():
                lent, self._lent = self._lent, True  # the other screen has it now
                self.lab_app.switch_to("pair", sessions=(self.session, session), charts=self._charts, lent=lent)
            else:
                self.lab_app.switch_to("lab", session=session, charts=self._charts)
        else:
            path = dialogs.parse_path(answers["path"])
            moved = self.session.save_copy(path)
            await self._close_dialog()
            what = "The session continues in" if moved else "Saved a copy as"
            self.lab_app.notify(f"{what} {printable(str(path), 200)}.", markup=False)
            self.rebuild()

    # What can be run now

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if self.state is None:
            return True
        return availability(action, self._situation(self.state))

    def why_not(self, action: str) -> str:
        return reason(action, self._situation(self.state)) if self.state is not None else ""

    def _situation(self, state: LabState) -> Situation:
        chain, file = self.session.chain, self.session.file
        configuration = file is not None and file.is_configuration
        return Situation(state, self.activity, self.small, uses_models(chain), chain.next is None, configuration)

    # Other screens

    async def action_transcript(self) -> None:
        from iicl_tui.present.transcript import entries, first_entry_of

        if self.state is not None:
            found = entries(self.session.chain, self.blind)
            await self.lab_app.open("transcript", self.state.title, found, first_entry_of(found, self.state.selected))

    def explanation(self, depth: Depth, part: Widget | None) -> Sequence[tuple[str, str]]:
        from iicl_tui.present.explanation_page import page_of

        if self.state is None:
            return ()
        return page_of(self.session, self.state, depth, asked_about(self, self._pane if self.small else "belief"))

    @property
    def explained_title(self) -> str:
        return self.state.title if self.state is not None else ""

    async def action_messages(self) -> None:
        from iicl_tui.present import next_messages

        found = await next_messages.next_entries(self.session.chain)
        if self.state is None or not found:
            self.lab_app.notify(next_messages.SILENT, markup=False)
            return
        await self.lab_app.open("messages", self.state.title, found, 0)

    def back(self) -> None:
        """Close a dialog, or leave the review, or cancel the phase, or return to the newest generation, or leave the lab."""
        if self.query(InlineForm):
            self.call_later(self._close_dialog)
        elif self.activity.asking and self._review is not None:
            self._review.back()
        elif self.activity.busy:
            self.runner.cancel()
        elif self._shown_generation is not None:
            self.look_at(None)
        elif self.may_leave():
            self.lab_app.leave()

    def may_leave(self) -> bool:
        """Tries to save unsaved records. Warns once if leaving would still lose them, or would cancel a running call."""
        return self._leaving.may_leave([self.session], self.lab_app)

    def copy_text(self) -> str | None:
        """The focused pane's data, or the rule under the cursor."""
        data = self.query_one(DataPane)
        if self._review is not None and self._review.has_focus_within:
            return self._review.copy_text()
        if data.has_focus_within or (self.small and self._pane == "data"):
            return data.plain
        return self.query_one(LabChart).readout or None
