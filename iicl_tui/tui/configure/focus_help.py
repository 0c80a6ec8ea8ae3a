"""The explanation of what has the focus: a field, a weight, a button, or the file."""

from __future__ import annotations

from collections.abc import Callable

from textual.content import Content
from textual.widget import Widget
from textual.widgets import OptionList

from iicl_tui.agents.base import agent_kinds
from iicl_tui.chain.config import ChainConfig
from iicl_tui.filters.base import filter_kinds
from iicl_tui.present import prior_effect
from iicl_tui.present.config_form import Row
from iicl_tui.schema import Path
from iicl_tui.tasks.base import task_kinds
from iicl_tui.text import printable
from iicl_tui.tui.configure.fields import FieldRow, Operation, SectionButton
from iicl_tui.tui.configure.file_text import FileText
from iicl_tui.tui.configure.prior_box import WeightCell

_NAMES = {"agent": "agent", "filter": "filter", "start": "first data"}
_ORDER = {
    "agent": "Agents learn in turn, in this order.",
    "filter": "Filters act in this order.",
    "feature": "Charts have them in this order.",
}
_BUTTONS: dict[Operation, Callable[[str], str]] = {
    "up": lambda name: f"Puts this {name} before the one above. {_ORDER.get(name, '')}",
    "down": lambda name: f"Puts this {name} after the one below. {_ORDER.get(name, '')}",
    "remove": lambda name: f"Takes this {name} out of the chain. Undo brings it back.",
    "drop": lambda name: "Takes this out of the file. Undo brings it back.",
    "give": lambda name: "Writes h* and the first data, as drawn now, into the file, to be changed line by line.",
    "example": lambda name: "Adds one more of the first examples, a copy of the last one, to be changed.",
}


def help_of(focused: Widget | None, config: ChainConfig | None, width: int) -> Content | None:
    """What to say about the focused widget; None to leave what is said.

    Args:
        focused: The widget.
        config: The configuration; None while there are faults.
        width: Columns of the explanation.
    """
    if isinstance(focused, WeightCell):
        return _weight(focused, config, width)
    if isinstance(focused, SectionButton):
        return _button(focused.operation, focused.path)
    if isinstance(focused, FileText):
        locked = "It holds characters that cannot be shown, so it is for reading only here. " if focused.read_only else ""
        return Content.assemble(("the file", "bold"), "\n", locked + FileText.HELP)
    row = row_of(focused)
    if row is not None:
        return _field(row.row)
    if isinstance(focused, OptionList) and focused.id == "presets":
        return Content.assemble(("presets", "bold"), "\n", "Ready-made experiments. Enter fills the form from this one.")
    return None


def row_of(focused: Widget | None) -> FieldRow | None:
    """The row of the form that the focused widget is part of."""
    return next((each for each in focused.ancestors if isinstance(each, FieldRow)), None) if focused is not None else None


def _field(row: Row) -> Content:
    field = row.field
    listed = field.kind in ("choice", "bool")  # the choices are seen, or the help names them
    facts = "; ".join(part for part in ("" if listed else field.expected, row.hint) if part)
    return Content.assemble((field.label, "bold"), (f"  {facts}", "$text-muted"), "\n", field.help)


def _button(operation: Operation, path: Path) -> Content:
    in_task = path[0] == "task" and len(path) > 2
    name = str(path[1] if in_task else path[0])
    if operation == "add":
        kind = str(path[-1])
        title = f"add {'an' if name == 'agent' else 'a'} {name}: {kind}"
        said = _kind_help(name, kind)
    else:
        title = {"drop": f"remove {printable(str(path[-1]), 40)}", "give": "write by hand", "example": "add an example"}.get(
            operation, f"{operation} · {_NAMES.get(name, name)}"
        )
        said = _BUTTONS[operation](name)
    return Content.assemble((title, "bold"), "\n", said)


def _kind_help(name: str, kind: str) -> str:
    """What a kind of agent, filter or table of a task's list is."""
    if name in ("agent", "filter"):
        kinds = agent_kinds() if name == "agent" else filter_kinds()
        return kinds[kind].help if kind in kinds else ""
    lists = (task.tables[name] for task in task_kinds().values() if name in task.tables)
    return next((fields({})[0].help for fields in lists), "")


def _weight(widget: WeightCell, config: ChainConfig | None, width: int) -> Content:
    """How likely each state of the object is to the agent, before and after the first data."""
    cell = widget.cell
    name = f"{printable(cell.factor, 24)} {printable(cell.value, 24)}: weight {cell.weight:g}"
    changes = prior_effect.changes(config, int(cell.path[1])) if config is not None else []
    if not changes:
        return Content.assemble((name, "bold"), "\n", ("The belief is drawn as soon as all faults are corrected.", "$text-muted"))
    lines = prior_effect.lines(changes, cell.factor, width)
    shown = [Content.styled(line, "$text-accent" if line.startswith(f"{cell.value} ") else "") for line in lines]
    head = Content.assemble((name, "bold"), ("   left: before d⁰, right: after d⁰", "$text-muted"))
    return Content("\n").join([head, *shown])
