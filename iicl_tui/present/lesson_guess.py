"""Draws a question's guess, and with the answer the gap between the two, as lines for a screen or a plain terminal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from iicl_tui.lessons.attempt import Attempt
from iicl_tui.lessons.lesson import BarsQuestion, ChoiceQuestion, FilterQuestion, NumberQuestion
from iicl_tui.lessons.prepared import Asked, Guess, gap, right
from iicl_tui.text import shorten, text_width

WIDEST_SCALE = 60
_NARROWEST_SCALE = 10


class Part(NamedTuple):
    """A piece of a line.

    Attributes:
        style: "", "muted", "strong", "guess", "truth", "gap", "good" or "bad".
    """

    text: str
    style: str = ""


@dataclass(frozen=True)
class GuessLine:
    """One line.

    Attributes:
        place: The bar, option or sample that it belongs to; None: none.
        scale: The first column and the width of a scale in it, for a mouse.
    """

    parts: tuple[Part, ...]
    place: int | None = None
    scale: tuple[int, int] | None = None

    @property
    def plain(self) -> str:
        """Without styles."""
        return "".join(part.text for part in self.parts).rstrip()


def guess_lines(attempt: Attempt, width: int) -> list[GuessLine]:
    """The lines of the step's question; none without one."""
    asked, guess = attempt.asked, attempt.guess
    if asked is None or guess is None:
        return []
    question, shown = asked.question, attempt.is_revealed
    if isinstance(question, NumberQuestion):
        return _number(question, asked, guess, shown, width)
    if isinstance(question, BarsQuestion):
        return _bars(asked, guess, shown, attempt.place, width)
    if isinstance(question, ChoiceQuestion):
        return _choice(asked, guess, shown, width)
    return _filter(asked, guess, shown, attempt.place, width)


def value_at(attempt: Attempt, line: GuessLine, x: int) -> float | None:
    """The value that a click at a column of the line's scale means; None beside the scale."""
    asked = attempt.asked
    if line.scale is None or asked is None:
        return None
    first, width = line.scale
    if not first <= x < first + width:
        return None
    share = (x - first) / max(width - 1, 1)
    question = asked.question
    if isinstance(question, NumberQuestion):
        steps = round(share * (question.high - question.low) / question.by)
        return min(question.low + steps * question.by, question.high)
    return round(share * 20) / 20


def gap_words(asked: Asked, guess: Guess) -> str:
    """How far the guess is from the truth, in words."""
    distance = gap(asked, guess)
    if isinstance(asked.question, ChoiceQuestion):
        return "you were right" if not distance else "your guess was another"
    if isinstance(asked.question, FilterQuestion):
        return f"{right(asked, guess)} of {len(asked.labels)} decisions were right; you thought {guess[-1]:.0f}"
    if asked.unit == "share":
        points = round(100 * distance)
        if isinstance(asked.question, BarsQuestion):
            return "right on the spot" if not points else f"{points} of 100 points in the wrong bar"
        less = guess[0] < asked.truth[0]
        return "right on the spot" if not points else f"{points} points {'more' if less else 'less'} than your guess"
    if distance < 0.005:
        return "right on the spot"
    return f"{asked.text(distance)} {'more' if guess[0] < asked.truth[0] else 'less'} than your guess"


def _number(question: NumberQuestion, asked: Asked, guess: Guess, shown: bool, width: int) -> list[GuessLine]:
    room = max(_NARROWEST_SCALE, min(WIDEST_SCALE, width - 30))
    span = question.high - question.low
    at = round((guess[0] - question.low) / span * (room - 1))
    own = _scale("your guess  ", room, at, None, asked.text(guess[0]))
    if not shown:
        return [GuessLine(own, 0, (12, room))]
    truth = round((asked.truth[0] - question.low) / span * (room - 1))
    answer = _scale("the chain   ", room, at, truth, asked.text(asked.truth[0]))
    return [GuessLine(own), GuessLine(answer), GuessLine((Part(" " * 12), Part(gap_words(asked, guess), "strong")))]


def _scale(label: str, room: int, guess: int, truth: int | None, value: str) -> tuple[Part, ...]:
    """A scale with the guess, or with the gap to the truth."""
    cells = [Part("─", "muted")] * room
    cells[0], cells[-1] = Part("├", "muted"), Part("┤", "muted")
    if truth is None:
        cells[guess] = Part("●", "guess")
    else:
        for x in range(min(guess, truth), max(guess, truth) + 1):
            cells[x] = Part("═", "gap")
        cells[guess] = Part("●", "guess")
        cells[truth] = Part("◆", "truth")
    return (Part(label), *cells, Part(f"  {value}", "strong"))


def _bars(asked: Asked, guess: Guess, shown: bool, place: int, width: int) -> list[GuessLine]:
    names = min(max(map(text_width, asked.labels)), 24)
    room = max(_NARROWEST_SCALE, min(WIDEST_SCALE, width - names - 24))
    lines = []
    for i, label in enumerate(asked.labels):
        mark = "▸ " if i == place and not shown else "  "
        head = Part(f"{mark}{shorten(label, names):<{names}} ", "strong" if mark == "▸ " else "")
        size = round(guess[i] * room)
        truth = round(asked.truth[i] * room) if shown else size
        least, most = sorted((size, truth))
        parts = [head, Part("█" * least, "guess"), Part("▒" * (most - least), "gap"), Part("·" * (room - most), "muted")]
        value = asked.text(guess[i]) + (f" → {asked.text(asked.truth[i])}" if shown else "")
        lines.append(GuessLine((*parts, Part(f"  {value}", "strong")), i, None if shown else (names + 3, room)))
    if shown:
        lines.append(GuessLine((Part("  "), Part(gap_words(asked, guess), "strong"))))
    return lines


def _choice(asked: Asked, guess: Guess, shown: bool, width: int) -> list[GuessLine]:
    lines = []
    for i, label in enumerate(asked.labels):
        chosen, true = i == int(guess[0]), i == int(asked.truth[0])
        if not shown:
            head = Part("▸ ◉ " if chosen else "  ○ ", "guess" if chosen else "muted")
            lines.append(GuessLine((head, Part(shorten(label, width - 4), "strong" if chosen else "")), i))
            continue
        sign, style = ("✓", "good") if true else ("✗", "bad") if chosen else ("·", "muted")
        note = "  your guess" if chosen else ""
        lines.append(GuessLine((Part(f"  {sign} ", style), Part(shorten(label, width - 16)), Part(note, "muted")), i))
    return lines


def _filter(asked: Asked, guess: Guess, shown: bool, place: int, width: int) -> list[GuessLine]:
    lines = []
    for i, label in enumerate(asked.labels):
        passes, true = guess[i] > 0.5, asked.truth[i] > 0.5
        mark = "▸ " if i == place and not shown else "  "
        verdict = Part("✓ pass   " if passes else "✗ reject ", "good" if passes else "bad")
        parts = [Part(mark, "strong"), verdict, Part(shorten(label, max(width - 40, 12)), "strong" if mark == "▸ " else "")]
        if shown:
            note = "right" if passes == true else "it is wrong by h*" if passes else "it is right by h*"
            parts.append(Part(f"   {note}", "good" if passes == true else "bad"))
        lines.append(GuessLine(tuple(parts), i))
    if shown:
        lines.append(GuessLine((Part("  "), Part(gap_words(asked, guess), "strong"))))
    else:
        mark = "▸ " if place == len(asked.labels) else "  "
        words = f"{mark}Of these {len(asked.labels)} decisions I think  {guess[-1]:.0f}  are right."
        lines.append(GuessLine((Part(words, "strong" if mark == "▸ " else ""),), len(asked.labels)))
    return lines
