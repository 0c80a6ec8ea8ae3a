"""Reads the entries of a home screen's tab. For a worker thread."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from iicl_tui.errors import LabError
from iicl_tui.present.outcomes import Outcomes
from iicl_tui.present.session_list import Item, lesson_items, name_items, preset_items, session_items
from iicl_tui.store.paths import shipped
from iicl_tui.tui.home.session_list import Tab

if TYPE_CHECKING:
    from iicl_tui.store.library import Library, Summary

MANY = 100
"""Files whose names are listed before they are read."""

Report = Callable[[list[Item], str], None]
"""Called with the items read so far, and why they could not be read, or ""."""


class TabReader:
    """Reads the tabs, and remembers the contents of unchanged files."""

    def __init__(self, sessions: Path, settings: Path) -> None:
        """sessions: the person's sessions folder. settings: the file beside which the progress in the lessons is kept."""
        self._sessions, self._settings = sessions, settings
        self._libraries: dict[Tab, Library] = {}
        self._outcomes = Outcomes()

    def library(self, tab: Tab) -> Library:
        """The library of a tab with sessions. Raises FileNotFoundError if the installation has none."""
        from iicl_tui.store.library import Library

        if tab not in self._libraries:
            self._libraries[tab] = Library(self._folder(tab))
        return self._libraries[tab]

    def _folder(self, tab: Tab) -> Path:
        return self._sessions if tab == "yours" else shipped("sessions")

    def read(self, tab: Tab, report: Report, now: float, first: bool, cancelled: Callable[[], bool]) -> None:
        """Read a tab in steps: the names if there are many, then the sessions, then their outcomes.

        Args:
            tab: The tab to read.
            report: Called after each step.
            now: Seconds since the epoch, for the sessions' ages.
            first: The tab was not read before.
            cancelled: Whether to stop.
        """
        if tab == "presets":
            from iicl_tui.store.presets import presets

            report(preset_items(presets()), "")
            return
        if tab == "lessons":
            from iicl_tui.lessons.library import lessons

            report(lesson_items(lessons(self._settings)), "")
            return
        summaries: list[Summary] = []
        fault = ""
        try:
            with suppress(OSError):  # the library reports it below
                if first and len(names := name_items(self._folder(tab))) > MANY:
                    report(names, "")
            summaries = self.library(tab).sessions()
            if tab == "examples":  # their dates are the installation's
                summaries.sort(key=lambda summary: summary.path.name)
        except FileNotFoundError:
            summaries = []
        except LabError as error:
            fault = str(error)
        aged = tab == "yours"
        report(session_items(summaries, now, aged, self._outcomes.known, self._outcomes.sparks), fault)
        if self._outcomes.find(summaries, cancelled):
            report(session_items(summaries, now, aged, self._outcomes.known, self._outcomes.sparks), fault)
