"""A server on this machine that speaks the protocols of OpenAI, Anthropic and Mistral, with every fault that a server can have.

    with Loopback() as server:
        server.replies = [Text("yes"), status(429, headers={"retry-after": "2"})]     # in order, or a function of what was seen
        … a provider with base_url=server.url (OpenAI: server.url + "/v1") …
        server.seen[0].body["temperature"]

Shaped on the published schemas, as the SDKs' types give them. Standard library only.
"""

from __future__ import annotations

import contextlib
import json
import math
import re
import select
import socket
import struct
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from waiting import LONGEST

from iicl_tui.agents.calls import Finish, Token

UNLIKELY = -9999.0
"""What the APIs give as the log-probability of a token that is not among the likeliest."""


# -- tokens ---------------------------------------------------------------------------------------------------------------


def split(text: str) -> list[str]:
    """The text in pieces as GPT's tokens are: {", A, ":, " on, … A leading blank belongs to what follows."""
    return re.findall(r" ?[^\W\d_]+| ?\d{1,3}| ?[^\s\w]+|\s+(?=\S)|\s+|_", text)


def token(text: str, alternatives: Mapping[str, float] | None = None) -> Token:
    """One token, given the probabilities of what could stand there. The one that was drawn may be missing among them."""
    probabilities = alternatives or {text: 1.0}
    top = sorted(((other.encode(), math.log(p)) for other, p in probabilities.items() if p > 0), key=lambda pair: -pair[1])
    drawn = probabilities.get(text, 0.0)
    return Token(text.encode(), math.log(drawn) if drawn > 0 else UNLIKELY, tuple(top))


def tokens_of(
    text: str, table: Mapping[str | tuple[int, int], Mapping[str, float]], pieces: Sequence[str] | None = None
) -> tuple[Token, ...]:
    """A reply's tokens, certain of everything but what the table names.

    table: the probabilities of what could stand there, by the token's word (blanks at its ends do not count; it then holds for
    every such token), or by the (start, end) of a place in the text (it then holds for the token in which the place begins).
    Alternatives without blanks get those of the token. pieces: another way to split the text.
    """
    found, start = [], 0
    for piece in pieces or split(text):
        places = [place for place in table if isinstance(place, tuple) and start <= place[0] < start + len(piece)]
        chosen = table[places[0]] if places else table.get(piece.strip())
        if chosen is not None:
            lead = piece[: len(piece) - len(piece.lstrip())]
            chosen = {other if other[:1].isspace() else lead + other: p for other, p in chosen.items()}
        found.append(token(piece, chosen))
        start += len(piece)
    assert "".join(pieces or split(text)) == text, "the pieces are not the text's"
    return tuple(found)


# -- answers --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Seen:
    """A request as it came. headers: by their names in lower case. body: its JSON. protocol: openai, anthropic or mistral.

    gone: set once the client hangs up, where the answer is one that waits for that (`hang`, `trickle`).
    """

    path: str
    headers: Mapping[str, str]
    body: Any
    protocol: str
    gone: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True)
class Text:
    """A reply. tokens: sent where they are asked for, with as many alternatives as are asked for; or a function of the text.

    usage: (prompt, completion) tokens; by itself the words of all messages, and the tokens, or else the words, of the reply.
    finish: in our words; wire_finish: in the API's, where another one is wanted. fields: put over the answer's JSON.
    """

    text: str
    tokens: Sequence[Token] | Callable[[str], Sequence[Token]] | None = None
    finish: Finish = "stop"
    wire_finish: str | None = None
    refusal: str | None = None
    usage: tuple[int, int] | None = None
    model: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Fault:
    """Another answer, or none. act: what is done with it. every: seconds, for a trickle."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    act: str = "send"
    every: float = 0.02


Answer = Text | Fault


def status(code: int, document: Any = None, headers: Mapping[str, str] | None = None) -> Fault:
    """A status with a JSON body."""
    return Fault(code, json.dumps(document).encode(), {"content-type": "application/json", **(headers or {})})


def raw(body: bytes, content_type: str | None = "application/json", code: int = 200) -> Fault:
    """Any body under any name."""
    return Fault(code, body, {"content-type": content_type} if content_type else {})


def html(code: int = 200) -> Fault:
    """A page, as a proxy or a login sends it."""
    return raw(b"<!DOCTYPE html><html><body><h1>Sign in</h1></body></html>", "text/html; charset=utf-8", code)


def half_json() -> Fault:
    """JSON that stops in the middle, though the answer is as long as it says."""
    return raw(b'{"id": "1", "choices": [{"index": 0, "message": {"role": "assistant", "content": "{\\"A\\": \\"o')


def other_shape(value: Any) -> Fault:
    """JSON, but another."""
    return status(200, value)


def redirect(url: str, code: int = 307) -> Fault:
    """The call should go elsewhere."""
    return Fault(code, b"", {"location": url})


def reset_mid_body() -> Fault:
    """Half of the body, then a reset."""
    return Fault(body=b'{"choices": [', act="reset")


def close_mid_body() -> Fault:
    """Half of the body, then an orderly end."""
    return Fault(body=b'{"choices": [', act="close")


def close_before_reply() -> Fault:
    """The connection ends where the answer should begin."""
    return Fault(act="silent")


def trickle(every: float = 0.02) -> Fault:
    """A blank every so many seconds, as long as the client listens."""
    return Fault(act="trickle", every=every)


def hang() -> Fault:
    """No answer, as long as the client waits."""
    return Fault(act="hang")


# -- the server -----------------------------------------------------------------------------------------------------------


class Loopback:
    """The server. url: without a path; whatever path a call has in front of its own is let through."""

    def __init__(self) -> None:
        self.replies: list[Answer] | Callable[[Seen], Answer] = []
        self.seen: list[Seen] = []
        self.stopping = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._wake, self._woken = socket.socketpair()
        self._lock = threading.Condition()
        self._open: set[socket.socket] = set()
        self.threads: list[threading.Thread] = []
        self.connections = 0

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    @property
    def open(self) -> int:
        """Connections that are open now; `connections`: all that ever were."""
        with self._lock:
            return len(self._open)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Loopback:
        self._run(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._wake.send(b"x")  # wakes every select: nobody reads it
        with self._lock:
            for connection in self._open:
                _shut(connection)
        for thread in self.threads:
            thread.join()
        for each in (self._listener, self._wake, self._woken):
            each.close()

    def until(self, true: Callable[[], bool], seconds: float = LONGEST) -> bool:
        """Waits until this is true of what was seen and of the connections; from an event loop, in a thread."""
        with self._lock:
            return self._lock.wait_for(true, seconds)

    def _run(self, target: Callable[..., None], *arguments: Any) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self.threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while self.wait(self._listener):
            connection, address = self._listener.accept()
            with self._lock:
                self._open.add(connection)
                self.connections += 1
            self._run(self._serve, connection, address)

    def _serve(self, connection: socket.socket, address: Any) -> None:
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if not self.stopping.is_set():
                _Handler(connection, address, self)  # type: ignore[arg-type]
        except OSError:
            pass  # the client is gone, or speaks no HTTP
        finally:
            connection.close()
            with self._lock:
                self._open.discard(connection)
                self._lock.notify_all()

    def wait(self, readable: socket.socket, seconds: float | None = None) -> bool:
        """Until there is something to read (True), or time is over or the server stops (False)."""
        ready, _, _ = select.select([readable, self._woken], [], [], seconds)
        return readable in ready and not self.stopping.is_set()

    def answer(self, seen: Seen) -> Answer:
        """The next answer."""
        with self._lock:
            self.seen.append(seen)
            self._lock.notify_all()
            if not callable(self.replies):
                if self.replies:
                    return self.replies.pop(0)
                return status(418, {"error": {"message": "the loopback server has no answer left"}})
        return self.replies(seen)


def _shut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it is closed already
        connection.shutdown(socket.SHUT_RDWR)


# -- the three protocols --------------------------------------------------------------------------------------------------

_FINISHES: Mapping[str, Mapping[Finish, str]] = {
    "openai": {"stop": "stop", "length": "length", "refused": "content_filter", "other": "tool_calls"},
    "mistral": {"stop": "stop", "length": "length", "refused": "content_filter", "other": "tool_calls"},
    "anthropic": {"stop": "end_turn", "length": "max_tokens", "refused": "refusal", "other": "tool_use"},
}


_UNCACHED = {"cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}


def _completion(answer: Text, seen: Seen) -> dict[str, Any]:
    """A chat completion. Mistral's has token ids, where OpenAI's has a place for a refusal."""
    body, mistral = seen.body, seen.protocol == "mistral"
    tokens = _tokens(answer) if body.get("logprobs") else None
    prompt, completion = answer.usage or _usage(answer, body["messages"])
    message: dict[str, Any] = {"role": "assistant", "content": None if answer.refusal else answer.text}
    choice: dict[str, Any] = {
        "index": 0,
        "message": {**message, "tool_calls": None} if mistral else {**message, "refusal": answer.refusal, "annotations": []},
        "finish_reason": answer.wire_finish or _FINISHES[seen.protocol][answer.finish],
    }
    if tokens is not None or not mistral:
        entries = [_entry(each, body.get("top_logprobs") or 0, mistral) for each in tokens or ()]
        logprobs = {"content": entries} if mistral else {"content": entries, "refusal": None}
        choice["logprobs"] = logprobs if tokens is not None else None
    return {
        "id": "reply-1",
        "object": "chat.completion",
        "created": 1767323045,
        "model": answer.model or body["model"],
        "choices": [choice],
        "usage": {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion},
        **answer.fields,
    }


def _message(answer: Text, seen: Seen) -> dict[str, Any]:
    """Anthropic's message."""
    body = seen.body
    prompt, completion = answer.usage or _usage(answer, [*body["messages"], {"content": body.get("system") or ""}])
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": answer.model or body["model"],
        "content": [{"type": "text", "text": answer.text, "citations": None}] if answer.text else [],
        "stop_reason": answer.wire_finish or _FINISHES["anthropic"][answer.finish],
        "stop_sequence": None,
        "usage": {
            "input_tokens": prompt,
            "output_tokens": completion,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
        },
        **answer.fields,
    }


def _tokens(answer: Text) -> Sequence[Token] | None:
    return answer.tokens(answer.text) if callable(answer.tokens) else answer.tokens


def _usage(answer: Text, messages: Sequence[Mapping[str, Any]]) -> tuple[int, int]:
    tokens = _tokens(answer)
    words = sum(len(str(message["content"]).split()) for message in messages)
    return words, len(tokens) if tokens is not None else len(answer.text.split())


def _entry(each: Token, count: int, mistral: bool) -> dict[str, Any]:
    top = [_alternative(data, logprob, mistral) for data, logprob in each.top[:count]]
    return {**_alternative(each.data, each.logprob, mistral), "top_logprobs": top}


def _alternative(data: bytes, logprob: float, mistral: bool) -> dict[str, Any]:
    entry = {"token": data.decode("utf-8", "replace"), "logprob": logprob, "bytes": list(data)}
    return {**entry, "token_id": sum(data)} if mistral else entry


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: Loopback  # type: ignore[assignment]

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        seen = Seen(self.path, headers, None, "get")
        answer = self.server.answer(seen)
        if isinstance(answer, Text):
            answer = status(404, {"detail": "Not Found"})
        getattr(self, f"_{answer.act}")(answer, seen)

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        content = self.rfile.read(length)
        if len(content) < length:  # the client was killed
            self.close_connection = True
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        mistral = headers.get("user-agent", "").startswith("mistral-client-python/")
        protocol = "anthropic" if self.path.endswith("/v1/messages") else "mistral" if mistral else "openai"
        seen = Seen(self.path, headers, json.loads(content), protocol)
        answer = self.server.answer(seen)
        if isinstance(answer, Text) and not self.path.endswith(("/v1/messages", "/chat/completions")):
            answer = status(404, {"detail": "Not Found"})
        if isinstance(answer, Text):
            answer = status(200, (_message if protocol == "anthropic" else _completion)(answer, seen))
        getattr(self, f"_{answer.act}")(answer, seen)

    def _head(self, answer: Fault, length: int) -> bytes:
        lines = [f"HTTP/1.1 {answer.status} ErrorBody", f"content-length: {length}"]
        lines += [f"{name}: {value}" for name, value in answer.headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def _send(self, answer: Fault, _: Seen) -> None:
        self.connection.sendall(self._head(answer, len(answer.body)) + answer.body)

    def _silent(self, *_: object) -> None:
        self.close_connection = True

    def _close(self, answer: Fault, _: Seen) -> None:
        self.connection.sendall(self._head(answer, len(answer.body) + 1000) + answer.body)
        self.close_connection = True

    def _reset(self, answer: Fault, seen: Seen) -> None:
        self._close(answer, seen)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # closing is a reset now

    def _hang(self, _: Fault, seen: Seen) -> None:
        self.close_connection = True
        if self.server.wait(self.connection):  # all that can come is the end
            seen.gone.set()

    def _trickle(self, answer: Fault, seen: Seen) -> None:
        self.close_connection = True
        self.connection.sendall(self._head(answer, 10_000_000))
        while not self.server.stopping.is_set():
            if self.server.wait(self.connection, answer.every):
                seen.gone.set()
                return
            try:
                self.connection.sendall(b" ")
            except OSError:
                seen.gone.set()
                return
