"""What the screen of one's own rows shows, as styled text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from iicl_tui.present import row_text
from iicl_tui.review.decisions import Decision, RowVerdict
from iicl_tui.review.row_session import RowSession
from iicl_tui.review.row_subject import value_text
from iicl_tui.review.styled import StyledText, styled
from iicl_tui.text import printable, text_width

if TYPE_CHECKING:  # most reviews ask no model
    from iicl_tui.review.first_reader import FirstReader, Suggestion

SIGNS: dict[RowVerdict | None, str] = {"approve": "✓", "reject": "✗", "edit": "✎", "flag": "⚑", "skip": "–", None: "·"}
VERDICTS: dict[RowVerdict | None, str] = {
    "approve": "approved", "reject": "rejected", "edit": "edited", "flag": "flagged", "skip": "skipped", None: "undecided",
}  # fmt: skip
FILTERS: tuple[str, ...] = ("all", *(VERDICTS[each] for each in (None, "approve", "reject", "edit", "flag", "skip")))
"""What may be shown alone, in the order of the key."""
_ROLES: dict[RowVerdict | None, str] = {"flag": "accent", "skip": "muted", None: "muted"}
_PROMPT_LINES = 12
_VALUE_LINES = 6
_LONG = 2000
"""Characters of a field beside the text that are looked at."""
_LONG_WORD = 15


@dataclass(frozen=True, eq=False)
class RowView:
    """One moment of a review of rows.

    Attributes:
        session: The rows and the decisions; drawn at once, since it changes with the next key.
        blind: The known truth and the group are hidden.
        drawn: Markdown and code are drawn.
        reader: A model that reads first.
    """

    session: RowSession
    blind: bool
    drawn: bool = True
    reader: FirstReader | None = None

    @property
    def _decision(self) -> Decision:
        row = self.session.queue.row
        assert row is not None
        return self.session.review[row]

    def mark(self, place: int, width: int) -> StyledText:
        """Shows a row of the queue: its sign, and its number if there is room."""
        queue = self.session.queue
        row = queue.order[place]
        verdict = self.session.review[row].verdict
        sign = styled("▸" if place == queue.cursor else " ", (SIGNS[verdict], _ROLES.get(verdict, str(verdict))))
        number = f"{row + 1:>{width - 3}}" if width > 4 else ""
        return styled(sign, (f" {number}", "strong" if place == queue.cursor else "muted")) if number else sign

    def document(self, width: int) -> Iterator[StyledText]:
        """Yields the row under the cursor: its place and verdict, the prompt, the text."""
        row = self.session.queue.row
        if row is None:
            yield styled(("There is no such row.", "muted"))
            return
        decision, subject = self._decision, self.session.subject
        verdict = decision.verdict
        apart = (" · others disagree", "muted") if row in subject.disputed else ""
        yield styled((f"row {row + 1} · ", "muted"), (VERDICTS[verdict], _ROLES.get(verdict, str(verdict))), apart)
        if decision.reason:
            yield from row_text.wrapped([styled(("reason: ", "muted"), (printable(decision.reason, 1000), "italic"))], width)
        mapping = subject.mapping
        if trouble := subject.trouble(row):
            yield from row_text.wrapped((line.with_role("reject") for line in row_text.lines(trouble, False)), width)
            return
        if mapping is None:
            return
        if mapping.prompt is not None:
            prompt = value_text(subject.row(row).values.get(mapping.prompt))
            heading = styled((printable(mapping.prompt, 40) + "  ", "muted"))
            yield from _at_most(_PROMPT_LINES, row_text.wrapped(_after(heading, row_text.lines(prompt, False)), width))
        yield StyledText()
        text = subject.shown_text(row)
        shown = text if decision.text is None else decision.text
        if not shown.strip():
            yield styled((f"The field {printable(mapping.judged, 40)} is empty.", "muted"))
        yield from row_text.wrapped(row_text.lines(shown, self.drawn), width)
        if decision.text is not None:
            yield StyledText()
            yield styled(("before the edit:", "muted"))
            yield from row_text.wrapped((line.with_role("dim") for line in row_text.lines(text, False)), width)

    def beside(self, width: int, height: int) -> list[StyledText]:
        """Shows the fields beside the text in at most `height` lines."""
        row = self.session.queue.row
        if row is None or width < 8:
            return []
        lines: list[StyledText] = []
        for name, value, note in self._facts(row):
            head = styled((printable(name, 24) + "  ", "muted"))
            found = row_text.wrapped(_after(head, row_text.lines(value, False)), width)
            lines += _at_most(_VALUE_LINES, (line.with_role(note) for line in found) if note else found)
        return lines[:height]

    def below(self, width: int) -> StyledText:
        """Shows the fields in one line, where there is no room beside the text."""
        row = self.session.queue.row
        if row is None:
            return StyledText()
        parts = StyledText()
        for name, value, note in self._facts(row):
            gap = "   " if parts else ""
            parts += styled(gap, (printable(name, 24) + " ", "muted"), (printable(value.replace("\n", " "), 60), note))
        return parts.cut(width)

    def _facts(self, row: int) -> Iterator[tuple[str, str, str]]:
        """Yields names, values and roles."""
        subject = self.session.subject
        mapping, values = subject.mapping, subject.row(row).values
        if mapping is None:
            return
        for name in dict.fromkeys((mapping.group, *mapping.shown)):
            if name is not None and name not in (mapping.truth, mapping.judged, mapping.prompt):
                yield self._maybe_hidden(name, values, name == mapping.group)
        if mapping.truth is not None:
            yield self._maybe_hidden(mapping.truth, values, True)
        text = self._decision.text if self._decision.text is not None else subject.editable_text(row)
        yield "length", _length(text), ""
        for mark in subject.marks(row, self.blind):
            yield "seen", mark, ""
        if (said := self.suggestion(row)) is not None and self.reader is not None:
            yield self.reader.name, f"{said.verdict}{f', {said.reason}' if said.reason else ''}", said.verdict

    def _maybe_hidden(self, name: str, values: Mapping[str, Any], tells: bool) -> tuple[str, str, str]:
        """A fact; without its value if it tells what a blind review hides."""
        return (name, "hidden", "dim") if tells and self.blind else (name, value_text(values.get(name))[:_LONG], "")

    def suggestion(self, row: int) -> Suggestion | None:
        """What the model said about a row, if it may be shown: in a blind review never, else before or after a decision."""
        if self.reader is None or self.blind:
            return None
        early = self.reader.setup.show == "before" or self.session.review[row].verdict is not None
        return self.reader.on(row) if early else None

    def comparison(self, row: int) -> str:
        """What the model said about a row that was just decided, in one line."""
        said, verdict = self.suggestion(row), self.session.review[row].verdict
        if said is None or verdict is None or self.reader is None:
            return ""
        return f"row {row + 1}: you {VERDICTS[verdict]}, {self.reader.name} would {said.verdict}{_because(said.reason)}."

    def facts(self, filtered: str) -> list[str]:
        """Returns what the header says: progress, pace, time left, reviewer."""
        session = self.session
        review = session.review
        found = [f"{review.decided:,} of {review.rows:,}"]
        if filtered:
            found.append(f"{len(session.queue.order):,} {filtered}")
        rate, minutes = session.pace.rate, session.pace.minutes_left(review.undecided)
        if rate is not None and minutes is not None:
            found.append(f"{rate:,.0f}/h")
            if review.undecided:
                found.append(time_left(minutes))
        if session.reviewer:
            found.append(session.reviewer)
        if self.reader is not None and self.reader.both and not self.blind:
            found.append(f"model agrees {self.reader.agreed:,} of {self.reader.both:,}")
        return found + (["blind"] if self.blind else [])


def _because(reason: str) -> str:
    return f": {printable(reason, 200)}" if reason else ""


def _length(text: str) -> str:
    """How long a text is: in words, or in characters where words are very long or not divided by spaces."""
    words = len(text.split()) if len(text) < 100_000 else 0
    if not text.strip() or len(text) <= _LONG_WORD * words:
        return f"{words:,} word{'s' * (words != 1)}"
    return f"{len(text):,} characters"


def time_left(minutes: float) -> str:
    """Says how long the rest takes."""
    if minutes < 1:
        return "1 min left"
    if minutes < 120:
        return f"{minutes:.0f} min left"
    hours = minutes / 60
    return f"{hours:,.0f} h left"


def reason_keys(reasons: Sequence[str]) -> list[tuple[int, str]]:
    """Returns the reasons that have a digit."""
    return [(at, printable(reason, 30)) for at, reason in enumerate(reasons[:9], 1)]


def _after(head: StyledText, lines: Iterator[StyledText]) -> Iterator[StyledText]:
    """Puts a heading before the first line."""
    yield head + next(lines, StyledText())
    yield from lines


def _at_most(count: int, lines: Iterator[StyledText]) -> list[StyledText]:
    found: list[StyledText] = []
    for line in lines:
        if len(found) == count:
            last = found[-1]
            found[-1] = last.cut(max(last.width - 1, 1)) + "…" if text_width(last.plain) > 1 else styled("…")
            break
        found.append(line)
    return found
