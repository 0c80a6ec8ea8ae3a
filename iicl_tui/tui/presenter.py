"""The presenter mode: its theme, and the small file that `iicl-tui notes` follows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from textual.app import App
    from textual.timer import Timer

    from iicl_tui.present.presenting import Position

THEME = "iicl-presenter"
BEAT = 1.0
"""Seconds between two signs of life."""


class Presenter:
    """Whether somebody presents, and where.

    Attributes:
        on: The presenter mode is on.
    """

    def __init__(self, app: App[Any], state: Path) -> None:
        self._app = app
        self._state = state
        self._theme = app.theme
        self._told: Position | None = None
        self.on = False
        self._timer: Timer | None = None

    def turn(self, on: bool) -> None:
        """Turn the mode on or off: with its theme, or with the one from before."""
        if on and not self.on:
            self._theme = self._app.theme
            self.on = True
            self.begin()
            if THEME in self._app.available_themes:
                self._app.theme = THEME
        elif not on and self.on:
            self._app.theme = self._theme
            self.on = False
            self.end()

    def shown(self, text: str) -> str:
        """The text as it is to be shown: while somebody presents, without paths and money."""
        if not self.on:
            return text
        from iicl_tui.present import presenting

        return presenting.for_the_room(text)

    def begin(self) -> None:
        """Give signs of life from now on, once the app runs."""
        if self.on and self._timer is None and self._app.is_running:
            self._timer = self._app.set_interval(BEAT, self.beat)

    def tell(self, position: Position) -> None:
        """Write where the presentation is, for the speaker's notes."""
        from iicl_tui.present import presenting

        if self.on and position != self._told:
            presenting.write(self._state, position)
            self._told = position

    def beat(self) -> None:
        """Give a sign of life."""
        from iicl_tui.present import presenting

        if self._told is not None:
            presenting.beat(self._state)

    def end(self) -> None:
        """Nobody presents any more."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if self._told is not None:
            from iicl_tui.present import presenting

            presenting.clear(self._state)
            self._told = None
