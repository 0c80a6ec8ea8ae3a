"""Turns exceptions between us and a server into CallFailed. SDKs wrap the cause, which is found below them."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator

from iicl_tui.agents.failures import CallFailed
from iicl_tui.agents.providers.endpoint import Endpoint
from iicl_tui.agents.providers.http_client import RawResponse


def failure_from_exception(endpoint: Endpoint, raw: RawResponse, error: BaseException) -> CallFailed:
    """The failure for an exception without a complete response. It keeps no reference to the exception."""
    chain = list(_causes(error))
    names = {kind.__name__ for each in chain for kind in type(each).__mro__}  # httpx is not imported just for its types
    status = raw.status
    reason = endpoint.quote(next((str(each) for each in reversed(chain) if str(each)), ""))
    if "DecodingError" in names:
        return CallFailed(
            "not-json",
            "The response cannot be decompressed",
            f"{endpoint.name} sent a response that is not compressed as declared: {reason}.",
            "Check base-url and any proxy.",
            status=status,
        )
    if any(isinstance(each, ssl.SSLError) for each in chain):
        return CallFailed(
            "unreachable",
            "No secure connection",
            f"{endpoint.name} could not be reached over TLS: {reason}.",
            "Check http:// or https:// in base-url, your clock, and SSL_CERT_FILE if a proxy has its own certificates.",
        )
    if any(isinstance(each, socket.gaierror) for each in chain):
        return CallFailed(
            "unreachable",
            "The host is unknown",
            f"No address could be found for {endpoint.host}: {reason}.",
            "Check base-url and your network.",
        )
    if any(isinstance(each, ConnectionRefusedError) for each in chain):
        return CallFailed(
            "unreachable",
            "The connection was refused",
            f"{endpoint.host} refuses the connection.",
            "Start the server, or correct the host and port in base-url." if not endpoint.own else "Check your network.",
        )
    if names & {"ConnectError", "ProxyError"}:
        return CallFailed(
            "unreachable",
            "The server cannot be reached",
            f"There is no connection to {endpoint.name}: {reason or 'no reason given'}.",
            "Check base-url, your network, and the proxy that HTTPS_PROXY or HTTP_PROXY names.",
        )
    if "TransportError" in names and not names & {"UnsupportedProtocol", "LocalProtocolError"}:
        when = "before it answered" if status is None else f"after it had begun to answer ({status})"
        return CallFailed(
            "disconnected",
            "The connection was lost",
            f"{endpoint.name} closed the connection {when}" + (f": {reason}." if reason else "."),
            "Try again. If it happens every time, look at the server's log.",
            status=status,
        )
    return CallFailed(
        "bad-request",
        "The call could not be made",
        f"What was to go to {endpoint.name} could not be built: {type(error).__name__} {reason}".rstrip() + ".",
        "Check the agent's options, extra-body most of all.",
    )


def timeout_failure(endpoint: Endpoint, raw: RawResponse, seconds: float) -> CallFailed:
    """The failure of a call that exceeded its time limit."""
    began = "had not begun to answer" if raw.status is None else f"had begun to answer ({raw.status}), but not finished"
    return CallFailed(
        "time-out",
        "The call took too long",
        f"{endpoint.name} {began} after {seconds:g} s.",
        "Try again, or raise the agent's `timeout`. A large local model may need minutes.",
        status=raw.status,
    )


def _causes(error: BaseException | None, depth: int = 0) -> Iterator[BaseException]:
    """The exception and its causes, outermost first."""
    if error is None or depth > 20:
        return
    yield error
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _causes(each, depth + 1)
    yield from _causes(error.__cause__ or error.__context__, depth + 1)
