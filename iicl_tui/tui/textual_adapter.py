"""The only module that uses private names of Textual. Each use says why no public name will do."""

from __future__ import annotations

import signal
import sys
from codecs import getincrementaldecoder
from contextlib import suppress
from functools import partial
from pathlib import PurePath
from typing import Any

from textual import work
from textual._context import active_message_pump  # the widget whose handler failed
from textual.app import App
from textual.await_complete import AwaitComplete
from textual.command import CommandPalette
from textual.content import Content
from textual.css.query import NoMatches
from textual.dom import DOMNode
from textual.driver import Driver
from textual.errors import NoWidget
from textual.events import Click
from textual.message import Message
from textual.message_pump import MessagePump
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import MountError
from textual.widgets import OptionList
from textual.worker import WorkerFailed

from iicl_tui.errors import LabError

_wrap = Content._wrap_and_format


def _wrap_to_a_cell(
    content: Content,
    width: int,
    align: Any = "left",
    overflow: Any = "fold",
    no_wrap: bool = False,
    line_pad: int = 0,
    **options: Any,
) -> Any:
    """Wraps text to at least one cell. Textual ends the program at a width of 0, which a window of almost no width leads to."""
    width = max(width, 1)
    return _wrap(content, width, align, overflow, no_wrap, min(line_pad, (width - 1) // 2), **options)


Content._wrap_and_format = _wrap_to_a_cell  # type: ignore[assignment, method-assign]


_move_page = OptionList._move_page


def _move_page_if_shown(self: OptionList, direction: Any) -> None:
    """Moves by a page. Textual ends the program if the list has no line yet, as in a window of one line."""
    with suppress(LookupError):
        _move_page(self, direction)


OptionList._move_page = _move_page_if_shown  # type: ignore[method-assign]


class ErrorHandlingScreen(Screen[object]):
    """A screen whose message handlers may raise LabError.

    Textual ends the program when a handler raises, and has no public hook around a handler. `_dispatch_message` is the
    one method that every handler of a screen is called through.
    """

    def handle_lab_error(self, error: LabError) -> None:
        """Show an error that a handler raised."""
        raise NotImplementedError

    async def _dispatch_message(self, message: Message) -> None:
        try:
            await super()._dispatch_message(message)
        except LabError as error:
            self.handle_lab_error(error)


def drawn_lines(screen: Screen[Any]) -> list[Strip]:
    """The lines of a screen as they are drawn now. Only Textual's compositor knows how the widgets cover each other."""
    return screen._compositor.render_strips()


class ClosableCommandPalette(CommandPalette):
    """A command palette that may be closed at any instant.

    Textual ends the program if its list is gone when its worker (`_gather_commands`) or a key (`_action_command_list`) looks for
    it, if two clicks close it twice, and at a click outside the window.
    """

    def _on_click(self, event: Click) -> None:  # type: ignore[override]
        try:
            self.get_widget_at(event.screen_x, event.screen_y)
        except NoWidget:
            event.prevent_default()

    @work(exclusive=True, group=CommandPalette._GATHER_COMMANDS_GROUP)
    async def _gather_commands(self, search_value: str) -> None:
        with suppress(NoMatches):
            await CommandPalette._gather_commands.__wrapped__(self, search_value)  # type: ignore[attr-defined]

    def _action_command_list(self, action: str) -> None:
        with suppress(NoMatches, LookupError):  # or the list is still empty
            super()._action_command_list(action)

    def _action_cursor_down(self) -> None:
        with suppress(NoMatches):
            super()._action_cursor_down()

    def dismiss(self, result: Any = None) -> AwaitComplete:
        return super().dismiss(result) if self.app.screen is self else AwaitComplete()


class CrashHandlingApp(App[None]):
    """An app that handles unhandled exceptions itself.

    Textual's own answer is a traceback on the terminal. `_handle_exception` is where all unhandled exceptions arrive; the
    public `panic` takes over only for exceptions that have a `__rich__` method.
    """

    def __init__(self, css_path: list[str | PurePath] | None = None) -> None:
        super().__init__(css_path=css_path)
        self._crash_message = ""

    def get_driver_class(self) -> type[Driver]:
        """The platform's driver, which reads bytes that are no UTF-8 as U+FFFD.

        Textual's drivers end the program at such a byte, as a Latin-1 paste has, and take no decoder from outside.
        """
        driver = super().get_driver_class()
        module = sys.modules[driver.__module__]
        if hasattr(module, "getincrementaldecoder"):
            module.getincrementaldecoder = lambda encoding: partial(getincrementaldecoder(encoding), "replace")  # type: ignore[attr-defined]
        return driver

    def restart_terminal_once(self) -> None:
        """On SIGCONT, start the terminal's mode again after it was ended.

        Textual starts it at every SIGCONT, with new threads that read and write. After SIGSTOP, or at a hangup, which sends
        SIGCONT as well, the old ones would go on, and the process would never end. Whether a mode is on, only the driver knows,
        by its private threads.
        """
        driver = self._driver
        if driver is None or self.is_headless or not hasattr(signal, "SIGCONT"):
            return
        start_again = signal.getsignal(signal.SIGCONT)

        def go_on(number: int, frame: Any) -> None:
            thread = getattr(driver, "_key_thread", None)
            if getattr(driver, "_auto_restart", False) and thread is not None and thread.is_alive():
                driver.suspend_application_mode()
            if callable(start_again):
                start_again(number, frame)

        with suppress(ValueError):  # not in the main thread
            signal.signal(signal.SIGCONT, go_on)

    def action_command_palette(self) -> None:
        if self.use_command_palette and not isinstance(self.screen, CommandPalette):
            self.push_screen(ClosableCommandPalette(id="--command-palette"))

    def handle_lab_error(self, error: LabError) -> None:
        """Show an error that a worker raised; the program goes on."""
        raise NotImplementedError

    def describe_crash(self, error: Exception) -> tuple[int, str]:
        """The exit code, and the text to print once the terminal is restored."""
        raise NotImplementedError

    def _handle_exception(self, error: Exception) -> None:
        cause = error.error if isinstance(error, WorkerFailed) and isinstance(error.error, Exception) else error
        if isinstance(cause, LabError) and isinstance(error, WorkerFailed):
            self.handle_lab_error(cause)
            return
        if isinstance(cause, NoMatches) and self._is_gone(active_message_pump.get(None)):
            return  # a message came to a widget while it was removed, and its children were gone already
        if self._exit and isinstance(cause, MountError):  # it was ended while it started
            self._close_messages_no_wait()
            return
        if self._exception is None:  # a test's pilot raises the first exception again
            self._exception = error
            self._exception_event.set()
            self._return_code, self._crash_message = self.describe_crash(cause)
        self._close_messages_no_wait()

    def _is_gone(self, node: MessagePump | None) -> bool:
        """Whether a widget is removed, or its screen is left. Textual tells this by private flags only."""
        if self._exit or not isinstance(node, DOMNode) or node is self:
            return self._exit
        ancestors = node.ancestors_with_self
        return any(getattr(each, "_pruning", False) for each in ancestors) or not any(
            each in self.screen_stack for each in ancestors
        )

    def _print_error_renderables(self) -> None:
        # Textual prints its exit text through Rich, which wraps long paths, so that they could not be copied in one piece.
        if self._crash_message:
            print(self._crash_message, file=sys.stderr)
        super()._print_error_renderables()

    def replace_screen(self, screen: Screen) -> AwaitComplete:
        """`switch_screen` that also works from the first screen of a mode.

        `switch_screen` removes a result callback of the current screen; Textual gives the first screen none.
        """
        if not self.screen._result_callbacks:
            self.screen._push_result_callback(self.screen, None)
        return self.switch_screen(screen)
