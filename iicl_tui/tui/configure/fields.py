"""The form's widgets: a row for each field, a section for each table. They post a message for each change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, ItemGrid, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Button, Input, Label, Static, Switch

from iicl_tui.agents.base import agent_kinds
from iicl_tui.filters.base import filter_kinds
from iicl_tui.present.config_form import Form, GroupName, PreservedKey, Row, Section
from iicl_tui.present.example_lines import is_example
from iicl_tui.schema import REQUIRED, Path
from iicl_tui.text import printable
from iicl_tui.tui.configure.blank import HEADS, TITLES
from iicl_tui.tui.configure.choice import Choice
from iicl_tui.tui.configure.labelled_row import LabelledRow
from iicl_tui.tui.configure.prior_box import PriorBox
from iicl_tui.tui.widgets.plain_input import PlainInput

Operation = Literal["add", "remove", "up", "down", "drop", "give", "example"]


class FormPane(VerticalScroll, can_focus=False, inherit_bindings=False):
    """A scrolling form in which up and down go from field to field."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "step(-1)", "Field above", show=False),
        Binding("down", "step(1)", "Field below", show=False),
        Binding("pageup", "page_up", "Page up", show=False),
        Binding("pagedown", "page_down", "Page down", show=False),
    ]

    def action_step(self, by: int) -> None:
        """Go to the next field of this form, but not out of it."""
        fields = [each for each in self.screen.focus_chain if self in each.ancestors]
        focused = self.screen.focused
        if focused in fields:
            at = fields.index(focused) + by
            if 0 <= at < len(fields):
                fields[at].focus()


class FieldRow(LabelledRow):
    """A label and a control on one line; the faults below."""

    @dataclass
    class Edited(Message):
        """The person changed the field's value; None if it is empty now."""

        row: FieldRow
        path: Path
        value: Any

    def __init__(self, row: Row) -> None:
        super().__init__(row.field.label, *self._widgets(row), id=row_id(row.path))
        self.row = row
        self._last: Any = self._state(row)
        """The control's last known value, to tell an edit from an event without a change."""

    @classmethod
    def _widgets(cls, row: Row) -> list[Widget]:
        word = [Static(classes="word", markup=False)] if row.field.kind == "bool" else []
        button = [SectionButton("remove", "drop", row.path)] if is_example(row.path) else []
        return [cls._control(row), *word, *button]

    def on_mount(self) -> None:
        self._draw_state()

    @classmethod
    def _control(cls, row: Row) -> Widget:
        if row.field.kind == "choice":
            optional = row.field.default is None or row.field.default is REQUIRED
            bad = row.value is not None and row.value not in row.field.choices
            prompt = "not a valid choice" if bad else "none"  # the fault below shows the file's bad value
            return Choice(row.field.choices, prompt=prompt, allows_blank=optional or bad, value=cls._chosen(row))
        if row.field.kind == "bool":
            return Switch(cls._is_on(row), animate=False, classes="control")
        return PlainInput(row.text, placeholder=row.hint, compact=True, classes="control", select_on_focus=False)

    @property
    def control(self) -> Widget:
        """The widget that has the value."""
        return self.query_one(".control")

    @property
    def _has_widgets(self) -> bool:
        """Whether its widgets are mounted; they are not while the form is rebuilt."""
        return bool(self.query(".control"))

    @classmethod
    def _state(cls, row: Row) -> Any:
        """The value of the control that shows this row."""
        if row.field.kind == "choice":
            return cls._chosen(row)
        return cls._is_on(row) if row.field.kind == "bool" else row.text

    @staticmethod
    def _chosen(row: Row) -> str | None:
        value = row.field.default if row.value is None else row.value
        return value if value in row.field.choices else None

    @staticmethod
    def _is_on(row: Row) -> bool:
        return row.value if isinstance(row.value, bool) else bool(row.field.default)

    def show_faults(self, row: Row) -> None:
        """Show the row's faults. Leaves the control alone, since the person may still be typing."""
        self.row = row
        if not self._has_widgets:
            return
        if isinstance(self.control, Input):
            self.control.placeholder = row.hint
        self._draw_state()

    def show(self, row: Row) -> None:
        """Show a row that was changed by something other than its own control."""
        self.row = row
        if not self._has_widgets:
            return
        control, state = self.control, self._state(row)
        if isinstance(control, Choice) and state is None and not control.allows_blank:
            return
        if isinstance(control, (Choice, Switch, Input)) and control.value != state:
            self._last = state
            control.value = state
        self._draw_state()

    def _draw_state(self) -> None:
        self.draw_faults(self.row.faults)
        if self.row.field.kind == "bool":
            word, line = "yes" if self._is_on(self.row) else "no", self.query_one(".word", Static)
            if line.content != word:
                line.update(word)

    @on(Input.Changed)
    @on(Choice.Changed)
    @on(Switch.Changed)
    def _changed(self, event: Input.Changed | Choice.Changed | Switch.Changed) -> None:
        event.stop()
        if event.value == self._last:
            return
        self._last = value = event.value
        self._edited(self.row.read(event.value) if isinstance(event, Input.Changed) else value)

    def _edited(self, value: Any) -> None:
        self.post_message(self.Edited(self, self.row.path, value))


class PreservedRow(LabelledRow):
    """A key that the form has no field for, with a button to remove it."""

    def __init__(self, key: PreservedKey) -> None:
        kept = Static(Content(f"{key.text} (kept)"), classes="kept")
        button = SectionButton("remove", "drop", key.path)
        super().__init__(printable(str(key.path[-1]), 60), kept, button, id=row_id(key.path))
        self.preserved = key

    def on_mount(self) -> None:
        self.show(self.preserved)

    def show(self, key: PreservedKey) -> None:
        """Show the key's faults."""
        self.draw_faults(key.faults)


class SectionButton(Button):
    """A button that changes a table or a key."""

    @dataclass
    class Requested(Message):
        """The button was pressed: apply the operation to the table, list or key at the path."""

        operation: Operation
        path: Path

    def __init__(self, label: str, operation: Operation, path: Path, disabled: bool = False) -> None:
        super().__init__(Content(label), compact=True, disabled=disabled, classes=f"-{operation}")
        self.operation = operation
        self.path = path

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.post_message(self.Requested(self.operation, self.path))


class SectionBox(Vertical):
    """A table: its heading with buttons, and its rows."""

    def __init__(self, section: Section) -> None:
        super().__init__(classes="section")
        self.section = section

    def compose(self) -> ComposeResult:
        section = self.section
        if section.place is not None:
            at, count = section.place
            with Horizontal(classes="heading"):
                yield Label(Content(f"{section.title} {at + 1}"), classes="name")
                yield SectionButton("↑", "up", section.path, disabled=at == 0)
                yield SectionButton("↓", "down", section.path, disabled=at == count - 1)
                yield SectionButton("remove", "remove", section.path, disabled=section.title == "agent" and count == 1)
        if section.path == ("start",):
            with Horizontal(classes="heading"):
                yield Label(Content(section.title), classes="name")
                yield SectionButton("+ example", "example", section.path)
                yield SectionButton("draw them instead", "drop", section.path)
        for row in section.rows:
            yield FieldRow(row)
        if section.prior is not None:
            yield PriorBox(section.prior)
        for key in section.preserved:
            yield PreservedRow(key)


class GiveRow(Horizontal):
    """Says that the first data are drawn, with a button that writes them down."""

    def __init__(self) -> None:
        super().__init__(classes="heading give")

    def compose(self) -> ComposeResult:
        yield Label(Content("first data"), classes="name")
        yield SectionButton("write by hand", "give", ("start",))


class AddRow(ItemGrid):
    """Adds an agent or filter, or a table of another list: a button for each kind, on as many lines as needed."""

    def __init__(self, where: Path, kinds: tuple[str, ...], empty: str) -> None:
        super().__init__(classes="add", min_column_width=max(map(len, kinds), default=1) + 5, stretch_height=False)
        self._where = where
        self._kinds = kinds
        self._empty = empty

    def compose(self) -> ComposeResult:
        if self._empty:
            yield Label(Content(self._empty), classes="none")
        for kind in self._kinds:
            yield SectionButton(f"+ {kind}", "add", (*self._where, kind))


def group_widgets(name: GroupName, form: Form, file_row: Row) -> list[Widget]:
    """The heading of a group, its tables, and what can be added to it."""
    heading = Content.assemble((TITLES[name], "bold $text-accent"), (f"  {HEADS[name]}", "$text-muted"))
    sections = form.groups[name]
    out: list[Widget] = [Label(heading, classes="group"), *(SectionBox(section) for section in sections)]
    if name == "task":
        start: list[Widget] = [box for box in out if isinstance(box, SectionBox) and box.section.path == ("start",)]
        rest = [widget for widget in out if widget not in start]
        adding = [AddRow(where, kinds, f"add a {where[-1]}:") for where, kinds in form.lists]
        return [*rest, *adding, *(start or [GiveRow()])]
    if name == "agents":
        out.append(AddRow(("agent",), tuple(agent_kinds()), ""))
    elif name == "interaction":
        out.append(AddRow(("filter",), tuple(filter_kinds()), "" if sections else "none: imitation only"))
    elif name == "chain":
        out.append(FieldRow(file_row))
    return out


def row_id(path: Path) -> str:
    """The id of a path's row, valid for any key."""
    return "row-" + "-".join(str(step) if str(step).isascii() and str(step).isalnum() else _coded(str(step)) for step in path)


def _coded(text: str) -> str:
    return "_" + text.encode(errors="replace").hex()[:80]
