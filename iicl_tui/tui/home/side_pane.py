"""The pane beside the home screen's list: a preview of the entry under the cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.css.query import NoMatches
from textual.widgets import Static

from iicl_tui.present.session_list import Item
from iicl_tui.text import printable
from iicl_tui.tui.app_protocol import lab_app

if TYPE_CHECKING:
    from iicl_tui.present.preview import Preview

_NOT_FOR_THE_ROOM = ("spent", "file")
"""Facts that the presenter mode hides."""
_MOST = 6000
"""Maximum number of characters shown of a text."""


class SidePane(VerticalScroll, can_focus=False):
    """A session's last belief and its facts, a preset's file, or why a file cannot be opened."""

    def compose(self) -> ComposeResult:
        yield Static(id="words", markup=False)

    def clear(self) -> None:
        """Show nothing."""
        self.show_text("")

    def show_shipped(self, item: Item) -> None:
        """A preset's summary and its file, or what a lesson is about."""
        if item.lesson is not None:
            self.show_text(item.lesson.title, item.lesson.idea, "Press Enter to open this lesson.")
            return
        assert item.preset is not None
        file = f"Press Enter to fill the form with this preset.\n\n{_without_comment(item.preset.text)}"
        self.show_text(item.preset.title, item.preset.summary, file)

    def show_broken(self, item: Item) -> None:
        """Why a file cannot be opened as a session."""
        assert item.summary is not None
        text = f"This file cannot be opened as a session.\n\n{item.summary.fault}"
        self.show_text(item.title, text, f"{how_to_repair(item)} d moves it to the trash.")

    def show_text(self, title: str, text: str = "", after: str = "") -> None:
        """A title, a text, and a dimmed text after it."""
        self._show_chart(None)
        parts = [
            (printable(title, 200), "bold"),
            "\n\n" if text else "",
            printable(text, _MOST, newlines=True),
            ("\n\n" + printable(after, _MOST, newlines=True) if after else "", "$text-muted"),
        ]
        self.query_one("#words", Static).update(Content.assemble(*parts))

    def show_preview(self, title: str, preview: Preview) -> None:
        """A session's last belief and its facts."""
        self._show_chart(preview.view)
        table = Table.grid(padding=(0, 2))
        muted = "dim" if self.app.native_ansi_color else self.app.theme_variables["text-muted"]
        hidden = _NOT_FOR_THE_ROOM if lab_app(self).presenter.on else ()
        for what, value in (fact for fact in preview.facts if fact[0] not in hidden):
            table.add_row(Text(what, muted), Text(value))
        about: list[Any] = [Text(preview.description), Text()] if preview.description else []
        if preview.notice:
            about += [Text("Notice", "bold"), *(Text(f"• {each}") for each in preview.notice), Text()]
        self.query_one("#words", Static).update(Group(Text(title, "bold"), Text(), *about, table))

    def _show_chart(self, view: Any) -> None:
        """Show the mosaic. The widget is created when first needed, so that the first text does not wait for numpy."""
        try:
            chart: Any = self.query_one("#chart")
        except NoMatches:
            if view is None:
                return
            from iicl_tui.tui.home.preview_chart import PreviewChart

            chart = PreviewChart(id="chart")
            self.mount(chart, before=0)
        chart.set_class(view is None, "-none")
        chart.view = view


def how_to_repair(item: Item) -> str:
    """What to do about a file that cannot be opened."""
    check = f"Run `iicl-tui check {item.key}` to see every fault with its line."
    return f"{check} If the file is valid TOML, e opens it in the form."


def _without_comment(text: str) -> str:
    """A file without the comment that it begins with."""
    lines = text.splitlines()
    while lines and (lines[0].startswith("#") or not lines[0]):
        lines.pop(0)
    return "\n".join(lines)
