"""The review pane: shows one request and the effect of a commit, and turns keys and clicks into transitions."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.containers import VerticalScroll
from textual.message import Message

from iicl_tui.present import review_words as words
from iicl_tui.present.review_view import ReviewView
from iicl_tui.review.edit import Edit
from iicl_tui.review.forecast import Forecast
from iicl_tui.review.presses import DecisionPresses
from iicl_tui.review.request import AnyRequest, Reviewer, ReviewRequest
from iicl_tui.review.rules import Value
from iicl_tui.review.state import NEED_A_SECOND_KEY, ReviewState
from iicl_tui.text import printable
from iicl_tui.tui.actions import ACTIONS, bindings
from iicl_tui.tui.review import bar
from iicl_tui.tui.review.bar import Mode
from iicl_tui.tui.review.boxes import EditBox, LineInput, RowList
from iicl_tui.tui.review.clickables import Clickable, ClickableRow
from iicl_tui.tui.review.shown_review import ShownReview

_LIST_ONLY = ("approve_rest", "reject_rest", "first", "last")
_ACTIONS = {action.name for action in ACTIONS.values() if action.group == "review"}


class ReviewPane(ShownReview, can_focus=True):
    """Shows reviews of any subject. Mount it with room for about 60 × 11, and call `show` with each request of the reviewer.

    It adapts to its size. All decisions are in the request, so another pane can continue the review.
    """

    GROUP = "review"
    BINDINGS: ClassVar[list] = [*bindings("review")]

    class Committed(Message):
        """The decisions were committed."""

        def __init__(self, request: ReviewRequest) -> None:
            super().__init__()
            self.request = request

    class Postponed(Message):
        """The person put the review off. The draft is kept."""

    class FullScreenPressed(Message):
        """The pane should fill the screen, or return to its normal size."""

    class BlindChanged(Message):
        """Marks of right and wrong are hidden or shown from now on, on the whole screen."""

        def __init__(self, blind: bool) -> None:
            super().__init__()
            self.blind = blind

    def __init__(
        self,
        reviewer: Reviewer,
        *,
        clock: Callable[[], float] = time.monotonic,
        can_expand: Callable[[], bool] = lambda: False,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        """Sets up the pane without a request.

        Args:
            reviewer: Whose requests are shown.
            clock: Seconds, for the time taken by each decision.
            can_expand: Whether the pane can fill the screen now. The screen then has to handle FullScreenPressed.
        """
        super().__init__(reviewer, id=id, classes=classes)
        self._clock = clock
        self._presses = DecisionPresses(clock)
        self._can_expand = can_expand
        self._since = clock()
        self._mode: Mode = "decide"
        self._message: tuple[str, bool] = ("", False)
        self._trouble_shown = ""

    async def on_mount(self) -> None:
        await self._changed()

    def on_unmount(self) -> None:
        self._tick()

    def on_resize(self) -> None:
        self._draw()

    # -- what is asked ------------------------------------------------------------------------------------------------

    @property
    def mode(self) -> Mode:
        """The pane's mode: "decide", or the open editor: "edit" (a row), "text" (an item as text), "reason"."""
        return self._mode

    def show(self, request: AnyRequest | None, focus: bool = True) -> None:
        """Shows a request, or that there is nothing to review. With `focus`, takes the focus."""
        if request is self.request:
            return
        self._tick()
        self._presses.is_double()
        self.request = request if isinstance(request, ReviewRequest) and request.open else None
        self._since = self._clock()
        self._message = ("", False)
        self.forecast = None
        self._mode = "decide"
        if self.is_mounted:
            if focus and self.request is not None:
                self.focus(scroll_visible=False)
            self.call_next(self._changed)

    def back(self) -> None:
        """Runs the back key: closes an editor, or else puts the review off."""
        if self._mode != "decide":
            self._close()
        elif self.live:
            self.postpone()

    def postpone(self) -> None:
        """Puts the review off. The decisions stay as a draft."""
        request = self.request
        if request is None:
            return
        self._tick()
        request.postpone()
        self.show(None)
        self.post_message(self.Postponed())

    # -- transitions --------------------------------------------------------------------------------------------------

    def _tick(self) -> None:
        now = self._clock()
        if self.live and self.request is not None:
            self.request.update(self.request.state.add_viewing_time(now - self._since))
        self._since = now

    async def _go(self, transition: Callable[[ReviewState], ReviewState], decision: str = "") -> None:
        """Makes a transition. `decision` names one that moves on to the next item, so that a double press makes it once."""
        if not self.live or self.request is None or self._presses.is_double(decision):
            return
        self._tick()
        self._message = ("", False)
        self.request.update(transition(self.request.state))
        await self._changed()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action not in _ACTIONS:
            return True
        if self.request is None or self._mode != "decide":
            return False
        if action == "pass_nothing":
            return self.refusal in NEED_A_SECOND_KEY
        if self.single and action in _LIST_ONLY:
            return False
        if action == "full_screen":
            return self._can_expand()
        if action in ("undo", "redo"):
            return True if (self.state.past or self.request.can_reopen if action == "undo" else self.state.future) else None
        return True

    async def action_approve(self) -> None:
        await self._go(ReviewState.approve, "approve")

    async def action_reject(self) -> None:
        if self.subject is not None and not self.subject.rules.may_reject:
            self._say(words.refused("no-redraws", self.subject, self.state, self.key), warning=True)
            return
        await self._go(ReviewState.reject, "reject")

    async def action_approve_rest(self) -> None:
        await self._go(ReviewState.approve_rest)

    async def action_reject_rest(self) -> None:
        await self._go(ReviewState.reject_rest)

    async def action_undo(self) -> None:
        request = self.request
        if request is not None and request.can_reopen and not self.state.past:
            self._tick()
            request.reopen()
            self.show(None)
        else:
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
        if self.single:
            self.query_one("#review-large-scroll", VerticalScroll).scroll_relative(y=by, animate=False)
        else:
            await self._go(lambda state: state.move(by))

    @on(RowList.Picked)
    async def _picked(self, event: RowList.Picked) -> None:
        event.stop()
        view = self._view
        row = event.row - view.kept if view is not None else -1
        if row >= 0 and self._mode == "decide":
            await self._go(lambda state: state.move_to(row))

    @on(RowList.Wheeled)
    async def _wheeled(self, event: RowList.Wheeled) -> None:
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
        why = self.refusal
        if why is not None and not (nothing and why in NEED_A_SECOND_KEY):
            self._say(words.refused(why, request.subject, request.state, self.key), warning=True)
            return
        self._tick()
        if request.commit():
            self.show(None)
            self.post_message(self.Committed(request))

    def action_full_screen(self) -> None:
        self.post_message(self.FullScreenPressed())

    async def action_blind(self) -> None:
        if self.subject is not None and self.subject.blind:
            self._say("This review is set to blind: what is right stays hidden.", warning=True)
            return
        self.reviewer.hide = not self.reviewer.hide
        self._message = ("", False)
        self._draw()
        self.post_message(self.BlindChanged(self.blind))

    # -- editor and reason --------------------------------------------------------------------------------------------

    async def action_edit(self) -> None:
        item, subject = self.state.item, self.subject
        if item is None or subject is None or not self.live:
            return
        if subject.rules.edit_refusal:
            self._message = (subject.rules.edit_refusal, True)
            await self._changed()
            return
        edit = subject.row_editor(item.value)
        self._message = ("", False)
        if edit is None:
            self._mode = "text"
            self.open_line(f"{subject.noun}: ", subject.editable_text(item.value))
        else:
            self._mode = "edit"
            self.query_one(EditBox).open(edit)
        await self._changed()

    async def action_reason(self) -> None:
        item = self.state.item
        if item is None or not self.live:
            return
        self._message = ("", False)
        self._mode = "reason"
        self.open_line("reason: ", item.reason)
        await self._changed()

    @on(EditBox.Changed)
    async def _edit_changed(self, event: EditBox.Changed) -> None:
        event.stop()
        edit = self.query_one(EditBox).edit
        if self._mode == "edit" and edit is not None:
            self._message = (edit.fault, bool(edit.fault))
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
        text, mode, subject = self.query_one(LineInput).value.strip(), self._mode, self.subject
        value: Value = None
        if event.keep and mode == "text" and subject is not None:
            try:
                value = subject.read_text(text)
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
        self._message = ("", False)
        self.focus(scroll_visible=False)
        self.call_next(self._changed)

    # -- what is seen -------------------------------------------------------------------------------------------------

    async def _changed(self) -> None:
        """Updates the forecast after a change, then redraws."""
        request = self.request
        found: Forecast | None = None
        if request is not None and request.state.items:
            edit = self._open_edit
            found = await request.subject.forecast(request.state, None if edit is None else edit.value)
        if request is self.request:
            self.forecast = found
            self._draw()

    @property
    def _open_edit(self) -> Edit | None:
        return self.query_one(EditBox).edit if self._mode == "edit" else None

    @property
    def _view(self) -> ReviewView | None:
        request, edit = self.request, self._open_edit
        if request is None or not request.state.items:
            return None
        state = request.state
        tried = state if edit is None else state.edit(edit.value).move_to(state.cursor)
        return ReviewView(request.subject, state, tried, self.forecast, self.blind)

    def _draw(self) -> None:
        if self.is_mounted:
            self.draw(self._view, self._mode)
            self._draw_notice()
            self.draw_keys(self._keys(), self._choices())
            self.refresh_bindings()

    def _say(self, text: str, warning: bool = False) -> None:
        self._message = (text, warning)
        self._draw_notice()

    def _draw_notice(self) -> None:
        text, warning = self._message
        if not text and self.reviewer.trouble != self._trouble_shown:
            self._trouble_shown = trouble = self.reviewer.trouble
            text, warning = (f"The draft is not saved on disk. {printable(trouble, 200)}" if trouble else ""), True
        if not text and self._choices():
            text, warning = (words.choices_notice(self.subject, self.refusal) if self.subject is not None else "", True)
        self.draw_notice(text, warning)

    def _choices(self) -> list[Clickable]:
        if self.subject is None or self._mode != "decide":
            return []
        return bar.choices(self.subject, self.state, self.key, self.refusal)

    def _keys(self) -> list[Clickable]:
        if self.subject is None:
            return []
        enabled = {name: self.check_action(name, ()) is True for name in _ACTIONS}
        return bar.keys(self.subject, self.state, self._mode, self.key, enabled)

    @on(ClickableRow.Pressed, "#review-bar, #review-choices")
    async def _pressed(self, event: ClickableRow.Pressed) -> None:
        event.stop()
        await self.run_clicked(event.id, {"edit": self.query_one(EditBox), "field": self.query_one(LineInput)})
