"""Every action of the program: id, keys, default keys, and what it does."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.widgets import DataTable, Input, Static

from iicl_tui.text import printable
from iicl_tui.tui.action import Action
from iicl_tui.tui.actions import ACTIONS, bindings
from iicl_tui.tui.keymap import group_title, key_label, resolve
from iicl_tui.tui.screens.base import AppScreen
from iicl_tui.tui.widgets.plain_input import PlainInput

_MIN_HELP = 12
"""The fewest columns of a help text. The line below the table shows the whole text."""


class KeysScreen(AppScreen):
    """Shows what a person needs to write their own `[keys]` table."""

    GROUP = "keys"
    BINDINGS: ClassVar[list] = [*bindings("keys"), Binding("space", "page", show=False)]
    CSS_PATH = "keys.tcss"
    HELP = "Every action with its id. Under [keys] in the settings file you can give an action other keys, by its id."

    def body(self) -> ComposeResult:
        yield PlainInput(placeholder="Search ids, keys and help texts", id="search")
        yield DataTable(id="actions", cursor_type="row")
        yield Static(id="what")
        yield Static(id="how")

    def on_mount(self) -> None:
        table = self.query_one(DataTable)
        self._fill("")
        path = printable(str(self.lab_app.paths.settings), 200)
        self.query_one("#how", Static).update(
            Content(f'To change keys, write them under [keys] in {path}:\n"lab.next-phase" = "space,f9" (keys separated by commas)')
        )
        table.focus()

    def on_resize(self) -> None:
        """Fits the help texts into the new width."""
        table = self.query_one(DataTable)
        row = table.cursor_row
        self._fill(self.query_one(Input).value)
        table.move_cursor(row=row)
        self._explain()

    def _fill(self, words: str) -> None:
        table = self.query_one(DataTable)
        table.clear(columns=True)
        widths = {"id": max(map(len, ACTIONS)), "keys": 13, "default": 13}
        padding = 2 * table.cell_padding
        taken = sum(width + padding for width in widths.values()) + padding + table.scrollbar_size_vertical
        for name, width in {**widths, "help": max(self.size.width - taken, _MIN_HELP)}.items():
            table.add_column(name, width=width, key=name)
        defaults = resolve({})
        wanted = words.casefold().split()
        for action in ACTIONS.values():
            keys, default = self._shown(self.lab_app.keymap[action]), self._shown(defaults[action])
            text = f"{action.id} {keys} {action.label} {action.help} {group_title(action)}".casefold()
            if all(word in text for word in wanted):
                own = "bold" if keys != default else ""
                table.add_row(
                    Text(action.id), Text(keys, own), Text(default), Text(action.help, no_wrap=True, overflow="ellipsis"),
                    key=action.id,
                )  # fmt: skip
        count = f"{table.row_count} of {len(ACTIONS)} actions"
        own_keys = len(self.lab_app.keymap.overrides())
        self.header("Keys", (count, f"{own_keys} changed by you" if own_keys else ""))
        if not table.row_count:
            self.query_one("#what", Static).update(Content("No action found for these words."))

    @staticmethod
    def _shown(keys: tuple[str, ...]) -> str:
        return " ".join(key_label(key) for key in keys)

    def _under_cursor(self) -> Action | None:
        table = self.query_one(DataTable)
        if not table.row_count:
            return None
        return ACTIONS[str(table.ordered_rows[table.cursor_row].key.value)]

    @on(DataTable.RowHighlighted)
    def _row(self, event: DataTable.RowHighlighted) -> None:
        self._explain()

    def _explain(self) -> None:
        """Shows the help of the action under the cursor; the table may be empty."""
        action = self._under_cursor()
        if action is not None:
            self.query_one("#what", Static).update(Content.assemble((action.label, "bold"), "  ", action.help))

    @on(Input.Changed)
    def _search(self, event: Input.Changed) -> None:
        self._fill(event.value)

    @on(Input.Submitted)
    def _found(self) -> None:
        self.query_one(DataTable).focus()

    def action_page(self) -> None:
        self.query_one(DataTable).action_page_down()

    def action_search(self) -> None:
        self.query_one(Input).focus()

    def back(self) -> None:
        """Close the search, or leave."""
        field = self.query_one(Input)
        if field.has_focus or field.value:
            field.value = ""
            self.query_one(DataTable).focus()
        else:
            self.lab_app.leave()

    def copy_text(self) -> str | None:
        action = self._under_cursor()
        if action is None:
            return None
        return f'"{action.id}" = "{",".join(self.lab_app.keymap[action])}"'
