"""What a review pane shows, as a frozen value: lines of styled text by width and height."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from iicl_tui.present import review_words as words
from iicl_tui.review.forecast import Forecast
from iicl_tui.review.rules import Value
from iicl_tui.review.state import ReviewState
from iicl_tui.review.styled import StyledText, styled
from iicl_tui.review.subject import ReviewSubject
from iicl_tui.text import text_width


@dataclass(frozen=True, eq=False)
class ReviewView:
    """One moment of a review.

    Attributes:
        subject: What is reviewed.
        state: The decisions so far.
        tried: The state as if the open edit were accepted.
        forecast: The effect of a commit, if any.
        blind: Marks of right and wrong are hidden.
    """

    subject: ReviewSubject
    state: ReviewState
    tried: ReviewState
    forecast: Forecast | None
    blind: bool

    @property
    def kept(self) -> int:
        """Number of rows above the first one to decide on."""
        return len(self.subject.kept)

    @property
    def rows(self) -> int:
        """Number of rows of the list; 0 for a single hypothesis."""
        return 0 if self.subject.gate is not None else self.kept + len(self.state.items)

    def title(self, width: int) -> StyledText:
        """Shows what is reviewed, and how far it is."""
        right = words.progress(self.subject, self.state, self.blind)
        left = styled((self.subject.heading, "strong")).cut(max(width - text_width(right) - 2, 1))
        return styled(left, " " * max(width - left.width - text_width(right), 1), (right, "muted"))

    def row(self, row: int, width: int) -> StyledText:
        """Shows a row of the list: first the kept items, then those to decide on."""
        if not row < self.rows:
            return StyledText()
        text_width = min(max(width - 5 - self._note_width, width // 3, 1), self._widest)
        if row < self.kept:
            return words.kept_line(self.subject, self.subject.kept[row], self.blind, text_width)
        at = row - self.kept
        return words.item_line(self.subject, self.tried.items[at], at == self.state.cursor, self.blind, text_width)

    @property
    def _values(self) -> Iterator[Value]:
        yield from (kept.value for kept in self.subject.kept)
        yield from (item.value for item in self.tried.items)

    @cached_property
    def _widest(self) -> int:
        return max((self.subject.text(value).width for value in self._values), default=0)

    @cached_property
    def _note_width(self) -> int:
        """Cells for the longest note, since notes are not cut off."""
        widest = max((text_width(self.subject.note(value)) for value in self._values), default=0)
        return widest + 2 if widest else 0

    def large(self, width: int) -> list[StyledText]:
        """Shows the item under the cursor in full."""
        if self.subject.gate is not None:
            return words.hypothesis_lines(self.subject, self.subject.gate, self.tried.items[0], self.blind, width)
        return words.item_lines(self.subject, self.tried, self.blind)

    def consequences(self, width: int, height: int) -> list[StyledText]:
        """Shows what a commit would change."""
        return words.forecast_lines(self.forecast, self.blind, width, height) if self.forecast is not None else []
