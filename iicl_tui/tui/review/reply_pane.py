"""The pane for a reply that cannot be read: the reply as received, an editor for a text to replace it, and the answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import ClassVar, Self

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static, TextArea

from iicl_tui.agents.base import UnreadableReply
from iicl_tui.agents.calls import ReplyVerdict
from iicl_tui.present import reply_words as words
from iicl_tui.review.request import AnyRequest, ReplyRequest, Reviewer
from iicl_tui.text import printable
from iicl_tui.tui.actions import ACTIONS, bindings
from iicl_tui.tui.review.bar import reply_keys
from iicl_tui.tui.review.boxes import Lines
from iicl_tui.tui.review.clickables import ClickableRow
from iicl_tui.tui.review.reply_boxes import RawText, ReplyEditor
from iicl_tui.tui.review.request_pane import RequestPane
from iicl_tui.tui.review.styles import MUTED, content

CHECK_AFTER = 0.1
"""Seconds after a change until the text is checked and saved. Longer if a check is slow, so that typing stays fast."""
_SHARE, _LONGEST = 4, 2.0
_BESIDE = 100
"""Minimum width for the reply beside the editor."""
_ABOVE = 16
"""Minimum height for the end of the question above the editor, if there is no room beside it."""
_ACTIONS = {action.name for action in ACTIONS.values() if action.group == "reply"}


class ReplyPane(RequestPane, can_focus=True):
    """Shows unreadable replies. Mount it with room for about 60 × 12, and call `show` with each reply request of the reviewer.

    The text is in the request, and on disk a moment after it was typed, so another pane can continue.
    """

    DEFAULT_CSS = """
    ReplyPane { height: 1fr; width: 1fr; layout: vertical; padding: 0 1; }
    ReplyPane #reply-title, ReplyPane #reply-asked { height: 1; }
    ReplyPane #reply-trouble { height: auto; max-height: 3; color: $text-warning; }
    ReplyPane #reply-middle { height: 1fr; min-height: 2; }
    ReplyPane .reply-box { width: 1fr; height: 1fr; }
    ReplyPane .reply-head { height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
    ReplyPane #reply-text, ReplyPane ReplyEditor { height: 1fr; }
    ReplyPane ReplyEditor { padding: 0; scrollbar-size-vertical: 1; }
    ReplyPane #reply-edit-box { display: none; }
    ReplyPane #reply-notice { height: auto; max-height: 3; min-height: 1; color: $text-muted; }
    ReplyPane #reply-notice.-wrong { color: $text-warning; }
    ReplyPane #reply-notice.-right { color: $text-success; }
    ReplyPane.-editing #reply-edit-box { display: block; }
    ReplyPane.-editing #reply-trouble { display: none; }
    ReplyPane.-editing #reply-raw-box { display: none; }
    ReplyPane.-editing.-beside #reply-raw-box { display: block; margin: 0 2 0 0; }
    ReplyPane.-editing.-above #reply-middle { layout: vertical; }
    ReplyPane.-editing.-above #reply-raw-box { display: block; height: 5; }
    """

    GROUP = "reply"
    BINDINGS: ClassVar[list] = [*bindings("reply")]

    def __init__(self, reviewer: Reviewer, describe: Callable[[UnreadableReply], str], *, id: str | None = None) -> None:
        """Takes the reviewer, and `describe`, which returns what the model was asked for."""
        super().__init__(id=id)
        self.reviewer = reviewer
        self._describe = describe
        self.request: ReplyRequest | None = None
        self._editor = ReplyEditor(id="reply-editor")  # held, since its text is kept even when the screen closes
        self._original = ""
        """The printable reply: what the editor starts with."""
        self._editing = False
        self._wrong = ""
        """What was wrong with the text in the editor at the last check."""
        self._at_end = False
        """The end of the question is shown instead of the reply."""
        self._message = ""
        self._check_due: Timer | None = None
        self._pause = CHECK_AFTER

    def compose(self) -> ComposeResult:
        yield Lines(self._title, id="reply-title")
        yield Static("", id="reply-asked", markup=False)
        yield Static("", id="reply-trouble", markup=False)
        with Horizontal(id="reply-middle"):
            with Vertical(id="reply-raw-box", classes="reply-box"):
                yield Static("", id="reply-raw-head", classes="reply-head", markup=False)
                yield RawText(id="reply-text")
            with Vertical(id="reply-edit-box", classes="reply-box"):
                yield Static(content(words.edit_heading()), classes="reply-head", markup=False)
                yield self._editor
        yield Static("", id="reply-notice", markup=False)
        yield ClickableRow(id="reply-bar")

    def on_mount(self) -> None:
        self._show_current_request()

    def on_unmount(self) -> None:
        if self._editing:
            self._keep_draft()

    def on_resize(self) -> None:
        beside = self.size.width >= _BESIDE
        self.set_class(beside, "-beside")
        self.set_class(not beside and self.size.height >= _ABOVE, "-above")
        self._arrange()

    def on_click(self) -> None:
        self._focus_editor()

    # -- what is asked ------------------------------------------------------------------------------------------------

    @property
    def editing(self) -> bool:
        """The editor is open."""
        return self._editing

    def show(self, request: AnyRequest | None, focus: bool = True) -> None:
        """Shows a request, or that there is nothing to answer. With `focus`, takes the focus."""
        if request is self.request:
            return
        if self._editing:
            self._keep_draft()
        self.request = request if isinstance(request, ReplyRequest) and request.open else None
        self._editing = False
        self._message = ""
        if self.is_mounted:
            self._show_current_request()
            if focus and self.request is not None:
                self.focus(scroll_visible=False)

    def back(self) -> None:
        """Runs the back key: closes the editor, or else puts the answer off."""
        if self._editing:
            self._close()
        elif self.live:
            self.postpone()

    def focus(self, scroll_visible: bool = True) -> Self:
        """Focuses the pane; the editor while it is open."""
        if self._editing:
            self._editor.focus(scroll_visible)
            return self
        return super().focus(scroll_visible)

    def postpone(self) -> None:
        """Puts the answer off. The text is kept."""
        request = self.request
        if request is not None:
            self.show(None)
            request.postpone()

    def copy_text(self) -> str | None:
        """Returns the reply; while the editor is open, its selection or its text."""
        if self._editing:
            return self._editor.selected_text or self._editor.text
        return self.request.shown.reply if self.request is not None else None

    # -- answers ------------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action not in _ACTIONS:
            return True
        if not self.live or self.request is None or self._editing:
            return False
        return action != "skip" or bool(self.request.shown.skip_effect)

    def action_redraw(self) -> None:
        self._answer("redraw")

    def action_skip(self) -> None:
        self._answer("skip")

    def _answer(self, verdict: ReplyVerdict, text: str = "") -> None:
        request = self.request
        if request is not None and request.answer(verdict, text):
            self.show(None)

    def action_up(self) -> None:
        self.query_one(RawText).scroll_relative(y=-1, animate=False)

    def action_down(self) -> None:
        self.query_one(RawText).scroll_relative(y=1, animate=False)

    def action_page_up(self) -> None:
        self.query_one(RawText).scroll_page_up(animate=False)

    def action_page_down(self) -> None:
        self.query_one(RawText).scroll_page_down(animate=False)

    def action_first(self) -> None:
        self.query_one(RawText).scroll_home(animate=False)

    def action_last(self) -> None:
        self.query_one(RawText).scroll_end(animate=False)

    # -- the editor ---------------------------------------------------------------------------------------------------

    def action_edit(self) -> None:
        request = self.request
        if request is None or not request.open or self._editing:
            return
        self._editing = True
        self._message = ""
        self.add_class("-editing")
        self._editor.open(self._original if request.text is None else request.text, self._original)
        self._arrange()
        self._check()

    @on(TextArea.Changed)
    def _changed(self, event: TextArea.Changed) -> None:
        event.stop()
        if self._editing and self._check_due is None:
            self._check_due = self.set_timer(self._pause, self._check)

    @on(ReplyEditor.Kept)
    def _kept(self, event: ReplyEditor.Kept) -> None:
        event.stop()
        if not self._editing:
            return
        self._check()
        if not self._wrong:
            self._answer("edit", self._editor.text)

    def _check(self) -> None:
        """Keeps the text and checks whether it can be read."""
        if self._check_due is not None:
            self._check_due.stop()
            self._check_due = None
        request = self.request
        if request is None or not self._editing:
            return
        began = time.monotonic()
        self._keep_draft()
        self._wrong = request.shown.read(self._editor.text)
        self._pause = min(max(CHECK_AFTER, _SHARE * (time.monotonic() - began)), _LONGEST)
        self._draw()

    def _keep_draft(self) -> None:
        if self.request is not None:
            text = self._editor.text
            self.request.update(text if text != self._original else None)

    def _close(self) -> None:
        self._keep_draft()
        self._editing = False
        drafted = self.request is not None and self.request.text is not None
        self._message = words.text_kept(self.key) if drafted else ""
        self.remove_class("-editing")
        self._arrange()
        self.focus(scroll_visible=False)
        self._draw()

    # -- what is seen -------------------------------------------------------------------------------------------------

    def _show_current_request(self) -> None:
        """Redraws everything for a new request, or for none."""
        shown = self.request.shown if self.request is not None else None
        self._original = printable(shown.reply, newlines=True) if shown is not None else ""
        self.remove_class("-editing")
        asked = self._describe(shown) if shown is not None else ""
        self.query_one("#reply-asked", Static).update(Content.styled(asked, MUTED))
        self.query_one("#reply-trouble", Static).update(Content(words.trouble(shown.problem) if shown is not None else ""))
        self.query_one(RawText).show(words.rows(shown) if shown is not None else ())
        self._arrange()
        self._draw()

    def _arrange(self) -> None:
        """Shows the end of the question above the editor, since it says in which form to answer."""
        if self.request is None or not self.is_mounted:
            return
        end = self._editing and self.has_class("-above")
        shown = self.request.shown
        self.query_one("#reply-raw-head", Static).update(content(words.question_heading() if end else words.raw_heading(shown)))
        raw = self.query_one(RawText)
        if end != self._at_end:
            self._at_end = end
            self.call_after_refresh(raw.scroll_end if end else raw.scroll_home, animate=False)

    def _title(self, width: int, height: int) -> list[Content]:
        if self.request is None:
            return [Content.styled("There is nothing to answer now.", MUTED)]
        left, right = words.title(self.request.shown)
        room = max(width - len(left) - len(right), 1)
        return [Content.assemble((left, "bold"), " " * room, (right, MUTED))]

    def _draw(self) -> None:
        if not self.is_mounted:
            return
        request = self.request
        self.query_one("#reply-title", Lines).refresh()
        self._draw_notice()
        bar = self.query_one("#reply-bar", ClickableRow)
        drafted = request is not None and request.text is not None
        bar.show(reply_keys(request.shown, self._editing, not self._wrong, drafted, self.key) if request is not None else [])
        self.refresh_bindings()

    def _draw_notice(self) -> None:
        request = self.request
        text, wrong, right = self._message, False, False
        if request is None:
            text = ""
        elif self._editing:
            text, wrong, right = words.verdict(self._wrong, self.key), bool(self._wrong), not self._wrong
        elif not text:
            text = words.choices(request.shown, request.text is not None, self.key)
        if request is not None and self.reviewer.trouble:
            text, wrong = f"{text} ! Your text is not saved on disk. {printable(self.reviewer.trouble, 200)}", True
        notice = self.query_one("#reply-notice", Static)
        notice.set_class(wrong, "-wrong")
        notice.set_class(right and not wrong, "-right")
        notice.update(Content(text))

    @on(ClickableRow.Pressed, "#reply-bar")
    async def _pressed(self, event: ClickableRow.Pressed) -> None:
        event.stop()
        await self.run_clicked(event.id, {"text": self._editor})
        self._focus_editor()

    def _focus_editor(self) -> None:
        """Returns the focus to the open editor after a click elsewhere."""
        if self._editing:
            self._editor.focus(scroll_visible=False)
