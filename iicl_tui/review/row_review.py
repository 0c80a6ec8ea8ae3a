"""The decisions on the rows of a data file: the fold of a log of steps. No clock, no screen, no file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from iicl_tui.review.decisions import UNDECIDED, Decision, RowVerdict, StepKind


class Change(NamedTuple):
    """A change of the decision on one row."""

    row: int
    before: Decision
    after: Decision


class RowReview:
    """All decisions on the rows of a file.

    Every method costs the same however many rows there are. A change that changes nothing is no step to undo.

    Attributes:
        rows: Number of rows.
        past, future: The steps that undo takes back and redo repeats.
    """

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.past: list[Change] = []
        self.future: list[Change] = []
        self._decisions: dict[int, Decision] = {}
        self._counts: Counter[RowVerdict] = Counter()

    def __getitem__(self, row: int) -> Decision:
        """Returns the decision on a row; `UNDECIDED` if there is none."""
        return self._decisions.get(row, UNDECIDED)

    @property
    def decisions(self) -> Mapping[int, Decision]:
        """The decisions, by row."""
        return self._decisions

    @property
    def decided(self) -> int:
        """Number of rows with a verdict."""
        return self._counts.total()

    @property
    def undecided(self) -> int:
        """Number of rows without a verdict."""
        return self.rows - self.decided

    def count(self, verdict: RowVerdict) -> int:
        """Returns the number of rows with this verdict."""
        return self._counts[verdict]

    def replay(self, steps: Iterable[tuple[StepKind, int, Decision]]) -> None:
        """Repeats the steps of earlier sittings. An undo or redo that fits no step sets what it says."""
        for kind, row, decision in steps:
            kept = self.past if kind == "undo" else self.future
            if kind == "decide" or not kept or kept[-1].row != row:
                self.decide(row, decision)
            elif kind == "undo":
                self.undo()
            else:
                self.redo()

    def decide(self, row: int, after: Decision) -> Change | None:
        """Replaces the decision on a row. Returns the change, or None if nothing changed."""
        step = Change(row, self[row], after)
        if step.before == after:
            return None
        self._put(row, after)
        self.past.append(step)
        self.future.clear()
        return step

    def undo(self) -> Change | None:
        """Takes back the last step and returns it; None if there is none."""
        if not self.past:
            return None
        step = self.past.pop()
        self._put(step.row, step.before)
        self.future.append(step)
        return step

    def redo(self) -> Change | None:
        """Repeats the step undone last and returns it; None if there is none."""
        if not self.future:
            return None
        step = self.future.pop()
        self._put(step.row, step.after)
        self.past.append(step)
        return step

    def _put(self, row: int, decision: Decision) -> None:
        was = self[row].verdict
        if was is not None:
            self._counts[was] -= 1
        if decision.verdict is not None:
            self._counts[decision.verdict] += 1
        if decision == UNDECIDED:
            self._decisions.pop(row, None)
        else:
            self._decisions[row] = decision


@dataclass(frozen=True)
class RowQueue:
    """The rows in the order in which they are gone through, and the cursor on one of them.

    Attributes:
        order: Row numbers from 0, each at most once.
        cursor: Place in `order`.
    """

    order: Sequence[int]
    cursor: int = 0

    @property
    def row(self) -> int | None:
        """The row under the cursor; None if there are no rows."""
        return self.order[self.cursor] if self.order else None

    def move_to(self, place: int) -> RowQueue:
        """Moves the cursor to a place, or to the nearest one that exists."""
        return RowQueue(self.order, min(max(place, 0), max(len(self.order) - 1, 0)))

    def to_row(self, row: int) -> RowQueue:
        """Moves the cursor to a row; stays if the queue lacks it."""
        try:
            return RowQueue(self.order, self.order.index(row))
        except ValueError:
            return self

    def to_undecided(self, review: RowReview, step: int = 1) -> RowQueue:
        """Moves to the next undecided row, or with step −1 to the one before, past the end if need be; stays if there is none."""
        count = len(self.order) if review.undecided else 0  # many decided rows are not looked through at each key
        for by in range(1, count):
            place = (self.cursor + step * by) % count
            if review[self.order[place]].verdict is None:
                return RowQueue(self.order, place)
        return self


PAUSE = 60.0
"""Seconds. Time without a key beyond this is a pause, which is not counted."""


class Pace:
    """How fast rows are decided, over the last decisions."""

    LATELY = 50

    def __init__(self) -> None:
        self._seconds: list[float] = []

    def add(self, seconds: float) -> None:
        """Counts a decision that took so many seconds, pauses left out."""
        self._seconds = [*self._seconds[1 - self.LATELY :], seconds]

    @property
    def rate(self) -> float | None:
        """Decisions an hour; None before there are some."""
        total = sum(self._seconds)
        return 3600 * len(self._seconds) / total if total > 0 and len(self._seconds) > 2 else None

    def minutes_left(self, undecided: int) -> float | None:
        """Returns the minutes until all is decided at this pace; None if that is not known."""
        rate = self.rate
        return None if rate is None else 60 * undecided / rate
