"""Mistral."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from iicl_tui.agents.calls import Reply, Request
from iicl_tui.agents.providers.http_client import STAND_IN
from iicl_tui.agents.providers.openai import response_format
from iicl_tui.agents.providers.response_parsing import read_completion
from iicl_tui.agents.providers.sdk_provider import SDKProvider, given, messages


class MistralProvider(SDKProvider):
    """Asks by chat completions. base_url: with or without /v1, which the SDK adds."""

    NAME = "Mistral"
    PACKAGE = "mistralai"
    MODULES = ("mistralai.client", "mistralai.client.utils.logger", "mistralai.client.chat")
    URL = "https://api.mistral.ai"
    PATH = "/v1/chat/completions"

    def base(self, url: str) -> str:
        return url.removesuffix("/v1")

    def client(self, modules: tuple[Any, ...], http: Any) -> Any:
        # The logger: the SDK's own would log whole calls where MISTRAL_DEBUG is set, and turn on everybody else's.
        sdk = modules[0].Mistral(
            api_key=STAND_IN,
            server_url=self.endpoint.url,
            async_client=http,
            timeout_ms=round(self.timeout * 1000) + 60_000,  # `send` is before it
            debug_logger=modules[1].NoOpLogger(),
        )
        return sdk.chat

    async def ask(self, sdk: Any, request: Request) -> None:
        schema = request.schema
        await sdk.complete_async(
            model=self.endpoint.model,
            messages=messages(request),
            max_tokens=request.max_tokens,
            **given(
                temperature=request.temperature,
                top_p=request.top_p,
                random_seed=request.seed,
                logprobs=None if request.top_logprobs is None else True,
                top_logprobs=request.top_logprobs,
                response_format=None if schema is None else response_format(dict(schema)),
            ),
        )

    def read(self, document: Any) -> Reply:
        return read_completion(document)

    def wire_extra(self) -> Mapping[str, Any]:
        return self.extra_body
