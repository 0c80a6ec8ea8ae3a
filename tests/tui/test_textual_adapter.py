"""Private names of Textual: used in one module only, and what that module promises."""

from __future__ import annotations

import asyncio
import inspect
import os
import pkgutil
import signal
from importlib import import_module
from pathlib import Path

import pytest
from textual import events
from textual.app import App, ComposeResult
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Input, OptionList, Static
from waiting import until

import iicl_tui.tui
from iicl_tui.errors import LabError
from iicl_tui.store.paths import Paths
from iicl_tui.tui.app import LabApp
from iicl_tui.tui.textual_adapter import CrashHandlingApp, ErrorHandlingScreen
from iicl_tui.tui.widgets.plain_input import PlainInput

MODULES = [
    info.name
    for info in pkgutil.walk_packages(iicl_tui.tui.__path__, "iicl_tui.tui.")
    if not info.ispkg and info.name != "iicl_tui.tui.textual_adapter"
]


@pytest.mark.parametrize("name", MODULES)
def test_no_other_module_overrides_a_private_method_of_textual(name: str) -> None:
    for _, kind in inspect.getmembers(import_module(name), inspect.isclass):
        if kind.__module__ != name:
            continue
        bases = [base for base in kind.__mro__[1:] if base.__module__.startswith("textual.")]
        private = [
            attribute
            for attribute, value in vars(kind).items()
            if attribute.startswith("_") and not attribute.startswith("__") and callable(getattr(value, "fget", value))
        ]
        assert not [attribute for attribute in private if any(attribute in vars(base) for base in bases)], kind


class Failing(ErrorHandlingScreen):
    class Asked(Message):
        pass

    def __init__(self) -> None:
        super().__init__()
        self.errors: list[LabError] = []

    def handle_lab_error(self, error: LabError) -> None:
        self.errors.append(error)

    def on_failing_asked(self) -> None:
        raise LabError("It failed")


class Shell(CrashHandlingApp):
    def handle_lab_error(self, error: LabError) -> None:
        self.shown = error

    def describe_crash(self, error: Exception) -> tuple[int, str]:
        return 3, f"crashed: {error}"


async def test_a_screen_lives_on_after_a_handler_raised_a_lab_error() -> None:
    app, screen = Shell(), Failing()
    async with app.run_test() as pilot:
        await app.push_screen(screen)
        screen.post_message(Failing.Asked())
        screen.post_message(Failing.Asked())
        await pilot.pause()
        assert [error.title for error in screen.errors] == ["It failed", "It failed"]


async def test_a_worker_that_raised_a_lab_error_does_not_end_the_app() -> None:
    app = Shell()

    async def work() -> None:
        raise LabError("It failed")

    async with app.run_test() as pilot:
        worker = app.run_worker(work())
        while not worker.is_finished:
            await pilot.pause()
        await pilot.pause()
        assert app.shown.title == "It failed"
        assert app.is_running


async def test_a_crash_has_the_apps_own_exit_code_and_words(capsys: pytest.CaptureFixture[str]) -> None:
    app = Shell()

    def fail() -> None:
        raise ValueError("no reason")

    async def crash() -> None:
        async with app.run_test() as pilot:
            app.call_later(fail)
            await pilot.pause()

    with pytest.raises(ValueError, match="no reason"):
        await crash()
    assert app.return_code == 3
    assert "crashed: no reason" in capsys.readouterr().err


async def test_the_first_screen_of_a_mode_can_be_replaced() -> None:
    class First(Screen):
        pass

    class Started(Shell):
        DEFAULT_MODE = "main"
        MODES = {"main": First}  # noqa: RUF012

    app, second = Started(), Screen[None]()
    async with app.run_test():
        await app.replace_screen(second)
        assert app.screen is second
        assert len(app.screen_stack) == 1


async def test_a_field_shows_control_characters_as_symbols_and_keeps_the_value() -> None:
    class Form(App[None]):
        def compose(self) -> ComposeResult:
            yield PlainInput("a\x1b[31m\x07b", id="own")
            yield Static()

    app = Form()
    async with app.run_test() as pilot:
        field = app.query_one("#own", Input)
        await pilot.pause()
        drawn = "".join(segment.text for segment in field.render_line(0))
        assert field.value == "a\x1b[31m\x07b"
        assert "a␛[31m␇b" in drawn
        assert "\x1b" not in drawn


@pytest.mark.parametrize(("value", "selected", "expected"), [("", False, "one two  three"), ("old", True, "one two  three")])
async def test_a_paste_of_several_lines_stays_whole(value: str, selected: bool, expected: str) -> None:
    class Form(App[None]):
        def compose(self) -> ComposeResult:
            yield PlainInput(value)

    app = Form()
    async with app.run_test() as pilot:
        field = app.query_one(Input)
        field.focus()
        if selected:
            field.select_all()
        app.post_message(events.Paste("one\r\n\ntwo\n three\n"))
        await pilot.pause()
        await pilot.pause()
        assert field.value == expected
        assert field.cursor_position == len(expected)


async def test_a_page_down_in_a_list_without_room_does_nothing() -> None:
    class Lists(App[None]):
        def compose(self) -> ComposeResult:
            yield OptionList("a", "b")

    app = Lists()
    async with app.run_test() as pilot:
        found = app.query_one(OptionList)
        found.styles.height = 0
        await pilot.pause()
        found.clear_options().add_options(["c", "d"])
        found.action_page_down()
        found.action_page_up()


async def test_a_signal_ends_the_program_also_when_the_loop_has_no_room_for_its_number(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    app = LabApp(Paths(tmp_path / "settings.toml", tmp_path, tmp_path, tmp_path))
    left: list[int] = []
    monkeypatch.setattr(LabApp, "is_headless", property(lambda self: False))
    monkeypatch.setattr(app, "exit", lambda return_code: left.append(return_code))
    numbers = (signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    loop = asyncio.get_running_loop()
    try:
        app._handle_signals()
        for number in numbers:
            for _ in range(2000):  # as if so many keys had arrived, and none were handled yet
                loop.call_soon_threadsafe(lambda: None)
            os.kill(os.getpid(), number)
            await until(lambda number=number: 128 + number in left)  # type: ignore[misc]
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
