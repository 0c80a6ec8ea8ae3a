"""Validates the `extra-body` of a language model's [[agent]] table."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from iicl_tui.errors import Fault
from iicl_tui.schema import Path

_ONE_REPLY = "the program: one reply a call"
_LIMIT = "the agent's `max-tokens`"
_RESERVED = {
    "model": "the agent's `model`",
    "messages": "the prompts",
    "prompt": "the prompts",
    "echo": "the program: replies hold no prompt",
    "system": "the prompts",
    "temperature": "the agent's `temperature`",
    "topp": "the agent's `top-p`",
    "seed": "the agent's `seed`",
    "randomseed": "the agent's `seed`",
    "logprobs": "the agent's `belief`",
    "toplogprobs": "the agent's `top-logprobs`",
    "responseformat": "the agent's `json-schema`",
    "outputconfig": "the agent's `json-schema`",
    "reasoningeffort": "the agent's `reasoning-effort`",
    "stream": "the program: replies come whole",
    **dict.fromkeys(("n", "bestof", "numgenerations"), _ONE_REPLY),
    **dict.fromkeys(("maxtokens", "maxcompletiontokens", "maxoutputtokens", "maxnewtokens", "npredict", "numpredict"), _LIMIT),
}
"""Keys that the program sets itself or that multiply the cost, by normalised name; and what sets them."""
_SECRET = re.compile(
    r"(?<!cache)(keys?|auth|authorization|credentials?|password|passwd|secrets?|bearer|headers?|(?<!bos|eos|pad|unk|sep)(?<!stop|mask)token)\d*$"
)
"""How names of secrets end. The special tokens of a tokenizer, such as eos_token, are not secrets."""


def check_extra(extra: Mapping[str, Any], path: Path, faults: list[Fault]) -> None:
    """Adds a fault for every reserved key, every secret and every value that JSON cannot hold.

    Reserved keys are refused because the budget and the records depend on them.
    """
    for at, value in _items(extra, path):
        place, name = at[len(path) :], _normalised(at[-1])
        if name in _RESERVED and (len(place) == 1 or (len(place) == 2 and _normalised(place[0]) == "options")):  # options: Ollama's
            faults.append(Fault(at, f"is set by {_RESERVED[name]}"))
        elif _SECRET.search(name):
            faults.append(Fault(at, "a key must not stand in a file: it is taken from the environment, see key-env"))
        elif isinstance(value, float) and not math.isfinite(value):
            faults.append(Fault(at, f"a request is JSON, which has no {value:g}"))
        elif not isinstance(value, (str, int, float, Mapping, list, type(None))):
            faults.append(Fault(at, f"a request is JSON, which has no value of the type {type(value).__name__}; put it in quotes"))


def _items(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    """All nested items of a table or list with their paths, parents first."""
    items = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key), inner
        yield from _items(inner, (*path, key))


def _normalised(key: str | int) -> str:
    """A key without case and punctuation: Max-Tokens → maxtokens. "" for a list index."""
    return re.sub(r"[\W_]", "", key.lower()) if isinstance(key, str) else ""
