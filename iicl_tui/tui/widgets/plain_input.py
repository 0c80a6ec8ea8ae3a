"""A text field for text that anybody may have written."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import Input

from iicl_tui.text import printable


class PlainInput(Input):
    """Shows what could steer a terminal or hide something as symbols, one for each character; the value stays as it is."""

    @property
    def _value(self) -> Text:
        # Textual draws this, and strips no escapes from it.
        shown = "".join(char if char.isprintable() else _symbol(char) for char in self.value)
        return Text(shown, no_wrap=True, overflow="ignore", end="")


def _symbol(char: str) -> str:
    symbol = printable(char)
    return symbol if len(symbol) == 1 else "�"
