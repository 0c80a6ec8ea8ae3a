from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import DataTable, Input, OptionList, Static
from waiting import app_until

from iicl_tui.store.paths import Paths
from iicl_tui.store.settings import Settings
from iicl_tui.tui.actions import ACTIONS, GROUPS, bindings
from iicl_tui.tui.app import LabApp
from iicl_tui.tui.screens.base import AppScreen
from iicl_tui.tui.screens.help import HelpScreen
from iicl_tui.tui.screens.keys import KeysScreen
from iicl_tui.tui.widgets.footer import KeyBar
from iicl_tui.tui.widgets.header import HeaderLine


class Chart(Static, can_focus=True):
    GROUP = "chart"
    BINDINGS: ClassVar[list] = bindings("chart")


class Demo(AppScreen):
    GROUP = "lab"
    BINDINGS: ClassVar[list] = bindings("lab")
    HELP = "What the [/ screen is for."

    def body(self) -> ComposeResult:
        yield OptionList("one", "two")
        yield Chart("chart")


class Shell(LabApp):
    def first_screen(self) -> Demo:
        return Demo()


@pytest.fixture
def app(tmp_path: Path) -> Shell:
    keys = {"lab.pause": "f9", "app.help": "h", "transcript.next": "f6"}
    # h is the chart's: help keeps its own keys.
    return Shell(Paths(tmp_path / "settings.toml", tmp_path, tmp_path, tmp_path), Settings(keys=keys))


async def test_help_is_the_live_keymap_of_the_screen_it_was_asked_on(app: Shell) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("question_mark")
        await pilot.pause()
        page = app.screen
        assert isinstance(page, HelpScreen)
        text = page.copy_text()
        lines = text.splitlines()
        for group in ("lab", "chart", "app"):
            for action in GROUPS[group]:
                assert any(f"\t{action.label}  {action.help}" in line for line in lines)
        assert not any(action.help in text for action in GROUPS["home"])
        assert "\nF9\tpause  " in text
        assert "? F1\thelp" in text
        titles = [str(one.render()) for one in page.query(".title").results(Static)]
        assert titles == ["what you can do now", "laboratory", "belief chart", "everywhere", "in the focused field or list"]
        assert page.query_one(KeyBar).render().plain == "k all keys  q quit  Esc back  ? close"
        await pilot.press("question_mark")
        await pilot.pause()
        assert isinstance(app.screen, Demo)


async def test_help_can_be_read_and_scrolled_at_80_by_24(app: Shell) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("f1")
        await pilot.pause()
        scroll = app.screen.query_one("#help", VerticalScroll)
        assert scroll.has_focus
        assert scroll.max_scroll_x == 0
        assert scroll.max_scroll_y > 0
        await pilot.press("end")
        await pilot.pause()
        assert scroll.is_vertical_scroll_end
        await pilot.press("k")
        await pilot.pause()
        assert isinstance(app.screen, KeysScreen)
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(app.screen, Demo)


async def test_the_keys_page_lists_every_action_with_its_keys(app: Shell) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("f4")
        await pilot.pause()
        table = app.screen.query_one(DataTable)
        assert [str(row.key.value) for row in table.ordered_rows] == list(ACTIONS)
        row = [str(cell) for cell in table.get_row("lab.pause")]
        assert row[:3] == ["lab.pause", "F9", "p"]
        assert str(table.get_row("lab.earlier")[1]) == "["
        assert "2 changed by you" in app.screen.query_one(HeaderLine).render().plain
        assert isinstance(app.screen, KeysScreen)
        assert app.screen.copy_text() == '"app.help" = "question_mark,f1"'


async def test_the_keys_page_is_searched_and_left_step_by_step(app: Shell) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("f4", "slash")
        await pilot.press(*"BRANCH lab")
        await pilot.pause()
        table = app.screen.query_one(DataTable)
        assert [str(row.key.value) for row in table.ordered_rows] == ["lab.branch"]
        assert app.screen.query_one(KeyBar).render().plain == "Esc back  F1 more"
        await pilot.press("enter")
        assert table.has_focus
        await pilot.press("slash", *"[/")
        await pilot.pause()
        assert table.row_count == 0
        assert isinstance(app.screen, KeysScreen)
        assert app.screen.copy_text() is None
        await pilot.press("enter", "down", "up", "end", "pagedown", "slash")
        await pilot.pause()
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(app.screen, KeysScreen)
        assert app.screen.query_one(Input).value == ""
        assert table.row_count == len(ACTIONS)
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(app.screen, Demo)


async def test_long_help_texts_are_shortened_in_the_table_and_whole_below_it(app: Shell) -> None:
    async with app.run_test(size=(120, 24)) as pilot:
        await pilot.press("f4")
        await pilot.pause()
        table = app.screen.query_one(DataTable)
        await pilot.press("down")
        await pilot.resize_terminal(80, 24)
        await app_until(pilot, lambda: table.virtual_size.width <= 80)
        assert table.cursor_row == 1
        assert "…" in "".join(segment.text for segment in table.render_line(2))
        assert ACTIONS["app.command-palette"].help in str(app.screen.query_one("#what", Static).render())
