"""Only what has changed is painted anew: what stands on the screen must be what a whole picture would show."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from iicl_tui.chain.config import read_config
from iicl_tui.present.lab_session import LabSession
from iicl_tui.store.paths import Paths
from iicl_tui.store.session import SessionFile
from iicl_tui.tui.app import LabApp, Start
from iicl_tui.tui.screens.lab import LabScreen

KEYS = [
    *["space"] * 8,
    "g",
    "[",
    "]",
    "{",
    "}",
    "v",
    "s",
    "c",
    "G",
    "T",
    "1",
    "2",
    "3",
    "4",
    "5",
    "left",
    "down",
    "m",
    "tab",
    "end",
]
SIZES = [(80, 24), (120, 40), (200, 60), (61, 17)]
ACRE = {"chain": {"generations": 6}, "task": {"hypothesis": 33, "spurious": "screen", "draw": "overlap"}}
NAMING = {"chain": {"task": "naming", "generations": 2}}
WORDS = {"chain": {"task": "acronym", "generations": 6}, "filter": [{"kind": "rank", "prefer": "easy"}]}


def painted(widget: Widget) -> list[list[tuple[str, str]]]:
    """Its cells as the compositor has them, without drawing anything anew that is not held to be changed."""
    return [list(cells(strip)) for strip in widget.render_lines(Region(0, 0, widget.region.width, widget.region.height))]


def cells(strip: Strip) -> Iterator[tuple[str, str]]:
    for text, style, _ in strip:
        for char in text:
            yield char, str(style)


@pytest.mark.parametrize("document", [ACRE, NAMING, WORDS], ids=["acre", "naming", "acronym"])
async def test_no_line_is_left_as_it_was(document: dict[str, Any], tmp_path: Path) -> None:
    session = LabSession.from_file(SessionFile.create(read_config(document), tmp_path))
    paths = Paths(tmp_path / "settings.toml", tmp_path / "themes", tmp_path, tmp_path / "state")
    app = LabApp(paths, start=Start("lab", {"session": session}))
    chance = random.Random(7)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        screen = app.screen
        assert isinstance(screen, LabScreen)
        for step in range(40):
            if step % 10 == 9:
                await pilot.resize_terminal(*chance.choice(SIZES))
            elif step % 16 == 12:
                app.theme = chance.choice(["textual-light", "nord", "ansi-light"])
            else:
                await pilot.press(chance.choice(KEYS))
            while screen.activity.busy:
                await pilot.pause()
            await pilot.pause()
            if step % 2:
                continue
            seen = {widget: painted(widget) for widget in screen._compositor.visible_widgets if widget.size}
            for widget in seen:
                widget.notify_style_update()
                widget._set_dirty()
            for widget, before in seen.items():
                assert painted(widget) == before, widget
