"""A lesson: one or two chains, a text of a few lines, and one question at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static
from textual.worker import WorkerCancelled, WorkerFailed

from iicl_tui.errors import ConfigError, LabError, StoreError
from iicl_tui.files import OutsideFiles, outside_files
from iicl_tui.lessons import library, progress
from iicl_tui.lessons.attempt import Attempt
from iicl_tui.lessons.chains import Moment, moments
from iicl_tui.lessons.lesson import ChainSource
from iicl_tui.lessons.live import LiveChain, live_source
from iicl_tui.lessons.prepared import Prepared, prepare
from iicl_tui.lessons.reading import read_lesson
from iicl_tui.lessons.texts import fill, wrap
from iicl_tui.present.lab_state import LabState
from iicl_tui.present.lesson_chains import chart_state, session_at, step_panels, try_out
from iicl_tui.present.lesson_words import place_words
from iicl_tui.present.presenting import Position
from iicl_tui.text import printable
from iicl_tui.tui.actions import bindings
from iicl_tui.tui.lesson.guess_box import GuessBox
from iicl_tui.tui.player import Player
from iicl_tui.tui.screens.base import AppScreen
from iicl_tui.tui.widgets.action_bar import ActionBar, ActionButton
from iicl_tui.tui.widgets.chain_pane import ChainPane, ChainPanes
from iicl_tui.tui.widgets.inline_form import InlineForm, Question, whole_number

if TYPE_CHECKING:
    from iicl_tui.present.explain import Depth

_BELOW_FROM = 100, 36
"""Columns and lines from which two chains stand below each other."""
_MOST_PICTURES = 60
_EVERY = 0.5
"""Seconds between two looks at how far the model is."""
_WHY_NOT = {
    "back": "This is the first step.",
    "next": "This is the last step. Enter goes on; Esc leaves the lesson.",
    "earlier": "This is the beginning: d⁰, the data that the chain was given.",
    "later": "This is the moment that the step is about. Enter goes on.",
}
_JUMP = "jump"


class LessonScreen(AppScreen):
    """Shows a lesson, takes guesses, and keeps the progress."""

    GROUP = "lesson"
    BINDINGS: ClassVar[list] = [*bindings("lesson")]
    CSS_PATH = "lesson.tcss"
    LABELS = {"app.back": "leave"}  # noqa: RUF012
    AUTO_FOCUS = ""  # keys belong to the lesson until a question is asked
    HELP = (
        "A lesson shows one chain, or two with the same seed, and explains one idea with their own numbers. Read the text, make a "
        "guess with the arrows, and press Enter: the answer is computed from the chain. Play shows how the chain came to this."
    )

    def __init__(self, path: Path | None = None, name: str | None = None, outside: bool = False) -> None:
        """Open a lesson.

        Args:
            path: Its file.
            name: The name of a shipped lesson, if no file is given.
            outside: Whether it may name a session outside its folder.

        Raises:
            StoreError, ConfigError, LabError: There is no such lesson, or it has faults.
        """
        super().__init__()
        self.path = path or library.find(name or "")
        with outside_files(OutsideFiles(outside)):
            self.lesson = read_lesson(self.path)
        self.attempt: Attempt | None = None
        self._shown: Moment | None = None
        """The moment that the charts show; None: that of the step."""
        self._player = Player(self, self._tick)
        self._live: LiveChain | None = None
        """The chain that a model of this machine is asked for now."""
        self._states: dict[tuple[str, Moment, int, bool], LabState] = {}

    def body(self) -> ComposeResult:
        yield ChainPanes([(source.name, source.title) for source in self.lesson.chains], _BELOW_FROM, id="charts")
        with VerticalScroll(id="lesson", can_focus=False):
            yield Static("Running the chain…", id="text", markup=False)
            yield Static(id="ask", markup=False)
            yield GuessBox(id="guess")
            yield ActionBar(id="buttons")

    def on_mount(self) -> None:
        self.header(self.lesson.title, (), "")
        self.query_one("#ask").display = False
        self.query_one(GuessBox).display = False
        self._fit()
        self.run_worker(self._prepare(), exclusive=True)

    async def _prepare(self) -> None:
        source = live_source(self.lesson)
        if source is not None and await self._begin_live(source):
            return
        try:
            self._begin(await prepare(self.lesson))
        except LabError as error:
            self.lab_app.leave()
            self.lab_app.show_error(error)

    async def _begin_live(self, source: ChainSource) -> bool:
        """Ask the model of this machine and begin with its chain. Returns False if the stored chain must do."""
        try:
            self._live = LiveChain(source, self.lab_app.paths.state)
        except LabError:
            return False
        waiting = self.set_interval(_EVERY, self._show_wait)
        try:
            if not self._live.done:
                self._show_wait()
                await self.run_worker(self._live.run(), group="live", exit_on_error=False).wait()
            self._begin(await prepare(self.lesson, {source.name: self._live.chain}))
            return True
        except WorkerCancelled:
            pass  # the person would rather not wait
        except WorkerFailed as error:
            why = printable(str(error.error).partition("\n")[0], 200)
            self.lab_app.notify(f"The model could not be asked, so this is the stored chain. {why}", markup=False)
        except ConfigError:
            self.lab_app.notify("The model went another way than the questions ask; this is the stored chain.", markup=False)
        finally:
            waiting.stop()
            await self._live.close()
            self._live = None
        return False

    def _show_wait(self) -> None:
        if self._live is not None and self.attempt is None:
            words = f"Asking the model on this machine: {self._live.words}. This takes minutes, the first time only."
            self.query_one("#text", Static).update(
                Content(f"{words}\nEnter shows a stored chain at once; what was answered is kept.")
            )

    def _begin(self, prepared: Prepared) -> None:
        known = progress.load(self._progress_file).get(library.progress_name(self.path), library.NOT_BEGUN)
        self._move(Attempt.begin(prepared, 0 if known.done else known.step))

    @property
    def _progress_file(self) -> Path:
        return progress.file_beside(self.lab_app.paths.settings)

    # What is on the screen

    def on_resize(self, event: events.Resize) -> None:
        self._fit()
        self._show()

    def present(self, on: bool) -> None:
        super().present(on)
        self._show()

    def _fit(self) -> None:
        self._panes.fit(*self.app.size)

    @property
    def _panes(self) -> ChainPanes:
        return self.query_one(ChainPanes)

    def _move(self, attempt: Attempt) -> None:
        """Show another step or another guess, and keep the progress if the step is another or is answered."""
        before, self.attempt = self.attempt, attempt
        if before is None or before.at != attempt.at or before.revealed != attempt.revealed:
            self._stop()
            self._shown = None
            names = list(attempt.prepared.chains)
            self._panes.turn(names.index(attempt.step.chain))
            self._keep_progress(attempt)
        self._show()
        box = self.query_one(GuessBox)
        if attempt.is_open and not box.has_focus and not self.query(InlineForm):
            box.focus()
        elif not attempt.is_open and box.has_focus:
            self.set_focus(None)

    def _keep_progress(self, attempt: Attempt) -> None:
        kept = progress.Progress(attempt.at, len(attempt.prepared.steps), attempt.finished)
        try:
            progress.save(self._progress_file, library.progress_name(self.path), kept)
        except StoreError as error:
            self.lab_app.notify(printable(f"The progress is not kept: {error.title}", 300), severity="warning", markup=False)

    @property
    def moment(self) -> Moment:
        """The moment that the charts show."""
        assert self.attempt is not None
        return self._shown or self.attempt.moment

    def _show(self) -> None:
        attempt = self.attempt
        if attempt is None:
            return
        with self.app.batch_update():
            self._show_words(attempt)
            for place, pane in enumerate(self._panes.panes):
                self._show_chain(attempt, place, pane)
        if self.presenting:
            where = str(self.path.resolve())
            position = Position("lesson", where, self.lesson.title, attempt.at, attempt.is_open, *self.moment)
            self.lab_app.presenter.tell(position)
        self.refresh_bindings()

    def _show_words(self, attempt: Attempt) -> None:
        steps, heading = len(attempt.prepared.steps), library.heading_of(self.path)
        panel = self.query_one("#lesson", VerticalScroll)
        number = f"{heading.number} of {len(library.ORDER)} · " if heading is not None else ""
        panel.border_title = Content(printable(f"{number}{self.lesson.title}", 200))
        panel.border_subtitle = Content(f"step {attempt.at + 1} of {steps}")
        self.header(self.lesson.title, (f"step {attempt.at + 1} of {steps}", self.lesson.idea), "")
        width = max(self.app.size.width - 5, 20)
        self.query_one("#text", Static).update(Content("\n".join(wrap(printable(attempt.text, newlines=True), width))))
        ask = self.query_one("#ask", Static)
        ask.display = attempt.asked is not None
        if attempt.asked is not None:
            ask.update(Content(printable(fill(attempt.asked.question.ask, attempt.prepared.chains), 300)))
        self.query_one(GuessBox).show(attempt if attempt.asked is not None else None)
        self.query_one("#buttons", ActionBar).show("", self._buttons(attempt))

    def _buttons(self, attempt: Attempt) -> list[ActionButton]:
        on = "commit the guess" if attempt.is_open else self._end_label(attempt) if attempt.is_last else "go on"
        playing = f"pause ({self._player.speed:g}/s)" if self._player.playing else "play"
        buttons = [ActionButton("lesson.back", "back"), ActionButton("lesson.go-on", on, chosen=True)]
        buttons += [ActionButton("lesson.next")] if attempt.is_open else []
        buttons += [ActionButton("lesson.play", playing), ActionButton("lesson.try"), ActionButton("lesson.explain")]
        if self._panes.one:
            buttons.append(ActionButton("lesson.chain"))
        return [*buttons, ActionButton("lesson.earlier"), ActionButton("lesson.later")]

    def _end_label(self, attempt: Attempt) -> str:
        following = library.following(self.path)
        return "next lesson" if following is not None else "finish"

    def _show_chain(self, attempt: Attempt, place: int, pane: ChainPane) -> None:
        name = list(attempt.prepared.chains)[place]
        chain, step = attempt.prepared.chains[name], attempt.step.step
        key = name, self.moment, attempt.at, attempt.hides_truth
        if key not in self._states:
            self._states[key] = chart_state(chain, self.moment, step, attempt.hides_truth)
        state = self._states[key]
        note = f"chain {place + 1} of 2" if self._panes.one else ""
        panels = step_panels(chain, state, step, attempt.charts)
        pane.show(state, place_words(self.moment, chain.config.generations), attempt.charts, panels, note)

    # Steps

    def action_go_on(self) -> None:
        attempt = self.attempt
        if attempt is None:
            self.workers.cancel_group(self, "live")
            return
        if attempt.is_open:
            self._move(attempt.commit())
        elif not attempt.is_last:
            self._move(attempt.next())
        else:
            following = library.following(self.path)
            if following is None:
                self.lab_app.leave()
            else:
                self.lab_app.switch_to("lesson", path=library.path_of(following.name))

    def action_back(self) -> None:
        if self.attempt is not None:
            self._move(self.attempt.back())

    def action_next(self) -> None:
        if self.attempt is not None:
            self._move(self.attempt.next())

    async def action_jump(self) -> None:
        if self.attempt is None or self.query(InlineForm):
            return
        steps = self.attempt.prepared.steps
        numbers = tuple(str(number) for number in range(1, len(steps) + 1))
        question = Question("step", f"step, 1 to {len(steps)}:", str(self.attempt.at + 1), whole_number(1, len(steps)), numbers)
        form = InlineForm(_JUMP, "Jump", [question], lambda answers: wrap(steps[int(answers["step"]) - 1].text, 70)[0])
        await self.mount(form, after=self.query_one("#lesson"))

    @on(InlineForm.Answered)
    async def _jumped(self, event: InlineForm.Answered) -> None:
        event.stop()
        await self.query(InlineForm).remove()
        if event.answers is not None and self.attempt is not None:
            self._move(self.attempt.jump(int(event.answers["step"]) - 1))
        elif self.attempt is not None:
            self._move(self.attempt)

    @on(GuessBox.Guessed)
    def _guessed(self, event: GuessBox.Guessed) -> None:
        event.stop()
        if self.attempt is not None and event.attempt.at == self.attempt.at and self.attempt.is_open:
            self._move(event.attempt)

    # The chain in time

    def _moments(self) -> list[Moment]:
        """The moments up to that of the step, at most so many; always the first and the last."""
        assert self.attempt is not None
        chain = max(self.attempt.prepared.chains.values(), key=lambda each: len(each.generations))
        found = moments(chain, self.attempt.moment)
        every = -(-len(found) // _MOST_PICTURES)
        return found if every == 1 else [*found[:-1:every], found[-1]]

    def _turn(self, by: int) -> bool:
        """Show an earlier or later moment. Returns whether there is one."""
        if self.attempt is None:
            return False
        found = self._moments()
        at = found.index(self.moment) if self.moment in found else len(found) - 1
        if not 0 <= at + by < len(found):
            return False
        self._shown = found[at + by] if at + by < len(found) - 1 else None
        self._show()
        return True

    def action_earlier(self) -> None:
        self._stop()
        self._turn(-1)

    def action_later(self) -> None:
        self._stop()
        self._turn(1)

    def action_play(self) -> None:
        if self.attempt is None:
            return
        if self._player.playing:
            self._stop()
            self._show()
            return
        if self._shown is None and len(self._moments()) > 1:
            self._shown = self._moments()[0]
        self._player.start()
        self._show()

    def _tick(self) -> None:
        if not self._turn(1) or self._shown is None:
            self._stop()
            self._show()

    def _stop(self) -> None:
        self._player.stop()

    def action_faster(self) -> None:
        self._change_speed(1)

    def action_slower(self) -> None:
        self._change_speed(-1)

    def _change_speed(self, by: int) -> None:
        self._player.change(by)
        self._show()

    def action_chain(self) -> None:
        self._panes.turn(self._panes.front + 1)
        self._show()

    # The laboratory, and leaving

    async def action_try(self) -> None:
        if self.attempt is None:
            return
        self._stop()
        name = list(self.attempt.prepared.chains)[self._panes.front]
        chain = self.attempt.prepared.chains[name]
        session = try_out(chain, self.moment, f"Try · {self.lesson.title}", self.lab_app.paths.sessions)
        await self.lab_app.open("lab", session=session)
        self.lab_app.notify("A session of your own, with you as a filter. Esc returns to the lesson.", markup=False)

    def explanation(self, depth: Depth, part: Widget | None) -> Sequence[tuple[str, str]]:
        """How the belief of the chain came about. What is right stays hidden as long as the person is to decide it."""
        from iicl_tui.present.explanation_page import focus_of, page_of

        attempt = self.attempt
        if attempt is None:
            return ()
        if attempt.hides_truth:
            return [("The numbers", "Decide first: an explanation of the numbers would say what is right.")]
        place, focus = self._panes.asked_about(part)
        name = list(attempt.prepared.chains)[place]
        session = session_at(attempt.prepared.chains[name], self.moment)
        return page_of(session, self._states[name, self.moment, attempt.at, False], depth, focus or focus_of(attempt.charts))

    def explained_values(self, part: Widget | None) -> Mapping[str, str]:
        from iicl_tui.present.explanation_page import values_of

        attempt = self.attempt
        if attempt is None or attempt.hides_truth:
            return {}
        name = list(attempt.prepared.chains)[self._panes.asked_about(part)[0]]
        return values_of(self._states[name, self.moment, attempt.at, False])

    @property
    def explained_title(self) -> str:
        return self.lesson.title

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        attempt = self.attempt
        if action == "chain":
            return self._panes.one
        if attempt is None:
            return True
        if action == "back" and attempt.at == 0:
            return None
        if action == "next" and attempt.is_last:
            return None
        if action == "earlier":
            return True if self.moment != self._moments()[0] else None
        if action == "later":
            return True if self._shown is not None else None
        return True

    def why_not(self, action: str) -> str:
        if action == "chain":
            chains = len(self.lesson.chains)
            return "This lesson has one chain." if chains == 1 else "Both chains are on the screen."
        return _WHY_NOT.get(action, "")

    def back(self) -> None:
        """Close the jump, stop playing, or leave."""
        if self.query(InlineForm):
            self.query(InlineForm).remove()
        elif self._player.playing:
            self._stop()
            self._show()
        else:
            self.lab_app.leave()

    def copy_text(self) -> str | None:
        return self.attempt.text if self.attempt is not None else None
