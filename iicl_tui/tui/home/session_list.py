"""The list of sessions or presets, and the text shown if it is empty."""

from __future__ import annotations

from typing import Literal

from textual import events
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from iicl_tui.present.session_list import Item

Tab = Literal["yours", "examples", "presets"]
TABS: dict[Tab, str] = {"yours": "your sessions", "examples": "examples", "presets": "presets"}
"""The tabs in their order, with their labels."""

EMPTY: dict[Tab, str] = {
    "yours": "No sessions yet.\n\nn  set up a chain of your own\n3  start from a preset, a ready-made experiment\n"
    "2  look at finished example sessions",
    "examples": "This installation has no example sessions.\n\n3  start from a preset, a ready-made experiment",
    "presets": "This installation has no presets.\n\nn  set up a chain of your own",
}


class SessionList(OptionList):
    """A list in which a click moves the cursor, and a click on the entry under the cursor opens it."""

    def show_items(self, items: list[Item], cursor: str | None) -> None:
        """List the items. The cursor goes to the one with this key, or to the first."""
        self.set_options([Option(_two_lines(item), id=item.key) for item in items])
        self.display = bool(items)
        if items:
            keys = [item.key for item in items]
            self.highlighted = keys.index(cursor) if cursor in keys else 0

    def neighbour(self, key: str) -> str | None:
        """The key of the entry that takes this one's place when it is removed."""
        others = [str(option.id) for option in self.options if option.id != key]
        return others[min(self.highlighted or 0, len(others) - 1)] if others else None

    def on_click(self, event: events.Click) -> None:
        event.prevent_default()
        clicked = event.style.meta.get("option")
        if clicked is not None and clicked == self.highlighted:
            self.action_select()
        elif clicked is not None:
            self.highlighted = clicked


def _two_lines(item: Item) -> Content:
    return Content.assemble((item.title, "bold $text-error" if item.broken else "bold"), "\n", (item.line, "not bold"))
