"""The HTTP client below an SDK. It filters what is sent and keeps the raw response.

The SDKs get a placeholder, and the key is inserted last, so that their logs and exceptions cannot contain it. Only headers that
a call needs are sent; those from the SDKs' environment variables (organisation, project, custom headers) are not. Redirects are
not followed, because the key would be sent along.
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

KEY_PLACEHOLDER = "the-key-is-inserted-later"
"""What the SDKs get in place of the key."""

_SENT = frozenset({"accept", "accept-encoding", "connection", "content-type", "user-agent", "anthropic-version"})
_SENT_PREFIX = "x-stainless-"  # the SDK describes itself here, and also reads back how it was called


@dataclass
class RawResponse:
    """What a server sent.

    Attributes:
        status: The HTTP status; None until the server answers.
        headers: The headers, without the key.
        body: The body; None until it is complete.
    """

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None


current_response: ContextVar[RawResponse] = ContextVar("current_response")
"""The raw response of the current call. Several calls may be under way."""


def make_client(httpx: Any, endpoint: Endpoint, extra_body: Mapping[str, Any]) -> Any:
    """An httpx.AsyncClient for one endpoint.

    Args:
        httpx: The module that the SDKs use.
        endpoint: The server.
        extra_body: Fields that are merged into each request's JSON.
    """

    def outgoing(request: Any) -> Any:
        pairs = request.headers.multi_items()
        headers = [(name, value) for name, value in pairs if name in _SENT or name.startswith(_SENT_PREFIX)]
        if endpoint.key is not None:
            # The SDK's environment variables may have replaced its own header.
            named = next((pair for pair in pairs if KEY_PLACEHOLDER in pair[1]), ("authorization", f"Bearer {KEY_PLACEHOLDER}"))
            headers.append((named[0], named[1].replace(KEY_PLACEHOLDER, endpoint.key)))
        content = request.content
        if extra_body:
            content = json.dumps({**json.loads(content), **extra_body}).encode()
        return httpx.Request(request.method, request.url, headers=headers, content=content, extensions=request.extensions)

    async def incoming(response: Any) -> None:
        raw = current_response.get()
        raw.status = response.status_code
        for name, value in response.headers.multi_items():
            if endpoint.hide(value) != value:  # the SDKs log headers, which must be ASCII
                response.headers[name] = endpoint.hide(value).replace(HIDDEN, "...")
        raw.headers = dict(response.headers)
        body = await response.aread()
        if endpoint.key is not None and endpoint.hide(endpoint.key) == HIDDEN:
            body = body.replace(endpoint.key.encode(), HIDDEN.encode())
        raw.body = body

    # httpcore logs a response's headers before the key can be hidden.
    logging.getLogger("httpcore2.http11").addFilter(_without_headers)
    environment = not endpoint.is_loopback  # proxies and certificates; a server on this machine needs neither
    return httpx.AsyncClient(
        auth=outgoing,
        event_hooks={"response": [incoming]},
        follow_redirects=False,
        timeout=None,  # `send` limits the whole call
        trust_env=environment,
        verify=_certificates(httpx, environment),
    )


def _without_headers(record: logging.LogRecord) -> bool:
    return not record.getMessage().startswith("receive_response_headers.complete")


@cache
def _certificates(httpx: Any, environment: bool) -> Any:
    """The TLS context, cached because it takes as long as a local call. environment: use SSL_CERT_FILE and SSL_CERT_DIR."""
    return httpx.create_ssl_context(trust_env=environment)
