"""The base of the panes for requests."""

from __future__ import annotations

from typing import Any

from textual.widget import Widget

from iicl_tui.review.request import AnyRequest
from iicl_tui.tui.actions import ACTIONS
from iicl_tui.tui.keymap import key_label, resolve


class RequestPane(Widget):
    """A pane with a bar of keys to click."""

    GROUP: str
    request: AnyRequest | None

    @property
    def live(self) -> bool:
        """A request is shown and waits for its answer."""
        return self.request is not None and self.request.open

    def key(self, action: str) -> str:
        """Returns the label of an action's key."""
        keymap = getattr(self.app, "keymap", None) or resolve({})
        return key_label(keymap[action][0])

    def back(self) -> None:
        """Runs the back key."""
        raise NotImplementedError

    async def run_clicked(self, action: str, editors: dict[str, Widget]) -> None:
        """Runs the action that was clicked. `editors` are the widgets with the actions of other groups."""
        group, _, _ = action.partition(".")
        name: Any = ACTIONS[action].name
        if action == "app.back":
            self.back()
        elif group in editors:
            getattr(editors[group], f"action_{name}")()
        else:
            await (self if group == self.GROUP else self.app).run_action(name)
