"""Writes exports of sessions while a screen goes on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from textual import work

from iicl_tui.text import printable
from iicl_tui.tui.screens.base import AppScreen


class ExportingScreen(AppScreen):
    """A screen that can export sessions."""

    @work(thread=True, exclusive=True, group="write")
    def write_export(self, given: Sequence[Path], answers: dict[str, str]) -> None:
        """Write an export as the dialog's answers say, and notify of what came of it."""
        from iicl_tui.tui.study import dialogs  # home opens without it

        self.app.call_from_thread(self._written, *dialogs.write_guarded(given, answers))

    def _written(self, title: str, text: str) -> None:
        self.notify(printable(text, 600), title=title, markup=False, timeout=8)
