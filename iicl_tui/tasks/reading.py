"""Reads rules and examples from the free text that a language model replies."""

from __future__ import annotations

from iicl_tui.tasks.reading_rules import read_rule
from iicl_tui.tasks.reading_samples import read_samples

__all__ = ["read_rule", "read_samples"]
