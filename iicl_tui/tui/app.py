"""The app: themes, keys, errors, and opening and closing screens."""

from __future__ import annotations

import asyncio
import gc
import re
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from importlib import import_module
from pathlib import Path, PurePath
from time import monotonic
from typing import Any, ClassVar

from textual.await_complete import AwaitComplete
from textual.dom import DOMNode
from textual.notifications import SeverityLevel
from textual.screen import Screen
from textual.widget import AwaitMount

from iicl_tui.errors import Fault, LabError
from iicl_tui.store import crash_reports
from iicl_tui.store.paths import Paths
from iicl_tui.store.settings import Settings, load, save
from iicl_tui.text import printable
from iicl_tui.tui import themes
from iicl_tui.tui.actions import bindings
from iicl_tui.tui.command_palette import ActionProvider
from iicl_tui.tui.contrast import with_readable_text
from iicl_tui.tui.keymap import Keymap, resolve
from iicl_tui.tui.presenter import Presenter
from iicl_tui.tui.screens.base import AppScreen
from iicl_tui.tui.textual_adapter import CrashHandlingApp

SCREENS_BY_NAME = {
    "home": "iicl_tui.tui.screens.home:HomeScreen",
    "configure": "iicl_tui.tui.screens.configure:ConfigureScreen",
    "lab": "iicl_tui.tui.screens.lab:LabScreen",
    "pair": "iicl_tui.tui.screens.pair:PairScreen",
    "rows": "iicl_tui.tui.screens.rows:RowsScreen",
    "transcript": "iicl_tui.tui.screens.transcript:TranscriptScreen",
    "messages": "iicl_tui.tui.screens.messages:MessagesScreen",
    "study": "iicl_tui.tui.screens.study:StudyScreen",
    "compare": "iicl_tui.tui.screens.compare:CompareScreen",
    "prediction": "iicl_tui.tui.screens.prediction:PredictionScreen",
    "lesson": "iicl_tui.tui.screens.lesson:LessonScreen",
    "explain": "iicl_tui.tui.screens.explain:ExplainScreen",
    "help": "iicl_tui.tui.screens.help:HelpScreen",
    "keys": "iicl_tui.tui.screens.keys:KeysScreen",
    "theme": "iicl_tui.tui.screens.theme:ThemeScreen",
    "error": "iicl_tui.tui.screens.error:ErrorScreen",
}
"""Module and class of each screen. The module is imported when its screen is first opened, which keeps the start short."""

# A saved picture must not load a font from a server; any monospaced font will do.
_FONT = re.compile(r"@font-face\s*\{[^}]*\}")


_REASON_SECONDS = 4.0


@dataclass(frozen=True)
class Start:
    """The name of the first screen, and the arguments of its constructor."""

    screen: str = "home"
    values: dict[str, Any] = field(default_factory=dict)


class LabApp(CrashHandlingApp):
    """The app. A screen reaches it as `self.lab_app`, by AppProtocol."""

    TITLE = "iicl-tui"
    GROUP = "app"
    BINDINGS: ClassVar[list] = [*bindings("app")]
    COMMANDS: ClassVar[set] = {ActionProvider}
    # An own mode, because Textual does not load the style sheet of a default screen.
    DEFAULT_MODE = "main"

    def __init__(
        self,
        paths: Paths,
        settings: Settings | None = None,
        faults: Sequence[Fault] = (),
        start: Start | None = None,
        theme: str | None = None,
        present: bool = False,
    ) -> None:
        """Set up the app.

        Args:
            paths: Where sessions, settings, themes and reports are.
            settings: The person's settings.
            faults: What was wrong with the settings file.
            start: The screen to begin with.
            theme: Overrides the settings' theme for this run.
            present: Begin in presenter mode.
        """
        self._start = start or Start()
        super().__init__(css_path=_style_sheets(self._start.screen))
        self.add_mode("main", self.first_screen)
        self.paths = paths
        self.settings = settings or Settings()
        self._last_reason = "", 0.0
        """The last reason why a key did nothing, and the monotonic time until which it is shown."""
        self._notices: list[tuple[str, list[str]]] = []
        if faults:
            self._notices.append((f"Ignored some settings in {paths.settings.name}", [str(fault) for fault in faults]))
        self._load_themes(theme or self.settings.theme)
        self.presenter = Presenter(self, paths.state)
        if present:
            self.presenter.turn(True)
        self.keymap: Keymap = resolve(self.settings.keys)
        self.set_keymap(self.keymap.overrides())
        if self.keymap.faults:
            self._notices.append(("Ignored some keys of your settings", list(self.keymap.faults)))

    def _load_themes(self, chosen: str | None) -> None:
        found, faults = themes.load_all(self.paths.themes)
        for theme in found:
            self.register_theme(theme)
        name = chosen or themes.DEFAULT
        if name not in self.available_themes:
            faults.append(f"There is no theme named {printable(name, 40)}; using {themes.DEFAULT}.")
            name = themes.DEFAULT
        self.theme = name if name in self.available_themes else "textual-dark"
        if faults:
            self._notices.append(("Ignored some themes", faults))

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return themes.defaults(self.current_theme)

    def get_css_variables(self) -> dict[str, str]:
        self.theme_variables = with_readable_text(super().get_css_variables())
        return self.theme_variables

    def first_screen(self) -> Screen:
        """The first screen."""
        return self.make(self._start.screen, **self._start.values)

    def on_load(self) -> None:
        self._handle_signals()  # before the driver changes the terminal

    def on_mount(self) -> None:
        self.restart_terminal_once()
        self.presenter.begin()
        for title, lines in self._notices:
            text = "\n".join(printable(line, 300) for line in lines)
            self.notify(text, title=title, severity="warning", timeout=12, markup=False)
        self._notices.clear()

    def _handle_signals(self) -> None:
        """On a signal that ends programs, leave as on quit: the terminal is restored and open sessions are closed.

        `loop.add_signal_handler` would lose a signal that arrives while the loop's pipe is full, which some 280 keys fill that
        are not handled yet.
        """
        if self.is_headless:
            return
        loop = asyncio.get_running_loop()

        def leave(number: int, frame: object) -> None:
            with suppress(AttributeError):  # a hangup sends SIGCONT as well: the terminal must not be set up again
                signal.signal(signal.SIGCONT, signal.SIG_DFL)
            with suppress(RuntimeError):  # the loop is closed: the program ends already
                loop.call_soon_threadsafe(partial(self.exit, return_code=128 + number))

        for name in ("SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT"):
            with suppress(ValueError, AttributeError):  # not in the main thread, or not on this system
                signal.signal(getattr(signal, name), leave)

    def on_ready(self) -> None:
        self.screen.call_after_refresh(_collect_garbage)

    # Opening and closing screens

    def make(self, screen: str, /, *args: Any, **values: Any) -> Any:
        """A new screen of this name; its module is imported now."""
        module, _, name = SCREENS_BY_NAME[screen].partition(":")
        return getattr(import_module(module), name)(*args, **values)

    def open(self, screen: str, /, *args: Any, **values: Any) -> AwaitMount:
        """Show a screen above this one; the back key returns here. Raises LabError if it cannot be made."""
        return self.push_screen(self.make(screen, *args, **values))

    def switch_to(self, screen: str, /, *args: Any, **values: Any) -> AwaitComplete:
        """Show a screen in place of this one. Raises LabError if it cannot be made."""
        return self.replace_screen(self.make(screen, *args, **values))

    def leave(self) -> None:
        """Return to the screen below; from the first screen, to the home screen."""
        if len(self.screen_stack) > 1:
            self.pop_screen()
        elif getattr(self.screen, "GROUP", "") != "home":
            self.switch_to("home")

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = True,
    ) -> None:
        """Show a toast; while somebody presents, without paths and money."""
        message, title = (self.presenter.shown(text) for text in (message, title))
        super().notify(message, title=title, severity=severity, timeout=timeout, markup=markup)

    # Errors

    def show_error(self, error: LabError) -> None:
        """Show an error: as a toast if it is one line, else as a message with what happened and what to do."""
        if not (error.what or error.remedy):
            self.notify(printable(error.title, 400), severity="warning", markup=False)
            return
        screen = self.make("error", error)
        if getattr(self.screen, "text", None) != screen.text:
            self.push_screen(screen)

    async def run_action(self, action: Any, default_namespace: DOMNode | None = None, namespaces: Any = None) -> bool:
        try:
            done = await super().run_action(action, default_namespace, namespaces)
            return done or self._say_why_not(action, default_namespace)
        except LabError as error:
            self.show_error(error)
            return True

    def _say_why_not(self, action: Any, node: DOMNode | None) -> bool:
        """After a key of a screen that does nothing now, say why. Returns whether there was something to say."""
        why = node.why_not(str(action)) if isinstance(node, AppScreen) and node is self.screen else ""
        if (why and why != self._last_reason[0]) or (why and monotonic() > self._last_reason[1]):
            self._last_reason = why, monotonic() + _REASON_SECONDS
            self.notify(printable(why, 400), timeout=_REASON_SECONDS, markup=False)
        return bool(why)

    def handle_lab_error(self, error: LabError) -> None:
        self.show_error(error)

    def describe_crash(self, error: Exception) -> tuple[int, str]:
        """The exit code and the last message; an unforeseen error is written into a report."""
        if isinstance(error, LabError):
            return error.exit_code, printable(str(error), 4000, newlines=True)
        return 1, crash_reports.sentence(crash_reports.write(error, self.paths.state, self.size))

    # The app's actions; the screen decides what back and copy do

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "back" and self.screen_stack and isinstance(self.screen, AppScreen) and not self.screen.can_go_back:
            return False
        return super().check_action(action, parameters)

    def action_back(self) -> None:  # type: ignore[override]  # Textual's is a coroutine
        if isinstance(self.screen, AppScreen):
            self.screen.back()
        else:
            self.leave()

    async def action_quit(self) -> None:
        if all(screen.may_leave() for screen in self.screen_stack if isinstance(screen, AppScreen)):
            self.exit()

    def action_help(self) -> None:
        if getattr(self.screen, "GROUP", "") == "help":
            self.leave()
        else:
            self.open("help", self.screen)

    def action_keys(self) -> None:
        if getattr(self.screen, "GROUP", "") == "keys":
            self.leave()
        else:
            self.open("keys")

    def action_present(self) -> None:
        self.presenter.turn(not self.presenter.on)
        for screen in self.screen_stack:
            if isinstance(screen, AppScreen):
                screen.present(self.presenter.on)

    def on_unmount(self) -> None:
        self.presenter.end()

    def action_theme(self) -> None:
        self.open("theme")

    def action_copy(self) -> None:
        text = self.screen.copy_text() if isinstance(self.screen, AppScreen) else None
        if text:
            self.copy(text)
        else:
            self.notify("There is nothing to copy here.", markup=False)

    def action_screenshot(self, filename: str | None = None, path: str | None = None) -> None:
        folder = self.paths.sessions / "screenshots"
        name = filename or f"iicl-tui-{datetime.now():%Y-%m-%d-%H%M%S-%f}.svg"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            where = folder / name
            where.write_text(_FONT.sub("", self.export_screenshot()), encoding="utf-8")
        except OSError as error:
            raise LabError(
                "The screenshot was not saved",
                f"{folder}: {error.strerror or error}.",
                "Choose a folder that you can write to, with --sessions DIR.",
            ) from error
        self.notify(printable(str(where)), title="Screenshot saved", markup=False)

    def copy(self, text: str, message: str = "Copied.") -> None:
        """Put text on the terminal's clipboard, with control characters made visible."""
        self.copy_to_clipboard(printable(text, newlines=True))
        self.notify(message, markup=False, timeout=2)

    def save_theme(self, name: str) -> None:
        """Show a theme and save it as the setting."""
        self.theme = name
        try:
            save(self.paths.settings, {"theme": name})
        except LabError as error:
            self.notify(printable(str(error), 600, newlines=True), title="The theme was not saved", severity="warning",
                        markup=False)  # fmt: skip

    def save_trusted_host(self, host: str) -> None:
        """Give a host the keys that sessions name, and save it in the settings."""
        hosts = tuple(dict.fromkeys([*load(self.paths.settings)[0].hosts, *self.settings.hosts, host]))
        self.settings = replace(self.settings, hosts=hosts)
        try:
            save(self.paths.settings, {"hosts": list(hosts)})
        except LabError as error:
            self.notify(printable(str(error), 600, newlines=True), title="The host was not saved", severity="warning",
                        markup=False)  # fmt: skip


def _style_sheets(screen: str) -> list[str | PurePath]:
    """The app's style sheet and the first screen's. Textual reads all styles again for each sheet that it finds later."""
    folder = Path(__file__).resolve().parent
    return [sheet for sheet in (folder / "app.tcss", folder / "screens" / f"{screen}.tcss") if sheet.is_file()]


def _collect_garbage() -> None:
    """Collect garbage from now on, but skip the objects made for the first screen, since they stay."""
    gc.freeze()
    gc.enable()


def run_app(app: LabApp) -> int:
    """Run the app and return the exit code. An unforeseen error becomes a report and a sentence, not a traceback."""
    try:
        app.run()
    except LabError as error:
        print(printable(str(error), newlines=True), file=sys.stderr)
        return error.exit_code
    except Exception as error:
        print(crash_reports.sentence(crash_reports.write(error, app.paths.state)), file=sys.stderr)
        return 1
    return app.return_code or 0
