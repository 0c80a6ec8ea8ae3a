"""What has been decided so far in a review: a frozen state and its transitions. No clock, no screen, no engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from iicl_tui.filters.base import Verdict
from iicl_tui.review.rules import Value, VerdictRules

Refusal = Literal["undecided", "no-redraws", "nothing-passes", "unlearnable"]
NEED_A_SECOND_KEY: frozenset[Refusal] = frozenset({"nothing-passes", "unlearnable"})
"""A person may commit all the same, with another key than the usual one."""


@dataclass(frozen=True, slots=True)
class Item:
    """One item to decide on.

    Attributes:
        shown: The item as it was shown.
        value: The item that passes unless it is rejected.
        seconds: How long it was looked at until it was decided.
    """

    shown: Value
    value: Value
    verdict: Verdict | None = None
    reason: str = ""
    seconds: float | None = None


Snapshot = tuple[tuple[Item, ...], int]


@dataclass(frozen=True, slots=True)
class ReviewState:
    """All decisions of one review.

    Every transition works in every state, even without items. A transition that changes nothing adds no step to undo. Undo does
    not take back time.

    Attributes:
        seconds_viewed: For each item, how long the cursor has been on it.
        past, future: The states that undo and redo return to.
    """

    items: tuple[Item, ...]
    cursor: int = 0
    seconds_viewed: tuple[float, ...] = ()
    past: tuple[Snapshot, ...] = ()
    future: tuple[Snapshot, ...] = ()

    @staticmethod
    def from_values(values: Sequence[Value]) -> ReviewState:
        """Returns the state in which nothing is decided."""
        return ReviewState(tuple(Item(value, value) for value in values), seconds_viewed=(0.0,) * len(values))

    @property
    def item(self) -> Item | None:
        """The item under the cursor."""
        return self.items[self.cursor] if self.items else None

    @property
    def decided(self) -> int:
        """Number of items with a verdict."""
        return sum(item.verdict is not None for item in self.items)

    @property
    def undecided(self) -> int:
        """Number of items without a verdict."""
        return len(self.items) - self.decided

    @property
    def all_rejected(self) -> bool:
        """Whether every item is rejected. False without items."""
        return bool(self.items) and all(item.verdict == "reject" for item in self.items)

    # -- looking ------------------------------------------------------------------------------------------------------

    def add_viewing_time(self, seconds: float) -> ReviewState:
        """Adds time to the item under the cursor."""
        if not self.items or seconds <= 0:
            return self
        seconds_viewed = list(self.seconds_viewed)
        seconds_viewed[self.cursor] += seconds
        return replace(self, seconds_viewed=tuple(seconds_viewed))

    def move_to(self, position: int) -> ReviewState:
        """Moves the cursor to a position, or to the nearest one that exists."""
        return replace(self, cursor=min(max(position, 0), max(len(self.items) - 1, 0)))

    def move(self, by: int) -> ReviewState:
        """Moves the cursor by this many places."""
        return self.move_to(self.cursor + by)

    # -- deciding -----------------------------------------------------------------------------------------------------

    def approve(self) -> ReviewState:
        """Approves the item under the cursor, as edited if it was edited. The cursor goes to the next undecided item."""
        return self._decide(lambda item: item if item.verdict == "edit" else replace(item, verdict="approve"))

    def reject(self) -> ReviewState:
        """Rejects the item under the cursor and drops an edit of it. The cursor goes to the next undecided item."""
        return self._decide(lambda item: replace(item, verdict="reject", value=item.shown))

    def edit(self, value: Value) -> ReviewState:
        """Replaces the value of the item under the cursor. A value equal to the one shown counts as approved."""
        verdict: Verdict = "edit"
        return self._decide(lambda item: replace(item, verdict="approve" if value == item.shown else verdict, value=value))

    def approve_rest(self) -> ReviewState:
        """Approves all undecided items, as one step for undo."""
        return self._decide_rest("approve")

    def reject_rest(self) -> ReviewState:
        """Rejects all undecided items, as one step for undo."""
        return self._decide_rest("reject")

    def reason(self, text: str) -> ReviewState:
        """Sets the reason of the item under the cursor, whatever its verdict."""
        if self.item is None:
            return self
        return self._with(self._put(self.cursor, replace(self.item, reason=text)), self.cursor)

    def undo(self) -> ReviewState:
        """Takes back the last decision, and moves the cursor back."""
        if not self.past:
            return self
        items, cursor = self.past[-1]
        here: Snapshot = (self.items, self.cursor)
        return replace(self, items=items, cursor=cursor, past=self.past[:-1], future=(*self.future, here))

    def redo(self) -> ReviewState:
        """Repeats the decision undone last. Another decision clears what can be redone."""
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
            after = replace(after, seconds=self.seconds_viewed[self.cursor])
        items = self._put(self.cursor, after)
        order = [*range(self.cursor + 1, len(items)), *range(self.cursor)]
        return self._with(items, next((at for at in order if items[at].verdict is None), self.cursor))

    def _decide_rest(self, verdict: Verdict) -> ReviewState:
        items = tuple(
            replace(item, verdict=verdict, seconds=seconds) if item.verdict is None else item
            for item, seconds in zip(self.items, self.seconds_viewed, strict=True)
        )
        return self._with(items, self.cursor)

    def _put(self, position: int, item: Item) -> tuple[Item, ...]:
        return (*self.items[:position], item, *self.items[position + 1 :])

    def _with(self, items: tuple[Item, ...], cursor: int) -> ReviewState:
        if items == self.items:
            return replace(self, cursor=cursor)
        return replace(self, items=items, cursor=cursor, past=(*self.past, (self.items, self.cursor)), future=())


def refusal(rules: VerdictRules, kept: int, state: ReviewState, unlearnable: bool = False) -> Refusal | None:
    """Returns why the decisions cannot be committed as they are; None if they can.

    Args:
        rules: What may be decided.
        kept: Number of items that passed in earlier rounds.
        state: The decisions.
        unlearnable: The next agent could learn nothing from what passes.
    """
    if state.undecided:
        return "undecided"
    if unlearnable:
        return "unlearnable"
    if not state.all_rejected or kept or rules.redraws_rejected:
        return None
    return _IF_NONE_PASS[rules.if_none_pass]


_IF_NONE_PASS: dict[str, Refusal | None] = {"refuse": "no-redraws", "confirm": "nothing-passes", "allow": None}
