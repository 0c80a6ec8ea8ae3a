"""A choice of one of several words on one line. Its list is made when it is opened."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar

from textual import events, on
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import OptionList
from textual.widgets.option_list import Option


class ChoiceList(OptionList):
    """The open list. Typing goes to the first choice with the typed text."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close", "Close", show=False)]

    @dataclass
    class Closed(Message):
        """The person left the list without a choice."""

        lost_focus: bool

    def __init__(self, choices: list[Option]) -> None:
        super().__init__(*choices, markup=False, compact=True)
        self._typed = ""

    def check_consume_key(self, key: str, character: str | None = None) -> bool:
        return character is not None and character.isprintable()

    def on_key(self, event: events.Key) -> None:
        if event.character is None or not event.is_printable:
            return
        event.stop()
        event.prevent_default()
        for typed in (self._typed + event.character.lower(), event.character.lower()):
            at = self._first_with(typed)
            if at is not None:
                self._typed, self.highlighted = typed, at
                return

    def _first_with(self, typed: str) -> int | None:
        """The first choice that has the text, the earliest in it."""
        places = [(str(option.prompt).lower().find(typed), at) for at, option in enumerate(self.options)]
        return min(((place, at) for place, at in places if place >= 0), default=(0, None))[1]

    def on_blur(self) -> None:
        self.post_message(self.Closed(True))

    def action_close(self) -> None:
        self.post_message(self.Closed(False))


class Choice(Widget, can_focus=True):
    """Shows the chosen word. Leaves the arrow keys to the form until its list is open.

    Attributes:
        value: The chosen word; None for no choice.
    """

    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter,space", "open", "Choose", show=False)]

    @dataclass
    class Changed(Message):
        """Another word was chosen, by the person or by the program."""

        choice: Choice
        value: str | None

    def __init__(self, choices: Collection[str], *, prompt: str, allows_blank: bool, value: str | None) -> None:
        """Make a choice.

        Args:
            choices: The words.
            prompt: What is shown where none is chosen.
            allows_blank: Whether none may be chosen.
            value: The chosen word, or None.
        """
        super().__init__(classes="control")
        self.allows_blank = allows_blank
        self._choices = tuple(choices)
        self._prompt = prompt
        self._value = value
        self._open_before_click = False

    @property
    def value(self) -> str | None:
        return self._value

    @value.setter
    def value(self, value: str | None) -> None:
        if value != self._value:
            self._value = value
            self.refresh()
            self.post_message(self.Changed(self, value))

    def render(self) -> Content:
        words = (self._prompt, "$foreground 50%") if self._value is None else (self._value, "$foreground")
        return Content.assemble(Content.styled(*words).truncate(max(self.size.width - 2, 1), pad=True), (" ▼", "$foreground 50%"))

    def action_open(self) -> None:
        """Open the list, or close it."""
        if self.query(ChoiceList):
            self._close()
            return
        offered = (None, *self._choices) if self.allows_blank else self._choices
        opened = ChoiceList([Option(self._prompt if each is None else each, id=each or "") for each in offered])
        self.mount(opened)
        opened.highlighted = offered.index(self._value) if self._value in offered else None
        opened.focus(scroll_visible=False)

    def on_mouse_down(self) -> None:
        self._open_before_click = bool(self.query(ChoiceList))

    def on_click(self, event: events.Click) -> None:
        event.stop()
        if event.widget is self and not self._open_before_click:  # the press took the focus from the list, which closed it
            self.action_open()

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.value = event.option.id or None
        self._close()

    @on(OptionList.OptionHighlighted)
    def _moved(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()

    @on(ChoiceList.Closed)
    def _left(self, event: ChoiceList.Closed) -> None:
        event.stop()
        self._close(refocus=not event.lost_focus)

    def _close(self, refocus: bool = True) -> None:
        if refocus:
            self.focus()
        self.query(ChoiceList).remove()
