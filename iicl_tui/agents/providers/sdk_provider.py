"""The base class of all providers: imports the SDK lazily, limits a call's time, and turns every error into CallFailed."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar

from iicl_tui.agents.access import consent_host
from iicl_tui.agents.calls import Reply, Request
from iicl_tui.agents.failures import CallFailed
from iicl_tui.agents.providers.endpoint import Endpoint, replace_surrogates
from iicl_tui.agents.providers.http_client import RawResponse, current_response, make_client
from iicl_tui.agents.providers.http_errors import failure_from_response
from iicl_tui.agents.providers.response_parsing import UnexpectedShape, read_json, unexpected_shape
from iicl_tui.agents.providers.transport_errors import failure_from_exception, timeout_failure


@dataclass(frozen=True)
class _Connection:
    """An SDK's client. It belongs to the event loop in which it was first used, and is closed with it."""

    sdk: Any
    loop: asyncio.AbstractEventLoop
    keeper: AsyncGenerator[None, None]


class SDKProvider(ABC):
    """One model behind one API. Implements `Provider`: it makes single attempts and does not retry.

    Args:
        model: The model's name.
        base_url: The server; None for the provider's official one.
        key: The key. None is allowed for other servers only, which then get no credential.
        key_env: The environment variable that holds the key, for messages.
        timeout: The time limit of a whole call in seconds.
        extra_body: Fields that are merged into each request's JSON.
    """

    NAME: ClassVar[str]
    """The name for a person."""
    PACKAGE: ClassVar[str]
    """The SDK's package."""
    MODULES: ClassVar[tuple[str, ...]]
    """The SDK's modules that a call needs, the one with the client first."""
    URL: ClassVar[str]
    """The official base URL."""
    PATH: ClassVar[str]
    """The path that the SDK appends to the base URL."""
    UNSUPPORTED: ClassVar[frozenset[str]] = frozenset()
    """The members of Request.PARAMETERS that the API does not have. They are never sent."""

    def __init__(
        self,
        model: str,
        *,
        base_url: str | None = None,
        key: str | None = None,
        key_env: str = "",
        timeout: float = 120.0,
        extra_body: Mapping[str, Any] | None = None,
    ) -> None:
        url = self.URL if base_url is None else self.base(base_url.strip().rstrip("/"))
        self.endpoint = Endpoint(
            self.NAME, model, url, self.PATH, consent_host(url) == consent_host(self.URL), (key or "").strip() or None, key_env
        )
        self.timeout = timeout
        self.extra_body: Mapping[str, Any] = dict(extra_body or {})
        self._connection: _Connection | None = None

    def base(self, url: str) -> str:
        """A configured base URL in the form that the SDK expects."""
        return url

    async def send(self, request: Request) -> Reply:
        """Sends one request.

        Raises:
            CallFailed: There is no reply. With the kind "parameter" the request can be sent without `parameter`. Except for
                CancelledError, no other exception is raised.
        """
        self.endpoint.check()
        raw = RawResponse()
        failure: CallFailed | None = None
        token = current_response.set(raw)
        try:
            sdk = await self._connected()
            async with asyncio.timeout(self.timeout):
                await self.exchange(sdk, request, raw)
        except ImportError as error:
            failure = self._not_installed(error)
        except TimeoutError:
            failure = timeout_failure(self.endpoint, raw, self.timeout)
        except Exception as error:
            # SDKs also raise for complete responses that they do not accept. Those are interpreted below, the same way for all.
            failure = failure_from_exception(self.endpoint, raw, error)
        finally:
            current_response.reset(token)
        if raw.body is not None:
            try:
                return self._parsed(raw, request)
            except CallFailed as refused:
                failure = refused
        # Raised outside the handlers, without a traceback: an SDK's exception holds the request, and the frames hold the response.
        raise (failure or failure_from_exception(self.endpoint, raw, RuntimeError("there was no response"))).with_traceback(None)

    async def close(self) -> None:
        """Closes the connections. The provider can be used again afterwards."""
        connection, self._connection = self._connection, None
        if connection is not None and connection.loop is asyncio.get_running_loop():
            await connection.keeper.aclose()

    @abstractmethod
    def client(self, modules: tuple[Any, ...], http: Any) -> Any:
        """Creates the SDK's client on top of our HTTP client, without retries. modules: those named in MODULES."""

    @abstractmethod
    async def ask(self, sdk: Any, request: Request) -> None:
        """Makes one call with the SDK. Its result does not matter: the HTTP client keeps the raw response."""

    @abstractmethod
    def read(self, document: Any) -> Reply:
        """Parses the reply in a response's JSON. Raises UnexpectedShape."""

    def extra_fields(self) -> Mapping[str, Any]:
        """Fields that the HTTP client merges into the JSON because the SDK cannot."""
        return {}

    async def exchange(self, sdk: Any, request: Request, raw: RawResponse) -> None:
        """Makes the HTTP requests of one `send`. raw: the last response."""
        await self.ask(sdk, request)

    def _parsed(self, raw: RawResponse, request: Request) -> Reply:
        """Parses a complete response. Raises CallFailed if it holds no reply."""
        if raw.status is None or not 200 <= raw.status < 300:
            raise failure_from_response(self.endpoint, raw, request)
        document = read_json(self.endpoint, raw)
        if _is_error(document):
            raise failure_from_response(self.endpoint, raw, request)
        try:
            reply = self.read(document)
        except UnexpectedShape as error:
            found = str(error)
        else:
            hide = self.endpoint.hide
            tokens = None if self.endpoint.hides(reply.tokens or ()) else reply.tokens
            return Reply(hide(reply.text), reply.finish, tokens, reply.usage, hide(reply.model))
        raise unexpected_shape(self.endpoint, raw, found)

    async def _connected(self) -> Any:
        """The SDK's client for the running event loop."""
        loop = asyncio.get_running_loop()
        connection = self._connection
        if connection is None or connection.loop is not loop:
            sdk, http = await asyncio.to_thread(self._make)  # importing takes about a second, the first time
            connection = self._connection
            if connection is None or connection.loop is not loop:  # otherwise another call was faster
                keeper = _keep(http)
                connection = self._connection = _Connection(sdk, loop, keeper)
                await anext(keeper)
        return connection.sdk

    def _make(self) -> tuple[Any, Any]:
        """The SDK's client and the HTTP client below it. No connection is opened."""
        modules = tuple(import_module(name) for name in self.MODULES)
        http = make_client(import_module("httpx2"), self.endpoint, self.extra_fields())
        return self.client(modules, http), http

    def _not_installed(self, error: ImportError) -> CallFailed:
        return CallFailed(
            "bad-request",
            f"The package {self.PACKAGE} is not installed",
            f"Calls to {self.NAME} need it: {self.endpoint.quote(str(error))}.",
            f"Install it with: pip install {self.PACKAGE}",
        )


def messages(request: Request) -> list[dict[str, str]]:
    """The request's messages in the form of the APIs."""
    return [{"role": message.role, "content": replace_surrogates(message.text)} for message in request.messages]


def without_none(**parameters: Any) -> dict[str, Any]:
    """The parameters that are not None."""
    return {name: value for name, value in parameters.items() if value is not None}


async def _keep(http: Any) -> AsyncGenerator[None, None]:
    """Closes the HTTP client when the generator is closed, at the latest at the end of its event loop."""
    try:
        yield
    finally:
        await http.aclose()


def _is_error(document: Any) -> bool:
    """Whether a response with status 200 is an error, as some servers send it."""
    if not isinstance(document, Mapping) or document.get("choices") or document.get("content"):
        return False
    return bool(document.get("error")) or "error" in (document.get("type"), document.get("object"))
