"""A text field for untrusted text."""

from __future__ import annotations

from rich.highlighter import Highlighter
from rich.text import Text
from textual import events
from textual.widgets import Input

from iicl_tui.text import printable


class PlainInput(Input):
    """Shows control and invisible characters as symbols, one for each character; the value stays as it is."""

    def on_mount(self) -> None:
        self.highlighter = _VisibleCharacters(self)

    def on_paste(self, event: events.Paste) -> None:
        """Insert all pasted lines, joined by blanks; Textual would insert the first one only."""
        event.prevent_default()
        event.stop()
        text = " ".join(line for line in event.text.splitlines() if line.strip())
        if self.selection.is_empty:
            self.insert_text_at_cursor(text)
        else:
            self.replace(text, *sorted(self.selection))


class _VisibleCharacters(Highlighter):
    """Replaces the text that Textual is about to draw: it would draw escape characters as they are and drop others."""

    def __init__(self, field: Input) -> None:
        self._field = field

    def __call__(self, text: str | Text) -> Text:
        shown = "".join(char if char.isprintable() else _symbol(char) for char in self._field.value)
        return Text(shown, no_wrap=True, overflow="ignore", end="")

    def highlight(self, text: Text) -> None:
        """Nothing to style."""


def _symbol(char: str) -> str:
    symbol = printable(char)
    return symbol if len(symbol) == 1 else "�"
