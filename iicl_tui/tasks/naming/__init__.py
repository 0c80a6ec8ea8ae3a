"""The naming game: which signal goes with which meaning."""

from __future__ import annotations

from iicl_tui.tasks.base import TaskKind
from iicl_tui.tasks.naming.task import FIELDS, build

KIND = TaskKind(
    "naming", "Naming game: which signal for which meaning", "Languages of four meanings and four signals.", FIELDS, build, order=2
)
