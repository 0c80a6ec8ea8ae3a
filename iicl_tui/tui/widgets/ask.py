"""A question in a pane: a few short fields, checked as they are typed, answered with Enter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Label, Static

from iicl_tui.text import printable
from iicl_tui.tui.widgets.plain_input import PlainInput

Check = Callable[[str], str]
"""What is wrong with a text, as a sentence; "" where nothing is."""


@dataclass(frozen=True)
class Question:
    """One field. others: values that the up and down keys go through, the first one included."""

    key: str
    label: str
    value: str
    check: Check
    others: tuple[str, ...] = ()


class Ask(Vertical):
    """The questions side by side, a line that says what the answer does or what is wrong with it."""

    DEFAULT_CSS = """
    Ask { height: auto; padding: 0 1; background: $surface; border-top: solid $accent; }
    Ask #ask-fields { height: 1; }
    Ask Label { margin-right: 1; }
    Ask .ask-title { text-style: bold; margin-right: 3; }
    Ask Input { height: 1; border: none; padding: 0 1; width: 1fr; max-width: 60; margin-right: 3; background: $panel; }
    Ask Input:focus { background: $panel; }
    Ask .ask-wrong { color: $text-error; }
    Ask #ask-hint { height: auto; max-height: 3; }
    Ask #ask-keys { height: 1; color: $text-muted; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "other(-1)", "Another value", show=False),
        Binding("down", "other(1)", "Another value", show=False),
        Binding("escape", "cancel", "Cancel", show=False, priority=True),
    ]

    @dataclass
    class Answered(Message):
        """answers: the texts by the questions' keys, checked; None where it was cancelled."""

        ask: Ask
        answers: Mapping[str, str] | None = field(default=None)

    def __init__(self, subject: str, title: str, questions: Sequence[Question], hint: Callable[[Mapping[str, str]], str]) -> None:
        """subject: told apart by who asks. hint: what these answers would do, one sentence."""
        super().__init__(id="ask")
        self.subject = subject
        self._title = title
        self.questions = tuple(questions)
        self._hint = hint

    def compose(self) -> ComposeResult:
        with Horizontal(id="ask-fields"):
            yield Label(Content(self._title), classes="ask-title")
            for question in self.questions:
                yield Label(Content(question.label))
                yield PlainInput(question.value, id=f"ask-{question.key}", compact=True)
        yield Static(id="ask-hint", markup=False)
        keys = "Enter does it · Esc cancels"
        if any(question.others for question in self.questions):
            keys = "↑ ↓ other values · " + keys
        yield Static(keys, id="ask-keys", markup=False)

    def on_mount(self) -> None:
        self.query(Input).first().focus()
        self._say()

    @property
    def answers(self) -> dict[str, str]:
        """What stands in the fields."""
        return {question.key: self.query_one(f"#ask-{question.key}", Input).value.strip() for question in self.questions}

    @property
    def wrong(self) -> str:
        """What is wrong with it, or ""."""
        found = (question.check(text) for question, text in zip(self.questions, self.answers.values(), strict=True))
        return next((words for words in found if words), "")

    @on(Input.Changed)
    def _say(self) -> None:
        wrong = self.wrong
        line = self.query_one("#ask-hint", Static)
        line.set_class(bool(wrong), "ask-wrong")
        line.update(Content(printable(f"✗ {wrong}" if wrong else self._hint(self.answers), 400)))

    @on(Input.Submitted)
    def _submit(self, event: Input.Submitted) -> None:
        event.stop()
        if not self.wrong:
            self.post_message(self.Answered(self, self.answers))

    def action_other(self, by: int) -> None:
        """The next of the field's other values."""
        focused = self.screen.focused
        for question in self.questions:
            if question.others and focused is not None and focused.id == f"ask-{question.key}":
                assert isinstance(focused, Input)
                values = question.others
                at = values.index(focused.value) + by if focused.value in values else 0
                focused.value = values[at % len(values)]

    def action_cancel(self) -> None:
        self.post_message(self.Answered(self, None))


def whole_number(low: int, high: int) -> Check:
    """Checks that the text is a whole number from low to high."""

    def check(text: str) -> str:
        if not text.isascii() or not text.removeprefix("-").isdigit() or len(text) > 24:
            return f"a whole number from {low} to {high} is needed"
        return "" if low <= int(text) <= high else f"from {low} to {high}"

    return check


def amount(most: float) -> Check:
    """Checks that the text is a number from 0 to most, written plainly as 12.50."""

    def check(text: str) -> str:
        whole, _, part = text.partition(".")
        if not text.isascii() or not (whole + part).isdigit() or len(text) > 24:
            return "a number is needed, as 12.50"
        return "" if float(text) <= most else f"at most {most:,.0f}"

    return check


def one_of(*choices: str) -> Check:
    """Checks that the text is one of these."""
    return lambda text: "" if text in choices else f"{', '.join(choices[:-1])} or {choices[-1]} is needed"
