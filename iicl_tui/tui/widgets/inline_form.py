"""A dialog inside a screen: a few short fields, checked as they are typed, answered with Enter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from rich.cells import cell_len
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Label, Static

from iicl_tui.text import printable
from iicl_tui.tui.widgets.plain_input import PlainInput

Check = Callable[[str], str]
"""Returns what is wrong with a text, as a sentence; "" if nothing is."""


@dataclass(frozen=True)
class Question:
    """One field.

    Attributes:
        key: Names its answer.
        label: Stands before the field.
        value: The initial text.
        check: Returns what is wrong with an answer.
        others: Values for the up and down keys, including the initial one.
        read: Turns the text into the answer, before it is checked.
    """

    key: str
    label: str
    value: str
    check: Check
    others: tuple[str, ...] = ()
    read: Callable[[str], str] = str


class InlineForm(Vertical):
    """The fields side by side, and a line that says what the answer does or what is wrong with it."""

    DEFAULT_CSS = """
    InlineForm { height: auto; padding: 0 1; background: $surface; border-top: solid $accent; }
    InlineForm #ask-fields { height: 1; }
    InlineForm Label { margin-right: 1; }
    InlineForm .ask-title { text-style: bold; margin-right: 3; }
    InlineForm Input { height: 1; border: none; padding: 0 1; width: 1fr; max-width: 60; margin-right: 3; background: $panel; }
    InlineForm Input:focus { background: $panel; }
    InlineForm .ask-wrong { color: $text-error; }
    InlineForm #ask-hint { height: auto; max-height: 3; }
    InlineForm #ask-keys { height: 1; color: $text-muted; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "other(-1)", "Another value", show=False),
        Binding("down", "other(1)", "Another value", show=False),
        Binding("escape", "cancel", "Cancel", show=False, priority=True),
    ]

    @dataclass
    class Answered(Message):
        """The dialog was answered: checked texts by the questions' keys; None if it was cancelled."""

        form: InlineForm
        answers: Mapping[str, str] | None = field(default=None)

    def __init__(self, subject: str, title: str, questions: Sequence[Question], hint: Callable[[Mapping[str, str]], str]) -> None:
        """Sets up the dialog.

        Args:
            subject: Identifies the dialog.
            title: Shown before the fields.
            questions: The fields.
            hint: Returns one sentence on the effect of the answers.
        """
        super().__init__(id="ask")
        self.subject = subject
        self._title = title
        self.questions = tuple(questions)
        self._hint = hint

    def compose(self) -> ComposeResult:
        yield from self.fields()
        yield Static(id="ask-hint", markup=False)
        others = [("↑ ↓: other values", "other(1)")] if any(question.others for question in self.questions) else []
        yield _Keys([*others, ("Enter: do it", "submit"), ("Esc: cancel", "cancel")])

    def fields(self) -> ComposeResult:
        """The title and the fields, side by side."""
        with Horizontal(id="ask-fields"):
            yield Label(Content(self._title), classes="ask-title")
            for question in self.questions:
                yield Label(Content(question.label))
                yield PlainInput(question.value, id=f"ask-{question.key}", compact=True)

    def on_mount(self) -> None:
        self.query(Input).first().focus()
        self._say()

    @property
    def answers(self) -> dict[str, str]:
        """The current answers, by the questions' keys."""
        return {each.key: each.read(self.query_one(f"#ask-{each.key}", Input).value.strip()) for each in self.questions}

    @property
    def wrong(self) -> str:
        """The first fault, or ""."""
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
        self.action_submit()

    def action_submit(self) -> None:
        if not self.wrong:
            self.post_message(self.Answered(self, self.answers))

    def action_other(self, by: int) -> None:
        """Replace the field's text with its next or previous value."""
        for question in self.questions:
            field = self.query_one(f"#ask-{question.key}", Input)
            if question.others and field.has_focus:
                values = question.others
                at = values.index(field.value) + by if field.value in values else 0
                field.value = values[at % len(values)]
                field.action_select_all()  # so that typing replaces it

    def action_cancel(self) -> None:
        self.post_message(self.Answered(self, None))


class _Keys(Static):
    """A line that explains the keys; each part can be clicked."""

    GAP = " · "

    def __init__(self, keys: Sequence[tuple[str, str]]) -> None:
        """Takes pairs (text, action of InlineForm)."""
        super().__init__(self.GAP.join(words for words, _ in keys), id="ask-keys", markup=False)
        self._keys = keys

    def on_click(self, event: events.Click) -> None:
        event.stop()
        at = 0
        for words, action in self._keys:
            if at <= event.x < at + cell_len(words):
                self.app.call_later(self.app.run_action, action, self.parent)
            at += cell_len(words + self.GAP)


def whole_number(low: int, high: int) -> Check:
    """Checks that the text is a whole number from low to high."""

    def check(text: str) -> str:
        if not text.isascii() or not text.removeprefix("-").isdigit() or len(text) > 24:
            return f"Enter a whole number from {low} to {high}."
        return "" if low <= int(text) <= high else f"Enter a whole number from {low} to {high}."

    return check


def amount(most: float) -> Check:
    """Checks that the text is a number from 0 to most, written plainly as 12.50."""

    def check(text: str) -> str:
        whole, _, part = text.partition(".")
        if not text.isascii() or not (whole + part).isdigit() or len(text) > 24:
            return "Enter a number, such as 12.50."
        return "" if float(text) <= most else f"Enter at most {most:,.0f}."

    return check


def one_of(*choices: str) -> Check:
    """Checks that the text is one of these."""
    return lambda text: "" if text in choices else f"Enter {', '.join(choices[:-1])} or {choices[-1]}."


def word_of(*choices: str) -> Callable[[str], str]:
    """Reads one of these words in any case; other texts stay as they are."""
    return lambda text: next((choice for choice in choices if choice.casefold() == text.casefold()), text)
