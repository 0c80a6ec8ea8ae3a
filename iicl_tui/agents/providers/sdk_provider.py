"""The base class of all providers: imports the SDK lazily, limits a call's time, and turns every error into CallFailed."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any, ClassVar, TypeVar

from iicl_tui.agents.access import consent_host
from iicl_tui.agents.calls import Reply, Request
from iicl_tui.agents.failures import CallFailed
from iicl_tui.agents.providers.endpoint import Endpoint, replace_surrogates
from iicl_tui.agents.providers.error_body import ErrorBody, parse_error_body
from iicl_tui.agents.providers.http_client import RawResponse, current_response, make_client
from iicl_tui.agents.providers.http_errors import asks_for_stream, failure_from_response
from iicl_tui.agents.providers.model_list import ListedModel, read_models
from iicl_tui.agents.providers.response_parsing import UnexpectedShape, error_in, read_json, unexpected_shape
from iicl_tui.agents.providers.surroundings import BadSetting
from iicl_tui.agents.providers.transport_errors import failure_from_exception, timeout_failure

Found = TypeVar("Found")

MAX_REPLY = 4_000_000
"""The default limit of a response in bytes."""


_MAY_BE_BILLED = ("time-out", "disconnected", "too-large", "not-json", "unexpected-shape")
"""Failures of calls that a model may have answered."""


@dataclass(frozen=True)
class _Connection:
    """An SDK's client. It belongs to the event loop in which it was first used, and is closed with it."""

    sdk: Any
    loop: asyncio.AbstractEventLoop
    keeper: AsyncGenerator[None, None]


class SharedClients:
    """The clients of several providers, one for each server and key, so that new chains do not connect anew. For one event loop."""

    def __init__(self) -> None:
        self._held: dict[Hashable, _Connection] = {}

    def get(self, key: Hashable) -> _Connection | None:
        """The client of a server and key; None if there is none yet."""
        return self._held.get(key)

    def keep(self, key: Hashable, connection: _Connection) -> None:
        """Keeps a client until all are closed."""
        self._held[key] = connection

    async def close(self) -> None:
        """Closes all connections."""
        while self._held:
            _, connection = self._held.popitem()
            await connection.keeper.aclose()


class SDKProvider(ABC):
    """One model behind one API. Implements `Provider`: it makes single attempts and does not retry.

    Args:
        model: The model's name.
        base_url: The server; None for the provider's official one.
        key: The key. None is allowed for other servers only, which then get no credential.
        key_env: The environment variable that holds the key, for messages.
        timeout: The time limit of a whole call in seconds.
        extra_body: Fields that are merged into each request's JSON.
        max_reply: The largest response in bytes, also decompressed.

    Attributes:
        shared: Holds the client instead of the provider; None: the client is its own.
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
        max_reply: int = MAX_REPLY,
    ) -> None:
        url = self.URL if base_url is None else self.base(base_url.strip().rstrip("/"))
        self.endpoint = Endpoint(
            self.NAME, model, url, self.PATH, consent_host(url) == consent_host(self.URL), (key or "").strip() or None, key_env
        )
        self.timeout = timeout
        self.extra_body: Mapping[str, Any] = dict(extra_body or {})
        self.max_reply = max_reply
        self.shared: SharedClients | None = None
        self._streams = False
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

        async def exchange(sdk: Any, raw: RawResponse) -> None:
            await self.exchange(sdk, request, raw)

        return await self._transact(exchange, lambda raw: self._parsed(raw, request))

    async def models(self) -> tuple[ListedModel, ...]:
        """The models that the server lists. Raises CallFailed, as `send`."""

        async def exchange(sdk: Any, raw: RawResponse) -> None:
            await self.ask_models(sdk)

        return await self._transact(exchange, self._parsed_models)

    async def _transact(
        self, exchange: Callable[[Any, RawResponse], Awaitable[None]], read: Callable[[RawResponse], Found]
    ) -> Found:
        """Makes an exchange and reads its last response. Raises CallFailed, as `send`."""
        self.endpoint.check()
        raw = RawResponse()
        failure: CallFailed | None = None
        token = current_response.set(raw)
        try:
            sdk = await self._connected()
            async with asyncio.timeout(self.timeout):
                await exchange(sdk, raw)
        except ImportError as error:
            failure = self._not_installed(error)
        except BadSetting as error:
            failure = CallFailed("setup", error.title, self.endpoint.hide(error.what), error.remedy)
        except TimeoutError:
            failure = timeout_failure(self.endpoint, raw, self.timeout)
        except Exception as error:
            # SDKs also raise for complete responses that they do not accept. Those are interpreted below, the same way for all.
            failure = failure_from_exception(self.endpoint, raw, error, self.max_reply)
        finally:
            current_response.reset(token)
        if raw.body is not None:
            try:
                return read(raw)
            except CallFailed as refused:
                failure = refused
        if failure is not None and failure.kind in _MAY_BE_BILLED and (raw.status is None or raw.status < 300):
            failure.billed = True
        # Raised outside the handlers, without a traceback: an SDK's exception holds the request, and the frames hold the response.
        raise (
            failure or failure_from_exception(self.endpoint, raw, RuntimeError("there was no response"), self.max_reply)
        ).with_traceback(None)

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
    async def ask_models(self, sdk: Any) -> None:
        """Asks for the list of models with the SDK. Its result does not matter, as that of `ask`."""

    @abstractmethod
    def read(self, document: Any, request: Request) -> Reply:
        """Parses the reply in the JSON of a response to this request. Raises UnexpectedShape."""

    def extra_fields(self) -> Mapping[str, Any]:
        """Fields that the HTTP client merges into the JSON of the next request because the SDK cannot."""
        return {"stream": True} if self._streams else {}

    def adapt(self, error: ErrorBody) -> bool:
        """Adapts the next request to what an error says about the server. Returns whether to repeat the request."""
        if not self._streams and asks_for_stream(error):
            self._streams = True
            return True
        return False

    def adapted(self, request: Request) -> tuple[str, ...]:
        """How this request was adapted to the server: keys of ADAPTATIONS."""
        return ("stream",) if self._streams else ()

    async def exchange(self, sdk: Any, request: Request, raw: RawResponse) -> None:
        """Makes the HTTP requests of one `send`, repeated as long as `adapt` finds a way. raw: the last response."""
        while True:
            raw.extra = self.extra_fields()
            try:
                await self.ask(sdk, request)
            except Exception:
                if not self._adapted(raw):
                    raise
            else:
                if not self._adapted(raw):
                    return
            raw.clear()

    def _adapted(self, raw: RawResponse) -> bool:
        refused = raw.body is not None and raw.status is not None and 400 <= raw.status < 600
        return refused and self.adapt(parse_error_body(raw.body or b""))

    def _parsed(self, raw: RawResponse, request: Request) -> Reply:
        """Parses a complete response. Raises CallFailed if it holds no reply."""
        if raw.status is None or not 200 <= raw.status < 300:
            raise failure_from_response(self.endpoint, raw, request)
        document = read_json(self.endpoint, raw)
        error = error_in(document)
        if error is not None:
            raise failure_from_response(self.endpoint, raw, request, error)
        try:
            reply = self.read(document, request)
        except UnexpectedShape as error:
            found = str(error)
        else:
            hide = self.endpoint.hide
            shown = [
                replace(
                    each,
                    text=hide(each.text),
                    tokens=None if self.endpoint.hides(each.tokens or ()) else each.tokens,
                    model=hide(each.model),
                    thoughts=hide(each.thoughts),
                )
                for each in (reply, *reply.more)
            ]
            return replace(shown[0], more=tuple(shown[1:]), adapted=self.adapted(request))
        raise unexpected_shape(self.endpoint, raw, found)

    def _parsed_models(self, raw: RawResponse) -> tuple[ListedModel, ...]:
        """Parses a complete list of models. Raises CallFailed if it is none."""
        if raw.status is None or not 200 <= raw.status < 300:
            raise failure_from_response(self.endpoint, raw, Request((), 0))
        document = read_json(self.endpoint, raw)
        try:
            listed = read_models(document)
        except UnexpectedShape as error:
            found = str(error)
        else:
            hide = self.endpoint.hide
            return tuple(ListedModel(hide(model.name), hide(model.ends)) for model in listed)
        raise unexpected_shape(self.endpoint, raw, found)

    async def _connected(self) -> Any:
        """The SDK's client for the running event loop."""
        loop = asyncio.get_running_loop()
        connection = self._client_there()
        if connection is None or connection.loop is not loop:
            sdk, http = await asyncio.to_thread(self._make)  # importing takes about a second, the first time
            connection = self._client_there()
            if connection is None or connection.loop is not loop:  # otherwise another call was faster
                keeper = _keep(http)
                connection = _Connection(sdk, loop, keeper)
                if self.shared is not None:
                    self.shared.keep(self._server, connection)
                else:
                    self._connection = connection
                await anext(keeper)
        return connection.sdk

    @property
    def _server(self) -> Hashable:
        """All that a client depends on."""
        return type(self), replace(self.endpoint, model="", path=""), self.timeout, self.max_reply

    def _client_there(self) -> _Connection | None:
        return self._connection if self.shared is None else self.shared.get(self._server)

    def _make(self) -> tuple[Any, Any]:
        """The SDK's client and the HTTP client below it. No connection is opened."""
        modules = tuple(import_module(name) for name in self.MODULES)
        http = make_client(import_module("httpx2"), self.endpoint, self.max_reply)
        return self.client(modules, http), http

    def _not_installed(self, error: ImportError) -> CallFailed:
        return CallFailed(
            "bad-request",
            f"The package {self.PACKAGE} is not installed",
            f"Calls to {self.NAME} need it: {self.endpoint.quote(str(error))}.",
            f"Install it with: pip install {self.PACKAGE}",
        )


def messages(request: Request, system_role: str = "system") -> list[dict[str, str]]:
    """The request's messages in the form of the APIs. system_role: the name of the role "system"."""
    roles = {"system": system_role}
    return [
        {"role": roles.get(message.role, message.role), "content": replace_surrogates(message.text)} for message in request.messages
    ]


def without_none(**parameters: Any) -> dict[str, Any]:
    """The parameters that are not None."""
    return {name: value for name, value in parameters.items() if value is not None}


async def _keep(http: Any) -> AsyncGenerator[None, None]:
    """Closes the HTTP client when the generator is closed, at the latest at the end of its event loop."""
    try:
        yield
    finally:
        await http.aclose()
