"""Turns exceptions between us and a server into CallFailed. SDKs wrap the cause, which is found below them."""

from __future__ import annotations

import errno
import re
import socket
import ssl
import zlib
from collections.abc import Iterator, Sequence

from iicl_tui.agents.failures import CallFailed
from iicl_tui.agents.providers.endpoint import Endpoint
from iicl_tui.agents.providers.http_client import RawResponse
from iicl_tui.agents.providers.http_errors import proxy_refusal
from iicl_tui.agents.providers.limits import UnknownCompression
from iicl_tui.agents.providers.surroundings import Proxy, proxy_for


def failure_from_exception(endpoint: Endpoint, raw: RawResponse, error: BaseException, max_reply: int) -> CallFailed:
    """The failure for an exception without a complete response. It keeps no reference to the exception."""
    chain = list(_causes(error))
    names = {kind.__name__ for each in chain for kind in type(each).__mro__}  # httpx is not imported just for its types
    status = raw.status
    reason = endpoint.quote(next((str(each) for each in reversed(chain) if str(each)), ""))
    if raw.too_large:
        return CallFailed(
            "too-large",
            "The reply is too large",
            f"{endpoint.name} sent more than {max_reply / 1e6:g} MB, decompressed. The rest was not read.",
            "Raise the agent's `max-reply`, or check that base-url leads to a model.",
            status=status,
        )
    if "DecodingError" in names or any(isinstance(each, (zlib.error, UnknownCompression)) for each in chain):
        return CallFailed(
            "not-json",
            "The response cannot be decompressed",
            f"{endpoint.name} sent a response that is not compressed as declared: {reason}.",
            "Check base-url and any proxy.",
            status=status,
        )
    proxy = None if endpoint.is_loopback else proxy_for(endpoint.url)
    unreachable = _unreachable(endpoint, proxy, chain, names, reason)
    if unreachable is not None:
        return unreachable
    if "TransportError" in names and not names & {"UnsupportedProtocol", "LocalProtocolError"}:
        when = "before it answered" if status is None else f"after it had begun to answer ({status})"
        through = proxy.through if proxy is not None else ""
        if status is None and _NO_HTTP.search(reason):
            return CallFailed(
                "disconnected",
                "The answer is not HTTP",
                f"What {endpoint.name} sends is not HTTP: {reason}.{through}",
                "Check http:// or https:// and the port in base-url: another program may listen there.",
            )
        return CallFailed(
            "disconnected",
            "The connection was lost",
            f"{endpoint.name} closed the connection {when}" + (f": {reason}." if reason else ".") + through,
            "Try again. If it happens every time, look at the server's log"
            + (", and whether base-url needs https://." if status is None and endpoint.url.startswith("http:") else "."),
            status=status,
        )
    if "InvalidURL" in names:
        return CallFailed(
            "bad-request", "base-url is not an address", f"{endpoint.address} is no address: {reason}.", "Correct base-url."
        )
    return CallFailed(
        "bad-request",
        "The call could not be made",
        f"What was to go to {endpoint.name} could not be built: {type(error).__name__} {reason}".rstrip() + ".",
        "Check the agent's options, extra-body most of all.",
    )


_NO_HTTP = re.compile(r"illegal (?:request|status|header) line|receive buffer too long|switch_upgrade|can't handle event", re.I)
"""How the HTTP library says that something else was sent."""


def _unreachable(
    endpoint: Endpoint, proxy: Proxy | None, chain: Sequence[BaseException], names: set[str], reason: str
) -> CallFailed | None:
    """The failure if there was no connection; the proxy is named if there is one."""
    tls = next((each for each in chain if isinstance(each, ssl.SSLError)), None)
    no_address = any(isinstance(each, socket.gaierror) for each in chain)
    refused = any(isinstance(each, ConnectionRefusedError) for each in chain)
    if proxy is not None and (no_address or refused or "ProxyError" in names or (tls is None and "ConnectError" in names)):
        return _proxy_failure(endpoint, proxy, no_address, refused, reason, "ProxyError" in names)
    if tls is not None and proxy is not None and proxy.url.startswith("https:") and _is_no_tls(tls):
        return CallFailed(
            "unreachable",
            "The proxy speaks no TLS",
            f"Calls to {endpoint.host} go through the proxy {proxy.address}, which {proxy.variable} names, and it does not "
            f"speak TLS: {reason}.",
            f"Write http:// instead of https:// in {proxy.variable}. Calls to the server stay encrypted.",
        )
    if tls is not None:
        return _tls_failure(endpoint, tls, reason)
    if no_address:
        return CallFailed(
            "unreachable",
            "The host is unknown",
            f"No address could be found for {endpoint.host}: {reason}.",
            "Check the host in base-url, and your network (DNS)." if not endpoint.own else "Check your network (DNS).",
        )
    if refused:
        return CallFailed(
            "unreachable",
            "The connection was refused",
            f"{endpoint.host} refuses the connection.",
            "Start the server, or correct the host and port in base-url." if not endpoint.own else "Check your network.",
        )
    if any(isinstance(each, OSError) and each.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH) for each in chain):
        return CallFailed(
            "unreachable",
            "There is no route to the server",
            f"The network has no route to {endpoint.host}: {reason}.",
            "Check your network, a VPN, and the host in base-url.",
        )
    if names & {"ConnectError", "ProxyError"}:
        return CallFailed(
            "unreachable",
            "The server cannot be reached",
            f"There is no connection to {endpoint.name}: {reason or 'no reason given'}.",
            "Check base-url, your network, and the proxy that HTTPS_PROXY or HTTP_PROXY names.",
        )
    return None


def _proxy_failure(endpoint: Endpoint, proxy: Proxy, no_address: bool, refused: bool, reason: str, answered: bool) -> CallFailed:
    if no_address:
        happened = "its host is unknown"
    elif refused:
        happened = "it refuses the connection"
    elif answered and reason:
        code = re.match(r"“(\d{3})\b", reason)
        return proxy_refusal(endpoint, proxy, int(code[1]) if code else None, reason)
    else:
        happened = f"it ends the connection: {reason}" if reason else "there is no connection to it"
    return CallFailed(
        "unreachable",
        "The proxy cannot be reached" if no_address or refused else "The proxy does not connect",
        f"Calls to {endpoint.host} go through the proxy {proxy.address}, which {proxy.variable} names, and {happened}.",
        f"Start the proxy, correct or unset {proxy.variable}, or add the host to NO_PROXY.",
    )


def _is_no_tls(error: ssl.SSLError) -> bool:
    """Whether what came is no TLS at all."""
    text = str(error).lower().replace("_", " ")
    return any(sign in text for sign in ("wrong version number", "record layer", "unknown protocol", "packet length too long"))


def _tls_failure(endpoint: Endpoint, error: ssl.SSLError, reason: str) -> CallFailed:
    text = f"{error} {getattr(error, 'verify_message', '')}".lower()
    what = f"{endpoint.name} could not be reached over TLS: {reason}."
    if _is_no_tls(error):
        remedy = "The server may speak plain http at this port: check http:// or https:// and the port in base-url."
    elif "expired" in text or "not yet valid" in text:
        remedy = "Check this machine's clock; otherwise the server's certificate must be renewed."
    elif "hostname mismatch" in text or "not valid for" in text or "ip address mismatch" in text:
        remedy = "Check the host in base-url: the certificate is for another one."
    elif "self-signed" in text or "self signed" in text or "unable to get local issuer" in text or "unknown ca" in text:
        remedy = "If the server or a proxy has its own certificate authority, name its file in SSL_CERT_FILE."
    elif "certificate required" in text.replace("_", " ") or "handshake failure" in text.replace("_", " "):
        remedy = "The server may want a client's certificate or another version of TLS, which cannot be set here: ask who runs it."
    else:
        remedy = "Check http:// or https:// in base-url, your clock, and SSL_CERT_FILE if a proxy has its own certificates."
    return CallFailed("unreachable", "No secure connection", what, remedy)


def timeout_failure(endpoint: Endpoint, raw: RawResponse, seconds: float) -> CallFailed:
    """The failure of a call that exceeded its time limit."""
    began = "had not begun to answer" if raw.status is None else f"had begun to answer ({raw.status}), but not finished"
    proxy = None if endpoint.is_loopback else proxy_for(endpoint.url)
    through = proxy.through if proxy is not None else ""
    return CallFailed(
        "time-out",
        "The call took too long",
        f"{endpoint.name} {began} after {seconds:g} s.{through}",
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
