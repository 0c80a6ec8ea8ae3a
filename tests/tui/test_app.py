from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import pytest
from textual import work
from textual.app import App, ComposeResult
from textual.command import CommandPalette
from textual.containers import Vertical
from textual.css.query import NoMatches
from textual.message import Message
from textual.widgets import DataTable, Input, OptionList, Static
from waiting import app_until

from iicl_tui.errors import Fault, LabError
from iicl_tui.store import crash_reports
from iicl_tui.store.paths import Paths
from iicl_tui.store.settings import Settings
from iicl_tui.tui.actions import GROUPS, bindings
from iicl_tui.tui.app import SCREENS_BY_NAME, LabApp, Start, run_app
from iicl_tui.tui.keymap import live_actions
from iicl_tui.tui.screens.base import AppScreen
from iicl_tui.tui.screens.error import ErrorScreen
from iicl_tui.tui.screens.help import HelpScreen
from iicl_tui.tui.widgets.footer import KeyBar
from iicl_tui.tui.widgets.header import HeaderLine

HOSTILE = "[/] [bold]x \x1b]52;c;AAAA\x07 \x9b31m \u202e" + "漢" * 200
TELLING = "boom with 'some words of a file that are long' and sk-abcdefghijklmnopqrstuvwxyz0123"
AT_END = LabError("No phase is next", "The chain is at its end.", "Branch from a generation.")


A = TypeVar("A", bound=AppScreen)


def on(app: App[Any], kind: type[A]) -> A:
    """The screen on top, which is of this kind."""
    assert isinstance(app.screen, kind)
    return app.screen


class Demo(AppScreen):
    GROUP = "lab"
    BINDINGS: ClassVar[list] = bindings("lab")
    HELP = "A screen to try the shell on."
    LABELS = {"app.back": "later"}  # noqa: RUF012
    AUTO_FOCUS = ""

    class Asked(Message):
        pass

    def __init__(self) -> None:
        super().__init__()
        self.done: list[str] = []
        self.text: str | None = None

    def body(self) -> ComposeResult:
        yield Static("body", id="words")
        yield Input(id="field")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return {"pause": None, "review": False}.get(action, True)

    def copy_text(self) -> str | None:
        return self.text

    def action_next_phase(self) -> None:
        self.done.append("next-phase")

    def action_branch(self) -> None:
        raise AT_END

    def action_view(self) -> None:
        raise ValueError(TELLING)

    @work
    async def action_scale(self) -> None:
        raise AT_END

    def action_ghost(self) -> None:
        self.post_message(self.Asked())

    def on_demo_asked(self) -> None:
        raise LabError(HOSTILE)


class Shell(LabApp):
    def first_screen(self) -> Demo:
        return Demo()


Make = Callable[..., Shell]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def build(**values) -> Shell:
        paths = Paths(tmp_path / "settings.toml", tmp_path / "themes", tmp_path / "sessions", tmp_path / "state")
        return Shell(paths, **values)

    return build


def notices(app: LabApp) -> list[str]:
    return [f"{one.title}\n{one.message}" for one in app._notifications]


def footer(app: LabApp) -> str:
    return app.screen.query_one(KeyBar).render().plain


# Header and footer


@pytest.mark.parametrize("width", [60, 80, 97, 120, 200])
async def test_the_footer_fits_and_ends_with_more(make: Make, width: int) -> None:
    app = make()
    async with app.run_test(size=(width, 24)):
        line = app.screen.query_one(KeyBar).render()
        assert line.plain.startswith("Space next phase")
        assert line.plain.endswith("Esc later  ? more")
        assert line.cell_length <= width - 2
        assert "review" not in line.plain


async def test_the_footer_names_only_keys_that_work(make: Make) -> None:
    app = make()
    async with app.run_test(size=(80, 24)) as pilot:
        app.screen.query_one(Input).focus()
        await pilot.pause()
        assert footer(app) == "Esc later  F1 more"


async def test_the_footer_is_clicked(make: Make) -> None:
    app = make()
    async with app.run_test(size=(80, 24)) as pilot:
        bar = app.screen.query_one(KeyBar)
        await pilot.click(bar, offset=(3, 0))
        await pilot.pause()
        assert on(app, Demo).done == ["next-phase"]
        await pilot.click(bar, offset=(1 + bar.render().plain.index("?"), 0))
        await pilot.pause()
        assert on(app, HelpScreen)


async def test_a_click_on_the_header_opens_the_commands(make: Make) -> None:
    app = make()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.click(HeaderLine, offset=(1, 0))
        await pilot.pause()
        assert isinstance(app.screen, CommandPalette)


async def test_the_header_keeps_title_and_state_and_drops_what_does_not_fit(make: Make) -> None:
    app = make()
    async with app.run_test(size=(60, 24)) as pilot:
        on(app, Demo).header(HOSTILE, ("a fact", "f" * 70), "saved")
        await pilot.pause()
        line = app.screen.query_one(HeaderLine).render()
        assert line.cell_length == 58
        assert line.plain.endswith("● saved")
        assert "\x1b" not in line.plain
        assert "[/]" in line.plain
        on(app, Demo).header("short", ("a fact", "f" * 70), "read-only")
        assert app.screen.query_one(HeaderLine).render().plain.split("  ")[:2] == ["≡ short", "a fact"]


async def test_too_small_a_window_says_so_and_all_comes_back(make: Make) -> None:
    app = make()
    async with app.run_test(size=(80, 24)) as pilot:
        app.screen.query_one(Input).focus()
        note = app.screen.query_one("#too-small")
        assert not note.display

        def fills(size: tuple[int, int]) -> bool:
            return note.display and note.region.size == size

        for size in ((59, 24), (80, 15), (5, 2), (1, 1)):
            await pilot.resize_terminal(*size)
            await app_until(pilot, partial(fills, size))
        await pilot.resize_terminal(60, 16)
        await app_until(pilot, lambda: not note.display)
        assert app.focused is app.screen.query_one(Input)


# Errors


async def test_a_failed_action_is_a_message_with_a_way_out(make: Make) -> None:
    app = make()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("b")
        await pilot.pause()
        assert isinstance(app.screen, ErrorScreen)
        assert footer(app) == "Esc close  y copy"
        assert app.screen.text == "No phase is next\n\nThe chain is at its end.\n\nBranch from a generation."
        await pilot.press("y")
        assert app.clipboard == app.screen.text
        await pilot.press("q", "escape")
        await pilot.pause()
        assert isinstance(app.screen, Demo)


async def test_a_worker_that_fails_is_told_the_same_way_and_once(make: Make) -> None:
    app = make()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("s")
        await pilot.pause()
        assert isinstance(app.screen, ErrorScreen)
        app.show_error(AT_END)
        await pilot.pause()
        assert len(app.screen_stack) == 2


async def test_an_error_in_a_message_handler_is_a_toast_and_the_screen_lives(make: Make) -> None:
    app = make()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("G")
        await pilot.pause()
        assert "[/] [bold]x ␛]52;c;AAAA" in notices(app)[0]
        assert not any("\x1b" in line for line in notices(app))
        await pilot.press("space")
        assert on(app, Demo).done == ["next-phase"]


async def test_hostile_text_in_a_message(make: Make) -> None:
    app = make()
    async with app.run_test(size=(80, 24)) as pilot:
        app.show_error(LabError(HOSTILE, HOSTILE * 50, HOSTILE))
        await pilot.pause()
        assert isinstance(app.screen, ErrorScreen)
        box = app.screen.query_one("#box")
        assert box.region.height <= 24
        assert app.screen.query_one(KeyBar).region.bottom < 24
        assert "\x1b" not in app.export_screenshot()


async def test_an_unforeseen_error_ends_with_a_report_and_a_sentence(make: Make, tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("A_KEY", "sk-from-the-environment")
    app = make()
    with pytest.raises(ValueError, match="boom"):  # noqa: PT012 (the pilot raises it again at the end)
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.press("v")
            await pilot.pause()
    assert app.return_code == 1
    (path,) = (tmp_path / "state").iterdir()
    assert capsys.readouterr().err.endswith(f"is in\n{path}\n")
    report = path.read_text()
    assert "ValueError: boom with ‹left out› and ‹left out›" in report
    assert "test_app.py" in report
    assert "terminal 80 × 24" in report
    assert "textual 8" in report
    for secret in ("sk-", "some words of a file", str(Path.home()), "HOME="):
        assert secret not in report


def test_a_report_names_the_errors_that_led_to_it_and_nothing_quoted() -> None:
    try:
        try:
            raise KeyError("state")
        except KeyError as error:
            raise RuntimeError("x" * 30 + "\n" + HOSTILE) from error
    except RuntimeError as error:
        text = crash_reports.report(error, datetime(2026, 11, 23, tzinfo=UTC), (80, 24))
    assert "RuntimeError: ‹left out›\n" in text
    assert "builtins.KeyError: 'state'" in text
    assert "\x1b" not in text


def test_a_folder_that_takes_no_report_is_no_second_crash(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    assert crash_reports.write(ValueError("x"), tmp_path / "state") is None
    assert "could not be written" in crash_reports.sentence(None)


def test_a_start_that_fails_says_why_without_a_traceback(make: Make, capsys, monkeypatch, tmp_path: Path) -> None:
    app = make()

    def fail() -> None:
        raise OSError("no terminal")

    monkeypatch.setattr(app, "run", fail)
    assert run_app(app) == 1
    said = capsys.readouterr().err
    assert str(tmp_path / "state") in said
    assert "Traceback" not in said

    def refuse() -> None:
        raise LabError("No such session", "x.toml is not there.", "Check the name.")

    monkeypatch.setattr(app, "run", refuse)
    assert run_app(app) == 2
    assert capsys.readouterr().err == "No such session\nx.toml is not there.\nCheck the name.\n"


class Refused(AppScreen):
    def __init__(self, path: Path) -> None:
        raise LabError("No such session", f"{path.name} is not there.", "Check the name.")


async def test_a_first_screen_that_cannot_be_made_ends_with_its_own_words(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setitem(SCREENS_BY_NAME, "lab", f"{__name__}:Refused")
    app = LabApp(Paths(*[tmp_path] * 4), start=Start("lab", {"path": tmp_path / "x.toml"}))
    with pytest.raises(LabError):
        async with app.run_test():
            raise AssertionError("it started")
    assert app.return_code == 2
    assert capsys.readouterr().err == "No such session\nx.toml is not there.\nCheck the name.\n"
    assert not os.listdir(tmp_path)


async def test_a_screen_that_cannot_be_opened_leaves_all_as_it_was(make: Make, monkeypatch) -> None:
    monkeypatch.setitem(SCREENS_BY_NAME, "theme", f"{__name__}:Refused")
    monkeypatch.setattr(LabApp, "action_theme", lambda app: app.open("theme", Path("x.toml")))
    app = make()
    async with app.run_test() as pilot:
        await pilot.press("f3")
        await pilot.pause()
        assert isinstance(app.screen, ErrorScreen)
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.screen, Demo)


async def test_back_from_the_screen_that_was_started_with_goes_home(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setitem(SCREENS_BY_NAME, "home", f"{__name__}:Demo")
    app = LabApp(Paths(*[tmp_path] * 4), start=Start("transcript", {"title": "a", "entries": ()}))
    async with app.run_test() as pilot:
        assert app.screen.query_one("#entry").styles.border_top[0] == "solid"  # its own .tcss is there
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(app.screen, Demo)
        assert len(app.screen_stack) == 1


@pytest.mark.parametrize("name", ["home", "configure"])
async def test_the_first_screens_styles_are_read_with_the_apps_own(name: str, tmp_path: Path) -> None:
    """Else Textual reads all styles a second time."""
    app = LabApp(Paths(*[tmp_path] * 4), start=Start(name))
    async with app.run_test():
        assert [path.name for path in app.css_path] == ["app.tcss", f"{name}.tcss"]
        assert app.css_path[1:] == app.screen.css_path


# Keys and commands


async def test_a_persons_keys_are_taken_and_faults_are_told_once(make: Make) -> None:
    app = make(settings=Settings(keys={"lab.next-phase": "f9", "lab.nothing": "x", "lab.run-to": "q"}))
    async with app.run_test(size=(80, 24)) as pilot:
        assert footer(app).startswith("F9 next phase")
        await pilot.press("space")
        assert on(app, Demo).done == []
        await pilot.press("f9")
        assert on(app, Demo).done == ["next-phase"]
        (notice,) = notices(app)
        assert "lab.nothing" in notice
        assert "q would run both" in notice


async def test_settings_faults_are_one_notice(make: Make) -> None:
    app = make(faults=[Fault(("lab", "form"), HOSTILE, 3), Fault((), "b")])
    async with app.run_test():
        (notice,) = notices(app)
        assert notice.startswith("Ignored some settings in settings.toml\nline 3: lab.form: [/]")


async def test_the_palette_has_every_action_of_the_screen_and_of_the_app(make: Make) -> None:
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        demo = on(app, Demo)
        wanted = {action.label for group in ("lab", "app") for action in GROUPS[group]}
        wanted -= {"review", "back", "commands"}
        for key in ("f2", "ctrl+p"):
            await pilot.press(key)
            await app.workers.wait_for_complete()
            await pilot.pause()
            assert isinstance(app.screen, CommandPalette)
            shown = app.screen.query_one(OptionList).options
            text = {str(option.prompt).split("   ")[0].strip() for option in shown}
            assert wanted | {"later"} <= text
            assert all("." in str(option.prompt) for option in shown)
            await pilot.press("escape")
            await pilot.pause()
        await pilot.press("f2")
        await pilot.pause()
        await pilot.press(*"next ph")
        await app.workers.wait_for_complete()
        await pilot.pause()
        await pilot.press("enter")
        await pilot.pause()
        assert demo.done == ["next-phase"]


async def test_an_action_that_cannot_be_done_now_is_shown_as_such(make: Make) -> None:
    app = make()
    async with app.run_test(size=(80, 24)):
        live = {one.action.id: one for one in live_actions(app.screen, app.keymap)}
        assert "lab.review" not in live
        assert not live["lab.pause"].enabled
        assert live["lab.next-phase"].enabled


async def test_back_from_the_first_screen_stays_when_it_is_home(make: Make) -> None:
    app = make()
    async with app.run_test(size=(80, 24)) as pilot:
        Demo.GROUP = "home"
        try:
            await pilot.press("escape")
            assert isinstance(app.screen, Demo)
        finally:
            Demo.GROUP = "lab"
        await pilot.press("q")
    assert app.return_code == 0


# Copy, picture, theme


async def test_copy_makes_control_characters_visible(make: Make) -> None:
    app = make()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("y")
        assert "nothing to copy" in notices(app)[0]
        on(app, Demo).text = HOSTILE + "\nsecond line"
        await pilot.press("y")
        assert app.clipboard.startswith("[/] [bold]x ␛]52;c;AAAA␇")
        assert app.clipboard.endswith("漢\nsecond line")
        assert "\x1b" not in app.clipboard


async def test_a_picture_is_saved_and_its_place_is_said(make: Make, tmp_path: Path) -> None:
    app = make()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("f12")
        await pilot.pause()
        (path,) = (tmp_path / "sessions" / "screenshots").iterdir()
        picture = path.read_text(encoding="utf-8")
        assert picture.startswith("<svg")
        assert "https://cdn" not in picture  # no server is asked for a font when it is opened
        assert str(path) in notices(app)[0]


async def test_a_picture_that_cannot_be_saved_says_why(make: Make, tmp_path: Path) -> None:
    (tmp_path / "sessions").write_text("a file")
    app = make()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("f12")
        await pilot.pause()
        assert isinstance(app.screen, ErrorScreen)
        assert "The screenshot was not saved" in app.screen.text


async def test_a_theme_is_shown_at_once_and_kept(make: Make, tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text("# mine\n[keys]\n")
    app = make()
    async with app.run_test(size=(80, 24)) as pilot:
        assert app.theme == "iicl-dark"
        await pilot.press("f3")
        await pilot.pause()
        await pilot.press("down")
        await pilot.pause()
        assert app.theme == "iicl-light"
        await pilot.press("escape")
        await pilot.pause()
        assert app.theme == "iicl-dark"
        await pilot.press("f3")
        await pilot.pause()
        await pilot.press("down", "enter")
        await pilot.pause()
        assert app.theme == "iicl-light"
        assert isinstance(app.screen, Demo)
    text = (tmp_path / "settings.toml").read_text()
    assert text.startswith("# mine\n") or 'theme = "iicl-light"' in text
    assert tomllib.loads(text)["theme"] == "iicl-light"
    assert "# mine" in text


async def test_a_theme_that_cannot_be_kept_is_still_shown(make: Make, tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text("this is no TOML")
    app = make()
    async with app.run_test(size=(80, 24)) as pilot:
        app.save_theme("nord")
        await pilot.pause()
        assert app.theme == "nord"
        assert "The theme was not saved" in notices(app)[0]


async def test_bad_themes_are_one_notice_and_a_fallback(make: Make, tmp_path: Path) -> None:
    (tmp_path / "themes").mkdir()
    (tmp_path / "themes" / "bad.toml").write_text("accent = ")
    (tmp_path / "themes" / "odd.toml").write_text('accent = "[/"')
    app = make(settings=Settings(theme="[/no such"))
    async with app.run_test(size=(80, 24)):
        assert app.theme == "iicl-dark"
        (notice,) = notices(app)
        assert "bad.toml" in notice
        assert "odd.toml" in notice
        assert "There is no theme named [/no such" in notice


async def test_every_theme_can_be_shown(make: Make) -> None:
    app = make()
    async with app.run_test(size=(80, 24)) as pilot:
        for name in app.available_themes:
            app.theme = name
            await pilot.pause()
            assert app.theme_variables["state-5"]
            assert app.theme_variables["mark"]


async def test_a_screen_has_one_body_between_its_lines(make: Make) -> None:
    app = make()
    async with app.run_test(size=(80, 24)):
        assert app.screen.query_one("#body", Vertical).region.height == 22
        assert app.screen.has_class("-narrow", "-short")
        with pytest.raises(NoMatches):
            app.screen.query_one(DataTable)


def test_the_shell_imports_nothing_that_it_does_not_need_yet() -> None:
    code = (
        "import sys, iicl_tui.tui.app\n"
        "late = ['numpy', 'plotext', 'tomlkit', 'openai', 'anthropic', 'mistralai', 'textual.widgets._data_table',"
        " 'iicl_tui.tui.screens.help', 'iicl_tui.tui.screens.transcript', 'iicl_tui.tui.screens.home']\n"
        "print([name for name in late if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_no_colour_and_no_animation_are_honoured() -> None:
    code = (
        "from pathlib import Path\n"
        "from iicl_tui.store.paths import Paths\n"
        "from iicl_tui.tui.app import LabApp\n"
        "p = Path('/nowhere')\n"
        "app = LabApp(Paths(p, p, p, p))\n"
        "print(app.no_color, app.animation_level)"
    )
    environment = {"NO_COLOR": "1", "TEXTUAL_ANIMATIONS": "none", "PATH": "/usr/bin:/bin", "HOME": "/nowhere"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.split() == ["True", "none"]
