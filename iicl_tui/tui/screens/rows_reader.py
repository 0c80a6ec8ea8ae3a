"""A model that reads the rows beside the person: asked in the background, and shown as its file says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iicl_tui.errors import LabError
from iicl_tui.tui.screens.rows_moves import RowsMoves

if TYPE_CHECKING:  # most reviews ask no model
    from iicl_tui.review.first_reader import FirstReader


class RowsWithReader(RowsMoves):
    """Asks about the row under the cursor and the next undecided ones, one call at a time."""

    def start_reader(self, reader: FirstReader) -> None:
        """Shows what the model said, and asks it on."""
        self.reader = reader
        for row in self.session.review.decisions:
            reader.count(row, self.session.review[row])
        if reader.stopped:
            self._say(f"{reader.name}: {reader.stopped}", True)

    def _draw(self, keep_place: bool = False) -> None:
        super()._draw(keep_place)
        if self.reader is not None and not self._asking and not self._is_reading and self._wanted() is not None:
            self._is_reading = True
            self.run_worker(self._read(self.reader), group="reader", exit_on_error=False)

    def _wanted(self) -> int | None:
        """The next row to ask about; None if there is none."""
        reader, session = self.reader, self.session
        if reader is None or self._reader_off or session.queue.row is None:
            return None
        if reader.wants(session.queue.row):
            return session.queue.row
        queue = session.queue
        for _ in range(reader.setup.ahead):
            queue = queue.to_undecided(session.review)
            row = queue.row
            if row is None or session.review[row].verdict is not None:
                return None
            if reader.wants(row):
                return row
        return None

    async def _read(self, reader: FirstReader) -> None:
        try:
            while (row := self._wanted()) is not None:
                try:
                    await reader.suggest(row)
                except LabError as error:
                    self._say(f"{reader.name}: {error.title}. {error.what}".replace("\n", " "), True)
                    continue
                review = self.session.review
                reader.count(row, review[row])
                if self.busy or row != self.session.queue.row:
                    if review[row].verdict is not None:
                        self._say(self.view.comparison(row))
                else:
                    super()._draw(keep_place=True)
        finally:
            self._is_reading = False

    def count_for_reader(self, row: int | None) -> str:
        """Counts the agreement on a row after a step, and returns what the model says about it, in one line."""
        if self.reader is None or row is None:
            return ""
        self.reader.count(row, self.session.review[row])
        return self.view.comparison(row)

    def action_model(self) -> None:
        if self.reader is None:
            return
        self._reader_off = not (self._reader_off or self.reader.stopped)
        if self._reader_off:
            self.workers.cancel_group(self, "reader")
            self._say(f"{self.reader.name} is not asked any more. {self._key('rows.model')} asks again.")
        else:
            self.reader.try_again()
            self._say(f"{self.reader.name} is asked.")
            self._draw(keep_place=True)

    async def close_reader(self) -> None:
        """Gives up the call under way, and ends the connections."""
        if self.reader is not None:
            self.workers.cancel_group(self, "reader")
            await self.reader.close()
