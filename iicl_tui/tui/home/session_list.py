"""The list of sessions or presets, and the text shown if it is empty."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from textual import events
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from iicl_tui.present.session_list import ORDERS, Item

Tab = Literal["yours", "examples", "presets", "lessons"]
TABS: dict[Tab, str] = {"yours": "your sessions", "examples": "examples", "presets": "presets", "lessons": "lessons"}
"""The tabs in their order, with their labels."""

EMPTY: dict[Tab, str] = {
    "yours": "No sessions yet.",
    "examples": "This installation has no example sessions.\n\n3  start from a preset, a ready-made experiment",
    "presets": "This installation has no presets.\n\nn  set up a chain of your own",
    "lessons": "This installation has no lessons.",
}


def tab_labels(chosen: Tab) -> dict[Tab, str]:
    """The tabs' labels; that of the chosen one in brackets."""
    return {tab: f"[ {label} ]" if tab == chosen else label for tab, label in TABS.items()}


def list_title(tab: Tab, order: str) -> str:
    """What stands above a tab's list."""
    own = {"yours": f"your sessions, {ORDERS[order]}", "presets": "presets, by question", "lessons": "lessons, one idea each"}
    return own.get(tab, TABS[tab])


def count_words(tab: Tab, shown: int | None, total: int) -> str:
    """How many entries a tab has; "" while that is not known."""
    if shown is None:
        return ""
    kind = tab if tab in ("presets", "lessons") else "sessions"
    return f"{shown} of {total} {kind}" if shown != total else f"{total} {kind if total != 1 else kind[:-1]}"


class SessionList(OptionList):
    """A list in which a click moves the cursor, and a click on the entry under the cursor opens it."""

    def show_items(self, items: list[Item], cursor: str | None, marked: Sequence[Path] = ()) -> None:
        """List the items. The cursor goes to the one with this key, or to the first. marked: files of marked sessions."""
        options: list[Option] = []
        group = ""
        for item in items:
            if item.group != group:
                group = item.group
                options.append(Option(Content.styled(group, "bold $text-accent"), disabled=True))
            options.append(Option(_two_lines(item, item.summary is not None and item.summary.path in marked), id=item.key))
        self.set_options(options)
        self.display = bool(items)
        if items:
            keys = [item.key for item in items]
            self.highlighted = self.get_option_index(cursor if cursor is not None and cursor in keys else keys[0])

    def neighbour(self, key: str) -> str | None:
        """The key of the entry that takes this one's place when it is removed."""
        keys = [option.id for option in self.options if option.id is not None]
        place = keys.index(key) if key in keys else 0
        others = [each for each in keys if each != key]
        return others[min(place, len(others) - 1)] if others else None

    def on_click(self, event: events.Click) -> None:
        event.prevent_default()
        clicked = event.style.meta.get("option")
        if clicked is not None and clicked == self.highlighted:
            self.action_select()
        elif clicked is not None:
            self.highlighted = clicked


def mark(marked: tuple[Path, ...], path: Path) -> tuple[Path, ...]:
    """The marks with this session marked, the newest last, or without it."""
    return tuple(each for each in marked if each != path) if path in marked else (*marked, path)


def _two_lines(item: Item, marked: bool = False) -> Content:
    tag = (f"  {item.tag}", "not bold") if item.tag else ""
    spark = (f"{item.spark}  ", "not bold $text-accent") if item.spark else ""
    sign = ("◆ ", "bold $text-accent") if marked else ""
    return Content.assemble(
        sign, (item.title, "bold $text-error" if item.broken else "bold"), tag, "\n", spark, (item.line, "not bold")
    )
