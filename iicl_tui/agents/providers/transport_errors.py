"""What an exception on the way to or from a server means. Whatever an SDK wraps it in, the cause is found below it."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator

from iicl_tui.agents.failures import CallFailed
from iicl_tui.agents.providers.endpoint import Endpoint
from iicl_tui.agents.providers.http_client import RawResponse


def failure_from_exception(endpoint: Endpoint, heard: RawResponse, error: BaseException) -> CallFailed:
    """The failure that an exception means, where no whole answer was there. Nothing of the exception lives on in it."""
    chain = list(_below(error))
    names = {kind.__name__ for each in chain for kind in type(each).__mro__}  # httpx is not imported for its types' sake
    status = heard.status
    reason = endpoint.quote(next((str(each) for each in reversed(chain) if str(each)), ""))
    if "DecodingError" in names:
        return CallFailed(
            "not-json",
            "The answer cannot be unpacked",
            f"{endpoint.name} sent an answer that is not compressed the way it says: {reason}.",
            "Check base-url and any proxy in between.",
            status=status,
        )
    if any(isinstance(each, ssl.SSLError) for each in chain):
        return CallFailed(
            "unreachable",
            "No secure connection",
            f"{endpoint.name} could not be reached over TLS: {reason}.",
            "Check that base-url begins with the right one of http:// and https://, your clock, and SSL_CERT_FILE where a proxy "
            "has certificates of its own.",
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
            "Nobody listens there",
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
            "The connection broke off",
            f"{endpoint.name} closed the connection {when}" + (f": {reason}." if reason else "."),
            "Try again; where it happens every time, look at what the server logs.",
            status=status,
        )
    return CallFailed(
        "bad-request",
        "The call could not be made",
        f"What was to go to {endpoint.name} could not be put into a call: {type(error).__name__} {reason}".rstrip() + ".",
        "Check the agent's options, extra-body most of all.",
    )


def timeout_failure(endpoint: Endpoint, heard: RawResponse, seconds: float) -> CallFailed:
    """The failure of a call whose time is over."""
    began = "had not begun to answer" if heard.status is None else f"had begun to answer ({heard.status}), but not finished"
    return CallFailed(
        "time-out",
        "The call took too long",
        f"{endpoint.name} {began} after {seconds:g} s.",
        "Try again, or raise the agent's time-out; a large local model may need minutes.",
        status=heard.status,
    )


def _below(error: BaseException | None, depth: int = 0) -> Iterator[BaseException]:
    """The exception, what it was raised from, and so on down."""
    if error is None or depth > 20:
        return
    yield error
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _below(each, depth + 1)
    yield from _below(error.__cause__ or error.__context__, depth + 1)
