"""What may stand in the `extra-body` of a language model's [[agent]] table."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from iicl_tui.errors import Fault
from iicl_tui.schema import Path

_ONE_REPLY = "the program: one reply a call"
_LIMIT = "the agent's `max-tokens`"
_OWN = {
    "model": "the agent's `model`",
    "messages": "the prompts",
    "system": "the prompts",
    "temperature": "the agent's `temperature`",
    "topp": "the agent's `top-p`",
    "seed": "the agent's `seed`",
    "randomseed": "the agent's `seed`",
    "logprobs": "the agent's `belief`",
    "toplogprobs": "the agent's `top-logprobs`",
    "responseformat": "the agent's `json-schema`",
    "outputconfig": "the agent's `json-schema`",
    "stream": "the program: replies come whole",
    **dict.fromkeys(("n", "bestof", "numgenerations"), _ONE_REPLY),
    **dict.fromkeys(("maxtokens", "maxcompletiontokens", "maxoutputtokens", "maxnewtokens", "npredict", "numpredict"), _LIMIT),
}
"""What the program says itself, or what multiplies the cost; and who sets it. By `_bare` name."""
_SECRET = re.compile(
    r"(keys?|auth|authorization|credentials?|password|passwd|secrets?|bearer|headers?|(?<!bos|eos|pad|unk|sep)(?<!stop|mask)token)\d*$"
)
"""How the name of a secret ends. The tokens that begin or end a text are none."""


def check_extra(extra: Mapping[str, Any], path: Path, faults: list[Fault]) -> None:
    """What the program itself says stays its own, since budget and records rest on it; no secret may stand in a file; and a
    request is JSON. Adds every fault."""
    for at, value in _all(extra, path):
        place, name = at[len(path) :], _bare(at[-1])
        if name in _OWN and (len(place) == 1 or (len(place) == 2 and _bare(place[0]) == "options")):  # options: Ollama's
            faults.append(Fault(at, f"is set by {_OWN[name]}"))
        elif _SECRET.search(name):
            faults.append(Fault(at, "a key must not stand in a file: it is taken from the environment, see key-env"))
        elif isinstance(value, float) and not math.isfinite(value):
            faults.append(Fault(at, f"a request is JSON, which has no {value:g}"))
        elif not isinstance(value, (str, int, float, Mapping, list, type(None))):
            faults.append(Fault(at, f"a request is JSON, which has no value of the type {type(value).__name__}; put it in quotes"))


def _all(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    """Everything within a table or a list, each before what is within it."""
    items = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key), inner
        yield from _all(inner, (*path, key))


def _bare(key: str | int) -> str:
    """A name as all its spellings have it: Max-Tokens → maxtokens. "" for a place in a list."""
    return re.sub(r"[\W_]", "", key.lower()) if isinstance(key, str) else ""
