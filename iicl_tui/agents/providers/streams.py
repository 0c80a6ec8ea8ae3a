"""Puts a streamed response together: server-sent events to the document that the same call gives without streaming."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from iicl_tui.agents.providers.token_parsing import older_entries
from iicl_tui.text import whole_number


class StreamBroken(Exception):
    """The stream ended before the reply did. The message is what came instead of an event, if anything did."""


def is_stream(body: bytes) -> bool:
    """Whether a body is a series of server-sent events."""
    return body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"data:", b"event:", b"id:", b"retry:", b": "))


def assemble(body: bytes) -> Any:
    """The document of a stream: a chat completion or a message of Anthropic's, or the error that the stream holds.

    Returns:
        The document; None if the stream holds neither a reply nor an error.

    Raises:
        StreamBroken: The reply has no end.
    """
    ended, completion, message = False, _Completion(), _AnthropicMessage()
    for data in _events(body):
        if data.strip().upper() == "[DONE]":
            ended = True
            continue
        try:
            event = json.loads(data, parse_int=whole_number)
        except (ValueError, RecursionError):
            raise StreamBroken(data[:2000]) from None
        if not isinstance(event, Mapping):
            continue
        if _is_error(event):
            return event
        completion.add(event)
        message.add(event)
    if message.started:
        if not message.ended:
            raise StreamBroken
        return message.document
    if not completion.started:
        return None
    if not (ended or completion.ended):
        raise StreamBroken
    return completion.document


def from_lines(body: bytes) -> bytes:
    """JSON lines as server-sent events; the body itself if it has no two of them."""
    lines = [line for line in body.splitlines() if line.strip()]
    is_lines = len(lines) > 1 and all(line.startswith(b"{") and line.rstrip().endswith(b"}") for line in lines)
    return b"".join(b"data: " + line + b"\n\n" for line in lines) if is_lines else body


def _is_error(event: Mapping[str, Any]) -> bool:
    """Whether an event is an error, in any of the forms that have no choices."""
    if event.get("error") or "error" in (event.get("type"), event.get("object")):
        return True
    said = any(isinstance(event.get(name), (str, list)) and event[name] for name in ("detail", "message", "msg", "errors"))
    return said and not event.keys() & {"choices", "type", "content"}


def _events(body: bytes) -> Iterator[str]:
    """The data of each event: its lines joined, or one by one where no blank lines part the events."""
    lines: list[str] = []
    for line in body.decode("utf-8-sig", "replace").replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if line.startswith("data:"):
            lines.append(line[5:].removeprefix(" "))
        elif not line and lines:
            yield from _joined(lines)
            lines = []
    if lines:
        yield from _joined(lines)


def _joined(lines: list[str]) -> list[str]:
    parted = len(lines) > 1 and all(line.startswith("{") and line.rstrip().endswith("}") for line in lines[:-1])
    return lines if parted else ["\n".join(lines)]


class _Completion:
    """The pieces of a chat completion's first choice."""

    def __init__(self) -> None:
        self.text: list[str] = []
        self.refusal: list[str] = []
        self.reasoning: list[str] = []
        self.tokens: list[Any] = []
        self.choice: dict[str, Any] = {}
        self.base: dict[str, Any] = {}
        self.started = self.ended = False

    def add(self, event: Mapping[str, Any]) -> None:
        for name in ("id", "model", "usage"):
            if event.get(name):
                self.base[name] = event[name]
        groq = event.get("x_groq")
        if isinstance(groq, Mapping) and groq.get("usage"):
            self.base["usage"] = groq["usage"]
        choices = event.get("choices")
        if not isinstance(choices, list):
            return
        for choice in choices:
            if isinstance(choice, Mapping) and choice.get("index", 0) == 0:
                self._add_choice(choice)

    def _add_choice(self, choice: Mapping[str, Any]) -> None:
        self.started = True
        piece = choice.get("delta") if isinstance(choice.get("delta"), Mapping) else choice.get("message")
        if isinstance(piece, Mapping):
            for name, into in (("refusal", self.refusal), ("reasoning_content", self.reasoning), ("reasoning", self.reasoning)):
                if isinstance(piece.get(name), str):
                    into.append(piece[name])
            self.text += _texts(piece.get("content"))
        else:
            self.text += _texts(choice.get("text"))  # of the completions API
        logprobs = choice.get("logprobs")
        if isinstance(logprobs, Mapping) and isinstance(logprobs.get("content"), list):
            self.tokens += logprobs["content"]
        elif isinstance(logprobs, Mapping):
            self.tokens += older_entries(logprobs)
        for name in ("finish_reason", "error", "usage"):
            if choice.get(name):
                (self.base if name == "usage" else self.choice)[name] = choice[name]
        self.ended = self.ended or isinstance(choice.get("finish_reason"), str)

    @property
    def document(self) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": "".join(self.text)}
        if self.refusal:
            message["refusal"] = "".join(self.refusal)
        if self.reasoning:
            message["reasoning_content"] = "".join(self.reasoning)
        logprobs = {"content": self.tokens} if self.tokens else None
        return {**self.base, "choices": [{"index": 0, "message": message, "logprobs": logprobs, **self.choice}]}


class _AnthropicMessage:
    """The pieces of a message of Anthropic's."""

    def __init__(self) -> None:
        self.base: dict[str, Any] = {}
        self.usage: dict[str, Any] = {}
        self.blocks: dict[int, list[str]] = {}
        self.reason: Any = None
        self.started = self.ended = False

    def add(self, event: Mapping[str, Any]) -> None:
        kind, delta = event.get("type"), event.get("delta")
        part = event.get("message") if kind == "message_start" else event
        if kind == "message_start" and isinstance(part, Mapping):
            self.started = True
            self.base = dict(part)
        if not self.started:
            return
        usage = part.get("usage") if isinstance(part, Mapping) else None
        if isinstance(usage, Mapping):
            self.usage |= {name: value for name, value in usage.items() if value is not None}
        if kind == "content_block_delta" and isinstance(delta, Mapping) and isinstance(delta.get("text"), str):
            index = event.get("index")
            self.blocks.setdefault(index if isinstance(index, int) else 0, []).append(delta["text"])
        if kind == "message_delta" and isinstance(delta, Mapping):
            self.reason = delta.get("stop_reason") or self.reason
        self.ended = self.ended or kind == "message_stop"

    @property
    def document(self) -> dict[str, Any]:
        content = [{"type": "text", "text": "".join(pieces)} for _, pieces in sorted(self.blocks.items())]
        return {**self.base, "content": content, "stop_reason": self.reason, "usage": self.usage or None}


def _texts(content: Any) -> list[str]:
    if isinstance(content, str):
        return [content]
    parts = content if isinstance(content, list) else []
    texts = (part.get("text") for part in parts if isinstance(part, Mapping) and part.get("type") in ("text", "output_text"))
    return [text for text in texts if isinstance(text, str)]
