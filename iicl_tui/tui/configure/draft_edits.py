"""The draft of an empty form, and its changes by buttons and choices."""

from __future__ import annotations

from typing import Any

from iicl_tui.present.config_form import with_kind
from iicl_tui.schema import Path as KeyPath
from iicl_tui.store.config_draft import Draft
from iicl_tui.tui.configure.fields import Operation, row_id

BLANK = """\
[chain]
title = "Untitled chain"
task = "acre"
generations = 6
seed = 42
lookback = 0

[task]
objects = ["A", "B", "C", "D", "screen"]
hypothesis = "random"
initial = 4
samples = 4

[[agent]]
kind = "bayes"
choose = "sample"
temperature = 1.0
"""
"""The form that is opened without a preset or a file."""


def apply_button(draft: Draft, operation: Operation, path: KeyPath) -> tuple[Draft, str]:
    """The draft after a button was pressed, and a selector of the widget to focus."""
    name: Any = path[0]
    at = path[1] if len(path) > 1 else None
    if operation == "add":
        draft = draft.add(name, str(at))
        return draft, f"#{row_id((name, len(draft.get((name,))) - 1, 'kind'))} .control"
    if operation == "drop":
        return draft.set(path, None), "#form .control"
    index = int(str(at))
    if operation == "remove":
        group = "agents" if name == "agent" else "interaction"
        return draft.remove(name, index), f"#group-{group} .add SectionButton"
    step = -1 if operation == "up" else 1
    return draft.move(name, index, step), f"#{row_id((name, index + step, 'kind'))} .control"


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
