"""Choose a theme, with an immediate preview of the one under the cursor."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.theme import BUILTIN_THEMES
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from iicl_tui.store.crash_reports import cannot_show
from iicl_tui.text import printable
from iicl_tui.tui.actions import bindings
from iicl_tui.tui.app_protocol import lab_app
from iicl_tui.tui.widgets.footer import KeyBar


class ThemeScreen(ModalScreen[None]):
    """A list of all themes, our own first. The screen behind it changes at once."""

    GROUP = "theme"
    BINDINGS: ClassVar[list] = [*bindings("theme")]
    CSS_PATH = "theme.tcss"

    def compose(self) -> ComposeResult:
        with Vertical(id="box"):
            yield Static("Theme", id="title")
            yield OptionList(id="themes", markup=False)
            yield KeyBar()

    def on_mount(self) -> None:
        self._before = self.app.theme
        found = sorted(self.app.available_themes.values(), key=lambda theme: (theme.name in BUILTIN_THEMES, theme.ansi, theme.name))
        choices = self.query_one(OptionList)
        for theme in found:
            kind = "ansi" if theme.ansi else "dark" if theme.dark else "light"
            choices.add_option(Option(Content.assemble(theme.name, "  ", (kind, "$text-muted")), id=theme.name))
        choices.highlighted = choices.get_option_index(self.app.current_theme.name)

    @on(OptionList.OptionHighlighted)
    def _preview(self, event: OptionList.OptionHighlighted) -> None:
        if event.option.id is None:
            return
        before = self.app.theme
        try:
            self.app.theme = event.option.id
        except Exception as error:  # no single theme may end the program
            self.app.theme = before
            self.notify(printable(f"{event.option.id}: {cannot_show(error)}", 400), severity="warning", markup=False)

    @on(OptionList.OptionSelected)
    def _chosen(self) -> None:
        self.action_keep()

    def action_keep(self) -> None:
        option = self.query_one(OptionList).highlighted_option
        if option is not None and option.id is not None:
            lab_app(self).save_theme(option.id)
        self.dismiss()

    def action_cancel(self) -> None:
        self.app.theme = self._before
        self.dismiss()
