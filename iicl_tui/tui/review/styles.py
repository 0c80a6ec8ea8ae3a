"""Turns styled text into Textual's Content: the one place that says how a role looks."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from textual.content import Content

from iicl_tui.review.styled import StyledText

MUTED = "$text-muted"
_STATES = 6
_STYLES = {
    "muted": MUTED,
    "strong": "bold",
    "dim": "$text-disabled",
    "italic": "italic",
    "accent": "$text-accent",
    "code": "on $panel",
    "approve": "$text-success",
    "reject": "$text-error",
    "edit": "$text-warning",
}


def content(text: StyledText) -> Content:
    """Returns the text as Content. Nothing in it is read as markup."""
    return Content.assemble(*((part, _style(roles)) for part, roles in text.runs))


def contents(lines: Iterable[StyledText]) -> list[Content]:
    """Returns each line as Content."""
    return [content(line) for line in lines]


def hue_style(position: int) -> str:
    """Returns the style of the position-th value of a factor."""
    return f"$state-{position % _STATES}"


@lru_cache(256)
def _style(roles: str) -> str:
    return " ".join(_role_style(role) for role in roles.split())


def _role_style(role: str) -> str:
    return hue_style(int(role[4:])) if role.startswith("hue-") else _STYLES[role]
