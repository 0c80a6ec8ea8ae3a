"""The ACRE task: which objects light the lamp."""

from __future__ import annotations

from iicl_tui.tasks.acre.task import FIELDS, build
from iicl_tui.tasks.base import TaskKind

KIND = TaskKind(
    "acre",
    "ACRE: which objects light the lamp",
    "Causal induction over objects and a light.",
    FIELDS,
    build,
    order=1,
)
