"""The page of `iicl-tui notes`: what is on the screen, what to say, what is the answer, and what comes next."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from iicl_tui.lessons.lesson import BarsQuestion, ChoiceQuestion, FilterQuestion
from iicl_tui.lessons.notes import Note
from iicl_tui.lessons.prepared import Asked, Prepared, PreparedStep
from iicl_tui.lessons.texts import fill
from iicl_tui.present.drawn_terms import find, sections
from iicl_tui.present.explain import Depth
from iicl_tui.present.presenting import Position
from iicl_tui.text import printable

NOBODY = "Nobody presents now. Press z in iicl-tui, or start it with --present; this page follows by itself."
NO_NOTES = "No notes for this moment."
KEYS = "i explains the words of this page; q ends it"


class Line(NamedTuple):
    """A line of the page; a heading stands out."""

    text: str
    kind: Literal["heading", "text"] = "text"


def lesson_page(prepared: Prepared, position: Position, width: int) -> list[Line]:
    """The page of a lesson at a step."""
    at = min(position.step, len(prepared.steps) - 1)
    step, total = prepared.steps[at], len(prepared.steps)
    lines = [Line(f"{prepared.lesson.title}: step {at + 1} of {total}", "heading")]
    if step.asked is not None:
        state = "The room guesses." if position.open else "The answer is on the screen."
        lines += _part(
            "QUESTION", [fill(step.asked.question.ask, prepared.chains), f"{state} Answer: {_answer(step.asked)}."], width
        )
    lines += _part("SAY", [step.notes or NO_NOTES], width)
    lines += _part("ON THE SCREEN", [step.text], width)
    if at + 1 < total:
        following = prepared.steps[at + 1]
        lines += _part(f"NEXT: step {at + 2}", [following.notes, _beginning(following, prepared)], width)
    else:
        lines += _part("NEXT", ["This is the last step."], width)
    return lines


def lesson_overview(prepared: Prepared, width: int) -> list[Line]:
    """All notes of a lesson, to read before."""
    lines = [Line(prepared.lesson.title, "heading")]
    for at, step in enumerate(prepared.steps, 1):
        answer = [f"Answer: {_answer(step.asked)}."] if step.asked is not None else []
        lines += _part(f"step {at}", [step.notes or NO_NOTES, *answer], width)
    return lines


def session_page(notes: Sequence[Note], notice: Sequence[str], position: Position, width: int) -> list[Line]:
    """The page of a session at a moment. notice: what its file says is to be noticed."""
    here, later = position.generation, [note for note in notes if note.generation > position.generation]
    now = [note.text for note in notes if note.generation == here]
    lines = [Line(f"{position.title}: generation {here}", "heading")]
    lines += _part("SAY", now or [f"{NO_NOTES} # in the laboratory writes one."], width)
    if notice:
        lines += _part("TO NOTICE", notice, width)
    lines += _part("NEXT", [position.upcoming], width)
    if later:
        lines += _part(f"NEXT NOTE: generation {later[0].generation}", [later[0].text], width)
    return lines


def words_page(page: Sequence[Line], depth: Depth, width: int) -> list[Line]:
    """What the words of a page mean, in their order."""
    lines = [Line("What the words of this page mean", "heading")]
    for term, text in sections((each.entry for each in find([line.text for line in page])), depth):
        lines += _part(term, [text], width)
    return lines


def session_overview(title: str, notes: Sequence[Note], notice: Sequence[str], width: int) -> list[Line]:
    """All notes of a session, to read before."""
    lines = [Line(title, "heading")]
    for note in notes:
        lines += _part(f"generation {note.generation}, {note.phase}", [note.text], width)
    return [*lines, *_part("TO NOTICE" if notice else "", notice or ([] if notes else [NO_NOTES]), width)]


def _part(title: str, texts: Sequence[str], width: int) -> Iterator[Line]:
    yield Line("")
    if title:
        yield Line(printable(title, 100), "heading")
    for text in filter(None, texts):
        for paragraph in printable(text.strip(), newlines=True).split("\n\n"):
            yield from map(Line, textwrap.wrap(paragraph, max(width - 2, 20), initial_indent="  ", subsequent_indent="  "))


def _beginning(step: PreparedStep, prepared: Prepared) -> str:
    if step.asked is not None:
        return f"Question: {fill(step.asked.question.ask, prepared.chains)}"
    return step.text.strip().partition("\n\n")[0]


def _answer(asked: Asked) -> str:
    question = asked.question
    if isinstance(question, ChoiceQuestion):
        return f"“{asked.labels[int(asked.truth[0])].rstrip('.')}”"
    if isinstance(question, BarsQuestion):
        return ", ".join(f"{label} {asked.text(value)}" for label, value in zip(asked.labels, asked.truth, strict=True))
    if isinstance(question, FilterQuestion):
        return ", ".join(
            f"{label}: {'pass' if value else 'reject'}" for label, value in zip(asked.labels, asked.truth, strict=True)
        )
    return asked.text(asked.truth[0])
