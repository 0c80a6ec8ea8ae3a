"""Explains what a screen shows, in plain words or exactly: a list of what can be asked, and the text of what is chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from iicl_tui.present.explain import DEPTHS, Depth
from iicl_tui.text import printable
from iicl_tui.tui.actions import bindings
from iicl_tui.tui.screens.base import AppScreen
from iicl_tui.tui.widgets.page import Page

_NAMES: dict[Depth, str] = {"newcomer": "in plain words", "researcher": "exactly"}


class ExplainScreen(AppScreen):
    """A list of headings, and the text under the chosen one, at two depths."""

    GROUP = "explain"
    BINDINGS: ClassVar[list] = [*bindings("explain")]
    CSS_PATH = "explain.tcss"
    AUTO_FOCUS = "#terms"
    HELP = (
        "How the numbers on the screen came about, example by example, and what each of its words means. The arrows or a click "
        "choose one; d switches between plain words and the exact text."
    )

    def __init__(self, title: str, pages: Mapping[Depth, Sequence[tuple[str, str]]], first: int = 0) -> None:
        """Show the first depth.

        Args:
            title: What is explained.
            pages: The sections (heading, text) of each depth. Those in a row with one heading belong together.
            first: The section to open.
        """
        super().__init__()
        self._title = title
        self._pages = {depth: _merged(sections) for depth, sections in pages.items()}
        heading = pages[DEPTHS[0]][first][0] if pages[DEPTHS[0]] else ""
        self._first = [each for each, _ in self._pages[DEPTHS[0]]].index(heading) if heading else 0
        self._depth: Depth = DEPTHS[0]

    def body(self) -> ComposeResult:
        with Container(id="panes"):
            with Page(id="page") as page:
                page.can_focus = True
                yield Static(id="text", markup=False)
            words = OptionList(*(Option(Content(printable(each, 60))) for each, _ in self._page), id="terms", markup=False)
            words.border_title = "on this screen"
            yield words

    @property
    def _page(self) -> Sequence[tuple[str, str]]:
        return self._pages[self._depth]

    def on_mount(self) -> None:
        self.query_one("#terms", OptionList).highlighted = self._first
        self._show()

    @on(OptionList.OptionHighlighted, "#terms")
    def _show(self) -> None:
        self.header(f"Explained: {self._title}", (_NAMES[self._depth],))
        chosen = self.query_one("#terms", OptionList).highlighted or 0
        page = self.query_one("#page", Page)
        if chosen < len(self._page):
            heading, text = self._page[chosen]
            page.border_title = Content(printable(heading, 60))
            self.query_one("#text", Static).update(Content(printable(text, 6000, newlines=True)))
        page.scroll_home(animate=False)

    @on(OptionList.OptionSelected, "#terms")
    def _read(self) -> None:
        self.query_one("#page").focus()

    def action_depth(self) -> None:
        self._depth = DEPTHS[(DEPTHS.index(self._depth) + 1) % len(DEPTHS)]
        self._show()

    def copy_text(self) -> str:
        return "\n\n".join(f"{heading}\n{text}" for heading, text in self._page)


def _merged(sections: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The sections, each heading once in a row."""
    return [(heading, "\n\n".join(text for _, text in group)) for heading, group in groupby(sections, key=lambda each: each[0])]
