"""Reads the billed tokens from a response: the largest consistent reading, so that no budget is exceeded unseen."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from iicl_tui.agents.calls import MAX_TOKEN_COUNT, Usage


def parse_usage(usage: Any) -> Usage | None:
    """The usage of OpenAI, Mistral, Anthropic and compatible servers; None if the counts are missing or invalid.

    Reasoning tokens belong to the completion. Some servers report them only in the details or the total: a total above the sum
    is billed as completion, and so are reasoning tokens that the completion cannot contain. Anthropic reports tokens written to
    or read from the prompt's cache separately; all were sent. A count that is missing is found from the total. Names may be in
    camel case, and counts may be floats or digits in quotes.
    """
    if not isinstance(usage, Mapping):
        return None
    usage = _plain(usage)
    prompt = _first(usage, "prompt_tokens", "input_tokens", "prompt_eval_count", "prompt_token_count", "input_token_count")
    completion = _first(usage, "completion_tokens", "output_tokens", "eval_count", "candidates_token_count", "output_token_count")
    total = _first(usage, "total_tokens", "total_token_count")
    if prompt is not None and "prompt_tokens" not in usage:
        cached = [usage.get(f"cache_{way}_input_tokens") or 0 for way in ("creation", "read")]
        if not all(map(_is_count, cached)):
            return None
        prompt += sum(cached)
    if prompt is None and completion is None:
        return Usage(0, total) if total else None
    if prompt is None:
        prompt = total - completion if total is not None and completion is not None and total >= completion else None
    if completion is None:
        completion = total - prompt if total is not None and prompt is not None and total >= prompt else None
    if prompt is None or completion is None:
        return None
    reasoning = _reasoning(usage)
    if reasoning > completion:
        completion += reasoning
    return Usage(prompt, max(completion, (total or 0) - prompt), min(_cached(usage), prompt))


def _cached(usage: Mapping[str, Any]) -> int:
    """The prompt tokens that were read from a cache; 0 if none are reported."""
    details = [usage.get(name) for name in ("prompt_tokens_details", "input_tokens_details")]
    counts: list[Any] = [part.get("cached_tokens") for part in details if isinstance(part, Mapping)]
    names = ("cache_read_input_tokens", "num_cached_tokens", "prompt_cache_hit_tokens", "cached_content_token_count")
    counts += [usage.get(name) for name in names]
    return max((count for count in counts if _is_count(count)), default=0)


def reasoning_tokens(usage: Any) -> int:
    """The reported tokens of a model's thoughts; 0 if there are none."""
    return _reasoning(_plain(usage)) if isinstance(usage, Mapping) else 0


def _plain(usage: Mapping[str, Any], depth: int = 0) -> dict[str, Any]:
    """The counts as integers, under names in snake case."""
    found: dict[str, Any] = {}
    for name, value in list(usage.items())[:100]:
        if isinstance(value, Mapping):
            value = _plain(value, depth + 1) if depth == 0 else None
        elif (isinstance(value, float) and value.is_integer()) or (isinstance(value, str) and re.fullmatch(r"[0-9]{1,13}", value)):
            value = int(value)
        found[re.sub(r"(?<=[a-z])(?=[A-Z])", "_", str(name)).lower()] = value
    return found


def _first(usage: Mapping[str, Any], *names: str) -> int | None:
    """The count under the first of these names that is there; None if it is invalid."""
    value = next((usage[name] for name in names if usage.get(name) is not None), None)
    return value if _is_count(value) else None


def _reasoning(usage: Mapping[str, Any]) -> int:
    """The reasoning tokens in the details; 0 if there are none."""
    details = [usage, *(usage.get(name) for name in ("completion_tokens_details", "output_tokens_details"))]
    counts: list[Any] = [
        part.get(name)
        for part in details
        if isinstance(part, Mapping)
        for name in ("reasoning_tokens", "thinking_tokens", "thoughts_token_count")
    ]
    return max((count for count in counts if _is_count(count)), default=0)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_TOKEN_COUNT
