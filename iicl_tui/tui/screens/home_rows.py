"""The home screen's way to the review of a person's own rows: asks for a file, and opens it."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from textual import on, work
from textual.message import Message

from iicl_tui.errors import LabError
from iicl_tui.tui.screens.base import AppScreen
from iicl_tui.tui.widgets.inline_form import InlineForm, Question

if TYPE_CHECKING:
    from iicl_tui.review.row_opening import OpenedRows

SUBJECT = "review"
_SUFFIXES = (".jsonl", ".ndjson", ".csv", ".tsv", ".parquet")
_MOST_OFFERED = 50


def question(recent: list[str]) -> InlineForm:
    """Asks which file is reviewed. recent: files that were reviewed before, the last one first."""
    offered = tuple(dict.fromkeys([*recent, *_here()]))[:_MOST_OFFERED]
    path = Question("path", "file:", offered[0] if offered else "", _check, offered)
    return InlineForm(
        SUBJECT, "Review rows of your own", [path], lambda _: "Your file is only read; decisions have a file beside it."
    )


def _here() -> list[str]:
    """The data files in this folder, the newest first."""
    try:
        found = [(path.stat().st_mtime, path.name) for path in Path().iterdir() if path.suffix.lower() in _SUFFIXES]
    except OSError:
        return []
    return [name for _, name in sorted(found, reverse=True)]


def _check(text: str) -> str:
    path = Path(text).expanduser()
    try:
        return "" if text and path.is_file() else "Enter the path of a file of JSON lines, CSV or Parquet."
    except (OSError, ValueError):
        return "Enter the path of a file."


class OpensOwnRows(AppScreen):
    """A screen from which a review of own rows can be opened."""

    @dataclass
    class RowsOpened(Message):
        """A data file was read, or could not be."""

        opened: OpenedRows | None
        error: LabError | None = None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "review" and "TEXTUAL_DRIVER" in os.environ:
            return False  # in a browser, the files would be those of the server
        return super().check_action(action, parameters)

    def action_review(self) -> None:
        from iicl_tui.store.reviewed import reviewed_files

        if not self.query("#ask"):
            self.query_one("#body").mount(question(reviewed_files(self.lab_app.paths)))

    @on(InlineForm.Answered)
    def _path_given(self, event: InlineForm.Answered) -> None:
        if event.form.subject == SUBJECT and event.answers is not None:
            self._open_rows(Path(event.answers["path"]).expanduser())

    @work(thread=True, exclusive=True, group="rows")
    def _open_rows(self, path: Path) -> None:
        from iicl_tui.review.row_opening import RowOptions, open_rows

        try:
            self.post_message(self.RowsOpened(open_rows(path, RowOptions(), time.monotonic)))
        except LabError as error:
            self.post_message(self.RowsOpened(None, error))

    @on(RowsOpened)
    def _rows_opened(self, event: RowsOpened) -> None:
        if event.error is not None:
            raise event.error
        self.lab_app.open("rows", opened=event.opened)
