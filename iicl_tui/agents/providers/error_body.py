"""Parses a server's error body. Providers, gateways and local servers use different forms."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from iicl_tui.agents.providers.streams import StreamBroken, assemble, is_stream
from iicl_tui.agents.providers.waits import retry_after, wait_in_fields, wait_in_text
from iicl_tui.text import whole_number

_DECODER = json.JSONDecoder(parse_int=whole_number)
_MAX_DEPTH = 8
_MAX_ITEMS = 200
_MESSAGE_KEYS = (
    "message", "msg", "detail", "details", "error", "errors", "error_description", "error_message", "errormessage", "error_msg",
    "status_msg", "faultstring", "reason", "description", "title", "err", "exception", "messages",
)  # fmt: skip
"""Keys that may hold a message, in the order of preference."""
_CONTAINER_KEYS = (
    "error", "errors", "detail", "details", "message", "metadata", "raw", "body", "response", "cause", "innererror", "inner_error",
    "fault", "base_resp", "previous_errors", "data",
)  # fmt: skip
"""Keys that may hold another error."""
_VAGUE = re.compile(
    r"(?:provider returned error|(?:upstream|internal|server|unknown|api|http) error|an? error (?:has )?occurr?ed|bad request"
    r"|error|failed|failure|invalid request|request failed|all providers failed|[a-z0-9]+(?:_[a-z0-9]+)+)[.!:]?",
    re.I,
)
"""Messages that give no reason: a nested error is preferred to them."""


_MOST_TEXT = 20_000
_PAGE = re.compile(r"<!doctype html|<html|<head|<body", re.I)
_UNSEEN = re.compile(r"<(script|style|svg|noscript)\b.*?</\1\s*>|<!--.*?-->|<[?!][^>]*>", re.I | re.S)
_TAGS = re.compile(r"(?:\s*<[^<>]*>?\s*)+")


@dataclass(frozen=True)
class ErrorBody:
    """What an error body says.

    Attributes:
        message: The server's message; "" if there is none.
        codes: All types and codes, in lower case.
        params: The parameters that the error is about, as the API spells them.
        status: The status in the body, if there is one.
        wait: How long the body asks to wait, in seconds.
    """

    message: str = ""
    codes: frozenset[str] = frozenset()
    params: tuple[str, ...] = ()
    status: int | None = None
    wait: float | None = field(default=None, compare=False)


@dataclass
class _Found:
    """What was found so far, outermost first."""

    messages: list[str] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    params: list[str] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    items: int = 0


def parse_error_body(body: bytes) -> ErrorBody:
    """Parses a body. Never raises: a body that is not JSON is itself the message, unless it is a web page."""
    try:
        document = _streamed(body) or json.loads(_text(body), parse_int=whole_number)
    except (ValueError, RecursionError):
        text = _text(body)[:_MOST_TEXT].strip()
        if not text.startswith("<"):
            return error_body_of(text)
        seen = text_of_page(text)
        return ErrorBody("" if _PAGE.search(text) else seen, wait=wait_in_text(seen))
    return error_body_of(document)


def text_of_page(page: str) -> str:
    """The text that people see of a page of HTML or XML, beginning with its title; the page itself if there is none."""
    text = html.unescape(_TAGS.sub(" · ", _UNSEEN.sub("", page[:_MOST_TEXT])))
    parts = dict.fromkeys(part for each in text.split("·") if (part := " ".join(each.split())))
    return ": ".join(parts) or page


def _streamed(body: bytes) -> Any:
    """The error in server-sent events; None if the body has none."""
    try:
        return assemble(body) if is_stream(body) else None
    except StreamBroken:
        return None


def _text(body: bytes) -> str:
    """The text of a body. Latin-1 if it is no Unicode, as some gateways send it."""
    try:
        return body.decode(json.detect_encoding(body))
    except ValueError:
        return body.decode("latin-1")


def error_body_of(document: Any) -> ErrorBody:
    """Interprets a JSON document.

    Errors are looked for in nested objects, in lists, and in strings that hold JSON, up to a depth. Known forms: {"error":
    {"message", "type", "code", "param", "details"}} (OpenAI, Anthropic, llama.cpp, vLLM), [{"error": …}] (Google), {"error":
    {"metadata": {"raw": "{…}"}}} (OpenRouter), {"error": "…"} (Ollama), {"errors": [{"message"}]} (Cloudflare), {"message",
    "type", "code", "param"} and {"detail": [{"loc", "msg"}]} (Mistral, FastAPI), and each of these inside another.
    """
    found = _Found()
    _collect(document, found, 0)
    message = next((text for text in found.messages if not _VAGUE.fullmatch(text.strip())), "")
    if not message and found.messages:
        message = found.messages[0]
    elif found.messages and message != found.messages[0]:
        message = f"{found.messages[0].rstrip('.: ')}: {message}"
    return ErrorBody(
        message,
        frozenset(found.codes),
        tuple(dict.fromkeys(found.params)),
        found.statuses[0] if found.statuses else None,
        max(found.waits, default=None),
    )


def _collect(value: Any, found: _Found, depth: int) -> None:
    found.items += 1
    if depth > _MAX_DEPTH or found.items > _MAX_ITEMS:
        return
    if isinstance(value, str):
        _collect_text(value, found, depth)
    elif isinstance(value, Mapping):
        _collect_fields(value, found, depth)
    elif isinstance(value, Sequence):
        _collect_list(value, found, depth)


def _collect_text(text: str, found: _Found, depth: int) -> None:
    """A message, or JSON inside a string."""
    start = text.find("{")
    if start >= 0 and len(text) <= _MOST_TEXT:
        try:
            inner, _ = _DECODER.raw_decode(text, start)
        except (ValueError, RecursionError):
            pass
        else:
            before = len(found.messages)
            _collect(inner, found, depth + 1)
            if len(found.messages) > before:
                return
    if text.strip():
        found.messages.append(text)
        wait = wait_in_text(text)
        if wait is not None:
            found.waits.append(wait)


def _collect_list(values: Sequence[Any], found: _Found, depth: int) -> None:
    """A list of complaints about parameters, or of errors."""
    complaints = [value for value in values[:20] if isinstance(value, Mapping) and "loc" in value]
    if not complaints:
        texts = [value for value in values[:20] if isinstance(value, str) and value.strip()]
        for value in ["; ".join(texts)] if len(texts) > 1 else values[:20]:
            _collect(value, found, depth + 1)
        return
    found.codes += _lower([value.get("type") for value in complaints])
    found.params += [place for value in complaints if (place := _place(value.get("loc")))]
    text = "; ".join(filter(None, map(_complaint, complaints)))
    if text:
        found.messages.append(text)


def _collect_fields(fields: Mapping[str, Any], found: _Found, depth: int) -> None:
    before = len(found.messages)
    fields = {**{key.lower(): value for key, value in fields.items() if isinstance(key, str)}, **fields}
    details = fields.get("details")
    codes = [fields.get("type"), fields.get("__type"), fields.get("code"), fields.get("status")]
    found.codes += _lower([*codes, details.get("error_code") if isinstance(details, Mapping) else None])
    params = fields.get("params")
    for param in (fields.get("param"), *(params if isinstance(params, list) else ())):
        if isinstance(param, str) and param.lower() not in ("", "none", "null"):  # as LiteLLM writes no parameter
            found.params.append(param)
    for key in ("code", "status", "status_code", "statusCode"):
        status = _status(fields.get(key))
        if status is not None:
            found.statuses.append(status)
    headers = fields.get("headers")  # of a server behind this one
    named = (
        {str(key).lower(): value for key, value in headers.items() if isinstance(value, str)}
        if isinstance(headers, Mapping)
        else {}
    )
    found.waits += [wait for wait in (wait_in_fields(fields), retry_after(named)) if wait is not None]
    for key in dict.fromkeys((*_own_texts(fields), *_MESSAGE_KEYS, *_CONTAINER_KEYS)):
        value = fields.get(key)
        if isinstance(value, (str, Mapping, list)) and value:
            _collect(value, found, depth + 1)
    if depth and len(found.messages) == before:  # {"top_p": ["must be positive"]}
        for key, value in list(fields.items())[:20]:
            if isinstance(value, list) and value and all(isinstance(each, str) for each in value):
                found.messages.append(f"{key}: {'; '.join(value[:20])}")


def _own_texts(fields: Mapping[str, Any]) -> Iterator[str]:
    """The keys that hold this object's message as text: they come before nested errors."""
    return (key for key in _MESSAGE_KEYS if isinstance(fields.get(key), str))


def _lower(codes: Sequence[Any]) -> list[str]:
    return [code.lower() for code in codes if isinstance(code, str) and code]


def _complaint(part: Mapping[str, Any]) -> str:
    text = part.get("msg") or part.get("message")
    return ": ".join(filter(None, (_place(part.get("loc")), text))) if isinstance(text, str) else ""


def _place(loc: Any) -> str:
    """For example ["body", "top_p"] → "top_p"."""
    if not isinstance(loc, Sequence) or isinstance(loc, str):
        return ""
    return ".".join(str(step) for step in loc if step not in ("body", "query"))


def _status(code: Any) -> int | None:
    if isinstance(code, str) and code.isascii() and code.isdigit() and len(code) == 3:
        code = int(code)
    return code if isinstance(code, int) and 400 <= code < 600 else None
