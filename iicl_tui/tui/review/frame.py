"""The layout of the review pane. Draws a view, and decides nothing."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from iicl_tui.present.review_view import ReviewView
from iicl_tui.tui.review.bar import Mode
from iicl_tui.tui.review.boxes import EditBox, LineInput, Lines, Page, RowList
from iicl_tui.tui.review.clickables import Clickable, ClickableRow
from iicl_tui.tui.review.request_pane import RequestPane
from iicl_tui.tui.review.styles import MUTED, content, contents

_BESIDE = 72
"""Minimum width for the forecast beside the list."""
_MANY = 6
"""A list with more rows than this has the class -many, so that the screen can give it more room."""


class ReviewFrame(RequestPane):
    """Title; list and item under the cursor, beside the forecast; editor or line of text; a sentence; the keys."""

    DEFAULT_CSS = """
    ReviewFrame { height: 1fr; width: 1fr; layout: vertical; padding: 0 1; }
    ReviewFrame #review-title { height: 1; }
    ReviewFrame #review-middle { height: 1fr; }
    ReviewFrame #review-left { width: 3fr; height: 1fr; }
    ReviewFrame #review-list { height: 1fr; min-height: 1; }
    ReviewFrame #review-large-scroll { height: auto; max-height: 100%; scrollbar-size-vertical: 1; }
    ReviewFrame.-listed #review-large-scroll { max-height: 60%; }
    ReviewFrame #review-large { width: 1fr; height: auto; }
    ReviewFrame #review-effect { width: 2fr; min-width: 33; height: 1fr; margin: 0 0 0 2; }
    ReviewFrame #review-line { display: none; height: 1; }
    ReviewFrame #review-line Static { width: auto; color: $text-muted; }
    ReviewFrame LineInput { width: 1fr; }
    ReviewFrame #review-edit, ReviewFrame #review-choices { display: none; }
    ReviewFrame #review-notice { height: auto; max-height: 3; min-height: 1; }
    ReviewFrame #review-notice.-warning { color: $text-warning; }
    ReviewFrame.-stacked #review-middle { layout: vertical; }
    ReviewFrame.-stacked #review-left { width: 1fr; height: 3fr; }
    ReviewFrame.-stacked #review-effect { width: 1fr; min-width: 0; height: 2fr; margin: 0; }
    """

    _shown: ReviewView | None = None

    def compose(self) -> ComposeResult:
        yield Lines(self._title, id="review-title")
        with Horizontal(id="review-middle"):
            with Vertical(id="review-left"):
                yield RowList(self._row, id="review-list")
                with VerticalScroll(id="review-large-scroll", can_focus=False):
                    yield Page(self._large, id="review-large")
            yield Lines(self._consequences, id="review-effect")
        yield EditBox(id="review-edit")
        with Horizontal(id="review-line"):
            yield Static("", id="review-prompt", markup=False)
            yield LineInput(id="review-input")
        yield Static("", id="review-notice", markup=False)
        yield ClickableRow(id="review-choices")
        yield ClickableRow(id="review-bar")

    def _title(self, width: int, height: int) -> list[Content]:
        view = self._shown
        return [content(view.title(width))] if view is not None else [Content.styled("review", "bold")]

    def _row(self, row: int, width: int) -> Content:
        return content(self._shown.row(row, width)) if self._shown is not None else Content("")

    def _large(self, width: int) -> list[Content]:
        if self._shown is None:
            return [Content.styled("There is nothing to review now.", MUTED)]
        return contents(self._shown.large(width))

    def _consequences(self, width: int, height: int) -> list[Content]:
        return contents(self._shown.consequences(width, height)) if self._shown is not None else []

    def draw(self, view: ReviewView | None, mode: Mode) -> None:
        """Draws a view; None: nothing is asked."""
        self._shown = view
        listed = view is not None and view.rows > 0
        self.set_class(self.size.width < _BESIDE, "-stacked")
        self.set_class(listed, "-listed")
        self.set_class(view is not None and view.rows > _MANY, "-many")
        self.query_one(RowList).display = listed
        self.query_one(EditBox).display = mode == "edit"
        self.query_one("#review-line").display = mode in ("text", "reason")
        if view is not None:
            self.query_one(RowList).show(view.rows, view.kept + view.state.cursor)
        self.query_one(Page).refresh(layout=True)
        for lines in self.query(Lines):
            lines.refresh()

    def draw_notice(self, text: str, warning: bool) -> None:
        """Draws the sentence above the keys. A warning has a mark that needs no colour."""
        notice = self.query_one("#review-notice", Static)
        notice.set_class(warning, "-warning")
        notice.update(Content(("! " if warning and text else "") + text))

    def draw_keys(self, keys: Sequence[Clickable], choices: Sequence[Clickable]) -> None:
        """Draws the bar, and the choices above it if there are any."""
        self.query_one("#review-bar", ClickableRow).show(keys)
        row = self.query_one("#review-choices", ClickableRow)
        row.show(choices)
        row.display = bool(choices)

    def open_line(self, prompt: str, text: str) -> None:
        """Opens the line of text and gives it the focus."""
        self.query_one("#review-prompt", Static).update(prompt)
        line = self.query_one(LineInput)
        line.value = text
        line.cursor_position = len(line.value)
        self.query_one("#review-line").display = True
        line.focus(scroll_visible=False)
