"""What all providers share: the SDK comes with the first call, a call has one time limit, and every fault is a CallFailed."""

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
from iicl_tui.agents.providers.http_client import RawResponse, connect, current_response
from iicl_tui.agents.providers.http_errors import refusal
from iicl_tui.agents.providers.response_parsing import UnexpectedShape, read_json, unexpected_shape
from iicl_tui.agents.providers.transport_errors import failure_from_exception, timeout_failure


@dataclass(frozen=True)
class _Connection:
    """An SDK's client. It belongs to the loop in which it was first used, and is closed with it."""

    sdk: Any
    loop: asyncio.AbstractEventLoop
    keeper: AsyncGenerator[None, None]


class SDKProvider(ABC):
    """One model behind one API. Implements `Provider`: it neither tries again nor waits.

    model: as the API names it. base_url: another host than the provider's own, None for that. key: None is allowed for another
    host alone, which then gets no credential at all. key_env: the environment variable that the key comes from, for messages.
    timeout: seconds that a whole call may take. extra_body: put over the call's JSON as it is.
    """

    NAME: ClassVar[str]
    """For a person."""
    PACKAGE: ClassVar[str]
    """The SDK."""
    MODULES: ClassVar[tuple[str, ...]]
    """What the first call needs of the SDK, the module with its client first."""
    URL: ClassVar[str]
    """The base of the provider's own addresses."""
    PATH: ClassVar[str]
    """What the SDK puts behind the base."""
    UNSUPPORTED: ClassVar[frozenset[str]] = frozenset()
    """Those of Request.PARAMETERS that the API has no word for. They are never sent."""

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
        """A person's base-url as the SDK wants it."""
        return url

    async def send(self, request: Request) -> Reply:
        """The reply to one request. Raises CallFailed, and nothing else but CancelledError, when there is none.

        kind "parameter": the API or the model does not take what `parameter` names; the request can be sent without it.
        """
        self.endpoint.check()
        heard = RawResponse()
        trouble: CallFailed | None = None
        token = current_response.set(heard)
        try:
            sdk = await self._connected()
            async with asyncio.timeout(self.timeout):
                await self.exchange(sdk, request, heard)
        except ImportError as error:
            trouble = self._not_installed(error)
        except TimeoutError:
            trouble = timeout_failure(self.endpoint, heard, self.timeout)
        except Exception as error:
            # SDKs also raise where the answer is whole but not to their liking; that is judged below, for all in the same way.
            trouble = failure_from_exception(self.endpoint, heard, error)
        finally:
            current_response.reset(token)
        if heard.body is not None:
            try:
                return self._judged(heard, request)
            except CallFailed as failed:
                trouble = failed
        # Outside of the handlers and from here: neither an SDK's exception, which has the request in it, nor frames that have
        # the answer in them may live on in a traceback.
        raise (trouble or failure_from_exception(self.endpoint, heard, RuntimeError("there was no answer"))).with_traceback(None)

    async def close(self) -> None:
        """Gives up the connections; it can be used again afterwards."""
        connection, self._connection = self._connection, None
        if connection is not None and connection.loop is asyncio.get_running_loop():
            await connection.keeper.aclose()

    @abstractmethod
    def client(self, modules: tuple[Any, ...], http: Any) -> Any:
        """The SDK's client on top of our HTTP client; retries off. modules: those of MODULES."""

    @abstractmethod
    async def ask(self, sdk: Any, request: Request) -> None:
        """One call by the SDK. What it returns or raises does not matter: the HTTP client below has heard the answer."""

    @abstractmethod
    def read(self, document: Any) -> Reply:
        """The reply in an answer's JSON. Raises UnexpectedShape."""

    def wire_extra(self) -> Mapping[str, Any]:
        """What the HTTP client has to put over the JSON, since the SDK has no way to."""
        return {}

    async def exchange(self, sdk: Any, request: Request, heard: RawResponse) -> None:
        """All that one `send` says and hears. heard: what came back last."""
        await self.ask(sdk, request)

    def _judged(self, heard: RawResponse, request: Request) -> Reply:
        """The reply in a whole answer. Raises CallFailed where it is none."""
        if heard.status is None or not 200 <= heard.status < 300:
            raise refusal(self.endpoint, heard, request)
        document = read_json(self.endpoint, heard)
        if _is_error(document):
            raise refusal(self.endpoint, heard, request)
        try:
            reply = self.read(document)
        except UnexpectedShape as error:
            there = str(error)
        else:
            hide = self.endpoint.hide
            tokens = None if self.endpoint.hides(reply.tokens or ()) else reply.tokens
            return Reply(hide(reply.text), reply.finish, tokens, reply.usage, hide(reply.model))
        raise unexpected_shape(self.endpoint, heard, there)

    async def _connected(self) -> Any:
        """The SDK's client for the running loop."""
        loop = asyncio.get_running_loop()
        connection = self._connection
        if connection is None or connection.loop is not loop:
            sdk, http = await asyncio.to_thread(self._make)  # a second or so, the first time
            connection = self._connection
            if connection is None or connection.loop is not loop:  # else another call has been faster
                keeper = _keep(http)
                connection = self._connection = _Connection(sdk, loop, keeper)
                await anext(keeper)
        return connection.sdk

    def _make(self) -> tuple[Any, Any]:
        """The SDK's client and the HTTP client below it; no connection is opened."""
        modules = tuple(import_module(name) for name in self.MODULES)
        http = connect(import_module("httpx2"), self.endpoint, self.wire_extra())
        return self.client(modules, http), http

    def _not_installed(self, error: ImportError) -> CallFailed:
        return CallFailed(
            "bad-request",
            f"The package {self.PACKAGE} is not installed",
            f"Calls to {self.NAME} need it: {self.endpoint.quote(str(error))}.",
            f"Install it with: pip install {self.PACKAGE}",
        )


def messages(request: Request) -> list[dict[str, str]]:
    """The request's messages as the APIs want them."""
    return [{"role": message.role, "content": replace_surrogates(message.text)} for message in request.messages]


def given(**parameters: Any) -> dict[str, Any]:
    """The parameters that are asked for: those that are not None."""
    return {name: value for name, value in parameters.items() if value is not None}


async def _keep(http: Any) -> AsyncGenerator[None, None]:
    """Closes the HTTP client when it is closed itself: at the latest by the loop, which closes its generators as it ends."""
    try:
        yield
    finally:
        await http.aclose()


def _is_error(document: Any) -> bool:
    """Whether a 200 holds an error all the same, as some servers send it."""
    if not isinstance(document, Mapping) or document.get("choices") or document.get("content"):
        return False
    return bool(document.get("error")) or "error" in (document.get("type"), document.get("object"))
