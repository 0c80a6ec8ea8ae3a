"""Anthropic's Claude."""

from __future__ import annotations

from typing import Any

from iicl_tui.agents.calls import Reply, Request
from iicl_tui.agents.providers.endpoint import replace_surrogates
from iicl_tui.agents.providers.http_client import KEY_PLACEHOLDER
from iicl_tui.agents.providers.response_parsing import read_message
from iicl_tui.agents.providers.sdk_provider import SDKProvider, messages, without_none


class AnthropicProvider(SDKProvider):
    """Uses the messages API. The base URL may end in /v1, which the SDK adds."""

    NAME = "Anthropic"
    PACKAGE = "anthropic"
    MODULES = ("anthropic", "anthropic.resources.messages")
    URL = "https://api.anthropic.com"
    PATH = "/v1/messages"
    UNSUPPORTED = frozenset({"seed", "top_logprobs", "reasoning_effort", "n"})

    def base(self, url: str) -> str:
        return url.removesuffix("/v1")

    def client(self, modules: tuple[Any, ...], http: Any) -> Any:
        return modules[0].AsyncAnthropic(
            api_key=KEY_PLACEHOLDER, base_url=self.endpoint.url, http_client=http, max_retries=0, timeout=None, open_telemetry=False
        )

    async def ask(self, sdk: Any, request: Request) -> None:
        system = "\n\n".join(replace_surrogates(message.text) for message in request.messages if message.role == "system")
        schema = request.schema
        # The SDK has no parameters for these two; the API accepts them for some models.
        extra_body = {**without_none(temperature=request.temperature, top_p=request.top_p), **self.extra_body}
        await sdk.messages.with_raw_response.create(
            model=self.endpoint.model,
            max_tokens=request.max_tokens,
            messages=[message for message in messages(request) if message["role"] != "system"],
            **without_none(
                system=system or None,
                output_config=None if schema is None else {"format": {"type": "json_schema", "schema": dict(schema)}},
                extra_body=extra_body or None,
            ),
        )

    async def ask_models(self, sdk: Any) -> None:
        await sdk.models.with_raw_response.list(limit=1000)

    def read(self, document: Any, request: Request) -> Reply:
        return read_message(document)
