"""Decisions on rows of a data file: what was decided, step by step, and what holds in the end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from iicl_tui.data_files import DataTable, FieldMapping
from iicl_tui.data_files.faults import named_lines

RowVerdict = Literal["approve", "reject", "edit", "flag", "skip"]
VERDICTS: tuple[RowVerdict, ...] = ("approve", "reject", "edit", "flag", "skip")
ACCEPTED: frozenset[str | None] = frozenset({"approve", "edit"})
"""The verdicts of rows that pass."""

BETWEEN_REASONS = "; "
"""Stands between several reasons of one decision, which are one text in the file."""

StepKind = Literal["decide", "undo", "redo"]


class Decision(NamedTuple):
    """A decision on one row.

    Attributes:
        verdict: What was decided; None: nothing, or only a reason was written so far.
        text: The edited text; None: as in the data.
        reason: Why, in words; empty if none was given. Several have BETWEEN_REASONS between them.
        seconds: How long the row was looked at until it was decided, pauses left out.
    """

    verdict: RowVerdict | None = None
    text: str | None = None
    reason: str = ""
    seconds: float = 0.0


UNDECIDED = Decision()


class Step(NamedTuple):
    """A step as it is in the file.

    Attributes:
        key: The row's key.
        line: Where the row was in the data file then.
        decision: The decision after the step.
        by: The reviewer.
        at: When, as an ISO 8601 text in UTC.
    """

    kind: StepKind
    key: str
    line: int
    decision: Decision
    by: str
    at: str


@dataclass(frozen=True)
class Sitting:
    """What a reviewer had before them, from some step on.

    Attributes:
        reviewer: Who decides; empty if no name was given.
        fields: What was judged and shown; None if nobody has said it yet.
        order: The order of the rows, such as "file" or "seed:3".
        blind: Whether groups, truths and other people's verdicts were hidden.
        data_digest: The content of the data file then.
    """

    reviewer: str
    fields: FieldMapping | None
    order: str = "file"
    blind: bool = False
    data_digest: str = ""


def final(steps: Iterable[Step]) -> dict[str, Step]:
    """The last step on each row that has a decision, by its key, in the order of the first decisions."""
    found: dict[str, Step] = {}
    for step in steps:
        if step.decision == UNDECIDED:
            found.pop(step.key, None)
        else:
            found[step.key] = step
    return found


@dataclass(frozen=True)
class Matched:
    """Decisions beside the rows of a data file.

    Attributes:
        steps: By a row's index in the data file, the last step on it, in the order of the file.
        gone: The last steps on rows that are not in the data file any more.
    """

    steps: dict[int, Step]
    gone: tuple[Step, ...]

    def notices(self, name: str) -> list[str]:
        """A sentence on rows that are gone, if there are some. name: the data file's."""
        if not self.gone:
            return []
        lines, count = [step.line for step in self.gone], len(self.gone)
        rows = "1 decided row is" if count == 1 else f"{count:,} decided rows are"
        return [f"{rows} not in {name} any more, or changed since: then {named_lines(lines, count)}. The decisions are kept."]


def match(steps: Iterable[Step], table: DataTable) -> Matched:
    """Finds the rows of the decisions by their content."""
    last = final(steps)
    found = table.find_all(list(last))
    here = {index: step for index, step in zip(found, last.values(), strict=True) if index is not None}
    gone = [step for index, step in zip(found, last.values(), strict=True) if index is None]
    return Matched(dict(sorted(here.items())), tuple(gone))


def steps_on(steps: Sequence[Step], table: DataTable) -> list[tuple[StepKind, int, Decision]]:
    """All steps on rows that are in the data file, with the index of each row: what undo can take back."""
    indices = table.find_all([step.key for step in steps])
    return [(step.kind, index, step.decision) for step, index in zip(steps, indices, strict=True) if index is not None]
