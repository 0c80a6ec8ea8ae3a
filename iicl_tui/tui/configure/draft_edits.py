"""Changes of the draft by the form's buttons and choices."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import Any

from iicl_tui.present.config_form import Form, Row, read_form, with_kind
from iicl_tui.present.example_lines import is_example
from iicl_tui.present.prior_table import Cell, with_weight
from iicl_tui.schema import Path as KeyPath
from iicl_tui.store.config_draft import Draft
from iicl_tui.tui.configure.fields import Operation, row_id


def apply_button(draft: Draft, operation: Operation, path: KeyPath) -> tuple[Draft, str]:
    """The draft after a button was pressed, and a selector of the widget to focus."""
    if path[0] == "task" and operation != "drop":
        return _apply_in_task(draft, operation, path)
    name: Any = path[0]
    at = path[1] if len(path) > 1 else None
    if operation == "add":
        draft = draft.add(name, str(at))
        return draft, f"#{row_id((name, len(draft.get((name,))) - 1, 'kind'))} .control"
    if operation == "drop":
        return draft.set(path, None), "#row-chain-task .control" if path[0] == "start" else "#form .control"
    if operation == "example":
        draft = draft.with_example()
        return draft, f"#{row_id(('start', 'sample', len(draft.get(('start', 'sample'))) - 1))} .control"
    index = int(str(at))
    if operation == "remove":
        group = "agents" if name == "agent" else "interaction"
        return draft.remove(name, index), f"#group-{group} .add SectionButton"
    step = -1 if operation == "up" else 1
    return draft.move(name, index, step), f"#{row_id((name, index + step, 'kind'))} .control"


def with_value(draft: Draft, path: KeyPath, value: Any) -> Draft:
    """The draft with another value of a field; None removes it."""
    if is_example(path):
        for key in ("input", "output"):
            draft = draft.set((*path, key), value[key])
        return draft
    return draft.set(path, value)


def set_weight(draft: Draft, form: Form, cell: Cell, weight: float) -> Draft:
    """The draft with another weight of a prior that the form shows."""
    tables = (section.prior for section in form.sections if section.prior is not None)
    table = next((each for each in tables if cell.path[: len(each.path)] == each.path), None)
    return draft if table is None else with_weight(draft, cell, table, weight)


def retyped(row: Row, draft: Draft) -> Row:
    """The row with the value that its control already shows, and with its old faults until the next check."""
    return replace(read_form(draft).rows.get(row.path, row), faults=row.faults)


def _apply_in_task(draft: Draft, operation: Operation, path: KeyPath) -> tuple[Draft, str]:
    """As `apply_button`, for a list of the [task] table."""
    where, last = path[:2], path[2]
    names = [table.get("name") for table in draft.get(where) or () if isinstance(table, dict)]
    if operation == "add":
        others = (f"{last} {number}" for number in count(2))
        name = last if last not in names else next(other for other in others if other not in names)
        draft = draft.add_to_task(str(where[1]), {"name": name, "kind": last})
        return draft, f"#{row_id((*where, len(names), 'kind'))} .control"
    index = int(last)
    if operation == "remove":
        return draft.remove(where, index), "#group-task .add SectionButton"
    step = -1 if operation == "up" else 1
    return draft.move(where, index, step), f"#{row_id((*where, index + step, 'kind'))} .control"


class KindChanges:
    """Changes of a kind or of the task. Choosing an earlier task again restores its [task] table."""

    def __init__(self) -> None:
        self._tasks: dict[str, dict[str, Any]] = {}

    def change(self, draft: Draft, path: KeyPath, value: str) -> Draft:
        """The draft with another kind of agent or filter, or with another task."""
        changed = with_kind(draft, path, value)
        if path[-1] == "task":
            self._tasks[str(draft.get(path) or "acre")] = dict(draft.get(("task",)) or {})
            for key, kept in self._tasks.get(value, {}).items():
                changed = changed.set(("task", key), kept)
        return changed
