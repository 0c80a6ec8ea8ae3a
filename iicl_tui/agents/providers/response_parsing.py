"""Parses replies from JSON. The SDKs do not validate it and may drop log-probabilities silently."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from iicl_tui.agents.calls import Finish, Reply, Usage
from iicl_tui.agents.failures import CallFailed
from iicl_tui.agents.providers.endpoint import Endpoint, replace_surrogates
from iicl_tui.agents.providers.error_body import ErrorBody, error_body_of, text_of_page
from iicl_tui.agents.providers.http_client import RawResponse
from iicl_tui.agents.providers.streams import StreamBroken, assemble, from_lines, is_stream
from iicl_tui.agents.providers.surroundings import proxy_for
from iicl_tui.agents.providers.token_parsing import parse_tokens
from iicl_tui.agents.providers.usage_parsing import parse_usage, reasoning_tokens
from iicl_tui.text import whole_number

MAX_CHOICES = 128
"""The most replies of one response that are read."""

_CHECK = "Check base-url. It must be the address of the API itself, not of a web page, a login or another program."


class UnexpectedShape(Exception):
    """The JSON holds no reply. The message says what was found instead."""


def read_json(endpoint: Endpoint, raw: RawResponse) -> Any:
    """Parses a response's JSON, whatever its content type; a stream is put together. Raises CallFailed if it is invalid."""
    body = raw.body or b""
    try:
        return json.loads(body, parse_int=whole_number)
    except (ValueError, RecursionError) as error:
        half = _stops_short(body, error)
    with suppress(ValueError, RecursionError):  # one wrong byte loses no reply
        return json.loads(body.decode("utf-8-sig", "replace").strip("\0 \t\r\n"), strict=False, parse_int=whole_number)
    body = body if is_stream(body) else from_lines(body)
    if is_stream(body):
        document = _read_stream(endpoint, raw, body)
        if document is not None:
            return document
    text = body[:2000].decode("utf-8", "replace").strip()
    begins = endpoint.quote(text)
    label = endpoint.quote(raw.headers.get("content-type", ""))
    labelled = f"content type {label}" if label else "no content type"
    if not text:
        title, what = "The response is empty", f"{endpoint.name} answered {raw.status} with an empty body."
    elif text.startswith("<"):
        title = "The response is a web page"
        seen = text_of_page(body[:20_000].decode("utf-8", "replace"))
        proxy = None if endpoint.is_loopback else proxy_for(endpoint.url)
        what = f"{endpoint.name} answered {raw.status} with a page ({labelled}): {endpoint.quote(seen)}"
        what += f".{proxy.through}" if proxy is not None else ""
    elif is_stream(body):
        title = "The stream holds no reply"
        what = f"{endpoint.name} answered with a stream ({labelled}) that holds no reply."
    elif half:
        title = "The response is truncated"
        what = f"{endpoint.name} answered {raw.status}, but the JSON stops in the middle, after {len(body)} bytes."
    else:
        title = "The response is not JSON"
        what = f"{endpoint.name} answered {raw.status} with something else ({labelled}): {begins}"
    raise CallFailed("not-json", title, what, _CHECK, status=raw.status)


def _read_stream(endpoint: Endpoint, raw: RawResponse, body: bytes) -> Any:
    try:
        return assemble(body)
    except StreamBroken as broken:
        instead = endpoint.quote(str(broken))
        what = f"{endpoint.name} answered {raw.status} with a stream that stops before the reply ends"
        what += f"; this came instead: {instead}." if instead else "."
    raise CallFailed("disconnected", "The stream was cut off", what, "Try again.", status=raw.status)


def error_in(document: Any) -> ErrorBody | None:
    """The error in a response with status 200, as some servers send it, or in its first choice; None if there is none."""
    if isinstance(document, Mapping):
        choices = document.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        if isinstance(choice, Mapping) and choice.get("error"):
            return error_body_of({"error": choice["error"]})
        if isinstance(choice, Mapping) and choice.get("finish_reason") == "error" and not _choice_text(choice):
            return ErrorBody("The reply ended with an error.", status=502)
        if choices or document.get("content"):
            error = document.get("error")
            is_told = any(error.values()) if isinstance(error, Mapping) else isinstance(error, str) and error != ""
            return error_body_of(document) if is_told else None
        kinds = (document.get("type"), document.get("object"))
        if document.get("error") or document.get("errors") or document.get("success") is False or "error" in kinds:
            return error_body_of(document)
        if not document.get("choices") and not _OUTPUTS & document.keys():
            found = error_body_of(document)
            return found if found.message else None
    if isinstance(document, list) and any(isinstance(each, Mapping) and each.get("error") for each in document):
        return error_body_of(document)
    return None


_OUTPUTS = frozenset({"content", "response", "output", "outputs", "text", "generated_text", "done", "data", "candidates"})
"""Keys of replies in other protocols, which are no errors."""


def _choice_text(choice: Mapping[str, Any]) -> str:
    message = choice.get("message")
    return (_text(message.get("content")) or "") if isinstance(message, Mapping) else ""


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


def read_completion(document: Any, most_tokens: int | None = None) -> Reply:
    """Parses a completion, of chat or of a text, of OpenAI, Mistral or a compatible server. Raises UnexpectedShape.

    most_tokens: how many were allowed. A reply of so many without a finish reason was cut off.
    """
    choices = _object(document).get("choices")
    if not isinstance(choices, list) or not choices:
        raise UnexpectedShape("an object with an empty list of choices" if choices == [] else "an object without choices")
    first, others = _read_choice(choices[0]), _read_others(choices[1:MAX_CHOICES])
    usage, model = _credible(parse_usage(document.get("usage")), first.text), read_model(document)
    no_reason = isinstance(choices[0], Mapping) and choices[0].get("finish_reason") is None
    if no_reason and most_tokens is not None and usage is not None and len(choices) == 1 and usage.completion >= most_tokens:
        first = replace(first, finish="length")
    thought = first.thought or reasoning_tokens(document.get("usage")) > 0
    thoughts = _thoughts(choices) if usage is None else ""
    return replace(
        first,
        usage=usage,
        model=model,
        thought=thought,
        thoughts=thoughts,
        more=tuple(replace(each, model=model) for each in others),
    )


def _thoughts(choices: Sequence[Any]) -> str:
    """The thoughts that came in fields of their own."""
    messages = [choice.get("message") for choice in choices[:MAX_CHOICES] if isinstance(choice, Mapping)]
    found = (message.get(name) for message in messages if isinstance(message, Mapping) for name in _THOUGHTS)
    return "\n".join(text for text in found if isinstance(text, str))


_THOUGHTS = ("reasoning_content", "reasoning", "thinking")


def _credible(usage: Usage | None, text: str) -> Usage | None:
    """The usage, unless it counts nothing for a prompt, or nothing for a reply that has a text: then it must be estimated."""
    return None if usage is None or usage.prompt == 0 or (usage.completion == 0 and text) else usage


def _read_others(choices: Sequence[Any]) -> Iterator[Reply]:
    """The further choices that can be read."""
    for choice in choices:
        try:
            yield _read_choice(choice)
        except UnexpectedShape:
            continue


def _read_choice(choice: Any) -> Reply:
    message = choice.get("message") if isinstance(choice, Mapping) else None
    if message is None and isinstance(choice, Mapping) and isinstance(choice.get("text"), str):
        message = {"content": choice["text"]}  # of the completions API
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
    finish = "refused" if refused else _finish(reason, text)
    tokens, remarks = parse_tokens(choice.get("logprobs"))
    thoughts = (*map(message.get, (*_THOUGHTS, "reasoning_details")), text.lstrip().startswith(("<think", "<|channel|>")))
    return Reply(replace_surrogates(text), finish, tokens, remarks=remarks, thought=any(thoughts))


_REASONS: Mapping[Finish, str] = {
    "stop": "stop eos eos_token eos_found end end_turn end_of_text end_of_turn stop_token stop_sequence stop_string complete "
            "completed finished done",
    "length": "length max_tokens max_length max_output_tokens max_new_tokens max_completion_tokens token_limit length_limit "
              "model_length context_length model_context_window_exceeded",
    "refused": "content_filter content_filtered contentfilter refusal safety sensitive moderation blocked blocklist recitation "
               "spii prohibited_content guardrail guardrails guardrail_intervened",
}  # fmt: skip
"""The APIs' finish reasons. All others are "other"."""
_FINISHES: Mapping[str, Finish] = {name: finish for finish, names in _REASONS.items() for name in names.split()}


def _finish(reason: Any, text: str) -> Finish:
    """The finish reason. Some servers give none for a complete reply."""
    if reason is None and text:
        return "stop"
    name = reason.lower().replace("-", "_").removeprefix("finish_reason_") if isinstance(reason, str) else ""
    return _FINISHES.get(name, "other")


def read_message(document: Any) -> Reply:
    """Parses a message of Anthropic's API. Raises UnexpectedShape."""
    content = _object(document).get("content")
    if not isinstance(content, list):
        raise UnexpectedShape("an object without content")
    if not all(isinstance(block, Mapping) for block in content):
        raise UnexpectedShape("an object whose content is no list of blocks")
    finish = _finish(document.get("stop_reason"), "")
    usage = _credible(parse_usage(document.get("usage")), _text(content) or "")
    thought = any(block.get("type") in ("thinking", "redacted_thinking") for block in content)
    said = [block.get("thinking") for block in content] if usage is None else []
    thoughts = "\n".join(text for text in said if isinstance(text, str))
    return Reply(
        replace_surrogates(_text(content) or ""), finish, None, usage, read_model(document), thought=thought, thoughts=thoughts
    )


def read_model(document: Mapping[str, Any]) -> str:
    """The model's name in the response; "" if it has none."""
    model = document.get("model")
    return replace_surrogates(model) if isinstance(model, str) else ""


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
