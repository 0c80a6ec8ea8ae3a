"""The review pane: shows one request, turns keys and clicks into transitions, and shows what committing now would do."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from iicl_tui.chain.engine import Chain
from iicl_tui.filters.base import HypothesisShown, SamplesShown
from iicl_tui.text import printable
from iicl_tui.tui.actions import ACTIONS, bindings
from iicl_tui.tui.keymap import key_label, resolve
from iicl_tui.tui.review import bar, words
from iicl_tui.tui.review.bar import Mode
from iicl_tui.tui.review.boxes import EditBox, LineInput, Lines, Roll
from iicl_tui.tui.review.decider import ReviewDecider, ReviewRequest
from iicl_tui.tui.review.edit import Edit, ExampleEdit, HypothesisEdit, read_example
from iicl_tui.tui.review.effect import Effect, effect
from iicl_tui.tui.review.state import ReviewState, Value, refusal
from iicl_tui.tui.review.tokens import Token, Tokens

_SAMPLES_ONLY = ("approve_rest", "reject_rest", "pass_nothing", "first", "last")
_ACTIONS = {action.name for action in ACTIONS.values() if action.group == "review"}
_BESIDE = 72
"""Columns from which the effect stands beside what is decided on."""


class ReviewPane(Widget, can_focus=True):
    """Mount it anywhere with room for about 60 × 11; give it each request of the chain's ReviewDecider with `show`.

    It adapts to its own size. All that was decided is in the request, so a pane may go and another one take it up.
    """

    GROUP = "review"
    BINDINGS: ClassVar[list] = [*bindings("review")]
    DEFAULT_CSS = """
    ReviewPane { height: 1fr; width: 1fr; layout: vertical; padding: 0 1; }
    ReviewPane #review-title { height: 1; }
    ReviewPane #review-middle { height: 1fr; }
    ReviewPane #review-left { width: 3fr; height: 1fr; }
    ReviewPane #review-list { height: 1fr; min-height: 1; }
    ReviewPane #review-large-scroll { height: auto; max-height: 100%; scrollbar-size-vertical: 1; }
    ReviewPane.-samples #review-large-scroll { max-height: 60%; }
    ReviewPane #review-large { width: 1fr; height: auto; }
    ReviewPane #review-effect { width: 2fr; min-width: 33; height: 1fr; margin: 0 0 0 2; }
    ReviewPane #review-line { display: none; height: 1; }
    ReviewPane #review-line Static { width: auto; color: $text-muted; }
    ReviewPane LineInput { width: 1fr; }
    ReviewPane #review-edit, ReviewPane #review-choices { display: none; }
    ReviewPane #review-notice { height: auto; max-height: 3; min-height: 1; }
    ReviewPane #review-notice.-warning { color: $text-warning; }
    ReviewPane.-stacked #review-middle { layout: vertical; }
    ReviewPane.-stacked #review-left { width: 1fr; height: 3fr; }
    ReviewPane.-stacked #review-effect { width: 1fr; min-width: 0; height: 2fr; margin: 0; }
    """

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

    def compose(self) -> ComposeResult:
        yield Lines(self._title_lines, id="review-title")
        with Horizontal(id="review-middle"):
            with Vertical(id="review-left"):
                yield Roll(self._row, id="review-list")
                with VerticalScroll(id="review-large-scroll", can_focus=False):
                    yield Static("", id="review-large", markup=False)
            yield Lines(self._effect_lines, id="review-effect")
        yield EditBox(id="review-edit")
        with Horizontal(id="review-line"):
            yield Static("", id="review-prompt", markup=False)
            yield LineInput(id="review-input")
        yield Static("", id="review-notice", markup=False)
        yield Tokens(id="review-choices")
        yield Tokens(id="review-bar")

    async def on_mount(self) -> None:
        await self._changed()

    def on_unmount(self) -> None:
        self._tick()

    async def on_resize(self, event: events.Resize) -> None:
        self.set_class(event.size.width < _BESIDE, "-stacked")
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

    def show(self, request: ReviewRequest | None, focus: bool = True) -> None:
        """Show this request, or that nothing is asked. Takes the focus unless told not to."""
        if request is self.request:
            return
        self._tick()
        self.request = request if request is not None and request.open else None
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
        row = event.row - self._kept
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
        edit: Edit | None
        edit = HypothesisEdit.of(task.space, item.value) if self._at_first_gate else ExampleEdit.of(task, item.value)
        self._said = ("", False)
        if edit is None:
            self._mode = "text"
            self._open_line("example: ", f"{', '.join(item.value.input)} -> {item.value.output}")
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
        self._open_line("reason: ", item.reason)
        await self._changed()

    def _open_line(self, prompt: str, text: str) -> None:
        self.query_one("#review-prompt", Static).update(prompt)
        line = self.query_one(LineInput)
        line.value = text
        line.cursor_position = len(line.value)
        self.query_one("#review-line").display = True
        line.focus(scroll_visible=False)

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
                value = read_example(self.chain.task, text)
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
        self.query_one("#review-line").display = False
        self.focus(scroll_visible=False)
        self.call_next(self._changed)

    # -- what is seen -------------------------------------------------------------------------------------------------

    async def _changed(self) -> None:
        """The state is another: measure what would follow, then draw all anew."""
        request = self.request
        if request is not None and request.state.items:
            edit = self.query_one(EditBox).edit if self._mode == "edit" else None
            self.effect = await effect(self.chain, request.shown, request.state, None if edit is None else edit.value)
        else:
            self.effect = None
        if request is self.request:
            self._draw()

    def _draw(self) -> None:
        if not self.is_mounted:
            return
        request = self.request
        samples = request is not None and not self._at_first_gate
        self.set_class(samples, "-samples")
        self.query_one("#review-list").display = samples
        self.query_one(EditBox).display = self._mode == "edit"
        self.query_one("#review-line").display = self._mode in ("text", "reason")
        if samples:
            self.query_one(Roll).show(self._kept + len(self.state.items), self._kept + self.state.cursor)
        self._draw_large()
        for lines in self.query(Lines):
            lines.refresh()
        self._draw_notice()
        self._draw_choices()
        self._draw_bar()
        self.refresh_bindings()

    @property
    def _kept(self) -> int:
        shown = self.request.shown if self.request is not None else None
        return len(shown.kept) if isinstance(shown, SamplesShown) else 0

    def _draw_large(self) -> None:
        request = self.request
        large = self.query_one("#review-large", Static)
        if request is None or not request.state.items:
            large.update(Content.styled("Nothing waits for you here now.", "$text-muted"))
            return
        state, width = self._tried(request.state), max(large.size.width or self.size.width // 2, 20)
        shown = request.shown
        if isinstance(shown, HypothesisShown):
            lines = words.hypothesis_lines(self.chain, shown, state.items[0], self.blind, width)
        else:
            lines = words.sample_lines(self.chain, shown, state, self.blind)
        large.update(Content("\n").join(lines))

    def _tried(self, state: ReviewState) -> ReviewState:
        """The state as it would be if the open edit were kept, the cursor left where it is."""
        edit = self.query_one(EditBox).edit
        if self._mode != "edit" or edit is None:
            return state
        return state.edit(edit.value).move_to(state.cursor)

    def _title_lines(self, width: int, height: int) -> list[Content]:
        request = self.request
        if request is None:
            return [Content.styled("review", "bold")]
        right = words.progress(request.shown, request.state)
        if self.blind:
            right += " · blind" + (" (set up so)" if request.shown.blind else "")
        left = Content.styled(words.title(request.shown), "bold").truncate(max(width - len(right) - 2, 1), ellipsis=True)
        gap = max(width - left.cell_length - len(right), 1)
        return [Content.assemble(left, " " * gap, (right, "$text-muted"))]

    def _row(self, row: int, width: int) -> Content:
        request = self.request
        if request is None or not isinstance(request.shown, SamplesShown):
            return Content("")
        shown, state = request.shown, self._tried(request.state)
        wide = min(max(width - 5, 1), self._widest(shown, state))
        if row < len(shown.kept):
            return words.kept_line(self.chain, shown, shown.kept[row], self.blind, wide)
        at = row - len(shown.kept)
        if at >= len(state.items):
            return Content("")
        return words.sample_line(self.chain, shown, state.items[at], at == state.cursor, self.blind, wide)

    def _widest(self, shown: SamplesShown, state: ReviewState) -> int:
        examples = [*(sample.example for sample in shown.kept), *(item.value for item in state.items)]
        return max((words.example_content(self.chain.task, example).cell_length for example in examples), default=0)

    def _effect_lines(self, width: int, height: int) -> list[Content]:
        if self.request is None or self.effect is None:
            return []
        return words.effect_lines(self.chain, self.request.shown, self.effect, self.blind, width, height)

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
        notice = self.query_one("#review-notice", Static)
        notice.set_class(warning, "-warning")
        notice.update(Content(("! " if warning and text else "") + text))

    def _key(self, action: str) -> str:
        keymap = getattr(self.app, "keymap", None) or resolve({})
        return key_label(keymap[action][0])

    def _choices(self) -> list[Token]:
        request = self.request
        if request is None or self._mode != "decide":
            return []
        return bar.choices(request.shown, request.state, self._key, lookback=bool(self.chain.config.lookback))

    def _draw_choices(self) -> None:
        choices = self._choices()
        tokens = self.query_one("#review-choices", Tokens)
        tokens.show(choices)
        tokens.display = bool(choices)

    def _draw_bar(self) -> None:
        tokens: list[Token] = []
        if self.request is not None:
            enabled = {name: self.check_action(name, ()) is True for name in _ACTIONS}
            tokens = bar.keys(self.request.shown, self.state, self._mode, self._key, enabled)
        self.query_one("#review-bar", Tokens).show(tokens)

    @on(Tokens.Pressed, "#review-bar, #review-choices")
    async def _pressed(self, event: Tokens.Pressed) -> None:
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
