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

from iicl_tui.agents.providers.endpoint import Endpoint
from iicl_tui.agents.providers.limits import ENCODINGS, ReplyTooLarge, read_limited
from iicl_tui.agents.providers.redaction import HIDDEN
from iicl_tui.agents.providers.surroundings import check_environment

KEY_PLACEHOLDER = "the-key-is-inserted-later"
"""What the SDKs get in place of the key."""

_SENT = frozenset({"accept", "connection", "content-type", "user-agent", "anthropic-version"})
_SENT_PREFIX = "x-stainless-"  # the SDK describes itself here, and also reads back how it was called


@dataclass
class RawResponse:
    """What a server sent.

    Attributes:
        status: The HTTP status; None until the server answers.
        headers: The headers, without the key.
        body: The decompressed body; None until it is complete.
        too_large: Whether the body exceeded the limit.
        extra: Fields that are merged into the request's JSON.
    """

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    too_large: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)

    def clear(self) -> None:
        """Forgets the response, before another request."""
        self.status, self.headers, self.body = None, {}, None


current_response: ContextVar[RawResponse] = ContextVar("current_response")
"""The raw response of the current call. Several calls may be under way."""


def make_client(httpx: Any, endpoint: Endpoint, max_reply: int) -> Any:
    """An httpx.AsyncClient for one endpoint.

    Args:
        httpx: The module that the SDKs use.
        endpoint: The server.
        max_reply: The largest body in bytes, also decompressed.

    Raises:
        BadSetting: A proxy or certificate setting of this machine is wrong.
    """

    def outgoing(request: Any) -> Any:
        pairs = request.headers.multi_items()
        headers = [("accept-encoding", ENCODINGS)]
        headers += [(name, value) for name, value in pairs if name in _SENT or name.startswith(_SENT_PREFIX)]
        if endpoint.key is not None:
            # The SDK's environment variables may have replaced its own header.
            named = next((pair for pair in pairs if KEY_PLACEHOLDER in pair[1]), ("authorization", f"Bearer {KEY_PLACEHOLDER}"))
            headers.append((named[0], named[1].replace(KEY_PLACEHOLDER, endpoint.key)))
        content, extra = request.content, current_response.get().extra
        if extra:
            content = json.dumps({**json.loads(content), **extra}).encode()
        return httpx.Request(request.method, request.url, headers=headers, content=content, extensions=request.extensions)

    async def incoming(response: Any) -> None:
        raw = current_response.get()
        raw.status = response.status_code
        for name, value in response.headers.multi_items():
            if endpoint.hide(value) != value:  # the SDKs log headers, which must be ASCII
                response.headers[name] = endpoint.hide(value).replace(HIDDEN, "...")
        raw.headers = dict(response.headers)
        stream = response.stream
        try:
            body = await read_limited(stream, response.headers.get("content-encoding", ""), max_reply)
        except ReplyTooLarge:
            raw.too_large = True
            raise
        finally:
            await stream.aclose()
        if endpoint.key is not None and endpoint.hide(endpoint.key) != endpoint.key:
            body = body.replace(endpoint.key.encode(), HIDDEN.encode())
        for name in ("content-encoding", "content-length"):
            response.headers.pop(name, None)
        response.stream = httpx.ByteStream(body)  # for the SDK
        await response.aread()
        raw.body = body

    # httpcore logs a response's headers before the key can be hidden.
    logging.getLogger("httpcore2.http11").addFilter(_without_headers)
    environment = not endpoint.is_loopback  # proxies and certificates; a server on this machine needs neither
    proxy = check_environment(endpoint.url) if environment else None
    return httpx.AsyncClient(
        auth=outgoing,
        event_hooks={"response": [incoming]},
        follow_redirects=False,
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=_KEPT),
        timeout=None,  # `send` limits the whole call
        proxy=None if proxy is None else proxy.url,
        trust_env=False,  # it would set up the proxies of all variables, also those that this server does not need
        verify=_certificates(httpx, environment),
    )


_KEPT = 100
"""Idle connections that are kept for the next calls; how many calls there are at once is no matter of the client."""


def _without_headers(record: logging.LogRecord) -> bool:
    return not record.getMessage().startswith("receive_response_headers.complete")


@cache
def _certificates(httpx: Any, environment: bool) -> Any:
    """The TLS context, cached because it takes as long as a local call. environment: use SSL_CERT_FILE and SSL_CERT_DIR."""
    return httpx.create_ssl_context(trust_env=environment)
