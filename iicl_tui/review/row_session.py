"""One sitting with the rows of a file: every step is written before the next key, and time is counted without pauses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from iicl_tui.data_files import FieldMapping
from iicl_tui.errors import LabError
from iicl_tui.files import read_bytes
from iicl_tui.review.decision_file import DecisionFile
from iicl_tui.review.decisions import BETWEEN_REASONS, Decision, RowVerdict, StepKind, match, steps_on
from iicl_tui.review.row_review import PAUSE, Change, Pace, RowQueue, RowReview
from iicl_tui.review.row_subject import RowsSubject
from iicl_tui.store import atomic


class ReasonList:
    """The person's list of reasons, one a line of a file.

    Attributes:
        path: The file, which need not exist; None: in memory only.
        reasons: The reasons.
    """

    def __init__(self, path: Path | None = None, reasons: Sequence[str] = ()) -> None:
        self.path = path
        self.reasons = tuple(reasons)

    @classmethod
    def read(cls, path: Path) -> ReasonList:
        """Reads a list; an empty one if there is no file. Raises LabError."""
        try:
            text = read_bytes(path, _MOST_BYTES).decode("utf-8-sig")
        except FileNotFoundError:
            return cls(path)
        except (OSError, UnicodeDecodeError) as error:
            what = getattr(error, "strerror", None) or error
            raise LabError("Could not read the reasons", f"{path}: {what}.", "Name a text with one reason a line.") from error
        return cls(path, _lines(text))

    def expanded(self, text: str) -> str:
        """Returns a reason as it was typed; numbers such as "1, 3" stand for reasons of the list."""
        parts = [part.strip() for part in text.split(",")] if "," in text else text.split()
        if not all(part.isascii() and part.isdigit() and len(part) < 4 and 0 < int(part) <= len(self.reasons) for part in parts):
            return text
        return BETWEEN_REASONS.join(dict.fromkeys(self.reasons[int(part) - 1] for part in parts))

    def write(self, text: str) -> None:
        """Replaces the list by the lines of a text. Raises LabError if the file cannot be written."""
        self.reasons = _lines(text)
        if self.path is not None:
            try:
                atomic.replace(self.path, "".join(f"{reason}\n" for reason in self.reasons).encode())
            except OSError as error:
                raise LabError(f"The reasons are not saved: {self.path}: {error.strerror or error}.") from error


_MOST_BYTES = 1_000_000


def _lines(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(line.strip() for line in text.split("\n") if line.strip()))


class RowSession:
    """The decisions of one person on the rows of a file.

    Attributes:
        subject: The rows.
        review: The decisions so far.
        order: The rows in their order.
        queue: Those that are gone through now.
        reasons: The person's list, on the digits.
        trouble: Why the last steps are not written; empty if they are.
        clock: Returns seconds.
        notices: Sentences on decided rows that are not in the data any more.
    """

    def __init__(
        self, subject: RowsSubject, file: DecisionFile, order: Sequence[int], reasons: ReasonList, clock: Callable[[], float]
    ) -> None:
        self.subject = subject
        self.review = RowReview(len(subject.table))
        steps = steps_on(file.steps, subject.table)
        self.review.replay(steps)
        self.order = order
        self.queue = RowQueue(order)
        self.reasons = reasons
        self.trouble = ""
        self.pace = Pace()
        self.clock = clock
        self.notices = [] if len(steps) == len(file.steps) else match(file.steps, subject.table).notices(subject.table.path.name)
        self._file = file
        self._since = clock()
        self._looked: dict[int, float] = {}
        self._unwritten: list[tuple[StepKind, Change]] = []
        for change in self.review.past[-Pace.LATELY :]:
            self.pace.add(change.after.seconds)
        row = self.queue.row
        if row is not None and self.review[row].verdict is not None:
            self.queue = self.queue.to_undecided(self.review)

    @property
    def reviewer(self) -> str:
        """Who decides."""
        return self._file.sitting.reviewer

    @property
    def path(self) -> Path:
        """The file of the decisions."""
        return self._file.path

    @property
    def read_only(self) -> str:
        """Why nothing can be decided; empty if it can."""
        return self._file.read_only

    @property
    def saved(self) -> bool:
        """Every step is on the disk."""
        return not self._unwritten

    def use_mapping(self, mapping: FieldMapping) -> None:
        """Shows the rows by these fields from now on. The next step notes it in the file."""
        self.subject.mapping = mapping
        self._file.use(replace(self._file.sitting, fields=mapping))

    def retry(self) -> None:
        """Tries again to write what is not written yet."""
        self._flush()

    def look(self) -> None:
        """Counts the time since the last key for the row under the cursor, but no pause."""
        now = self.clock()
        if self.queue.row is not None:
            passed = min(max(now - self._since, 0.0), PAUSE)
            self._looked[self.queue.row] = self._looked.get(self.queue.row, 0.0) + passed
        self._since = now

    def decide(self, verdict: RowVerdict, text: str | None = None, reason: str | None = None, drop_edit: bool = False) -> bool:
        """Decides on the row under the cursor and goes to the next undecided one. Returns whether anything changed.

        Args:
            verdict: What is decided. An approved row stays as edited if it was edited.
            text: The edited text, for "edit".
            reason: Replaces the reason; None: as it is.
            drop_edit: Approve the row as it is in the data, even if it was edited.
        """
        row = self.queue.row
        if row is None or self.subject.trouble(row):
            return False
        before = self.review[row]
        if verdict == "approve" and before.verdict == "edit" and not drop_edit:
            verdict, text = "edit", before.text
        reason = before.reason if reason is None else reason
        if (before.verdict, before.text, before.reason) == (verdict, text, reason):
            changed = False
        else:
            seconds = round(self._looked.get(row, 0.0), 3)
            changed = self._take(Decision(verdict, text, reason, seconds))
            self.pace.add(seconds - before.seconds if before.verdict is not None else seconds)
        self.queue = self.queue.to_undecided(self.review)
        return changed

    def give_reason(self, reason: str) -> bool:
        """Sets the reason of the row under the cursor, whatever its verdict."""
        row = self.queue.row
        return row is not None and self._take(self.review[row]._replace(reason=reason))

    def undo(self) -> Change | None:
        """Takes back the last step, also of an earlier sitting, and goes to its row."""
        return self._again("undo", self.review.undo())

    def redo(self) -> Change | None:
        """Repeats the step undone last, and goes to its row."""
        return self._again("redo", self.review.redo())

    def close(self) -> None:
        """Ends the sitting."""
        self._flush()
        self._file.close()
        self.subject.table.close()

    def _take(self, after: Decision) -> bool:
        assert self.queue.row is not None
        step = self.review.decide(self.queue.row, after)
        if step is not None:
            self._write("decide", step)
        return step is not None

    def _again(self, kind: StepKind, step: Change | None) -> Change | None:
        if step is not None:
            self._write(kind, step)
            if self.queue.row != step.row:
                at = self.queue.to_row(step.row)
                self.queue = at if at.row == step.row else RowQueue(self.order).to_row(step.row)
        return step

    def _write(self, kind: StepKind, step: Change) -> None:
        self._unwritten.append((kind, step))
        self._flush()

    def _flush(self) -> None:
        """Writes what is not written yet. A full disk loses nothing that was decided: the next step tries again."""
        try:
            while self._unwritten:
                kind, step = self._unwritten[0]
                decision = step.before if kind == "undo" else step.after
                self._file.append(kind, self.subject.row(step.row), decision)
                del self._unwritten[0]
            self.trouble = ""
        except LabError as error:
            self.trouble = str(error)
