"""The review of one's own rows, on the whole screen."""

from __future__ import annotations

from collections.abc import Callable
from functools import partialmethod
from typing import ClassVar

from textual import on
from textual.dom import DOMNode

from iicl_tui.errors import LabError
from iicl_tui.review.decisions import RowVerdict
from iicl_tui.review.row_opening import OpenedRows
from iicl_tui.review.row_review import Change
from iicl_tui.review.row_subject import value_text
from iicl_tui.store.reviewed import note_reviewed
from iicl_tui.text import printable
from iicl_tui.tui.actions import ACTIONS, bindings
from iicl_tui.tui.review import external_editor
from iicl_tui.tui.review.boxes import LineInput
from iicl_tui.tui.review.clickables import ClickableRow
from iicl_tui.tui.review.reply_boxes import ReplyEditor
from iicl_tui.tui.review.row_widgets import FieldsPane
from iicl_tui.tui.screens.rows_reader import RowsWithReader

_ACTIONS = frozenset(action.name for action in ACTIONS.values() if action.group == "rows")
_DECISIONS = ("approve", "reject", "edit", "flag", "skip", "editor", "reason", "undo", "redo")


class RowsScreen(RowsWithReader):
    """Shows one row at a time, and turns keys and clicks into decisions."""

    GROUP = "rows"
    BINDINGS: ClassVar[list] = [*bindings("rows")]
    CSS_PATH = "rows.tcss"
    AUTO_FOCUS = ""  # the keys are the screen's own until something is opened
    HELP = (
        "The rows of your own file, one at a time. Decide with one key: every decision is saved before the next key. Your data "
        "stays as it is; the decisions have a file of their own, which export turns into training data. A digit rejects the row "
        "for a reason of your list, which R writes. Undo goes back as far as there are decisions, also to those of another day."
    )
    LABELS: ClassVar[dict[str, str]] = {"app.back": "leave"}

    def __init__(self, opened: OpenedRows) -> None:
        """Shows a sitting from its beginning."""
        super().__init__(opened.session, opened.ask_fields)
        self._notices = opened.notices
        self._model = opened.reader
        self._drafts: dict[int, str] = {}
        """Edits that were closed without being kept."""
        self._leave_warned = False

    def on_mount(self) -> None:
        for notice in self._notices:
            self.lab_app.notify(printable(notice, 400), severity="warning", markup=False, timeout=10)
        if self._asking:
            self.action_fields()
        elif self.session.read_only:
            self._say(f"Read-only: {self.session.read_only}", True)
        self.query_one("#rows-editor", ReplyEditor).placeholder = ""
        if self._model is not None:
            self.start_reader(self._model)
        self._draw()
        self.call_after_refresh(note_reviewed, self.lab_app.paths, self.session.subject.table.path)

    async def on_unmount(self) -> None:
        self.session.look()
        await self.close_reader()
        self.session.close()

    def copy_text(self) -> str | None:
        if self._editing:
            return self._editor.selected_text or self._editor.text
        row = self.session.queue.row
        return self.session.subject.copy_text(row) if row is not None else None

    # Deciding

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action not in _ACTIONS:
            return True
        if self.busy:
            return False
        if self.session.read_only and (action in _DECISIONS or action.startswith("reason_")):
            return None
        if action in ("undo", "redo"):
            review = self.session.review
            return True if (review.past if action == "undo" else review.future) else None
        if action.startswith("reason_"):
            return int(action[7:]) <= len(self.session.reasons.reasons)
        if action in ("next_match", "previous_match"):
            return bool(self._words)
        if action == "model":
            return self._model is not None
        return True

    def why_not(self, action: str) -> str:
        if action.startswith("reason_"):
            return f"Your list has {len(self.session.reasons.reasons)} reasons. R writes it."
        if action in ("undo", "redo"):
            return "Nothing was decided yet that could be taken back." if action == "undo" else "Nothing was taken back."
        if action in ("next_match", "previous_match"):
            return "Search for a text first, with /."
        read_only = self.session.read_only
        return f"Read-only: {printable(str(read_only), 200)}" if read_only and action in _DECISIONS else ""

    def _decide(self, verdict: RowVerdict, text: str | None = None, reason: str | None = None, drop_edit: bool = False) -> None:
        if self._presses.is_double(f"{verdict} {reason or ''}"):
            return
        self.session.look()
        row = self.session.queue.row
        self.session.decide(verdict, text, reason, drop_edit)
        self._after_step(row)

    def _after_step(self, row: int | None = None) -> None:
        self._leave_warned = False
        said = self.count_for_reader(row)
        if self.session.trouble:
            self._say(f"Not saved, the next key tries again. {self.session.trouble}", True)
        elif not self.session.review.undecided and self.session.review.rows:
            self._say("All rows are decided. Esc leaves; everything is saved.")
        else:
            self._message = (printable(said, 400), False)
        self._draw()

    def action_approve(self) -> None:
        self._decide("approve")

    def action_reject(self) -> None:
        self._decide("reject")

    def action_flag(self) -> None:
        self._decide("flag")

    def action_skip(self) -> None:
        self._decide("skip")

    def _reject_for(self, at: int) -> None:
        if at <= len(self.session.reasons.reasons):
            self._decide("reject", reason=self.session.reasons.reasons[at - 1])

    action_reason_1 = partialmethod(_reject_for, 1)
    action_reason_2 = partialmethod(_reject_for, 2)
    action_reason_3 = partialmethod(_reject_for, 3)
    action_reason_4 = partialmethod(_reject_for, 4)
    action_reason_5 = partialmethod(_reject_for, 5)
    action_reason_6 = partialmethod(_reject_for, 6)
    action_reason_7 = partialmethod(_reject_for, 7)
    action_reason_8 = partialmethod(_reject_for, 8)
    action_reason_9 = partialmethod(_reject_for, 9)

    def action_undo(self) -> None:
        self._step_back(self.session.undo)

    def action_redo(self) -> None:
        self._step_back(self.session.redo)

    def _step_back(self, step: Callable[[], Change | None]) -> None:
        self._presses.is_double()
        self.session.look()
        change = step()
        self._after_step(change.row if change is not None else None)

    # A line of text: a reason, a search, a number

    def action_reason(self) -> None:
        row = self.session.queue.row
        if row is not None:
            self._open_line("reason", "reason: ", self.session.review[row].reason)

    @on(LineInput.Closed)
    def _line_closed(self, event: LineInput.Closed) -> None:
        event.stop()
        text, purpose = self.query_one(LineInput).value.strip(), self._line
        self._close_line()
        if not event.keep:
            self._draw(keep_place=True)
        elif purpose == "reason":
            self.session.look()
            self.session.give_reason(self.session.reasons.expanded(text))
            self._after_step()
        elif purpose == "search":
            self._words = text.casefold()
            self._search(1)
        else:
            self._jump(text)

    # The editor

    def action_edit(self) -> None:
        row = self.session.queue.row
        if row is None:
            return
        original = self.session.subject.editable_text(row)
        kept = self.session.review[row].text
        text = self._drafts.get(row, original if kept is None else kept)
        self._open_editor("text", text, original, self._how("keeps the text", "closes the editor"))

    def action_reasons(self) -> None:
        text = "\n".join(self.session.reasons.reasons)
        self._open_editor("reasons", text, text, "One reason a line. " + self._how("keeps them", "discards the changes"))

    def _how(self, keeps: str, closes: str) -> str:
        return f"{self._key('text.keep')} {keeps}, {self._key('app.back')} {closes}."

    def action_editor(self) -> None:
        row = self.session.queue.row
        if row is None:
            return
        kept = self.session.review[row].text
        text = external_editor.edit(self.app, self.session.subject.editable_text(row) if kept is None else kept)
        self._keep_text(text)

    @on(ReplyEditor.Changed)
    def _typed(self) -> None:
        self.session.look()  # a long edit is no pause

    @on(ReplyEditor.Kept)
    def _kept(self, event: ReplyEditor.Kept) -> None:
        event.stop()
        text, purpose = self._editor.text, self._editing
        if purpose == "reasons":
            self._close_editor()
            self.session.reasons.write(text)
            self._after_step()
        elif purpose == "text":
            self._keep_text(text)

    def _keep_text(self, text: str) -> None:
        row = self.session.queue.row
        assert row is not None
        subject = self.session.subject
        try:
            text = subject.read_text(text)
        except ValueError as error:
            self._say(str(error), True)
            return
        self._drafts.pop(row, None)
        if self._editing:
            self._close_editor()
        if text == printable(subject.editable_text(row), newlines=True):
            self._decide("approve", drop_edit=True)
        else:
            self._decide("edit", text)

    # Fields

    def action_fields(self) -> None:
        self._asking = True
        self.add_class("-asking")
        subject, row = self.session.subject, self.session.queue.row
        names = [field.name for field in subject.table.fields]
        example = subject.row(row).values if row is not None else {}
        pane = self.query_one(FieldsPane)
        pane.ask(names, [value_text(example.get(name))[:200] for name in names], subject.mapping)
        pane.focus(scroll_visible=False)
        self._draw()
        self._say("Which field is judged? Space or a click changes the part of a field, Enter starts.")

    @on(FieldsPane.Refused)
    def _fields_refused(self, event: FieldsPane.Refused) -> None:
        self._say(event.why, True)

    @on(FieldsPane.Answered)
    def _fields_answered(self, event: FieldsPane.Answered) -> None:
        self.session.use_mapping(event.mapping)
        self._close_fields()

    def _close_fields(self) -> None:
        self._asking = False
        self.remove_class("-asking")
        self.set_focus(None)
        self._message = ("", False)
        self._draw()

    # Leaving

    def back(self) -> None:
        if self._line:
            self._close_line()
            self._draw(keep_place=True)
        elif self._editing:
            row = self.session.queue.row
            if self._editing == "text" and row is not None:
                self._drafts[row] = self._editor.text
            self._close_editor()
            self._draw()
        elif self._asking and self.session.subject.mapping is not None:
            self._close_fields()
        elif self.may_leave():
            super().back()

    def may_leave(self) -> bool:
        self.session.look()
        self.session.retry()
        if self.session.saved or self._leave_warned:
            return True
        self._leave_warned = True
        self._say(f"The same key again leaves without the last decisions, which are not saved: {self.session.trouble}", True)
        return False

    def handle_lab_error(self, error: LabError) -> None:
        self._say(str(error), True)

    @on(ClickableRow.Pressed, "#rows-reasons")
    async def _pressed(self, event: ClickableRow.Pressed) -> None:
        event.stop()
        nodes: dict[str, DOMNode] = {"rows": self, "text": self._editor, "app": self.app}
        action = ACTIONS[event.id]
        await self.app.run_action(action.name, nodes[action.group])
