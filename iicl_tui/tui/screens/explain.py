"""Explains what the lab shows, in plain words or exactly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from iicl_tui.present.explain import DEPTHS, Depth
from iicl_tui.text import printable
from iicl_tui.tui.actions import bindings
from iicl_tui.tui.screens.base import AppScreen
from iicl_tui.tui.widgets.page import Page

_NAMES: dict[Depth, str] = {"newcomer": "in plain words", "researcher": "exactly"}


class ExplainScreen(AppScreen):
    """Sections of text at two depths."""

    GROUP = "explain"
    BINDINGS: ClassVar[list] = [*bindings("explain")]
    CSS_PATH = "explain.tcss"
    HELP = "How the belief came about, example by example, and what each term on the screen means. d switches the depth."

    def __init__(self, title: str, pages: Mapping[Depth, Sequence[tuple[str, str]]]) -> None:
        """Show the first depth.

        Args:
            title: What is explained.
            pages: The sections (heading, text) of each depth.
        """
        super().__init__()
        self._title = title
        self._pages = pages
        self._depth: Depth = DEPTHS[0]

    def body(self) -> ComposeResult:
        with Page(id="page"):
            yield Static(id="text", markup=False)

    def on_mount(self) -> None:
        self._show()
        self.query_one("#page").focus()

    def _show(self) -> None:
        self.header(f"Explained: {self._title}", (_NAMES[self._depth],))
        parts: list[tuple[str, str]] = []
        last = ""
        for heading, text in self._pages[self._depth]:
            if heading != last:
                parts.append((f"{printable(heading, 80)}\n", "bold $text-accent"))
            parts.append((f"{printable(text, 6000, newlines=True)}\n\n", ""))
            last = heading
        self.query_one("#text", Static).update(Content.assemble(*parts))

    def action_depth(self) -> None:
        self._depth = DEPTHS[(DEPTHS.index(self._depth) + 1) % len(DEPTHS)]
        self._show()

    def copy_text(self) -> str:
        return "\n\n".join(f"{heading}\n{text}" for heading, text in self._pages[self._depth])
