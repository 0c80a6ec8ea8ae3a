"""Double presses of a key: the second one comes before anybody could have seen what it would decide."""

from __future__ import annotations

from collections.abc import Callable

DOUBLE = 0.2
"""Seconds. The same decision again within this time is the same press."""


class DecisionPresses:
    """Tells a second press of one decision's key from a decision of its own."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Takes a clock in seconds."""
        self._clock = clock
        self._last: tuple[str, float] = ("", 0.0)

    def is_double(self, decision: str = "") -> bool:
        """Returns whether this press belongs to the one before. An empty string is anything else, which is never a double press."""
        now, (last, at) = self._clock(), self._last
        self._last = (decision, now)
        return bool(decision) and decision == last and now - at < DOUBLE
