"""What the pane shows of one request, as a frozen value: lines by width and height."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

from rich.cells import cell_len
from textual.content import Content

from iicl_tui.chain.engine import Chain
from iicl_tui.filters.base import HypothesisShown, SamplesShown
from iicl_tui.review.effect import Effect
from iicl_tui.review.state import ReviewState, Shown
from iicl_tui.tasks.base import Example
from iicl_tui.text import printable
from iicl_tui.tui.review import words


@dataclass(frozen=True, eq=False)
class View:
    """state: as decided; tried: as it would be if the open edit were kept."""

    chain: Chain
    shown: Shown
    state: ReviewState
    tried: ReviewState
    effect: Effect | None
    blind: bool

    @property
    def kept(self) -> int:
        """Rows of the list above the first one to decide on."""
        return len(self.shown.kept) if isinstance(self.shown, SamplesShown) else 0

    @property
    def rows(self) -> int:
        """Rows of the list."""
        return self.kept + len(self.state.items) if isinstance(self.shown, SamplesShown) else 0

    def title(self, width: int, height: int) -> list[Content]:
        """What is reviewed, and how far it is."""
        right = words.progress(self.shown, self.state)
        if self.blind:
            right += " · blind" + (" (set up so)" if self.shown.blind else "")
        left = Content.styled(words.title(self.shown), "bold").truncate(max(width - len(right) - 2, 1), ellipsis=True)
        return [Content.assemble(left, " " * max(width - left.cell_length - len(right), 1), (right, words.MUTED))]

    def row(self, row: int, width: int) -> Content:
        """A row of the list: what was kept before, then what is to be decided on."""
        shown = self.shown
        if not isinstance(shown, SamplesShown) or not row < self.rows:
            return Content("")
        wide = min(max(width - 5 - self._noted, width // 3, 1), self._widest)
        if row < self.kept:
            return words.kept_line(self.chain, shown, shown.kept[row], self.blind, wide)
        at = row - self.kept
        return words.sample_line(self.chain, shown, self.tried.items[at], at == self.state.cursor, self.blind, wide)

    @property
    def _examples(self) -> Iterator[Example]:
        kept = self.shown.kept if isinstance(self.shown, SamplesShown) else ()
        return chain((sample.example for sample in kept), (item.value for item in self.tried.items))

    @cached_property
    def _widest(self) -> int:
        return max((words.example_content(self.chain.task, example).cell_length for example in self._examples), default=0)

    @cached_property
    def _noted(self) -> int:
        """Room for the task's notes; they are not what is cut off."""
        notes = [cell_len(printable(self.chain.task.example_note(example), 80)) for example in self._examples]
        return max(notes, default=0) + 2 if any(notes) else 0

    def large(self, width: int) -> list[Content]:
        """The one under the cursor."""
        if isinstance(self.shown, HypothesisShown):
            return words.hypothesis_lines(self.chain, self.shown, self.tried.items[0], self.blind, width)
        return words.sample_lines(self.chain, self.shown, self.tried, self.blind)

    def consequences(self, width: int, height: int) -> list[Content]:
        """What committing now would do."""
        if self.effect is None:
            return []
        return words.effect_lines(self.chain, self.shown, self.effect, self.blind, width, height)
