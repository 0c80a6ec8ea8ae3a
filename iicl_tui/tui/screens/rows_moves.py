"""Going through one's own rows: by place, verdict, number and text."""

from __future__ import annotations

import asyncio
from itertools import compress

from textual import on

from iicl_tui.present.row_view import FILTERS, VERDICTS
from iicl_tui.review.near_rows import Near, find_near
from iicl_tui.review.row_review import RowQueue
from iicl_tui.tui.review.boxes import LineInput, RowList
from iicl_tui.tui.review.row_widgets import RowPage
from iicl_tui.tui.screens.rows_frame import RowsFrame

_AT_ONCE = 2000
"""Rows that are searched before keys are looked at again."""


class RowsMoves(RowsFrame):
    """The actions that decide nothing."""

    def _go_to(self, queue: RowQueue) -> None:
        self._presses.is_double()
        self.session.look()
        self.session.queue = queue
        self._message = ("", False)
        self._draw()

    def action_next_undecided(self) -> None:
        self._undecided(1)

    def action_previous_undecided(self) -> None:
        self._undecided(-1)

    def _undecided(self, step: int) -> None:
        before = self.session.queue
        self._go_to(before.to_undecided(self.session.review, step))
        if self.session.queue is before:
            self._say("No other row is undecided here.")

    def action_up(self) -> None:
        self._go_to(self.session.queue.move_to(self.session.queue.cursor - 1))

    def action_down(self) -> None:
        self._go_to(self.session.queue.move_to(self.session.queue.cursor + 1))

    def action_first(self) -> None:
        self._go_to(self.session.queue.move_to(0))

    def action_last(self) -> None:
        self._go_to(self.session.queue.move_to(len(self.session.queue.order) - 1))

    def action_page_up(self) -> None:
        self.session.look()
        self.query_one("#rows-text", RowPage).scroll_page(-1)

    def action_page_down(self) -> None:
        self.session.look()
        self.query_one("#rows-text", RowPage).scroll_page(1)

    @on(RowList.Picked)
    def _picked(self, event: RowList.Picked) -> None:
        if not self.busy:
            self._go_to(self.session.queue.move_to(event.row))

    @on(RowList.Wheeled)
    def _wheeled(self, event: RowList.Wheeled) -> None:
        if not self.busy:
            self._go_to(self.session.queue.move_to(self.session.queue.cursor + event.by))

    def action_filter(self) -> None:
        """Shows the rows of the next verdict that some rows have, or all again."""
        session, row = self.session, self.session.queue.row
        at = FILTERS.index(self._filter)
        for self._filter in (*FILTERS[at + 1 :], FILTERS[0]):
            every = self._filter == FILTERS[0]
            chosen = [every or VERDICTS[session.review[row].verdict] == self._filter for row in session.order]
            order = list(compress(session.order, chosen))
            if order:
                here = RowQueue(session.order).to_row(row).cursor if row is not None else 0
                self._go_to(RowQueue(order).move_to(sum(chosen[:here])))  # the same row, or else the next one
                self._say("All rows are shown." if every else f"{len(order):,} of {len(session.order):,} rows are {self._filter}.")
                return

    def action_plain(self) -> None:
        self._drawn = not self._drawn
        self._draw(keep_place=True)
        self._say("Markdown and code are drawn." if self._drawn else "The text is shown as it is.")

    def action_blind(self) -> None:
        if self.session.subject.blind:
            self._say("This review is blind. Begin it with --no-blind to see what is hidden.", True)
            return
        self._hide = not self._hide
        self._draw(keep_place=True)

    def action_near(self) -> None:
        self.run_worker(self._find_near(), group="near", exclusive=True)

    async def _find_near(self) -> None:
        """Looks for rows that are nearly equal, a little at a time, so that keys are answered meanwhile."""
        subject = self.session.subject
        found: Near = {}
        for done in find_near(len(subject.table), subject.judged_text, found):
            self._say(f"Looking for rows that are nearly equal: {done:.0%}")
            await asyncio.sleep(0)
        subject.near = found = {row: near for row, near in found.items() if row not in subject.repeated}
        self._draw(keep_place=True)
        self._say(f"{len(found):,} nearly equal, {len(subject.repeated):,} equal to an earlier row: said beside each.")

    def action_search(self) -> None:
        self._open_line("search", "find: ", self._words)
        self.query_one(LineInput).select_all()  # what is typed replaces it

    def action_jump(self) -> None:
        self._open_line("jump", f"row, 1 to {self.session.review.rows}: ")

    def _jump(self, text: str) -> None:
        rows = self.session.review.rows
        if not (text.isascii() and text.isdigit() and len(text) < 12 and 1 <= int(text) <= rows):
            self._draw(keep_place=True)
            self._say(f"Enter a number from 1 to {rows}." if rows else "There are no rows.", True)
            return
        row = int(text) - 1
        if row not in self.session.queue.order:
            self._filter = FILTERS[0]
            self.session.queue = RowQueue(self.session.order)
        self._go_to(self.session.queue.to_row(row))

    def action_next_match(self) -> None:
        self._search(1)

    def action_previous_match(self) -> None:
        self._search(-1)

    def _search(self, step: int) -> None:
        if self._words:
            self.run_worker(self._find(self._words, step), group="search", exclusive=True)
        self._draw(keep_place=True)

    async def _find(self, words: str, step: int) -> None:
        queue, subject = self.session.queue, self.session.subject
        count = len(queue.order)
        for by in range(1, count + 1):
            place = (queue.cursor + step * by) % count
            if words in subject.editable_text(queue.order[place]).casefold():
                if self.session.queue is queue:  # the person has not gone elsewhere
                    self._go_to(queue.move_to(place))
                    self._say(f"“{words}”: > finds the next row, < the one before.")
                return
            if by % _AT_ONCE == 0:
                self._say(f"Looked for “{words}” in {by:,} of {count:,} rows.")
                await asyncio.sleep(0)
        self._say(f"No row contains “{words}”.", True)
