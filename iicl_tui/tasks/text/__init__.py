"""The text task: texts of any kind, measured by features that a person declares."""

from __future__ import annotations

from iicl_tui.tasks.base import TaskKind
from iicl_tui.tasks.text.fields import FIELDS, feature_fields
from iicl_tui.tasks.text.task import build, embed

KIND = TaskKind(
    "text",
    "Texts: anything written, measured by features",
    "Texts of your own or of ours; no rule is stated, and what is measured is declared.",
    FIELDS,
    build,
    embed,
    order=4,
    tables={"feature": feature_fields},
)
