"""The laboratory: one chain, stepped and watched."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.message import Message
from textual.reactive import reactive

from iicl_tui.agents.key_consent import KeyRequest, next_key_request
from iicl_tui.agents.model_session import MAY_BE_BILLED, BudgetReached
from iicl_tui.chain.records import PhaseRecord
from iicl_tui.errors import LabError, StoreError
from iicl_tui.present.belief_provenance import uses_models
from iicl_tui.present.costs import next_call_worst_case
from iicl_tui.present.lab_builder import build_lab_state, call_in_progress, header_facts, initial_charts
from iicl_tui.present.lab_session import LabSession
from iicl_tui.present.lab_state import FORMS, IDLE, PANES, Activity, ChartSettings, LabState, Pane
from iicl_tui.review.decider import ReviewDecider, always_blind
from iicl_tui.review.request import AnyRequest, ReplyRequest
from iicl_tui.text import printable
from iicl_tui.tui.actions import bindings
from iicl_tui.tui.lab import dialogs
from iicl_tui.tui.lab.drive import drive
from iicl_tui.tui.lab.view import LabView, state_words
from iicl_tui.tui.screens.base import AppScreen
from iicl_tui.tui.widgets.curves import Curves
from iicl_tui.tui.widgets.data_pane import DataPane
from iicl_tui.tui.widgets.film_strip import FilmStrip
from iicl_tui.tui.widgets.generations import Generations
from iicl_tui.tui.widgets.inline_form import InlineForm
from iicl_tui.tui.widgets.lab_chart import LabChart

if TYPE_CHECKING:
    from iicl_tui.tui.review.pane import ReviewPane
    from iicl_tui.tui.review.reply_pane import ReplyPane

_SMALL = 100, 30
_FILM_FROM, _FILM_FROM_SMALL = 36, 22
"""Lines below which the film strip leaves its room to the belief; fewer are enough where the belief stands alone."""
_REPAINT = 0.1
"""Seconds between repaints while a chain runs; more where a repaint is slow, so that the chain has most of the time."""
_SHARE = 3
_TICK = 0.25
"""Seconds between two looks at what is being asked for, while the chain is at work."""


class LabScreen(AppScreen):
    """Shows a session's chain; everything on it is made from one `LabState`."""

    GROUP = "lab"
    BINDINGS: ClassVar[list] = [*bindings("lab")]
    CSS_PATH = "lab.tcss"
    DEFAULT_CLASSES = "-pane-belief"  # set later, it would have every style on the screen looked up again
    HELP = (
        "One chain of agents. Each generation has three phases: imitation (an agent learns a hypothesis from the data of the "
        "generation before), interaction (a filter lets it pass, or has another one drawn) and transmission (it makes the data "
        "that the next generation learns from). The chart shows the agent's belief over all hypotheses: ★ is the true rule h*, "
        "+ its rival ĥ, ▲ the hypothesis of this generation. Space does the next phase."
    )

    state: reactive[LabState | None] = reactive(None, repaint=False)  # its widgets repaint, where they have something new

    clock = staticmethod(time.monotonic)
    """The time by which waiting is counted."""

    @dataclass
    class Noticed(Message):
        """Something that the person should hear of once."""

        text: str

    class Moved(Message):
        """The chain has come further."""

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, LabScreen.Moved)

    @dataclass
    class Rested(Message):
        """The chain's work is over. error: what stopped it."""

        error: LabError | None

    @dataclass
    class Asked(Message):
        """A person is asked, or (None) is asked no more."""

        request: AnyRequest | None

    def __init__(self, path: Path | None = None, session: LabSession | None = None, charts: ChartSettings | None = None) -> None:
        """A path or a session is given. charts: how the belief is looked at; absent, as the settings say. Raises StoreError,
        ConfigError where the file cannot be opened."""
        super().__init__()
        if session is None:
            assert path is not None
            session = LabSession.open(path)
        self.session = session
        self._always_blind = always_blind(session.chain.config)
        self._look: int | None = None
        self._as_set = charts is None
        self._charts = charts or ChartSettings()
        self._activity: Activity = IDLE
        self._pane: Pane = "belief"
        self._next_repaint = 0.0
        self._repaint_pending = False
        self._warned = False
        """Of what leaving would lose."""
        self._declined: set[str] = set()
        """Hosts that get no key."""
        self._wanted: tuple[str, int | None] = ("step", None)
        """What was to be started when a question came before it."""
        self._draft_of = session.file.path if session.file is not None else None
        self._created = str(session.file.created or "") if session.file is not None else ""
        self.decider: ReviewDecider
        self._review: ReviewPane | ReplyPane | None = None
        """The pane of what is asked now, or was asked last."""

    # What stands on it

    def body(self) -> ComposeResult:
        yield LabView()
        self.decider = ReviewDecider(
            lambda: self.session.chain, self._asked, self.lab_app.paths.state, self._draft_of, self._created
        )
        self.session.decider = self.decider

    def on_mount(self) -> None:
        if self._as_set:
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
        self._focus_home()
        self.rebuild()

    async def on_unmount(self) -> None:
        self.cancel()
        self.session.close()
        with contextlib.suppress(Exception):  # there is nobody left who could do anything about a connection
            await self.session.chain.close()

    def on_resize(self, event: events.Resize) -> None:
        self._fit(event.size.width, event.size.height)
        self.rebuild()

    def _fit(self, width: int, height: int) -> None:
        small = width < _SMALL[0] or height < _SMALL[1]
        self.set_class(small, "-small")
        self.set_class(height < (_FILM_FROM_SMALL if small else _FILM_FROM), "-low")

    @property
    def small(self) -> bool:
        """There is room for one pane only."""
        return self.has_class("-small")

    @property
    def blind(self) -> bool:
        """What is right is hidden from the person who decides; a filter that is set up blind hides it until the chain's end."""
        deciding = self.session.chain.next is not None
        return (self._always_blind and deciding) or self.decider.blind

    def rebuild(self) -> None:
        """The state as it is now."""
        self.state = build_lab_state(self.session, self._look, self._charts, self._activity, self.blind, self.clock())

    def watch_state(self, state: LabState | None) -> None:
        if state is None or not self.is_mounted:
            return
        with self.app.batch_update():
            self.header(state.title, state.facts, state_words(state))
            self.query_one(LabView).show(state, self._charts.ghost, self._pane, self.small)
        self.refresh_bindings()

    # Stepping: one worker at a time, which tells of what it does by messages

    def _start(self, kind: str, goal: int | None = None) -> None:
        state = self.state
        if self._activity.busy or state is None:
            return
        if not state.steppable:
            why = self.session.chain.end_error() if self.session.chain.next is None else None
            raise why or LabError(f"Read-only: {self.session.read_only or ''}")
        host = self._next_key_request()
        if host is not None:
            self._wanted = kind, goal
            self.call_later(self._ask, dialogs.trust(host))
            return
        self._ticker.resume()
        self._activity = Activity("step" if kind == "step" else "run", goal or 0)
        self.set_timer(_REPAINT, self._still_busy)  # what is over sooner needs no word about being under way
        self.run_worker(self._work(goal if kind == "run" else None), group="chain", exclusive=True, exit_on_error=False)

    def _still_busy(self) -> None:
        if self._activity.busy:
            self.rebuild()

    async def _work(self, goal: int | None) -> None:
        error = None
        try:
            error = await drive(self.session, goal, self._done, self.lab_app.paths.state)
        finally:
            self.post_message(self.Rested(error))

    def _done(self, record: PhaseRecord) -> None:
        self.decider.recorded(record)
        if self._activity.kind == "run" and not self._repaint_pending and time.monotonic() >= self._next_repaint:
            self._repaint_pending = True
            self.post_message(self.Moved())

    @on(Moved)
    def _moved(self) -> None:
        began = time.monotonic()
        self.session.refresh()
        self.rebuild()
        self.call_after_refresh(self._repainted, began)

    def _repainted(self, began: float) -> None:
        now = time.monotonic()
        self._next_repaint = now + max(_REPAINT, min(_SHARE * (now - began), 1.0))
        self._repaint_pending = False

    @on(Rested)
    def _rested(self, event: Rested) -> None:
        self._ticker.pause()
        self._activity = replace(IDLE, held_back=isinstance(event.error, BudgetReached))
        self._repaint_pending = self._warned = False
        self.session.refresh()
        self.rebuild()
        if event.error is not None:
            self.lab_app.show_error(event.error)

    def _tick(self) -> None:
        """The words about a call go on, and what it has cost; nothing else is made anew."""
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

    def _goal(self) -> int:
        upcoming = self.session.chain.next
        return upcoming[0] if upcoming is not None else len(self.session.chain.generations)

    def action_next_phase(self) -> None:
        self._start("step")

    def action_end_generation(self) -> None:
        self._start("run", self._goal())

    def action_run_to_end(self) -> None:
        self._start("run", self.session.chain.config.generations)

    def action_pause(self) -> None:
        if self._activity.kind == "run":
            self.session.chain.pause()
            self._activity = replace(self._activity, pausing=True)
            self.rebuild()

    def cancel(self) -> None:
        """Gives up what runs; the phase under way has not happened."""
        self.workers.cancel_group(self, "chain")

    # The person as a filter

    def _asked(self, request: AnyRequest | None) -> None:
        self.post_message(self.Asked(request))

    @on(Asked)
    async def _ask_person(self, event: Asked) -> None:
        request = event.request
        asking = request is not None
        if request is not None:
            self._review = await self._pane_for(request)
        self._activity = replace(self._activity, asking=asking)
        self.set_class(asking, "-reviewing")
        self.set_class(isinstance(request, ReplyRequest), "-replying")
        self.rebuild()
        if self._review is not None:
            self._review.show(request)
        if not asking:
            self._focus_home()

    async def _pane_for(self, request: AnyRequest) -> ReviewPane | ReplyPane:
        """Most chains ask nobody, so each pane is made when it is first needed."""
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
            pane = ReviewPane(self.decider, id="review")
        await self.mount(pane, after=self.query_one(LabView))
        return pane

    def on_review_pane_blind_changed(self) -> None:
        self.rebuild()

    def action_review(self) -> None:
        if self._activity.asking and self._review is not None:
            self._review.focus()
        else:
            self._start("step")

    # Looking back

    def look_at(self, generation: int | None) -> None:
        """Show a generation, 0 for d⁰; None, or the one where the chain is, follows the chain."""
        state = self.state
        if state is None:
            return
        if generation is not None:
            generation = max(0, min(generation, state.now))
        self._look = None if generation == state.now else generation
        self.rebuild()

    def action_earlier(self) -> None:
        if self.state is not None:
            self.look_at(self.state.look - 1)

    def action_later(self) -> None:
        if self.state is not None:
            self.look_at(self.state.look + 1)

    def action_first(self) -> None:
        self.look_at(0)

    def action_latest(self) -> None:
        self.look_at(None)

    @on(Generations.Chosen)
    def _chosen(self, event: Generations.Chosen) -> None:
        self.look_at(event.generation)

    @on(FilmStrip.GenerationChosen)
    @on(Curves.GenerationChosen)
    def _frame_chosen(self, event: FilmStrip.GenerationChosen | Curves.GenerationChosen) -> None:
        self.look_at(event.index + 1)

    # The belief chart

    @on(LabChart.CursorMoved)
    def _cursor_moved(self, event: LabChart.CursorMoved) -> None:
        self._chart(cursor=event.hypothesis)

    def _chart(self, **changes: object) -> None:
        self._charts = replace(self._charts, **changes)  # type: ignore[arg-type]
        self.rebuild()

    def action_view(self) -> None:
        self._chart(form=FORMS[(FORMS.index(self._charts.form) + 1) % len(FORMS)])

    def action_scale(self) -> None:
        self._chart(scale="linear" if self._charts.scale == "log" else "log")

    def action_colour_by(self) -> None:
        count = len(self.session.chain.task.space.groupings)
        choices: list[int | None] = [*range(count)]
        if self.session.judged and not self.blind:
            choices.append(None)
        at = choices.index(self._charts.by) if self._charts.by in choices else -1
        self._chart(by=choices[(at + 1) % len(choices)])

    def action_ghost(self) -> None:
        self._chart(ghost=not self._charts.ghost)

    def action_curves(self) -> None:
        self.query_one(Curves).next_panel()

    # Panes at small sizes

    def show_pane(self, pane: Pane) -> None:
        """Show this one where there is room for one only."""
        self._pane = pane
        for name in PANES:
            self.set_class(name == pane, f"-pane-{name}")
        self._focus_home()
        self.rebuild()

    def _focus_home(self) -> None:
        """The focus where a key has something to move."""
        pane = self._pane if self.small else "belief"
        place = {"belief": "#chart", "data": "#data", "generations": "#generations"}.get(pane)
        if place is not None:
            self.query_one(place).focus()
        else:
            self.set_focus(None)

    def action_pane_belief(self) -> None:
        self.show_pane("belief")

    def action_pane_curves(self) -> None:
        self.show_pane("curves")

    def action_pane_objects(self) -> None:
        self.show_pane("objects")

    def action_pane_data(self) -> None:
        self.show_pane("data")

    def action_pane_generations(self) -> None:
        self.show_pane("generations")

    # Questions, and what follows from the answers

    async def _ask(self, question: InlineForm) -> None:
        await self.query(InlineForm).remove()
        self.add_class("-asking")
        await self.mount(question, after=self._review or self.query_one(LabView))

    async def action_run_to(self) -> None:
        if self.session.chain.next is not None and not self._activity.busy:
            await self._ask(dialogs.run_to(self.session.chain))

    async def action_branch(self) -> None:
        if self.state is None or self._activity.busy:
            return
        if self.session.file is None:
            raise LabError("This chain is in no file yet", "Only a saved session can be branched.", "Save a copy first.")
        await self._ask(dialogs.branch(self.session, self.state.look))

    async def action_save_copy(self) -> None:
        if not self._activity.busy:
            await self._ask(dialogs.save_copy(self.session, self.session.home(self.lab_app.paths.sessions)))

    async def action_budget(self) -> None:
        if not self._activity.busy:
            await self._ask(dialogs.budget(self.session.chain, await next_call_worst_case(self.session.chain)))

    @on(InlineForm.Answered)
    async def _answered(self, event: InlineForm.Answered) -> None:
        event.stop()
        answers = event.answers
        if answers is None:
            await self._close_ask()
        elif event.ask.subject == dialogs.RUN_TO:
            await self._close_ask()
            self._start("run", int(answers["goal"]))
        elif event.ask.subject == dialogs.BUDGET:
            self.session.chain.budget = dialogs.as_budget(self.session.chain, answers)
            self._activity = IDLE
            await self._close_ask()
            self.rebuild()
        elif event.ask.subject == dialogs.TRUST:
            await self._close_ask()
            self._trust(answers["answer"])
        elif event.ask.subject == dialogs.BRANCH:
            assert self.state is not None
            keep = dialogs.kept(self.session, self.state.look)
            folder = self.session.home(self.lab_app.paths.sessions)
            file = self.session.branch(keep, folder, int(answers["seed"]), int(answers["generations"]))
            await self._close_ask()
            self.lab_app.notify(f"Branched into {printable(file.path.name, 80)}.", markup=False)
            session = LabSession.of(file)
            session.chain.access = self.session.chain.access
            self.lab_app.go("lab", session=session, charts=self._charts)
        else:
            path = dialogs.as_path(answers["path"])
            moved = self.session.save_copy(path)
            await self._close_ask()
            what = "The session goes on in" if moved else "A copy is in"
            self.lab_app.notify(f"{what} {printable(str(path), 200)}.", markup=False)
            self.rebuild()

    def _next_key_request(self) -> KeyRequest | None:
        chain = self.session.chain
        return next_key_request(chain.config.agents, chain.access, self._declined)

    def _trust(self, answer: str) -> None:
        """The host that was asked about gets the key or does not; then what was to be started is started."""
        asked = self._next_key_request()
        if asked is None:
            return
        if answer == dialogs.NO:
            self._declined.add(asked.entry)
        else:
            self.session.chain.access = self.session.chain.access.with_entries([asked.entry])
        if answer == dialogs.ALWAYS:
            self.lab_app.keep_host(asked.entry)
        self._start(*self._wanted)

    async def _close_ask(self) -> None:
        self.remove_class("-asking")
        await self.query(InlineForm).remove()
        self._focus_home()

    # What the screen says about its actions

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        state = self.state
        if state is None:
            return True
        busy = self._activity.busy
        if action.startswith("pane_"):
            return self.small
        if action in ("next_phase", "end_generation", "run_to", "run_to_end"):
            return False if self._activity.asking else True if state.steppable and not busy else None
        if action in ("branch", "save_copy"):
            return False if self._activity.asking else None if busy else True
        if action == "pause":
            return self._activity.kind == "run"
        if action == "review":
            return self._activity.asking or (state.waits_for_person and state.steppable)
        if action == "budget":
            return False if not uses_models(self.session.chain) or self._activity.asking else None if busy else True
        if action == "messages":
            return None if self.session.chain.next is None else True
        if action == "latest":
            return not state.following
        if action in ("earlier", "first"):
            return True if state.look > 0 else None
        if action == "later":
            return True if state.look < state.now else None
        return True

    async def action_transcript(self) -> None:
        from iicl_tui.present.transcript import entries, first_entry_of

        if self.state is not None:
            found = entries(self.session.chain, self.blind)
            await self.lab_app.open("transcript", self.state.title, found, first_entry_of(found, self.state.look))

    async def action_messages(self) -> None:
        from iicl_tui.present import next_messages

        found = await next_messages.next_entries(self.session.chain)
        if self.state is None or not found:
            self.lab_app.notify(next_messages.SILENT, markup=False)
            return
        await self.lab_app.open("messages", self.state.title, found, 0)

    def back(self) -> None:
        """A question is closed first; then what runs is cancelled; then the view returns to now; then the lab is left."""
        if self.query(InlineForm):
            self.call_later(self._close_ask)
        elif self._activity.asking and self._review is not None:
            self._review.back()
        elif self._activity.busy:
            calling = self.session.chain.calling
            self.cancel()
            if calling is not None and calling.in_flight:
                self.lab_app.notify(MAY_BE_BILLED, markup=False)
        elif self._look is not None:
            self.look_at(None)
        elif self.may_leave():
            self.lab_app.leave()

    def may_leave(self) -> bool:
        """What could not be kept is tried once more; if it cannot be, one is warned before it is lost. So one is of a call that
        leaving would give up."""
        if self._warned:
            return True
        calling = self.session.chain.calling
        if calling is not None and calling.in_flight:
            self._warned = True
            self.lab_app.notify(
                f"Leave once more to give it up. {MAY_BE_BILLED}", title="A model is being asked", severity="warning", markup=False
            )
            return False
        if not self.session.chain.unsaved:
            return True
        try:
            self.session.flush()
        except StoreError as error:
            self._warned = True
            self.lab_app.notify(
                f"{printable(error.title, 200)}. Save a copy, or leave once more and lose what is not kept.",
                title="Not all of this session is saved", severity="warning", markup=False,
            )  # fmt: skip
            return False
        return True

    def copy_text(self) -> str | None:
        """The data where they have the focus, else the rule under the cursor."""
        data = self.query_one(DataPane)
        if self._review is not None and self._review.has_focus_within:
            return self._review.copy_text()
        if data.has_focus_within or (self.small and self._pane == "data"):
            return data.plain
        return self.query_one(LabChart).readout or None
