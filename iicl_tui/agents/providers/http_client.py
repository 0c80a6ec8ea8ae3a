"""The HTTP client below an SDK: what goes out is decided here, and what comes back is kept as it came.

The SDKs are handed a stand-in for the key and the key itself is put in last, so that no log and no exception of theirs can
hold it. Of the headers that they make only those that a call needs go out: their environment variables (organisation,
project, custom headers) add nothing. Redirects are not followed: the key would go along.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from iicl_tui.agents.providers.endpoint import HIDDEN, Endpoint

STAND_IN = "the-key-is-put-in-later"
"""What an SDK takes for the key."""

_SENT = frozenset({"accept", "accept-encoding", "connection", "content-type", "user-agent", "anthropic-version"})
_SENT_PREFIX = "x-stainless-"  # an SDK's own account of itself; it also reads there how it was called


@dataclass
class RawResponse:
    """What came back. status: None until a server has answered. body: None until all of it is there."""

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None


current_response: ContextVar[RawResponse] = ContextVar("current_response")
"""Where the call that is being made keeps what it hears. Calls may be under way side by side."""


def connect(httpx: Any, endpoint: Endpoint, extra_body: Mapping[str, Any]) -> Any:
    """An httpx.AsyncClient for one endpoint. httpx: the module that the SDKs use. extra_body: put over each call's JSON."""

    def outgoing(request: Any) -> Any:
        pairs = request.headers.multi_items()
        headers = [(name, value) for name, value in pairs if name in _SENT or name.startswith(_SENT_PREFIX)]
        if endpoint.key is not None:
            # An SDK's variables may have displaced its own header.
            named = next((pair for pair in pairs if STAND_IN in pair[1]), ("authorization", f"Bearer {STAND_IN}"))
            headers.append((named[0], named[1].replace(STAND_IN, endpoint.key)))
        content = request.content
        if extra_body:
            content = json.dumps({**json.loads(content), **extra_body}).encode()
        return httpx.Request(request.method, request.url, headers=headers, content=content, extensions=request.extensions)

    async def incoming(response: Any) -> None:
        heard = current_response.get()
        heard.status = response.status_code
        for name, value in response.headers.multi_items():
            if endpoint.hide(value) != value:  # the SDKs log headers, which are ASCII
                response.headers[name] = endpoint.hide(value).replace(HIDDEN, "...")
        heard.headers = dict(response.headers)
        body = await response.aread()
        if endpoint.key is not None and endpoint.hide(endpoint.key) == HIDDEN:
            body = body.replace(endpoint.key.encode(), HIDDEN.encode())
        heard.body = body

    # httpcore logs a response's headers before anybody has seen them.
    logging.getLogger("httpcore2.http11").addFilter(_without_headers)
    environment = not endpoint.is_loopback  # its proxies and certificates; a server on this machine is not behind a proxy
    return httpx.AsyncClient(
        auth=outgoing,
        event_hooks={"response": [incoming]},
        follow_redirects=False,
        timeout=None,  # the whole call has one
        trust_env=environment,
        verify=_certificates(httpx, environment),
    )


def _without_headers(record: logging.LogRecord) -> bool:
    return not record.getMessage().startswith("receive_response_headers.complete")


@cache
def _certificates(httpx: Any, environment: bool) -> Any:
    """Loaded once: it takes as long as a call to a server nearby. environment: heed SSL_CERT_FILE and SSL_CERT_DIR."""
    return httpx.create_ssl_context(trust_env=environment)
