"""What a server's error body says: the providers and the local servers that speak their protocols each have their own form."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ErrorBody:
    """message: in the server's words, "" where it has none. codes: every type and code, in lower case. params: what it
    complains of, as the API spells it. status: the one that stands in the body, where one does."""

    message: str = ""
    codes: frozenset[str] = frozenset()
    params: tuple[str, ...] = ()
    status: int | None = None


def parse_error_body(body: bytes) -> ErrorBody:
    """What a body says. Never raises: what is no JSON is taken as the message itself, unless it is a web page."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        text = body[:2000].decode("utf-8", "replace").strip()
        return ErrorBody("" if text.startswith("<") else text)
    return error_body_of(document)


def error_body_of(document: Any) -> ErrorBody:
    """What a JSON document says.

    Known forms: {"error": {"message", "type", "code", "param", "details"}} (OpenAI, Anthropic, llama.cpp, vLLM, OpenRouter),
    {"error": "…"} (Ollama), {"message", "type", "code", "param"} and {"detail": […]} (Mistral), {"detail": "…"} (FastAPI),
    and each of the two last within "message".
    """
    if isinstance(document, str):
        return ErrorBody(document)
    if not isinstance(document, Mapping):
        return ErrorBody()
    inner = document.get("error")
    fields: Mapping[str, Any] = inner if isinstance(inner, Mapping) else document
    words = fields.get("message") or fields.get("detail") or inner
    if isinstance(words, Mapping):
        words = words.get("detail") or words.get("message")
    details = fields.get("details")
    codes = [fields.get("type"), fields.get("code"), details.get("error_code") if isinstance(details, Mapping) else None]
    params = [fields.get("param")]
    if isinstance(words, Sequence) and not isinstance(words, str):
        complaints = [part for part in words if isinstance(part, Mapping)]
        codes += [part.get("type") for part in complaints]
        params += [_place(part.get("loc")) for part in complaints]
        words = "; ".join(filter(None, map(_complaint, complaints)))
    return ErrorBody(
        words if isinstance(words, str) else "",
        frozenset(code.lower() for code in codes if isinstance(code, str) and code),
        tuple(param for param in params if isinstance(param, str) and param),
        _status(fields.get("code")),
    )


def _complaint(part: Mapping[str, Any]) -> str:
    said = part.get("msg") or part.get("message")
    return ": ".join(filter(None, (_place(part.get("loc")), said))) if isinstance(said, str) else ""


def _place(loc: Any) -> str:
    """["body", "top_p"] → top_p"""
    if not isinstance(loc, Sequence) or isinstance(loc, str):
        return ""
    return ".".join(str(step) for step in loc if step not in ("body", "query"))


def _status(code: Any) -> int | None:
    if isinstance(code, str) and code.isascii() and code.isdigit() and len(code) == 3:
        code = int(code)
    return code if isinstance(code, int) and 400 <= code < 600 else None
