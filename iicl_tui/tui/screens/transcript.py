"""The transcript of a chain: one line per event, the entry under the cursor in full, with a search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from iicl_tui.present.entry import Entry
from iicl_tui.text import printable
from iicl_tui.tui.actions import bindings
from iicl_tui.tui.screens.base import AppScreen
from iicl_tui.tui.widgets.log_list import LogList
from iicl_tui.tui.widgets.plain_input import PlainInput

_LINE = 300


class TranscriptScreen(AppScreen):
    """A log of entries, oldest first."""

    GROUP = "transcript"
    BINDINGS: ClassVar[list] = [*bindings("transcript")]
    CSS_PATH = "transcript.tcss"
    PAGE_NAME: ClassVar[str] = "transcript"
    HELP = (
        "Everything that happened in this chain, oldest first. The entry under the cursor is shown in full below. "
        "Press Tab to scroll it, y to copy it."
    )

    def __init__(self, title: str, entries: Sequence[Entry], at: int | None = None) -> None:
        """Sets up the screen.

        Args:
            title: The session's title.
            entries: All entries, oldest first.
            at: Index of the entry to select first; None: the last.
        """
        super().__init__()
        self._session = title
        self._entries = tuple(entries)
        self._at = len(self._entries) - 1 if at is None else at
        self._folded: list[str] | None = None
        self._words = ""
        self._found: list[int] = []

    def body(self) -> ComposeResult:
        yield LogList(self._rows(), id="entries")
        yield PlainInput(placeholder="Find text: Enter goes to the next match, Esc closes the search", id="search")
        with VerticalScroll(id="entry"):
            yield Static(id="text")

    def _rows(self) -> list[tuple[str, str]]:
        """A line for each entry, as it may be seen now."""
        return [(_left(entry), self.lab_app.presenter.shown(_line(entry))) for entry in self._entries]

    def present(self, on: bool) -> None:
        super().present(on)
        entries = self.query_one(LogList)
        entries.rows = self._rows()
        entries.cursor = entries.cursor

    def on_mount(self) -> None:
        self.query_one("#search").display = False
        entries = self.query_one(LogList)
        entries.focus()
        if self._entries:
            # The list can scroll to its end only after the first layout.
            self.call_after_refresh(setattr, entries, "cursor", self._at)
        else:
            self.query_one("#text", Static).update(Content("Nothing has happened yet."))
        self._facts()

    def _facts(self) -> None:
        facts = [self.PAGE_NAME, f"{len(self._entries):,} entries"]
        if self._words:
            at = self.query_one(LogList).cursor
            place = self._found.index(at) + 1 if at in self._found else None
            total = f"{len(self._found):,}"
            facts.append(f"“{self._words}” {f'{place:,} of {total}' if place else f'in {total}'}")
        self.header(self._session, facts)

    @on(LogList.Moved)
    def _show(self, event: LogList.Moved) -> None:
        if not self._entries:
            return
        entry = self._entries[event.at]
        head = Content.assemble((_heading(entry), "bold"), "\n")
        text = Content(self.lab_app.presenter.shown(printable(entry.text, newlines=True)))
        self.query_one("#text", Static).update(head + _mark(text, self._words))
        self.query_one("#entry").scroll_home(animate=False)
        self._facts()

    # Search

    def action_search(self) -> None:
        field = self.query_one("#search", Input)
        field.display = True
        field.focus()

    @on(Input.Changed)
    def _look_for(self, event: Input.Changed) -> None:
        self._words = event.value.casefold()
        if self._folded is None:
            self._folded = [f"{_heading(entry)}\n{printable(entry.text, newlines=True)}".casefold() for entry in self._entries]
        self._found = [at for at, text in enumerate(self._folded) if self._words in text] if self._words else []
        entries = self.query_one(LogList)
        entries.words = self._words
        if self._found and entries.cursor not in self._found:
            self._go(1)
        else:
            entries.cursor = entries.cursor

    @on(Input.Submitted)
    def _next(self) -> None:
        self.query_one(LogList).focus()
        self._go(1)

    def action_next(self) -> None:
        self._go(1)

    def action_previous(self) -> None:
        self._go(-1)

    def _go(self, step: int) -> None:
        """Go to the next match in this direction, and wrap around at the end."""
        if not self._found:
            self.lab_app.notify(
                "Press / to search first." if not self._words else "No entry contains this text.", markup=False, timeout=3
            )
            return
        entries = self.query_one(LogList)
        beyond = [at for at in self._found if (at - entries.cursor) * step > 0]
        if step > 0:
            entries.cursor = beyond[0] if beyond else self._found[0]
        else:
            entries.cursor = beyond[-1] if beyond else self._found[-1]

    def action_next_generation(self) -> None:
        self._to_generation(1)

    def action_previous_generation(self) -> None:
        self._to_generation(-1)

    def _to_generation(self, step: int) -> None:
        """Go to the first entry of the next generation in this direction."""
        if not self._entries:
            return
        entries = self.query_one(LogList)
        now = self._entries[entries.cursor].generation
        others = [entry.generation for entry in self._entries if (entry.generation - now) * step > 0]
        if others:
            generation = min(others) if step > 0 else max(others)
            entries.cursor = next(at for at, entry in enumerate(self._entries) if entry.generation == generation)

    def back(self) -> None:
        """Close the search, or leave."""
        field = self.query_one("#search", Input)
        if field.display:
            field.value = ""
            field.display = False
            self.query_one(LogList).focus()
        else:
            self.lab_app.leave()

    def copy_text(self) -> str | None:
        if not self._entries:
            return None
        entry = self._entries[self.query_one(LogList).cursor]
        return f"{_heading(entry)}\n{entry.text}".rstrip()


def _left(entry: Entry) -> str:
    return f"{entry.generation:>5}  {printable(entry.phase, 12):<12}"


def _line(entry: Entry) -> str:
    title = printable(entry.title, _LINE)
    text = printable(" · ".join(filter(str.strip, entry.text[:_LINE].split("\n"))), _LINE)
    return f"{title}  {text}" if text else title


def _heading(entry: Entry) -> str:
    parts = (f"generation {entry.generation}", entry.phase, entry.kind, entry.title)
    return " · ".join(printable(part, _LINE) for part in parts if part)


def _mark(text: Content, words: str) -> Content:
    """The text with the words marked. Marks nothing if case folding changes the length, since positions are then unknown."""
    folded = text.plain.casefold()
    if not words or len(folded) != len(text.plain):
        return text
    start = 0
    while (at := folded.find(words, start)) >= 0:
        text = text.stylize("bold reverse", at, at + len(words))
        start = at + len(words)
    return text
