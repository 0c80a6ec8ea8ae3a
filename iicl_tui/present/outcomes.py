"""The outcomes of the newest sessions, for their lines in the list. Reads each file again only after a change."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from iicl_tui.errors import LabError
from iicl_tui.store import crash_reports

if TYPE_CHECKING:
    from iicl_tui.store.library import Summary

NEWEST = 60
"""How many sessions are read: a few screens full."""
QUICK = 512 * 1024
"""The largest file that is read, in bytes; the line of a larger one shows its last rule."""


class Outcomes:
    """Reads and remembers the outcomes of session files."""

    def __init__(self) -> None:
        self._read: dict[Path, tuple[float, str]] = {}
        self.sparks: dict[Path, str] = {}
        """The metric of each session by generation, as a small curve."""

    @property
    def known(self) -> Mapping[Path, str]:
        """The outcomes that are known, by file."""
        return {path: words for path, (_, words) in self._read.items() if words}

    def find(self, summaries: Sequence[Summary], cancelled: Callable[[], bool]) -> bool:
        """Reads the newest sessions that changed and returns whether anything is new. Slow: call it in a worker."""
        from iicl_tui.present.preview import outcome_and_spark

        news = False
        for summary in summaries[:NEWEST]:
            if cancelled():
                return False
            if not summary.generation or summary.fault is not None:
                continue
            if self._read.get(summary.path, (None, ""))[0] == summary.modified:
                continue
            words = ""
            try:
                if summary.path.stat().st_size <= QUICK:
                    words, self.sparks[summary.path] = outcome_and_spark(summary.path)
            except (LabError, OSError):
                pass  # gone or broken since it was listed; the next listing shows that
            except Exception as error:  # no single file may end the program
                words = crash_reports.cannot_show(error)
            self._read[summary.path] = (summary.modified, words)
            news = True
        return news
