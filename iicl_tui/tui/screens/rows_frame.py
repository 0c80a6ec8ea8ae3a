"""What the screen of one's own rows looks like: its parts, and how they are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from iicl_tui.present import row_view
from iicl_tui.present.row_view import FILTERS, RowView
from iicl_tui.review.presses import DecisionPresses
from iicl_tui.review.row_session import RowSession
from iicl_tui.text import printable
from iicl_tui.tui.keymap import key_label
from iicl_tui.tui.review.boxes import LineInput, Lines
from iicl_tui.tui.review.clickables import Clickable, ClickableRow
from iicl_tui.tui.review.reply_boxes import ReplyEditor
from iicl_tui.tui.review.row_widgets import FieldsPane, MarkColumn, RowPage
from iicl_tui.tui.review.styles import content
from iicl_tui.tui.screens.base import AppScreen

if TYPE_CHECKING:  # most reviews ask no model
    from iicl_tui.review.first_reader import FirstReader


class RowsFrame(AppScreen):
    """Marks at the left, the text in the middle, fields beside it, a sentence and the reasons below."""

    def __init__(self, session: RowSession, ask_fields: bool = False) -> None:
        """Shows a sitting.

        Args:
            session: The rows and the decisions so far.
            ask_fields: Ask first which field is judged.
        """
        super().__init__()
        self.session = session
        self._asking = ask_fields
        """The fields are asked about."""
        self._presses = DecisionPresses(session.clock)
        self._drawn = True
        self._hide = False
        self._filter = FILTERS[0]
        self._words = ""
        self._line = ""
        """What the line of text is open for: reason, search, jump."""
        self._editing = ""
        """What the editor is open for: text, reasons."""
        self._message: tuple[str, bool] = ("", False)
        self._order_shown: Sequence[int] | None = None
        self._message_shown = self._message
        self.reader: FirstReader | None = None
        self._reader_off = False
        """The person stopped the model."""
        self._is_reading = False
        self._usable_shown: object = None
        self._bar_shown: tuple[tuple[str, str], ...] | None = None

    @property
    def busy(self) -> bool:
        """Something is open that takes the keys."""
        return bool(self._asking or self._editing or self._line)

    # Parts

    def body(self) -> ComposeResult:
        with Horizontal(id="rows-middle"):
            yield MarkColumn(self._mark, id="rows-marks")
            with Vertical(id="rows-center"):
                yield RowPage(id="rows-text")
                yield ReplyEditor(id="rows-editor")
            yield RowPage(id="rows-beside")
        yield Lines(self._below, id="rows-below")
        yield FieldsPane(id="rows-fields")
        with Horizontal(id="rows-line"):
            yield Static("", id="rows-prompt", markup=False)
            yield LineInput(id="rows-input")
        yield Lines(self._notice_line, id="rows-notice")
        yield ClickableRow(id="rows-reasons")

    @property
    def blind(self) -> bool:
        """The known truth is hidden."""
        return self.session.subject.blind or self._hide

    @property
    def view(self) -> RowView:
        """What is shown."""
        return RowView(self.session, self.blind, self._drawn, self.reader)

    def _mark(self, place: int, width: int) -> Content:
        return content(self.view.mark(place, width))

    def _below(self, width: int, height: int) -> list[Content]:
        return [content(self.view.below(width))]

    def _notice_line(self, width: int, height: int) -> list[Content]:
        text, warning = self._message
        return [Content.styled(f"! {text}", "$text-warning") if warning and text else Content(text)]

    def _draw(self, keep_place: bool = False) -> None:
        """Shows the row under the cursor."""
        queue = self.session.queue
        self.query_one(MarkColumn).show_queue(len(queue.order), queue.cursor, queue.order is self._order_shown)
        self._order_shown = queue.order
        self.query_one("#rows-text", RowPage).show(self.view.document, keep_place)
        beside = self.query_one("#rows-beside", RowPage)
        beside.show(lambda width: iter(self.view.beside(width, beside.content_size.height)))
        below = self.query_one("#rows-below", Lines)
        if below.display:
            below.refresh()
        if self._message != self._message_shown:
            self._message_shown = self._message
            self.query_one("#rows-notice", Lines).refresh()
        session = self.session
        state = "read-only" if session.read_only else "saved" if session.saved else "unsaved"
        self.header(session.subject.heading, self.view.facts("" if self._filter == FILTERS[0] else self._filter), state)
        self._draw_bar()
        self._refresh_keys()

    def _refresh_keys(self) -> None:
        """Shows the keys again if others can be used now."""
        session = self.session
        steps = bool(session.review.past), bool(session.review.future)
        usable = (*steps, self._line, self._editing, self._asking, self._words, session.read_only, session.reasons.reasons)
        if usable != self._usable_shown:  # to look at every action costs as much as to draw the row
            self._usable_shown = usable
            self.refresh_bindings()

    def _draw_bar(self) -> None:
        """Shows the reasons on the digits, or the keys of the editor while it is open."""
        shown = tuple(self._bar())
        if shown != self._bar_shown:  # a new layout of the screen costs more than all the rest of a key
            self._bar_shown = shown
            row = self.query_one("#rows-reasons", ClickableRow)
            row.display = bool(shown)
            row.show([
                Clickable(Content.assemble((self._key(action), "bold $footer-key-foreground"), f" {label}"), action)
                for action, label in shown
            ])  # fmt: skip

    def _bar(self) -> list[tuple[str, str]]:
        """Returns pairs (action, label)."""
        if self._editing:
            over = "as in the data" if self._editing == "text" else "as before"
            return [("text.keep", "keep"), ("text.start-over", over), ("text.undo", "undo"), ("app.back", "close")]
        if self.busy or self.session.read_only:
            return []
        return [(f"rows.reason-{at}", f"✗ {words}") for at, words in row_view.reason_keys(self.session.reasons.reasons)]

    def _key(self, action: str) -> str:
        """Returns the label of an action's key."""
        return key_label(self.lab_app.keymap[action][0])

    def _say(self, text: str, warning: bool = False) -> None:
        self._message = (printable(text, 400), warning)
        self._message_shown = self._message
        self.query_one("#rows-notice", Lines).refresh()

    # What is open

    def _open_line(self, purpose: str, prompt: str, text: str = "") -> None:
        self._line = purpose
        self.query_one("#rows-prompt", Static).update(Content(prompt))
        self.query_one("#rows-line").display = True
        line = self.query_one(LineInput)
        line.value = text
        line.cursor_position = len(line.value)
        line.focus(scroll_visible=False)
        self._draw_bar()
        self._refresh_keys()

    def _close_line(self) -> None:
        self._line = ""
        self.query_one("#rows-line").display = False
        self.set_focus(None)

    @property
    def _editor(self) -> ReplyEditor:
        return self.query_one("#rows-editor", ReplyEditor)

    def _open_editor(self, purpose: str, text: str, original: str, said: str) -> None:
        self._editing = purpose
        self.add_class("-editing")
        self._editor.open(text, printable(original, newlines=True))
        self._draw()
        self._say(said)

    def _close_editor(self) -> None:
        self._editing = ""
        self.remove_class("-editing")
        self.set_focus(None)
        self._message = ("", False)
