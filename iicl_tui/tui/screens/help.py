"""What a screen is for and every key that works on it, from the live keymap."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from iicl_tui.tui.actions import bindings
from iicl_tui.tui.keymap import LiveAction, group_title, key_label, live_actions
from iicl_tui.tui.screens.base import AppScreen
from iicl_tui.tui.widgets.page import Page

_KEYS_WIDTH = 13
NOW = "what you can do now"


class HelpScreen(AppScreen):
    """Help on the screen from which it was opened."""

    GROUP = "help"
    BINDINGS: ClassVar[list] = [*bindings("help")]
    CSS_PATH = "help.tcss"
    LABELS: ClassVar[dict[str, str]] = {"app.help": "close"}

    def __init__(self, about: Screen) -> None:
        super().__init__()
        self._about = about
        self._live: list[LiveAction] = []

    def body(self) -> ComposeResult:
        self._live = live_actions(self._about, self.lab_app.keymap)
        with Page(id="help"):
            about = getattr(self._about, "HELP", "")
            if about:
                yield Static(Content(about), classes="about")
            now = sorted((one for one in self._live if _is_for_now(one)), key=lambda one: one.action.footer)
            if now:
                yield Static(Content(NOW), classes="title")
                yield Static(_table((_keys(one), _what(one)) for one in now))
            later = [one for one in self._live if one not in now]
            for title, group in groupby(later, key=lambda one: group_title(one.action)):
                yield Static(Content(title), classes="title")
                yield Static(_table((_keys(one), _what(one)) for one in group))
            inside = _inside(self._about)
            if inside:
                yield Static(Content("in the focused field or list"), classes="title")
                yield Static(_table(inside))

    def on_mount(self) -> None:
        # A screen that was left at the same instant has no actions.
        self.header("Help", (group_title(self._live[0].action),) if self._live else ())
        self.query_one("#help").focus()

    def copy_text(self) -> str:
        return "\n".join(f"{_keys(one)}\t{_what(one).plain}" for one in self._live)

    def action_all_keys(self) -> None:
        self.lab_app.switch_to("keys")


def _is_for_now(one: LiveAction) -> bool:
    """Whether an action can be run now and is important enough for the footer."""
    return one.enabled and one.usable and one.action.footer > 0 and one.action.group != "app"


def _table(rows: Iterable[tuple[str, Text]]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(width=_KEYS_WIDTH, justify="right", style="bold")
    table.add_column(ratio=1)
    for keys, what in rows:
        table.add_row(Text(keys), what)
    return table


def _keys(one: LiveAction) -> str:
    return " ".join(key_label(key) for key in one.keys)


def _what(one: LiveAction) -> Text:
    now = "" if one.enabled else " Not available now."
    return Text.assemble((one.label, "bold"), "  ", one.action.help, (now, "italic"))


def _inside(screen: Screen) -> list[tuple[str, Text]]:
    """Textual's own keys of the focused widget, such as a list's arrows or a text field's editing keys."""
    focused = screen.focused
    if focused is None:
        return []
    found: dict[str, list[str]] = {}
    for key, (node, binding, _, _) in screen.active_bindings.items():
        if node is focused and binding.id is None and binding.description and not binding.system:
            found.setdefault(binding.description, []).append(key_label(key))
    return [(" ".join(keys[:2]), Text(what)) for what, keys in found.items()]
