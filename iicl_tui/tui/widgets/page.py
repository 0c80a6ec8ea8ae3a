"""A text to read."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll


class Page(VerticalScroll):
    """A text that scrolls; Space turns the page."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("space", "page_down", "Page down", show=False)]
