"""The guess of a question, with the arrows, digits or the mouse; then the gap to the truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.widget import Widget

from iicl_tui.lessons.attempt import Attempt
from iicl_tui.lessons.lesson import BarsQuestion, ChoiceQuestion, FilterQuestion, NumberQuestion
from iicl_tui.present.lesson_guess import GuessLine, guess_lines, value_at
from iicl_tui.text import printable
from iicl_tui.tui.actions import bindings

_STYLES = {
    "": "",
    "muted": "$text-muted",
    "strong": "bold",
    "guess": "$text-accent",
    "truth": "bold $text-success",
    "gap": "$text-warning",
    "good": "$text-success",
    "bad": "$text-error",
}


class GuessBox(Widget, can_focus=True):
    """Draws the question of an attempt, and posts the attempt that a key or a click makes of it."""

    DEFAULT_CSS = """
    GuessBox { height: auto; width: 1fr; }
    GuessBox:focus { background: $boost; }
    """
    GROUP = "guess"
    BINDINGS: ClassVar[list] = [*bindings("guess")]
    ALLOW_SELECT = False

    @dataclass
    class Guessed(Message):
        """The guess or the cursor changed."""

        attempt: Attempt

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._attempt: Attempt | None = None
        self._typed = ""

    def show(self, attempt: Attempt | None) -> None:
        """Show the question of an attempt; nothing for None."""
        if self._attempt is None or attempt is None or attempt.at != self._attempt.at:
            self._typed = ""
        self._attempt = attempt
        self.display = attempt is not None and attempt.asked is not None
        self.refresh(layout=True)

    def _lines(self, width: int) -> list[GuessLine]:
        return guess_lines(self._attempt, width) if self._attempt is not None else []

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return max(len(self._lines(width)), 1)

    def render(self) -> Content:
        lines = self._lines(self.content_size.width)
        parts = [Content.assemble(*((printable(part.text), _STYLES[part.style]) for part in line.parts)) for line in lines]
        return Content("\n").join(parts)

    def _post(self, attempt: Attempt) -> None:
        self.post_message(self.Guessed(attempt))

    def action_up(self) -> None:
        self._arrow(0, -1)

    def action_down(self) -> None:
        self._arrow(0, 1)

    def action_less(self) -> None:
        self._arrow(-1, 0)

    def action_more(self) -> None:
        self._arrow(1, 0)

    def _arrow(self, across: int, down: int) -> None:
        attempt = self._attempt
        if attempt is None or attempt.asked is None:
            return
        self._typed = ""
        if isinstance(attempt.asked.question, NumberQuestion):
            self._post(attempt.change(across - down))
        elif isinstance(attempt.asked.question, ChoiceQuestion):
            self._post(attempt.move(across + down))
        else:
            self._post(attempt.move(down) if down else attempt.change(across))

    def on_key(self, event: events.Key) -> None:
        """Digits write a number."""
        attempt = self._attempt
        if attempt is None or attempt.asked is None or not attempt.is_open or not (event.character or "").isdecimal():
            return
        event.stop()
        question = attempt.asked.question
        self._typed = (self._typed + str(event.character))[-4:]
        number = float(self._typed)
        if isinstance(question, ChoiceQuestion):
            self._post(attempt.put(float(str(event.character)) - 1))
        elif isinstance(question, FilterQuestion):
            self._post(attempt.move(attempt.places).put(float(str(event.character))))
        else:
            shares = isinstance(question, BarsQuestion) or attempt.asked.unit == "share"
            self._post(attempt.put(number / 100 if shares else number))

    def on_click(self, event: events.Click) -> None:
        offset, attempt = event.get_content_offset(self), self._attempt
        if offset is None or attempt is None or not attempt.is_open:
            return
        lines = self._lines(self.content_size.width)
        if offset.y >= len(lines) or lines[offset.y].place is None:
            return
        event.stop()
        line = lines[offset.y]
        assert line.place is not None
        moved = attempt.move(line.place - attempt.place)
        value = value_at(attempt, line, offset.x)
        asked = attempt.asked
        if value is not None:
            moved = moved.put(value)
        elif asked is not None and isinstance(asked.question, FilterQuestion):
            by = -1 if line.place == len(asked.labels) and offset.x < self.content_size.width // 3 else 1
            moved = moved.change(by)
        self._post(moved)
