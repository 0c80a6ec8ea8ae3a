"""Windows of almost no width or height, with each screen and dialog open: nothing raises, and nothing is laid out without end."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from settling import settled
from textual import events
from textual.command import CommandPalette

from iicl_tui.store.paths import Paths, shipped
from iicl_tui.tui.app import LabApp, Start

SIZES = ((1, 1), (2, 60), (0, 5), (3, 3), (4, 1), (5, 9), (7, 24), (120, 1), (2, 2), (80, 24))
PLACES: dict[str, tuple[str, Sequence[str]]] = {
    "home": ("home", ()),
    "the palette": ("home", ("ctrl+p",)),
    "a deletion": ("home", ("d",)),
    "a new name": ("home", ("r",)),
    "themes": ("home", ("f3",)),
    "help": ("home", ("question_mark",)),
    "the form": ("configure", ()),
    "the lab": ("lab", ()),
    "a goal": ("lab", ("r",)),
    "a budget": ("lab", ("$",)),
    "the transcript": ("lab", ("t",)),
    "a branch": ("lab", ("b",)),
    "a chain presented": ("lab", ("z",)),
    "two chains": ("pair", ("z", "v", "r")),
}


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    found = Paths(tmp_path / "settings.toml", tmp_path / "sessions", tmp_path / "themes", tmp_path / "state")
    found.sessions.mkdir()
    text = next(iter(sorted(shipped("sessions").glob("*.toml")))).read_text()
    for name in ("漢字カタカナ", "a"):
        (found.sessions / f"{name}.toml").write_text(text.replace('title = "', f'title = "{name} '))
    return found


@pytest.mark.parametrize(("screen", "keys"), PLACES.values(), ids=PLACES.keys())
async def test_every_size_can_be_drawn(paths: Paths, screen: str, keys: Sequence[str]) -> None:
    files = tuple(sorted(paths.sessions.glob("*.toml")))
    every: dict[str, dict[str, Any]] = {"lab": {"path": files[-1]}, "pair": {"paths": files}}
    values = every.get(screen, {})
    app = LabApp(paths, start=Start(screen, values)) if screen != "home" else LabApp(paths)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press(*keys)
        await pilot.pause()
        for width, height in SIZES:
            await pilot.resize_terminal(width, height)
            assert await settled(), f"{width} × {height} is never quiet"


async def test_a_click_outside_the_window_does_not_end_the_palette(paths: Paths) -> None:
    async with LabApp(paths).run_test(size=(80, 24)) as pilot:
        await pilot.press("ctrl+p")
        await pilot.pause()
        palette = pilot.app.screen
        assert isinstance(palette, CommandPalette)
        palette.post_message(events.Click(palette, 108, 22, 0, 0, 1, False, False, False, 108, 22))
        await pilot.pause()
        assert pilot.app.screen is palette
