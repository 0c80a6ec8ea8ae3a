"""The rows of a data file as the subject of a review."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from iicl_tui.data_files import DataTable, FieldMapping, Row
from iicl_tui.errors import LabError
from iicl_tui.review.decisions import ACCEPTED
from iicl_tui.review.near_rows import Near
from iicl_tui.review.styled import StyledText, styled
from iicl_tui.review.subject import LONGEST, ReviewSubject
from iicl_tui.text import printable


class RowsSubject(ReviewSubject):
    """The rows of a data file. A value is a row's place in the file, from 0.

    Attributes:
        table: The open data file.
        mapping: What is judged and what is shown beside it; None until the person has said it.
        near: Rows that are nearly equal to an earlier one, see `near_rows`; empty until somebody asks.
        others: Other people's decisions by row: the verdict, and how it is shown. A blind review hides them.
    """

    noun = "row"

    def __init__(self, table: DataTable, mapping: FieldMapping | None, blind: bool = False) -> None:
        self.table = table
        self.mapping = mapping
        self.blind = blind
        self.near: Near = {}
        self.others: tuple[dict[int, tuple[str, str]], ...] = ()
        self._last: tuple[int, Row, str] | None = None

    @property
    def heading(self) -> str:
        return f"review {printable(self.table.path.name, 100)}"

    @cached_property
    def values(self) -> tuple[int, ...]:
        return tuple(range(len(self.table)))

    @cached_property
    def disputed(self) -> frozenset[int]:
        """The rows that passed for one of the others and did not for another."""
        passed = [{row: said[0] in ACCEPTED for row, said in each.items()} for each in self.others]
        return frozenset(
            row for row in {row for each in passed for row in each} if len({each[row] for each in passed if row in each}) > 1
        )

    @cached_property
    def repeated(self) -> dict[int, int]:
        """The rows that are equal to an earlier one, see `DataTable.repeated`."""
        return self.table.repeated

    def row(self, value: int) -> Row:
        """Returns a row; one without fields if it cannot be read any more, see `trouble`."""
        return self._read(value)[1]

    def trouble(self, value: int) -> str:
        """Says why a row cannot be read; empty if it can."""
        return self._read(value)[2]

    def _read(self, value: int) -> tuple[int, Row, str]:
        if self._last is None or self._last[0] != value:
            try:
                self._last = (value, self.table[value], "")
            except (LabError, OSError) as error:
                self._last = (value, Row(value, self.table.line(value), self.table.key(value), {}), str(error))
        return self._last

    def text(self, value: int) -> StyledText:
        return styled(printable(self.editable_text(value)[: 2 * LONGEST], LONGEST))

    def marks(self, value: int, blind: bool, detailed: bool = False) -> Sequence[str]:
        copy = self.repeated.get(value)
        found = [] if blind else [printable(each[value][1], LONGEST) for each in self.others if value in each]
        if copy:
            return [f"copy {copy} of an equal row", *found]
        if value in self.near:
            other, share = self.near[value]
            return [f"nearly equal to row {other + 1} ({share:.0%})", *found]
        return found

    def editable_text(self, value: int) -> str:
        """Returns what is judged, as text."""
        return self.row(value).text(self.mapping.judged) if self.mapping is not None else ""

    def judged_text(self, value: int) -> str:
        """Returns what is judged, of any row, without keeping the row; empty if it cannot be read any more."""
        try:
            return self.table[value].text(self.mapping.judged) if self.mapping is not None else ""
        except (LabError, OSError):
            return ""

    def shown_text(self, value: int) -> str:
        """Returns what is judged, laid out to be read."""
        return value_text(self.row(value).values.get(self.mapping.judged)) if self.mapping is not None else ""

    def read_text(self, text: str) -> str:
        if not text.strip():
            raise ValueError("A row needs some text. Reject it if nothing of it may pass.")
        return text

    def copy_text(self, value: int) -> str:
        return printable(self.editable_text(value), newlines=True)


def value_text(value: Any) -> str:
    """Returns a field's value as text to read: a chat's messages by role, other lists and tables as JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value and all(isinstance(one, Mapping) and "content" in one for one in value):
        return "\n\n".join(f"{one.get('role', '?')}: {value_text(one['content'])}" for one in value)
    return json.dumps(value, ensure_ascii=False, indent=2 if isinstance(value, (dict, list)) else None, default=str)
