"""OpenAI, and every server that speaks its chat completions (llama.cpp, vLLM, Ollama, …)."""

from __future__ import annotations

from typing import Any

from iicl_tui.agents.calls import Reply, Request
from iicl_tui.agents.providers.error_body import parse_error_body
from iicl_tui.agents.providers.http_client import KEY_PLACEHOLDER, RawResponse
from iicl_tui.agents.providers.http_errors import rejects_parameter
from iicl_tui.agents.providers.response_parsing import read_completion
from iicl_tui.agents.providers.sdk_provider import SDKProvider, messages, without_none

_LIMITS = ("max_completion_tokens", "max_tokens")
"""The names of the token limit: of OpenAI's newer models, and of all other servers."""


class OpenAIProvider(SDKProvider):
    """Uses chat completions. The base URL includes /v1.

    If a server refuses one name of the token limit, the call is repeated with the other one within the same `send`.
    """

    NAME = "OpenAI"
    PACKAGE = "openai"
    MODULES = ("openai", "openai.resources.chat.completions")
    URL = "https://api.openai.com/v1"
    PATH = "/chat/completions"

    def __init__(self, model: str, **options: Any) -> None:
        super().__init__(model, **options)
        self._limit = _LIMITS[0] if self.endpoint.own else _LIMITS[1]

    def client(self, modules: tuple[Any, ...], http: Any) -> Any:
        sdk = modules[0].AsyncOpenAI(
            api_key=KEY_PLACEHOLDER, base_url=self.endpoint.url, http_client=http, max_retries=0, timeout=None
        )
        return sdk.chat.completions.with_raw_response

    async def ask(self, sdk: Any, request: Request) -> None:
        limit = {} if self.extra_body.keys() & set(_LIMITS) else {self._limit: request.max_tokens}
        schema = request.schema
        await sdk.create(
            model=self.endpoint.model,
            messages=messages(request),
            **limit,
            **without_none(
                temperature=request.temperature,
                top_p=request.top_p,
                seed=request.seed,
                logprobs=None if request.top_logprobs is None else True,
                top_logprobs=request.top_logprobs,
                response_format=None if schema is None else response_format(dict(schema)),
                extra_body=dict(self.extra_body) or None,
            ),
        )

    async def exchange(self, sdk: Any, request: Request, raw: RawResponse) -> None:
        limit_name = self._limit
        try:
            await self.ask(sdk, request)
        except Exception:
            if not _refuses(raw, limit_name):
                raise
        else:
            return
        self._limit = _LIMITS[1 - _LIMITS.index(limit_name)]
        raw.status = raw.body = None
        await self.ask(sdk, request)

    def read(self, document: Any) -> Reply:
        return read_completion(document)


def response_format(schema: dict[str, Any]) -> dict[str, Any]:
    """A JSON schema in the form of chat completions."""
    return {"type": "json_schema", "json_schema": {"name": "reply", "schema": schema, "strict": True}}


def _refuses(raw: RawResponse, limit: str) -> bool:
    return raw.status in (400, 422) and raw.body is not None and rejects_parameter(parse_error_body(raw.body), limit)
