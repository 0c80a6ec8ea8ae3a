"""Reads rules and examples from a model's free-text reply."""

from __future__ import annotations

from iicl_tui.tasks.reply_parsing.rules import read_rule
from iicl_tui.tasks.reply_parsing.samples import read_samples

__all__ = ["read_rule", "read_samples"]
