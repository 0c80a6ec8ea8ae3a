"""The acronym task: words and what their initials spell."""

from __future__ import annotations

from iicl_tui.tasks.acronym.fields import FIELDS
from iicl_tui.tasks.acronym.rank_lists import embed
from iicl_tui.tasks.acronym.task import build
from iicl_tui.tasks.base import TaskKind

KIND = TaskKind(
    "acronym",
    "Acronyms: words and what they spell",
    "Words, and the word that their initials spell.",
    FIELDS,
    build,
    embed,
    order=3,
)
