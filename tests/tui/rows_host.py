"""A review of own rows in the real app, with real files and a clock that stands still."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from review_host import Clock

from iicl_tui.review.row_opening import RowOptions, open_rows
from iicl_tui.store.paths import Paths
from iicl_tui.tui.app import LabApp, Start
from iicl_tui.tui.screens.rows import RowsScreen


class RowsApp(LabApp):
    """The real shell around the screen of rows."""

    def __init__(self, folder: Path, rows: Sequence[dict[str, Any]] | None, *, reasons: Sequence[str] = (),
                 theme: str | None = None, **options: Any) -> None:  # fmt: skip
        """rows: the data; None: that of an earlier sitting in the same folder. options: those of RowOptions."""
        data = folder / "mine.jsonl"
        if rows is not None:
            data.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        if reasons:
            (folder / "mine.reasons.txt").write_text("".join(f"{reason}\n" for reason in reasons), encoding="utf-8")
        self.clock = Clock()
        self.opened = open_rows(data, RowOptions(**{"reviewer": "ada", **options}), self.clock)
        self.session = self.opened.session
        self.table = self.session.subject.table
        paths = Paths(folder / "settings.toml", folder / "themes", folder / "sessions", folder / "state")
        super().__init__(paths, start=Start("rows", {"opened": self.opened}), theme=theme)

    @property
    def steps(self) -> list[tuple[str, int]]:
        """The steps in the file: what was done, and to which line."""
        return [(step.kind, step.line) for step in self.session._file.steps]

    @property
    def rows(self) -> RowsScreen:
        assert isinstance(self.screen, RowsScreen)
        return self.screen
