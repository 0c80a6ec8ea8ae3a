"""What has been decided so far in a review: a frozen value and its transitions. No clock, no screen, no engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from iicl_tui.filters.base import Decision, HypothesisShown, Sample, SamplesShown, SampleStatus, Verdict

Shown = HypothesisShown | SamplesShown
Value = Any
"""What is reviewed: a hypothesis (int) at the first gate, an Example at the second."""

Refusal = Literal["undecided", "no-redraws", "nothing-passes"]


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to decide on. value: what goes on unless it is rejected. seconds: how long it was looked at until decided."""

    shown: Value
    value: Value
    verdict: Verdict | None = None
    reason: str = ""
    seconds: float | None = None


Snapshot = tuple[tuple[Item, ...], int]


@dataclass(frozen=True, slots=True)
class ReviewState:
    """looked: for each item the seconds that it has been under the cursor. past, future: what undo and redo go to.

    Every transition works in every state, also with no items at all; one that changes nothing leaves no trace to undo.
    Time is never undone.
    """

    items: tuple[Item, ...]
    cursor: int = 0
    looked: tuple[float, ...] = ()
    past: tuple[Snapshot, ...] = ()
    future: tuple[Snapshot, ...] = ()

    @staticmethod
    def of(values: Sequence[Value]) -> ReviewState:
        """Nothing decided yet."""
        return ReviewState(tuple(Item(value, value) for value in values), looked=(0.0,) * len(values))

    @property
    def item(self) -> Item | None:
        """The one under the cursor."""
        return self.items[self.cursor] if self.items else None

    @property
    def decided(self) -> int:
        """How many have a verdict."""
        return sum(item.verdict is not None for item in self.items)

    @property
    def undecided(self) -> int:
        """How many have none."""
        return len(self.items) - self.decided

    @property
    def all_rejected(self) -> bool:
        """There is something, and none of it would pass."""
        return bool(self.items) and all(item.verdict == "reject" for item in self.items)

    # -- looking ------------------------------------------------------------------------------------------------------

    def look(self, seconds: float) -> ReviewState:
        """So much time has gone by with the cursor where it is."""
        if not self.items or seconds <= 0:
            return self
        looked = list(self.looked)
        looked[self.cursor] += seconds
        return replace(self, looked=tuple(looked))

    def move_to(self, position: int) -> ReviewState:
        """The cursor there, or as near as there is."""
        return replace(self, cursor=min(max(position, 0), max(len(self.items) - 1, 0)))

    def move(self, by: int) -> ReviewState:
        """The cursor so many places further."""
        return self.move_to(self.cursor + by)

    # -- deciding -----------------------------------------------------------------------------------------------------

    def approve(self) -> ReviewState:
        """The one under the cursor passes; if it was edited, as edited. The cursor goes to the next undecided one."""
        return self._decide(lambda item: item if item.verdict == "edit" else replace(item, verdict="approve"))

    def reject(self) -> ReviewState:
        """The one under the cursor does not pass, as it was shown. The cursor goes to the next undecided one."""
        return self._decide(lambda item: replace(item, verdict="reject", value=item.shown))

    def edit(self, value: Value) -> ReviewState:
        """Another value passes in its place; the value that was shown is simply approved."""
        verdict: Verdict = "edit"
        return self._decide(lambda item: replace(item, verdict="approve" if value == item.shown else verdict, value=value))

    def approve_rest(self) -> ReviewState:
        """All that have no verdict pass: one step for undo."""
        return self._decide_rest("approve")

    def reject_rest(self) -> ReviewState:
        """None of those that have no verdict pass: one step for undo."""
        return self._decide_rest("reject")

    def reason(self, text: str) -> ReviewState:
        """Why, for the one under the cursor, whatever its verdict is or will be."""
        if self.item is None:
            return self
        return self._with(self._put(self.cursor, replace(self.item, reason=text)), self.cursor)

    def undo(self) -> ReviewState:
        """As it was before the last decision, cursor included."""
        if not self.past:
            return self
        items, cursor = self.past[-1]
        here: Snapshot = (self.items, self.cursor)
        return replace(self, items=items, cursor=cursor, past=self.past[:-1], future=(*self.future, here))

    def redo(self) -> ReviewState:
        """The opposite of undo, until something else is decided."""
        if not self.future:
            return self
        items, cursor = self.future[-1]
        here: Snapshot = (self.items, self.cursor)
        return replace(self, items=items, cursor=cursor, past=(*self.past, here), future=self.future[:-1])

    def _decide(self, decide: Callable[[Item], Item]) -> ReviewState:
        if self.item is None:
            return self
        after = decide(self.item)
        if after != self.item:
            after = replace(after, seconds=self.looked[self.cursor])
        items = self._put(self.cursor, after)
        order = [*range(self.cursor + 1, len(items)), *range(self.cursor)]
        return self._with(items, next((at for at in order if items[at].verdict is None), self.cursor))

    def _decide_rest(self, verdict: Verdict) -> ReviewState:
        items = tuple(
            replace(item, verdict=verdict, seconds=seconds) if item.verdict is None else item
            for item, seconds in zip(self.items, self.looked, strict=True)
        )
        return self._with(items, self.cursor)

    def _put(self, position: int, item: Item) -> tuple[Item, ...]:
        return (*self.items[:position], item, *self.items[position + 1 :])

    def _with(self, items: tuple[Item, ...], cursor: int) -> ReviewState:
        if items == self.items:
            return replace(self, cursor=cursor)
        return replace(self, items=items, cursor=cursor, past=(*self.past, (self.items, self.cursor)), future=())


def values_shown(shown: Shown) -> tuple[Value, ...]:
    """What is to be decided on."""
    if isinstance(shown, HypothesisShown):
        return (shown.hypothesis,)
    return tuple(sample.example for sample in shown.samples)


def refusal(shown: Shown, state: ReviewState) -> Refusal | None:
    """Why the decisions cannot be committed as they are; None: they can."""
    if state.undecided:
        return "undecided"
    if isinstance(shown, HypothesisShown):
        return "no-redraws" if state.all_rejected and shown.redraws_left == 0 else None
    return "nothing-passes" if state.all_rejected and not shown.kept and not shown.refill else None


def decision(shown: HypothesisShown, state: ReviewState) -> Decision:
    """The answer at the first gate. Raises ValueError while it is undecided."""
    (item,) = state.items
    if item.verdict is None:
        raise ValueError("nothing is decided yet")
    return Decision(shown.hypothesis, item.verdict, item.value, item.reason, _rounded(item.seconds))


def samples(shown: SamplesShown, state: ReviewState) -> tuple[Sample, ...]:
    """The answer at the second gate. Raises ValueError while one is undecided."""
    return tuple(_sample(sample, item) for sample, item in zip(shown.samples, state.items, strict=True))


def _sample(sample: Sample, item: Item) -> Sample:
    if item.verdict is None:
        raise ValueError("not all is decided yet")
    # An earlier filter of the chain may have edited it already: what was drawn stays on record.
    drawn = sample.shown or sample.example
    passing: SampleStatus = "approved" if item.value == drawn else "edited"
    return replace(
        sample,
        example=item.value,
        verdict="rejected" if item.verdict == "reject" else passing,
        shown=None if item.value == drawn else drawn,
        reason=item.reason or sample.reason,
        seconds=_rounded(item.seconds),
    )


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
