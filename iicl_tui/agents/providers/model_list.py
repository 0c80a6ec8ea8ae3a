"""Parses the list of a server's models."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from iicl_tui.agents.providers.endpoint import replace_surrogates
from iicl_tui.agents.providers.response_parsing import UnexpectedShape

_ENDS = ("shutdown_date", "retires_at", "deprecation")
"""What OpenAI, Anthropic and Mistral call the day on which a model ends."""


class ListedModel(NamedTuple):
    """A model that a server lists.

    Attributes:
        name: Its name.
        ends: The day on which it ends, as YYYY-MM-DD; "" if none is given.
    """

    name: str
    ends: str = ""


def read_models(document: Any) -> tuple[ListedModel, ...]:
    """The models of a response of any of the APIs; entries without a name are left out. Raises UnexpectedShape."""
    listed = document.get("data") if isinstance(document, Mapping) else document
    if not isinstance(listed, list):
        raise UnexpectedShape("no list of models")
    return tuple(
        ListedModel(replace_surrogates(each["id"]), _end(each))
        for each in listed
        if isinstance(each, Mapping) and isinstance(each.get("id"), str) and each["id"]
    )


def _end(entry: Mapping[str, Any]) -> str:
    days = (re.match(r"\d{4}-\d\d-\d\d", str(entry.get(name))) for name in _ENDS)
    return next((day[0] for day in days if day), "")
