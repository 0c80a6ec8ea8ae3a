"""Parses replies from JSON. The SDKs do not validate it and may drop log-probabilities silently."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from iicl_tui.agents.calls import LOGPROB_TOLERANCE, MAX_TOKEN_COUNT, Finish, Reply, Token, Usage
from iicl_tui.agents.failures import CallFailed
from iicl_tui.agents.providers.endpoint import Endpoint, replace_surrogates
from iicl_tui.agents.providers.http_client import RawResponse

_CHECK = "Check base-url. It must be the address of the API itself, not of a web page, a login or another program."


class UnexpectedShape(Exception):
    """The JSON holds no reply. The message says what was found instead."""


def read_json(endpoint: Endpoint, raw: RawResponse) -> Any:
    """Parses a response's JSON, whatever its content type. Raises CallFailed if it is invalid."""
    body = raw.body or b""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        half = _stops_short(body, error)
    text = body[:2000].decode("utf-8", "replace").strip()
    begins = endpoint.quote(text)
    label = endpoint.quote(raw.headers.get("content-type", ""))
    labelled = f"content type {label}" if label else "no content type"
    if not text:
        title, what = "The response is empty", f"{endpoint.name} answered {raw.status} with an empty body."
    elif text.startswith("<"):
        title = "The response is a web page"
        what = f"{endpoint.name} answered {raw.status} with a page ({labelled}): {begins}"
    elif text.startswith(("data:", "event:", ":")):
        title = "The response is a stream"
        what = f"{endpoint.name} answered with a stream ({labelled}), which was not requested."
    elif half:
        title = "The response is truncated"
        what = f"{endpoint.name} answered {raw.status}, but the JSON stops in the middle, after {len(body)} bytes."
    else:
        title = "The response is not JSON"
        what = f"{endpoint.name} answered {raw.status} with something else ({labelled}): {begins}"
    raise CallFailed("not-json", title, what, _CHECK, status=raw.status)


def _stops_short(body: bytes, error: Exception) -> bool:
    """Whether the body starts as JSON and then stops."""
    body = body.strip()
    at_the_end = isinstance(error, json.JSONDecodeError) and error.pos >= len(error.doc.rstrip())
    return body.startswith((b"{", b"[")) and (at_the_end or not body.endswith((b"}", b"]")))


def unexpected_shape(endpoint: Endpoint, raw: RawResponse, found: str) -> CallFailed:
    """The failure for JSON without a reply. found: what was found instead."""
    begins = endpoint.quote((raw.body or b"")[:2000].decode("utf-8", "replace"))
    return CallFailed(
        "unexpected-shape",
        "The response holds no reply",
        f"{endpoint.name} answered {raw.status} with JSON, but it is {found}: {begins}",
        _CHECK,
        status=raw.status,
    )


def read_completion(document: Any) -> Reply:
    """Parses a chat completion of OpenAI, Mistral or a compatible server. Raises UnexpectedShape."""
    choices = _object(document).get("choices")
    if not isinstance(choices, list) or not choices:
        raise UnexpectedShape("an object with an empty list of choices" if choices == [] else "an object without choices")
    choice = choices[0]
    message = choice.get("message") if isinstance(choice, Mapping) else None
    if not isinstance(message, Mapping):
        raise UnexpectedShape("an object whose first choice has no message")
    reason = choice.get("finish_reason")
    refusal = message.get("refusal")
    refused = isinstance(refusal, str) and refusal != ""
    text = _text(message.get("content"))
    if text is None:
        if not refused and not isinstance(reason, str):
            raise UnexpectedShape("an object whose message has no content")
        text = str(refusal) if refused else ""
    finish = "refused" if refused else _FINISHES.get(reason, "other") if isinstance(reason, str) else "other"
    usage = document.get("usage")
    counts = (usage.get("prompt_tokens"), usage.get("completion_tokens")) if isinstance(usage, Mapping) else ()
    return Reply(replace_surrogates(text), finish, read_tokens(choice.get("logprobs")), read_usage(*counts), read_model(document))


_FINISHES: Mapping[str, Finish] = {
    "stop": "stop", "length": "length", "model_length": "length", "content_filter": "refused", "refusal": "refused",
    "end_turn": "stop", "stop_sequence": "stop", "max_tokens": "length", "model_context_window_exceeded": "length",
}  # fmt: skip
"""The APIs' finish reasons. All others are "other"."""


def read_message(document: Any) -> Reply:
    """Parses a message of Anthropic's API. Raises UnexpectedShape."""
    content = _object(document).get("content")
    if not isinstance(content, list):
        raise UnexpectedShape("an object without content")
    if not all(isinstance(block, Mapping) for block in content):
        raise UnexpectedShape("an object whose content is no list of blocks")
    reason = document.get("stop_reason")
    finish: Finish = _FINISHES.get(reason, "other") if isinstance(reason, str) else "other"
    usage = document.get("usage")
    parts = usage if isinstance(usage, Mapping) else {}
    # Tokens written to or read from the prompt's cache are reported separately, but all were sent.
    cached = [parts.get(f"cache_{way}_input_tokens") or 0 for way in ("creation", "read")]
    sent: list[Any] = [parts.get("input_tokens"), *cached]
    total = sum(sent) if all(map(_is_count, sent)) else None
    return Reply(
        replace_surrogates(_text(content) or ""), finish, None, read_usage(total, parts.get("output_tokens")), read_model(document)
    )


def read_tokens(logprobs: Any) -> tuple[Token, ...] | None:
    """Parses a choice's `logprobs`; None if there are none or one of them is invalid."""
    entries = logprobs.get("content") if isinstance(logprobs, Mapping) else None
    if not isinstance(entries, list) or not entries:
        return None
    try:
        return tuple(Token(*_alternative(entry), tuple(map(_alternative, entry.get("top_logprobs") or ()))) for entry in entries)
    except (ValueError, TypeError, AttributeError, OverflowError):
        return None


def _alternative(entry: Any) -> tuple[bytes, float]:
    """A token's bytes and log-probability. Some servers send no bytes. Raises what `read_tokens` catches."""
    data, logprob = entry.get("bytes"), entry.get("logprob")
    if isinstance(logprob, bool) or not isinstance(logprob, (int, float)):
        raise TypeError
    if not math.isfinite(value := float(logprob)) or value > LOGPROB_TOLERANCE:
        raise ValueError
    if data is None:
        return replace_surrogates(entry.get("token")).encode(), value
    if not isinstance(data, list):
        raise TypeError
    return bytes(data), value


def read_usage(prompt: Any = None, completion: Any = None) -> Usage | None:
    """The usage; None if a count is missing or invalid."""
    return Usage(prompt, completion) if _is_count(prompt) and _is_count(completion) else None


def read_model(document: Mapping[str, Any]) -> str:
    """The model's name in the response; "" if it has none."""
    model = document.get("model")
    return replace_surrogates(model) if isinstance(model, str) else ""


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_TOKEN_COUNT


def _object(document: Any) -> Mapping[str, Any]:
    if not isinstance(document, Mapping):
        kinds = {list: "a list", str: "a text", bool: "a truth value", type(None): "null"}
        raise UnexpectedShape(f"{kinds.get(type(document), 'a number')}, not an object")
    return document


def _text(content: Any) -> str | None:
    """The text of a message's content, which is a string or a list of parts. Parts other than text are left out."""
    if isinstance(content, str):
        return content
    if not isinstance(content, Sequence):
        return None
    texts = [part.get("text") for part in content if isinstance(part, Mapping) and part.get("type") in ("text", "output_text")]
    return "".join(text for text in texts if isinstance(text, str))
