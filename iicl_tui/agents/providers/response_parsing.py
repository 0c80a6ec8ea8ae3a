"""A reply read from an answer's JSON. The SDKs make objects of it without a check, or leave log-probabilities out silently."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from iicl_tui.agents.calls import LOGPROB_TOLERANCE, MAX_TOKEN_COUNT, Finish, Reply, Token, Usage
from iicl_tui.agents.failures import CallFailed
from iicl_tui.agents.providers.endpoint import Endpoint, replace_surrogates
from iicl_tui.agents.providers.http_client import RawResponse

_CHECK = "Check base-url: it must lead to the API itself, not to a web page, a login or another program."


class UnexpectedShape(Exception):
    """JSON that holds no reply. The message says what is there instead."""


def read_json(endpoint: Endpoint, heard: RawResponse) -> Any:
    """The document in an answer. Raises CallFailed where it is none; what the server calls it does not matter."""
    body = heard.body or b""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        half = _stops_short(body, error)
    text = body[:2000].decode("utf-8", "replace").strip()
    begins = endpoint.quote(text)
    label = endpoint.quote(heard.headers.get("content-type", ""))
    labelled = f"content type {label}" if label else "no content type"
    if not text:
        title, what = "The answer is empty", f"{endpoint.name} answered {heard.status} with nothing in it."
    elif text.startswith("<"):
        title = "A web page came instead of a reply"
        what = f"{endpoint.name} answered {heard.status} with a page ({labelled}): {begins}"
    elif text.startswith(("data:", "event:", ":")):
        title = "The reply came as a stream"
        what = f"{endpoint.name} answered in pieces ({labelled}), though it was asked for one whole reply."
    elif half:
        title = "Half of an answer"
        what = f"{endpoint.name} answered {heard.status}, but the JSON stops in the middle, after {len(body)} bytes."
    else:
        title = "The answer is not JSON"
        what = f"{endpoint.name} answered {heard.status} with something else ({labelled}): {begins}"
    raise CallFailed("not-json", title, what, _CHECK, status=heard.status)


def _stops_short(body: bytes, error: Exception) -> bool:
    """Whether it began as JSON does and then stopped."""
    body = body.strip()
    at_the_end = isinstance(error, json.JSONDecodeError) and error.pos >= len(error.doc.rstrip())
    return body.startswith((b"{", b"[")) and (at_the_end or not body.endswith((b"}", b"]")))


def unexpected_shape(endpoint: Endpoint, heard: RawResponse, there: str) -> CallFailed:
    """The failure of JSON that holds no reply. there: what is there instead."""
    begins = endpoint.quote((heard.body or b"")[:2000].decode("utf-8", "replace"))
    return CallFailed(
        "unexpected-shape",
        "The answer holds no reply",
        f"{endpoint.name} answered {heard.status} with JSON, but it is {there}: {begins}",
        _CHECK,
        status=heard.status,
    )


def read_completion(document: Any) -> Reply:
    """The reply in a chat completion: OpenAI's, Mistral's, and those of servers that speak as they do. Raises UnexpectedShape."""
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
"""The APIs' words; every other one is "other"."""


def read_message(document: Any) -> Reply:
    """The reply in a message of Anthropic's. Raises UnexpectedShape."""
    content = _object(document).get("content")
    if not isinstance(content, list):
        raise UnexpectedShape("an object without content")
    if not all(isinstance(block, Mapping) for block in content):
        raise UnexpectedShape("an object whose content is no list of blocks")
    reason = document.get("stop_reason")
    finish: Finish = _FINISHES.get(reason, "other") if isinstance(reason, str) else "other"
    usage = document.get("usage")
    parts = usage if isinstance(usage, Mapping) else {}
    # Tokens that were written to or read from the prompt's cache are counted apart; all of them were sent.
    cached = [parts.get(f"cache_{way}_input_tokens") or 0 for way in ("creation", "read")]
    sent: list[Any] = [parts.get("input_tokens"), *cached]
    total = sum(sent) if all(map(_is_count, sent)) else None
    return Reply(
        replace_surrogates(_text(content) or ""), finish, None, read_usage(total, parts.get("output_tokens")), read_model(document)
    )


def read_tokens(logprobs: Any) -> tuple[Token, ...] | None:
    """The tokens of a choice's `logprobs`; None where there are none, or one of them cannot be used."""
    entries = logprobs.get("content") if isinstance(logprobs, Mapping) else None
    if not isinstance(entries, list) or not entries:
        return None
    try:
        return tuple(Token(*_alternative(entry), tuple(map(_alternative, entry.get("top_logprobs") or ()))) for entry in entries)
    except (ValueError, TypeError, AttributeError, OverflowError):
        return None


def _alternative(entry: Any) -> tuple[bytes, float]:
    """Bytes as given, or those of the text: not every server sends them. Raises one of what `read_tokens` catches."""
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
    """Both counts, or None where one of them is not there."""
    return Usage(prompt, completion) if _is_count(prompt) and _is_count(completion) else None


def read_model(document: Mapping[str, Any]) -> str:
    """The model as the provider names it."""
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
    """All text in a message's content: a text, or a list of parts, of which others than text (thinking) are left out."""
    if isinstance(content, str):
        return content
    if not isinstance(content, Sequence):
        return None
    texts = [part.get("text") for part in content if isinstance(part, Mapping) and part.get("type") in ("text", "output_text")]
    return "".join(text for text in texts if isinstance(text, str))
