"""The review pane: shows one request, turns keys and clicks into transitions, and shows what committing now would do."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, ClassVar

from textual import on
from textual.containers import VerticalScroll
from textual.message import Message

from iicl_tui.chain.engine import Chain
from iicl_tui.filters.base import HypothesisShown, SamplesShown
from iicl_tui.filters.human import EDIT_NOT_POSSIBLE
from iicl_tui.review.decider import AnyRequest, ReviewDecider, ReviewRequest
from iicl_tui.review.edit import Edit, ExampleEdit, HypothesisEdit
from iicl_tui.review.effect import Effect, around, effect
from iicl_tui.review.state import ReviewState, Value, refusal
from iicl_tui.text import printable
from iicl_tui.tui.actions import ACTIONS, bindings
from iicl_tui.tui.keymap import key_label, resolve
from iicl_tui.tui.review import bar, words
from iicl_tui.tui.review.bar import Mode
from iicl_tui.tui.review.boxes import EditBox, LineInput, Roll
from iicl_tui.tui.review.clickables import Clickable, ClickableRow
from iicl_tui.tui.review.frame import ReviewFrame
from iicl_tui.tui.review.view import View

_SAMPLES_ONLY = ("approve_rest", "reject_rest", "pass_nothing", "first", "last")
_ACTIONS = {action.name for action in ACTIONS.values() if action.group == "review"}


class ReviewPane(ReviewFrame, can_focus=True):
    """Mount it anywhere with room for about 60 × 11; give it each request of the chain's ReviewDecider with `show`.

    It adapts to its own size. All that was decided is in the request, so a pane may go and another one take it up.
    """

    GROUP = "review"
    BINDINGS: ClassVar[list] = [*bindings("review")]

    class Committed(Message):
        """The decisions were handed to the engine."""

        def __init__(self, request: ReviewRequest) -> None:
            super().__init__()
            self.request = request

    class Later(Message):
        """The person put it off: the engine's step is cancelled, the draft is kept."""

    class BlindChanged(Message):
        """What is right is hidden from now on, or shown. Whoever shows marks elsewhere follows."""

        def __init__(self, blind: bool) -> None:
            super().__init__()
            self.blind = blind

    def __init__(
        self,
        chain: Chain,
        decider: ReviewDecider,
        *,
        clock: Callable[[], float] = time.monotonic,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        """clock: seconds, for the time taken over each decision."""
        super().__init__(id=id, classes=classes)
        self.chain = chain
        self.decider = decider
        self.request: ReviewRequest | None = None
        self.effect: Effect | None = None
        self._clock = clock
        self._since = clock()
        self._mode: Mode = "decide"
        self._said: tuple[str, bool] = ("", False)
        self._trouble_told = ""

    async def on_mount(self) -> None:
        await self._changed()

    def on_unmount(self) -> None:
        self._tick()

    def on_resize(self) -> None:
        self._draw()

    # -- what is asked ------------------------------------------------------------------------------------------------

    @property
    def blind(self) -> bool:
        """Nothing may show what is right."""
        return self.decider.blind

    @property
    def live(self) -> bool:
        """A request is shown and waits for its answer."""
        return self.request is not None and self.request.open

    @property
    def state(self) -> ReviewState:
        """What has been decided so far; empty when nothing is asked."""
        return self.request.state if self.request is not None else ReviewState(())

    @property
    def mode(self) -> Mode:
        """decide, or what is open: edit (the row editor), text (an example as text), reason."""
        return self._mode

    def show(self, request: AnyRequest | None, focus: bool = True) -> None:
        """Show this request, or that nothing is asked that is to be shown here. Takes the focus unless told not to."""
        if request is self.request:
            return
        self._tick()
        self.request = request if isinstance(request, ReviewRequest) and request.open else None
        self._since = self._clock()
        self._said = ("", False)
        self.effect = None
        self._mode = "decide"
        if self.is_mounted:
            if focus and self.request is not None:
                self.focus(scroll_visible=False)
            self.call_next(self._changed)

    def back(self) -> None:
        """What Esc does: closes an editor, else puts the review off."""
        if self._mode != "decide":
            self._close()
        elif self.live:
            self.later()

    def later(self) -> None:
        """Puts the review off: the engine's step is cancelled, what is decided stays as a draft."""
        request = self.request
        if request is None:
            return
        self._tick()
        request.later()
        self.show(None)
        self.post_message(self.Later())

    def copy_text(self) -> str | None:
        """What is under the cursor, in words."""
        item = self.state.item
        if item is None:
            return None
        return printable(self.chain.task.rule(item.value) if self._at_first_gate else self.chain.task.example_text(item.value))

    @property
    def _at_first_gate(self) -> bool:
        return self.request is not None and isinstance(self.request.shown, HypothesisShown)

    # -- transitions --------------------------------------------------------------------------------------------------

    def _tick(self) -> None:
        now = self._clock()
        if self.live and self.request is not None:
            self.request.update(self.request.state.look(now - self._since))
        self._since = now

    async def _go(self, transition: Callable[[ReviewState], ReviewState]) -> None:
        if not self.live or self.request is None:
            return
        self._tick()
        self._said = ("", False)
        self.request.update(transition(self.request.state))
        await self._changed()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action not in _ACTIONS:
            return True
        if self.request is None or self._mode != "decide":
            return False
        if self._at_first_gate and action in _SAMPLES_ONLY:
            return False
        if action == "pass_nothing":
            return refusal(self.request.shown, self.state) == "nothing-passes"
        if action in ("undo", "redo"):
            return True if (self.state.past if action == "undo" else self.state.future) else None
        return True

    async def action_approve(self) -> None:
        await self._go(ReviewState.approve)

    async def action_reject(self) -> None:
        if self.request is not None and self._at_first_gate and self.request.shown.redraws_left == 0:
            self._say(words.refused("no-redraws", self.request.shown, self.state, self._key), warning=True)
            return
        await self._go(ReviewState.reject)

    async def action_approve_rest(self) -> None:
        await self._go(ReviewState.approve_rest)

    async def action_reject_rest(self) -> None:
        await self._go(ReviewState.reject_rest)

    async def action_undo(self) -> None:
        await self._go(ReviewState.undo)

    async def action_redo(self) -> None:
        await self._go(ReviewState.redo)

    async def action_up(self) -> None:
        await self._move(-1)

    async def action_down(self) -> None:
        await self._move(1)

    async def action_first(self) -> None:
        await self._go(lambda state: state.move_to(0))

    async def action_last(self) -> None:
        await self._go(lambda state: state.move_to(len(state.items) - 1))

    async def _move(self, by: int) -> None:
        if self._at_first_gate:
            self.query_one("#review-large-scroll", VerticalScroll).scroll_relative(y=by, animate=False)
        else:
            await self._go(lambda state: state.move(by))

    @on(Roll.Picked)
    async def _picked(self, event: Roll.Picked) -> None:
        event.stop()
        view = self._view
        row = event.row - view.kept if view is not None else -1
        if row >= 0 and self._mode == "decide":
            await self._go(lambda state: state.move_to(row))

    @on(Roll.Wheeled)
    async def _wheeled(self, event: Roll.Wheeled) -> None:
        event.stop()
        if self._mode == "decide":
            await self._go(lambda state: state.move(event.by))

    def action_commit(self) -> None:
        self._commit(nothing=False)

    def action_pass_nothing(self) -> None:
        self._commit(nothing=True)

    def _commit(self, nothing: bool) -> None:
        request = self.request
        if request is None or not request.open:
            return
        why = refusal(request.shown, request.state)
        if why is not None and not (nothing and why == "nothing-passes"):
            self._say(words.refused(why, request.shown, request.state, self._key), warning=True)
            return
        self._tick()
        if request.commit():
            self.show(None)
            self.post_message(self.Committed(request))

    async def action_blind(self) -> None:
        if self.request is not None and self.request.shown.blind:
            self._say("This filter is set up blind: what is right stays hidden.", warning=True)
            return
        self.decider.hide = not self.decider.hide
        self._said = ("", False)
        self._draw()
        self.post_message(self.BlindChanged(self.blind))

    # -- editor and reason --------------------------------------------------------------------------------------------

    async def action_edit(self) -> None:
        item = self.state.item
        if item is None or not self.live:
            return
        task = self.chain.task
        if self._at_first_gate and self.request is not None and not self.request.shown.context.accepts_edit:
            self._said = (" ".join(EDIT_NOT_POSSIBLE[1:]), True)
            await self._changed()
            return
        edit: Edit | None
        edit = HypothesisEdit.of(task.space, item.value) if self._at_first_gate else ExampleEdit.of(task, item.value)
        self._said = ("", False)
        if edit is None:
            self._mode = "text"
            self.open_line("example: ", task.example_text(item.value))
        else:
            self._mode = "edit"
            self.query_one(EditBox).open(edit)
        await self._changed()

    async def action_reason(self) -> None:
        item = self.state.item
        if item is None or not self.live:
            return
        self._said = ("", False)
        self._mode = "reason"
        self.open_line("reason: ", item.reason)
        await self._changed()

    @on(EditBox.Changed)
    async def _edit_changed(self, event: EditBox.Changed) -> None:
        event.stop()
        edit = self.query_one(EditBox).edit
        if self._mode == "edit" and edit is not None:
            self._said = (edit.fault, bool(edit.fault))
            await self._changed()

    @on(EditBox.Closed)
    async def _edit_closed(self, event: EditBox.Closed) -> None:
        event.stop()
        edit = self.query_one(EditBox).edit
        if self._mode != "edit":
            return
        self._close()
        if event.keep and edit is not None:
            value = edit.value
            await self._go(lambda state: state.edit(value))

    @on(LineInput.Closed)
    async def _line_closed(self, event: LineInput.Closed) -> None:
        event.stop()
        if self._mode not in ("text", "reason"):
            return
        text, mode = self.query_one(LineInput).value.strip(), self._mode
        value: Value = None
        if event.keep and mode == "text":
            try:
                value = self.chain.task.read_line(text)
            except ValueError as error:
                self._say(printable(str(error), 300), warning=True)
                return
        self._close()
        if event.keep and mode == "text":
            await self._go(lambda state: state.edit(value))
        elif event.keep:
            await self._go(lambda state: state.reason(text))

    def _close(self) -> None:
        self._mode = "decide"
        self._said = ("", False)
        self.focus(scroll_visible=False)
        self.call_next(self._changed)

    # -- what is seen -------------------------------------------------------------------------------------------------

    async def _changed(self) -> None:
        """The state is another: measure what would follow, then draw all anew."""
        request = self.request
        found: Effect | None = None
        if request is not None and request.state.items:
            edit = self._open_edit
            found = await effect(self.chain, request.shown, request.state, None if edit is None else edit.value)
        if request is self.request:
            self.effect = found
            self._draw()

    @property
    def _open_edit(self) -> Edit | None:
        return self.query_one(EditBox).edit if self._mode == "edit" else None

    @property
    def _view(self) -> View | None:
        request, edit = self.request, self._open_edit
        if request is None or not request.state.items:
            return None
        state = request.state
        tried = state if edit is None else state.edit(edit.value).move_to(state.cursor)
        return View(self.chain, request.shown, state, tried, self.effect, self.blind)

    def _draw(self) -> None:
        if self.is_mounted:
            self.draw(self._view, self._mode)
            self._draw_notice()
            self.draw_keys(self._keys(), self._choices())
            self.refresh_bindings()

    def _say(self, text: str, warning: bool = False) -> None:
        self._said = (text, warning)
        self._draw_notice()

    def _draw_notice(self) -> None:
        text, warning = self._said
        if not text and self.decider.trouble != self._trouble_told:
            self._trouble_told = trouble = self.decider.trouble
            text, warning = (f"The draft is not kept on disk. {printable(trouble, 200)}" if trouble else ""), True
        if not text and self._choices():
            shown = self.request.shown if self.request is not None else None
            text, warning = (words.all_rejected(shown) if isinstance(shown, SamplesShown) else "", True)
        self.draw_notice(text, warning)

    def _key(self, action: str) -> str:
        keymap = getattr(self.app, "keymap", None) or resolve({})
        return key_label(keymap[action][0])

    def _choices(self) -> list[Clickable]:
        request = self.request
        if request is None or self._mode != "decide":
            return []
        shown, lookback = request.shown, bool(self.chain.config.lookback)
        decides = isinstance(shown, SamplesShown) and not shown.more_requested and not around(self.chain)[1]
        return bar.choices(shown, request.state, self._key, lookback, decides)

    def _keys(self) -> list[Clickable]:
        if self.request is None:
            return []
        enabled = {name: self.check_action(name, ()) is True for name in _ACTIONS}
        return bar.keys(self.request.shown, self.state, self._mode, self._key, enabled)

    @on(ClickableRow.Pressed, "#review-bar, #review-choices")
    async def _pressed(self, event: ClickableRow.Pressed) -> None:
        event.stop()
        group, _, _ = event.token.partition(".")
        name: Any = ACTIONS[event.token].name
        if event.token == "app.back":
            self.back()
        elif group == "edit":
            getattr(self.query_one(EditBox), f"action_{name}")()
        elif group == "field":
            getattr(self.query_one(LineInput), f"action_{name}")()
        else:
            await self.run_action(name)
