"""Two chains side by side under one transport: both are always at the same moment."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from iicl_tui.chain.records import PHASES
from iicl_tui.errors import LabError
from iicl_tui.lessons.chains import Moment, after, order
from iicl_tui.present import side_by_side
from iicl_tui.present.lab_builder import initial_charts
from iicl_tui.present.lab_session import LabSession
from iicl_tui.present.lab_state import ChartSettings, LabState
from iicl_tui.present.lesson_words import place_words
from iicl_tui.present.presenting import Position
from iicl_tui.review.decider import hides_truth
from iicl_tui.text import printable
from iicl_tui.tui.actions import bindings
from iicl_tui.tui.lab import dialogs
from iicl_tui.tui.lab.chain_runner import REPAINT_AFTER
from iicl_tui.tui.lab.key_consents import KeyConsents
from iicl_tui.tui.lab.leaving import LeaveGuard
from iicl_tui.tui.lab.view import SAVING
from iicl_tui.tui.pair.availability import availability, reason
from iicl_tui.tui.pair.walk import Walk
from iicl_tui.tui.player import Player
from iicl_tui.tui.screens.base import AppScreen
from iicl_tui.tui.widgets.chain_pane import ChainPane, ChainPanes
from iicl_tui.tui.widgets.inline_form import InlineForm, Question, whole_number

if TYPE_CHECKING:
    from iicl_tui.present.explain import Depth

_BELOW_FROM = 60, 22
"""Columns and lines from which the chains stand below each other."""
_JUMP = "jump"


class PairScreen(AppScreen):
    """Shows two sessions at the same moment. A step runs the next phase of each chain that does not have it yet."""

    GROUP = "pair"
    BINDINGS: ClassVar[list] = [*bindings("pair")]
    CSS_PATH = "pair.tcss"
    AUTO_FOCUS = ""
    HELP = (
        "Two chains at the same moment, so that you can see what a filter, an agent or a seed changes. The line at the top says "
        "what their configurations differ in. Space goes one phase on in both: a phase that is on record is shown, and one that is "
        "not is run and saved in the chain's own file. The chain in front is the one that you open, save or explain."
    )

    def __init__(
        self,
        paths: Sequence[Path] = (),
        sessions: Sequence[LabSession] = (),
        charts: ChartSettings | None = None,
        lent: bool = False,
    ) -> None:
        """Open two sessions.

        Args:
            paths: Their files, if the sessions themselves are not given.
            sessions: Two open sessions, which belong to this screen from now on.
            charts: How beliefs are drawn at first; None: as the settings say.
            lent: The first session belongs to the screen below, which closes it.

        Raises:
            StoreError, ConfigError: A file cannot be opened.
            LabError: Both are the same file.
        """
        super().__init__()
        self.sessions = list(sessions) or open_both(paths)
        self._lent = lent
        self.walk = Walk(self, self.sessions)
        self._charts = charts
        self._view = 0
        self._away: int | None = None
        """The chain that is open in the laboratory."""
        self._player = Player(self, self._tick)
        self._leaving = LeaveGuard()
        self._consents = [KeyConsents(each.chain) for each in self.sessions]
        self._goal: Moment | None = None
        """Where a run goes that waits for an answer about a key."""

    def body(self) -> ComposeResult:
        yield Static(id="differ", markup=False)
        yield ChainPanes([(name, title) for name, title in zip("ab", self._titles(), strict=True)], _BELOW_FROM, id="charts")
        yield Static(id="next", markup=False)

    def _titles(self) -> list[str]:
        """The titles, with the files' names where the titles do not tell the chains apart."""
        titles = [each.chain.config.title for each in self.sessions]
        if titles[0] == titles[1]:
            titles = [
                each.file.path.stem if each.file is not None else title for each, title in zip(self.sessions, titles, strict=True)
            ]
        return titles

    def on_mount(self) -> None:
        if self._charts is None:
            self._charts = initial_charts(self.sessions[0].chain.task, self.lab_app.settings.lab)
        for session in self.sessions:
            session.chain.access = session.chain.access.with_entries(self.lab_app.settings.hosts)
            session.chain.on_notice = self._notice
            if session.read_only is not None:
                title = printable(session.chain.config.title, 60)
                self.lab_app.notify(printable(session.read_only, 400), title=f"Read-only: {title}", markup=False)
        self._panes.fit(*self.app.size)
        self._panes.turn(0)
        self.show()

    async def on_unmount(self) -> None:
        self.walk.cancel()
        for session in self.sessions[self._lent :]:
            session.close()
            with contextlib.suppress(Exception):  # nobody is left who could act on a failed connection
                await session.chain.close()

    def on_screen_resume(self) -> None:
        """Go on with the chain that was open in the laboratory."""
        if self._away is None:
            return
        session, self._away = self.sessions[self._away], None
        session.decider = None
        session.chain.on_notice = self._notice
        self._refresh()

    # What is on the screen

    @property
    def _panes(self) -> ChainPanes:
        return self.query_one(ChainPanes)

    @property
    def front(self) -> LabSession:
        """The session in front."""
        return self.sessions[self._panes.front]

    def on_resize(self, event: events.Resize) -> None:
        self._panes.fit(event.size.width, event.size.height)
        self.show()

    def show(self) -> None:
        """Draw both chains at the moment."""
        if not self.is_mounted or self._charts is None or self._away is not None:
            return
        first, second = (each.chain.config for each in self.sessions)
        with self.app.batch_update():
            facts = (f"generation {self.walk.moment[0]}", *self._branch_words())
            title = first.title if first.title == second.title else "Side by side"
            self.header(title, facts, "▶ running" if self.walk.busy else "")
            self.query_one("#differ", Static).update(self._difference(self.copy_text()))
            for place, pane in enumerate(self._panes.panes):
                self._show_chain(place, pane)
            self.query_one("#next", Static).update(Content(self._next_words()))
        self.refresh_bindings()
        if self.presenting and self.front.file is not None:
            path = str(self.front.file.path.resolve())
            self.lab_app.presenter.tell(
                Position("session", path, self.front.chain.config.title, 0, False, *self.walk.moment, self._next_words())
            )

    def present(self, on: bool) -> None:
        super().present(on)
        self.show()

    def _next_words(self) -> str:
        if self._player.playing:
            return f"Playing, {self._player.speed:g} phases a second at most. p pauses, + and - change the speed."
        return "Running…" if self.walk.busy else side_by_side.next_words(self.sessions, self.walk.moment)

    @staticmethod
    def _difference(line: str) -> Content:
        alike = line == side_by_side.ALIKE
        return Content(line) if alike else Content.assemble(("What differs  ", "bold $text-accent"), line)

    def _branch_words(self) -> tuple[str, ...]:
        parents = [each.file.parent for each in self.sessions if each.file is not None and each.file.parent is not None]
        return (f"branched after {parents[-1].generation} from {printable(parents[-1].file, 60)}",) if parents else ()

    def _show_chain(self, place: int, pane: ChainPane) -> None:
        state, chain = self.state_of(place), self.sessions[place].chain
        charts = side_by_side.VIEWS[self._view]
        panels = side_by_side.panels_of(state, self._charts_of(place).by, charts)
        where = place_words(side_by_side.shown_moment(chain, self.walk.moment), chain.config.generations, exact=True)
        front = ", in front" if place == self._panes.front else ""
        pane.show(state, where, charts, panels, f"{SAVING[self.sessions[place].saving.kind]}{front}")

    def state_of(self, place: int) -> LabState:
        """What is shown of one of the chains."""
        session = self.sessions[place]
        return side_by_side.state_at(session, self.walk.moment, self._charts_of(place), hides_truth(session.chain))

    def _charts_of(self, place: int) -> ChartSettings:
        """The charts for a chain, whose task may have fewer factors than that of the other one."""
        assert self._charts is not None
        groupings = self.sessions[place].chain.task.space.groupings
        by = self._charts.by
        return self._charts if by is None or by < len(groupings) else replace(self._charts, by=0)

    # Both chains in time

    def _go(self, goal: Moment) -> None:
        """Go on to a moment. Asks about keys for hosts first."""
        if self.walk.busy:
            return
        if any(consent.next_request() for consent in self._consents):
            self._goal = goal
            self._player.stop()
            self.call_later(self._ask_for_keys)
            return
        self._leaving.forget()
        self.walk.start(goal, self.lab_app.paths.state)
        self.set_timer(REPAINT_AFTER, self._still_busy)

    def _still_busy(self) -> None:
        if self.walk.busy:
            self.show()

    @on(Walk.Advanced)
    def _advanced(self) -> None:
        self._refresh()
        self.walk.repainted()

    @on(Walk.Stopped)
    def _stopped(self, event: Walk.Stopped) -> None:
        if event.error is not None:
            self._player.stop()
        self._refresh()
        if event.error is not None:
            self.lab_app.show_error(event.error)

    def _refresh(self) -> None:
        for session in self.sessions:
            session.refresh()
        self.show()

    def action_next_phase(self) -> None:
        self._go(after(self.walk.moment))

    def action_end_generation(self) -> None:
        generation, phase = self.walk.moment
        self._go((generation + (phase == PHASES[-1]), PHASES[-1]))

    def action_run_to_end(self) -> None:
        self._go(self.walk.last)

    def action_play(self) -> None:
        if self.walk.busy:
            self.walk.pause()
        elif self._player.playing:
            self._player.stop()
        else:
            if not self.walk.can_advance:
                self.walk.moment = (0, PHASES[-1])
            self._player.start()
        self.show()

    def _tick(self) -> None:
        if self.walk.can_advance:
            self._go(after(self.walk.moment))
        elif not self.walk.busy:
            self._player.stop()
            self.show()

    def action_faster(self) -> None:
        self._change_speed(1)

    def action_slower(self) -> None:
        self._change_speed(-1)

    def _change_speed(self, by: int) -> None:
        self._player.change(by)
        self.show()

    def _look_at(self, moment: Moment) -> None:
        self._player.stop()
        self.walk.moment = moment
        self.show()

    def action_earlier(self) -> None:
        self._look_at(after(self.walk.moment, -1))

    def action_later(self) -> None:
        self._look_at(min(after(self.walk.moment), self.walk.latest, key=order))

    def action_first(self) -> None:
        self._look_at((0, PHASES[-1]))

    def action_latest(self) -> None:
        self._look_at(self.walk.latest)

    # How they are drawn

    def action_view(self) -> None:
        self._view = (self._view + 1) % len(side_by_side.VIEWS)
        self.show()

    def action_scale(self) -> None:
        self._change_charts(scale="linear" if self._charts is not None and self._charts.scale == "log" else "log")

    def action_colour_by(self) -> None:
        assert self._charts is not None
        count = min(len(each.chain.task.space.groupings) for each in self.sessions)
        self._change_charts(by=((self._charts.by if self._charts.by is not None else -1) + 1) % count)

    def _change_charts(self, **changes: object) -> None:
        assert self._charts is not None
        self._charts = replace(self._charts, **changes)  # type: ignore[arg-type]
        self.show()

    def action_other(self) -> None:
        self._panes.turn(self._panes.front + 1)
        self.show()

    # Dialogs, other screens, leaving

    async def _ask(self, dialog: InlineForm) -> None:
        await self.query(InlineForm).remove()
        await self.mount(dialog, after=self.query_one("#next"))

    async def _ask_for_keys(self) -> None:
        request = next((found for each in self._consents if (found := each.next_request()) is not None), None)
        if request is not None:
            await self._ask(dialogs.trust(request))

    async def action_jump(self) -> None:
        last = self.walk.last[0]
        others = tuple(dict.fromkeys((str(self.walk.latest[0]), str(last), "0")))

        def hint(answers: dict[str, str]) -> str:
            return f"Both chains go to the end of generation {answers['goal']}; what is not on record is run."

        question = Question("goal", f"generation, 0 to {last}:", others[0], whole_number(0, last), others)
        await self._ask(InlineForm(_JUMP, "Go to", [question], hint))  # type: ignore[arg-type]

    async def action_save_copy(self) -> None:
        await self._ask(dialogs.save_copy(self.front, self.front.output_folder(self.lab_app.paths.sessions)))

    @on(InlineForm.Answered)
    async def _dialog_answered(self, event: InlineForm.Answered) -> None:
        """Apply the answers. An error leaves the dialog open, so that they can be corrected."""
        event.stop()
        answers, subject = event.answers, event.form.subject
        if answers is not None and subject == dialogs.COPY:
            path = dialogs.parse_path(answers["path"])
            moved = self.front.save_copy(path)
            what = "The session continues in" if moved else "Saved a copy as"
            self.lab_app.notify(f"{what} {printable(str(path), 200)}.", markup=False)
            self._refresh()
        await self.query(InlineForm).remove()
        if answers is None:
            return
        if subject == _JUMP:
            goal = (int(answers["goal"]), PHASES[-1])
            self._look_at(goal) if order(goal) <= order(self.walk.moment) else self._go(goal)
        elif subject == dialogs.TRUST:
            consent = next(each for each in self._consents if each.next_request() is not None)
            if host := consent.answer(answers["answer"]):
                self.lab_app.save_trusted_host(host)
            if self._goal is not None:
                self._go(self._goal)

    def action_start_session(self) -> None:
        """Start a session from each configuration that is shown."""
        folder = self.lab_app.paths.sessions
        for place, session in enumerate(self.sessions):
            if session.file is not None and session.file.is_configuration:
                self.sessions[place] = session.started(folder)
                self._consents[place] = KeyConsents(self.sessions[place].chain)
                session.close()
        self.show()

    async def action_open_in_lab(self) -> None:
        """Open the chain in front in the laboratory."""
        self._player.stop()
        self._away = self._panes.front
        await self.lab_app.open("lab", session=self.front, lent=True, charts=self._charts)

    def explanation(self, depth: Depth, part: Widget | None) -> Sequence[tuple[str, str]]:
        """How the belief of the chain that is asked about came about, or else of the one in front."""
        from iicl_tui.present.explanation_page import page_of

        place, focus = self._panes.asked_about(part)
        session = side_by_side.session_until(self.sessions[place], self.walk.moment)
        return page_of(session, self.state_of(place), depth, focus or "belief")

    def explained_values(self, part: Widget | None) -> Mapping[str, str]:
        from iicl_tui.present.explanation_page import values_of

        return values_of(self.state_of(self._panes.asked_about(part)[0]))

    def _notice(self, text: str) -> None:
        self.lab_app.notify(printable(text, 400), markup=False, timeout=10)

    def back(self) -> None:
        """Close a dialog, or stop playing, or cancel the phase, or leave."""
        if self.query(InlineForm):
            self.query(InlineForm).remove()
        elif self._player.playing:
            self._player.stop()
            self.show()
        elif self.walk.busy:
            self.walk.cancel()
        elif self.may_leave():
            self.lab_app.leave()

    def may_leave(self) -> bool:
        """Tries to save what is not saved of either chain. Warns once if leaving would still lose it."""
        return self._leaving.may_leave(self.sessions, self.lab_app)

    def copy_text(self) -> str:
        first, second = (each.chain for each in self.sessions)
        return side_by_side.difference_line(first.config, second.config, hides_truth(first) or hides_truth(second))

    # What can be run now

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if not self.is_mounted or self._away is not None:
            return True
        return availability(action, self.walk, self.sessions)

    def why_not(self, action: str) -> str:
        return reason(action, self.walk, self.sessions)


def open_both(paths: Sequence[Path]) -> list[LabSession]:
    """Two sessions. Raises LabError if they are the same file or cannot be opened; then neither stays open."""
    first, second = paths
    if first.resolve() == second.resolve():
        raise LabError(f"{first.name} is one session", "Two different sessions stand beside each other.", "Name another one.")
    opened = [LabSession.open(first)]
    try:
        opened.append(LabSession.open(second))
    except BaseException:
        opened[0].close()
        raise
    return opened
