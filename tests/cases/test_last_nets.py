"""A bug in the program at one file, row or theme is said where that is shown, and the program goes on."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import OptionList, Static
from waiting import app_until

from iicl_tui.files import OutsideFiles
from iicl_tui.present.outcomes import Outcomes
from iicl_tui.store.config_draft import Draft, examine, named_outside
from iicl_tui.store.library import Library
from iicl_tui.store.paths import Paths, shipped
from iicl_tui.tui.app import LabApp, Start

SAID = "because of a bug in the program"


def broken(*_: Any, **__: Any) -> Any:
    raise RuntimeError("unforeseen")


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    found = Paths(tmp_path / "settings.toml", tmp_path / "themes", tmp_path / "sessions", tmp_path / "state")
    found.sessions.mkdir()
    shutil.copy(min(shipped("sessions").glob("*.toml"), key=lambda path: path.stat().st_size), found.sessions / "a.toml")
    return found


def words(pilot: Pilot[Any], selector: str) -> str:
    widget = pilot.app.screen.query_one(selector)
    return "".join(widget.render_line(y).text for y in range(widget.size.height))


async def shows(pilot: Pilot[Any], selector: str) -> None:
    """The widget is there and says that something cannot be shown."""

    def there() -> bool:
        return bool(pilot.app.screen.query(selector)) and "bug in" in words(pilot, selector)

    await app_until(pilot, there)


@pytest.mark.parametrize(
    ("place", "selector"),
    [
        ("iicl_tui.present.preview.read_preview", "#words"),
        ("iicl_tui.tui.home.side_pane.SidePane.show_preview", "#words"),
        ("iicl_tui.charts.belief.draw", "#chart"),
        ("iicl_tui.store.library._with_tail", "#list"),
        ("iicl_tui.present.session_list._session_item", "#list"),
    ],
)
async def test_the_home_screen_goes_on(paths: Paths, monkeypatch: pytest.MonkeyPatch, place: str, selector: str) -> None:
    monkeypatch.setattr(place, broken)
    async with LabApp(paths).run_test(size=(160, 50)) as pilot:
        await shows(pilot, selector)
        assert pilot.app.return_code is None


def test_an_outcome_that_cannot_be_read_is_said(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("iicl_tui.present.preview.outcome_and_spark", broken)
    found = Outcomes()
    assert found.find(Library(paths.sessions).sessions(), lambda: False)
    [said] = found.known.values()
    assert SAID in said


async def test_a_theme_that_cannot_be_shown_is_left(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    async with LabApp(paths).run_test() as pilot:
        before = pilot.app.theme
        await pilot.press("f3")
        await app_until(pilot, lambda: bool(pilot.app.screen.query("#themes")))
        listed = pilot.app.screen.query_one(OptionList)
        with monkeypatch.context() as patch:
            watched = LabApp._watch_theme
            patch.setattr(LabApp, "_watch_theme", lambda app, name: watched(app, name) if name == before else broken())
            listed.highlighted = (listed.highlighted or 0) + 1
            await app_until(pilot, lambda: any(SAID in str(note.message) for note in pilot.app._notifications))
        assert pilot.app.theme == before


async def test_the_form_goes_on(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("iicl_tui.tui.configure.side_pane.start_words", broken)
    async with LabApp(paths, start=Start("configure", {})).run_test(size=(160, 50)) as pilot:
        await shows(pilot, "#start")
        monkeypatch.setattr("iicl_tui.store.config_draft.read_config", broken)
        await pilot.press("x")
        await app_until(pilot, lambda: SAID in str(pilot.app.screen.query_one("#total", Static).content))


def test_an_examined_draft_says_it_as_a_fault(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr("iicl_tui.store.config_draft.read_config", broken)
    config, [fault] = examine(Draft.of("[chain]\n"))
    assert config is None
    assert SAID in str(fault)
    assert named_outside(Draft.of("[chain]\n"), tmp_path) == OutsideFiles(True)
