"""Mistral."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from iicl_tui.agents.calls import Reply, Request
from iicl_tui.agents.providers.http_client import KEY_PLACEHOLDER
from iicl_tui.agents.providers.openai import optional_fields
from iicl_tui.agents.providers.response_parsing import read_completion
from iicl_tui.agents.providers.sdk_provider import SDKProvider, messages, without_none


class MistralProvider(SDKProvider):
    """Uses chat completions. The base URL may end in /v1, which the SDK adds."""

    NAME = "Mistral"
    PACKAGE = "mistralai"
    MODULES = ("mistralai.client", "mistralai.client.utils.logger", "mistralai.client.chat")
    URL = "https://api.mistral.ai"
    PATH = "/v1/chat/completions"

    def base(self, url: str) -> str:
        return url.removesuffix("/v1")

    def client(self, modules: tuple[Any, ...], http: Any) -> Any:
        # With MISTRAL_DEBUG set, the SDK's own logger would log whole calls and enable other loggers.
        return modules[0].Mistral(
            api_key=KEY_PLACEHOLDER,
            server_url=self.endpoint.url,
            async_client=http,
            timeout_ms=round(self.timeout * 1000) + 60_000,  # longer than the time limit of `send`
            debug_logger=modules[1].NoOpLogger(),
        )

    async def ask(self, sdk: Any, request: Request) -> None:
        await sdk.chat.complete_async(
            model=self.endpoint.model,
            messages=marked_messages(request),
            max_tokens=request.max_tokens,
            **optional_fields(request),
            **without_none(random_seed=request.seed),
        )

    async def ask_models(self, sdk: Any) -> None:
        await sdk.models.list_async()

    def read(self, document: Any, request: Request) -> Reply:
        return read_completion(document, request.max_tokens)

    def extra_fields(self) -> Mapping[str, Any]:
        """As the base class says, and the extra body."""
        return {**super().extra_fields(), **self.extra_body}


def marked_messages(request: Request) -> list[dict[str, Any]]:
    """The messages, with the mark that makes the model continue the last one, where that is asked for."""
    found: list[dict[str, Any]] = [*messages(request)]
    if request.continuation == "prefix":
        found[-1] = {**found[-1], "prefix": True}
    return found
