"""Parses a server's error body. Providers and local servers use different forms."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ErrorBody:
    """What an error body says.

    Attributes:
        message: The server's message; "" if there is none.
        codes: All types and codes, in lower case.
        params: The parameters that the error is about, as the API spells them.
        status: The status in the body, if there is one.
    """

    message: str = ""
    codes: frozenset[str] = frozenset()
    params: tuple[str, ...] = ()
    status: int | None = None


def parse_error_body(body: bytes) -> ErrorBody:
    """Parses a body. Never raises: a body that is not JSON is itself the message, unless it is a web page."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        text = body[:2000].decode("utf-8", "replace").strip()
        return ErrorBody("" if text.startswith("<") else text)
    return error_body_of(document)


def error_body_of(document: Any) -> ErrorBody:
    """Interprets a JSON document.

    Known forms: {"error": {"message", "type", "code", "param", "details"}} (OpenAI, Anthropic, llama.cpp, vLLM, OpenRouter),
    {"error": "…"} (Ollama), {"message", "type", "code", "param"} and {"detail": […]} (Mistral), {"detail": "…"} (FastAPI),
    and the last two nested in "message".
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
