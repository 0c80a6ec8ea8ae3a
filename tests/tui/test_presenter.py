"""The presenter mode on the screens, and the file that the speaker's terminal follows."""

from __future__ import annotations

from pathlib import Path

from textual.widgets import Static
from waiting import app_until

from iicl_tui.lessons import library
from iicl_tui.present import presenting
from iicl_tui.store.paths import Paths, shipped
from iicl_tui.tui.app import LabApp, Start
from iicl_tui.tui.presenter import THEME
from iicl_tui.tui.screens.lab import LabScreen
from iicl_tui.tui.screens.lesson import LessonScreen
from iicl_tui.tui.widgets.footer import KeyBar
from iicl_tui.tui.widgets.header import HeaderLine
from iicl_tui.tui.widgets.headline import Headline


async def test_a_lesson_is_presented_and_followed(tmp_path: Path) -> None:
    paths = Paths(tmp_path / "settings.toml", tmp_path / "themes", tmp_path / "sessions", tmp_path / "state")
    path = library.path_of("passing-on")
    app = LabApp(paths, start=Start("lesson", {"path": path}), present=True)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = app.screen
        assert isinstance(screen, LessonScreen)
        await app_until(pilot, lambda: screen.attempt is not None)
        await pilot.pause()
        assert app.theme == THEME
        assert not screen.query_one(KeyBar).display
        assert not screen.query_one("#buttons").display
        shown = screen.query_one(Headline)
        assert shown.display
        assert "█" in str(shown.render())
        assert screen.query_one("#text", Static).region.bottom <= 24
        found = presenting.read(paths.state)
        assert found is not None
        assert (found.kind, found.step, found.open, Path(found.path)) == ("lesson", 0, False, path.resolve())
        await pilot.press("n")
        await pilot.pause()
        found = presenting.read(paths.state)
        assert found is not None
        assert (found.step, found.open) == (1, True)
        await pilot.press("z")
        await pilot.pause()
        assert presenting.read(paths.state) is None
        assert app.theme != THEME
        assert screen.query_one(KeyBar).display
        assert not screen.query_one(Headline).display
    assert not (paths.state / presenting.FILE).exists()


async def test_the_lab_hides_what_is_not_for_the_room(tmp_path: Path) -> None:
    paths = Paths(tmp_path / "settings.toml", tmp_path / "themes", tmp_path / "sessions", tmp_path / "state")
    path = next(iter(sorted(shipped("sessions").glob("*.toml"))))
    app = LabApp(paths, start=Start("lab", {"path": path}))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        screen = app.screen
        assert isinstance(screen, LabScreen)
        await pilot.press("z")
        await pilot.pause()
        header = screen.query_one(HeaderLine)
        assert (header.facts, header.state) == ((), "")
        hidden = ("#tabs", "#choices", "#film", "#now", "#readout")
        assert not any(screen.query_one(name).region.area for name in hidden)
        assert screen.query_one("#chart").region.height >= 20
        found = presenting.read(paths.state)
        assert found is not None
        assert (found.kind, found.path) == ("session", str(path.resolve()))
        await pilot.press("left_square_bracket", "3")
        await pilot.pause()
        assert screen.query_one("#objects").region.height >= 10
        again = presenting.read(paths.state)
        assert again is not None
        assert again.generation == found.generation - 1
