"""What a review is about: the items, how they are shown, what may be decided, and what a commit would change."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from iicl_tui.review.rules import Value, VerdictRules
from iicl_tui.review.styled import StyledText
from iicl_tui.text import printable

if TYPE_CHECKING:  # reviews of rows need no chains
    from iicl_tui.review.edit import Edit
    from iicl_tui.review.forecast import Forecast
    from iicl_tui.review.state import ReviewState

LONGEST = 200
"""Characters of an item's text that are shown in a row."""


@dataclass(frozen=True)
class KeptItem:
    """An item that passed in an earlier round of the same review."""

    value: Value
    edited: bool = False


@dataclass(frozen=True)
class ExampleTable:
    """Examples beside a hypothesis.

    Attributes:
        rows: Each example, and whether the hypothesis explains it.
    """

    name: str
    rows: tuple[tuple[StyledText, bool], ...]


class HypothesisGate(Protocol):
    """What a review of one hypothesis shows besides its text."""

    def place(self, hypothesis: int) -> tuple[float, int, int] | None:
        """Returns log P (nats), the rank and the number of hypotheses; None if the belief is not known."""

    def tables(self, hypothesis: int) -> Sequence[ExampleTable]:
        """Returns the data that the hypothesis may explain."""


class ReviewSubject(ABC):
    """What a review is about. Only heading, values and text are required.

    Attributes:
        noun: What one item is called.
        kept: Items that passed in earlier rounds.
        rules: What may be decided.
        blind: Marks of right and wrong must stay hidden.
        gate: Set if the subject is a single hypothesis.
        progress: Notes about the round, for the title.
        if_nothing_passes: The effect of passing on nothing, as a clause; empty if that is not known.
    """

    noun: str = "row"
    kept: Sequence[KeptItem] = ()
    rules: VerdictRules = VerdictRules()
    blind: bool = False
    gate: HypothesisGate | None = None
    progress: Sequence[str] = ()
    if_nothing_passes: str = ""

    @property
    @abstractmethod
    def heading(self) -> str:
        """What is reviewed, in one line."""

    @property
    @abstractmethod
    def values(self) -> tuple[Value, ...]:
        """The items to decide on."""

    @abstractmethod
    def text(self, value: Value) -> StyledText:
        """Returns an item as it is shown."""

    def note(self, value: Value) -> str:
        """Returns a note on an item that is shown even in a blind review and never cut off."""
        return ""

    def marks(self, value: Value, blind: bool, detailed: bool = False) -> Sequence[str]:
        """Returns remarks on an item, such as where it was seen before.

        Args:
            value: The item.
            blind: Leave out whether it is right or wrong.
            detailed: Return longer remarks, for the item under the cursor.
        """
        note = self.note(value)
        return [note] if note else []

    def row_editor(self, value: Value) -> Edit | None:
        """Returns an editor for an item; None if items are edited as text."""
        return None

    def editable_text(self, value: Value) -> str:
        """Returns an item as text to edit."""
        return str(value)

    def read_text(self, text: str) -> Value:
        """Reads an item from an edited text. Raises ValueError if the text is not an item."""
        return text

    def copy_text(self, value: Value) -> str:
        """Returns an item as text for the clipboard."""
        return printable(self.editable_text(value))

    async def forecast(self, state: ReviewState, trial: Value | None = None) -> Forecast | None:
        """Returns what committing now would change; None if nothing is forecast.

        Args:
            state: The decisions so far.
            trial: The value in the open editor, counted as if it were accepted.
        """
        return None
