"""What failed, and what to do."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from iicl_tui.errors import LabError
from iicl_tui.text import printable
from iicl_tui.tui.actions import bindings
from iicl_tui.tui.app_protocol import lab_app
from iicl_tui.tui.widgets.footer import KeyBar


class ErrorScreen(ModalScreen[None]):
    """Shows an error: title, what happened, remedy. The app's keys do nothing until it is closed."""

    GROUP = "error"
    BINDINGS: ClassVar[list] = [*bindings("error")]
    CSS_PATH = "error.tcss"

    def __init__(self, error: LabError) -> None:
        super().__init__()
        self._title = printable(error.title, 200)
        self._what = printable(error.what, 4000, newlines=True)
        self._remedy = printable(error.remedy, 1000, newlines=True)

    @property
    def text(self) -> str:
        return "\n\n".join(part for part in (self._title, self._what, self._remedy) if part)

    def compose(self) -> ComposeResult:
        shown = lab_app(self).presenter.shown
        with Vertical(id="box"):
            yield Static(Content("✗ " + shown(self._title)), id="title")
            with VerticalScroll(id="what"):
                yield Static(Content(shown(self._what)), classes="part")
                yield Static(Content(shown(self._remedy)), classes="part", id="remedy")
            yield KeyBar()

    def on_mount(self) -> None:
        for part, text in zip(self.query(".part"), (self._what, self._remedy), strict=True):
            part.display = bool(text)

    def action_close(self) -> None:
        self.dismiss()

    def action_copy(self) -> None:
        lab_app(self).copy(self.text)
