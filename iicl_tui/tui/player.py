"""Plays a chain: calls a screen a few times a second."""

from __future__ import annotations

from collections.abc import Callable

from textual.screen import Screen
from textual.timer import Timer

SPEEDS = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Pictures a second."""


class Player:
    """A timer with a few speeds."""

    def __init__(self, screen: Screen, tick: Callable[[], object]) -> None:
        self._screen = screen
        self._tick = tick
        self._at = SPEEDS.index(2.0)
        self._timer: Timer | None = None

    @property
    def playing(self) -> bool:
        """Whether it calls now."""
        return self._timer is not None

    @property
    def speed(self) -> float:
        """Calls a second."""
        return SPEEDS[self._at]

    def start(self) -> None:
        """Call from now on."""
        self.stop()
        self._timer = self._screen.set_interval(1 / self.speed, self._tick)

    def stop(self) -> None:
        """Call no more."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def change(self, by: int) -> None:
        """Take a faster or slower speed."""
        self._at = max(0, min(self._at + by, len(SPEEDS) - 1))
        if self.playing:
            self.start()
