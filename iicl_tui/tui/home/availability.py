"""Which of the home screen's actions can be run now, and why another one cannot."""

from __future__ import annotations

from dataclasses import dataclass

from iicl_tui.present.session_list import Item
from iicl_tui.tui.home.session_list import Tab


@dataclass(frozen=True)
class Situation:
    """The facts that decide which actions can be run.

    Attributes:
        tab: The tab shown.
        item: The entry under the cursor.
        listed: The tab has entries.
        undoable: Something can be undone.
        pair: How many sessions would stand side by side: those that are marked, with the one under the cursor.
    """

    tab: Tab
    item: Item | None
    listed: bool
    undoable: bool
    pair: int

    @property
    def is_session(self) -> bool:
        """The entry is a session's file, perhaps a broken one."""
        return self.item is not None and self.item.summary is not None

    @property
    def is_whole(self) -> bool:
        """The entry is a session that can be opened."""
        return self.is_session and self.item is not None and not self.item.broken


def availability(action: str, now: Situation) -> bool | None:
    """Whether an action can be run, in the form of Textual's `check_action`: True yes, None shown as unavailable."""
    possible = {
        "open": now.item is not None,
        "branch": now.is_whole,
        "mark": now.is_whole,
        "pair": now.pair == 2,
        "edit": now.is_session,
        "export": now.is_session,
        "rename": now.is_whole and now.tab == "yours",
        "delete": now.is_session and now.tab == "yours",
        "undo": now.undoable,
        "sort": now.tab == "yours" and now.listed,
    }
    return True if possible.get(action, True) else None


def reason(action: str, now: Situation) -> str:
    """Why an action cannot be run, as a sentence, with what can be done instead; "" if there is nothing to say."""
    if action == "undo":
        return "Nothing was deleted or renamed since the program was started."
    if action == "sort":
        return "Only your own sessions can be listed in another order (1)." if now.tab != "yours" else "There are no sessions yet."
    if action == "pair":
        return "Two sessions stand side by side: mark one with Space, go to another one, then press c."
    if action not in ("open", "branch", "mark", "edit", "export", "rename", "delete"):
        return ""
    if now.item is None:
        return "Nothing is listed here. n sets up a chain, 2 lists examples, 3 presets, 4 lessons."
    if now.item.lesson is not None:
        return "This is a lesson, not a session. Enter opens it."
    if now.item.preset is not None:
        return "This is a preset, not a session. Enter fills the form with it."
    if now.item.broken and action != "delete":
        return "This file cannot be opened as a session; the text beside the list says why."
    if action in ("rename", "delete") and now.tab != "yours":
        return "Examples belong to the program and stay as they are. b starts a session of your own from one."
    return "This file is still being read."
