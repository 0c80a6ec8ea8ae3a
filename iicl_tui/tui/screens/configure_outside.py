"""Asks in the form before files outside its file's folder are read that the file names."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from textual import on

from iicl_tui.chain.config import ChainConfig
from iicl_tui.errors import Fault
from iicl_tui.files import OutsideFiles
from iicl_tui.store.config_draft import Draft, examine
from iicl_tui.text import printable
from iicl_tui.tui.screens.base import AppScreen
from iicl_tui.tui.widgets.inline_form import InlineForm, Question, one_of, word_of

OUTSIDE = "outside"


class ConfigureOutsideScreen(AppScreen):
    """The part of the form's screen that asks about files outside the folder of the form's file.

    Attributes:
        draft: The form's configuration.
        folder: Where file names in it are looked up.
        outside: Which files outside that folder it may name.
    """

    draft: Draft
    folder: Path | None
    outside: OutsideFiles
    _check: Callable[[], object]

    async def on_mount(self) -> None:
        self._ask_outside(self.outside.denied)

    def examined(self) -> tuple[ChainConfig | None, list[Fault]]:
        """The configuration and its faults, now. Asks again about files that it names and may not read."""
        self.outside.refused = []
        found = examine(self.draft, self.folder, self.outside)
        self._ask_outside(self.outside.refused)
        return found

    def _ask_outside(self, named: Iterable[Path]) -> None:
        if named and not self.query(InlineForm):
            self.query_one("#body").mount(_dialog(named))

    @on(InlineForm.Answered)
    def _outside_answered(self, event: InlineForm.Answered) -> None:
        if event.form.subject != OUTSIDE:
            return
        event.form.remove()
        self.set_focus(self.query("#form .control").first(), scroll_visible=False)
        if event.answers is not None and event.answers["read"] == "yes":
            self.outside = OutsideFiles(True)
            self._check()


def _dialog(files: Iterable[Path]) -> InlineForm:
    names = ", ".join(printable(str(file), 200) for file in sorted(set(files)))
    choice = Question("read", "read it?", "no", one_of("yes", "no"), ("no", "yes"), word_of("yes", "no"))
    return InlineForm(OUTSIDE, "A file outside this file's folder", [choice], lambda _: f"The file names {names}.")
