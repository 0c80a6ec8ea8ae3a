"""OpenAI, and every server that speaks its chat completions (llama.cpp, vLLM, Ollama, …)."""

from __future__ import annotations

from typing import Any

from iicl_tui.agents.calls import Reply, Request
from iicl_tui.agents.providers.error_body import parse_error_body
from iicl_tui.agents.providers.http_client import STAND_IN, RawResponse
from iicl_tui.agents.providers.http_errors import rejects_parameter
from iicl_tui.agents.providers.response_parsing import read_completion
from iicl_tui.agents.providers.sdk_provider import SDKProvider, given, messages

_LIMITS = ("max_completion_tokens", "max_tokens")
"""What max-tokens is called: by OpenAI's newer models, and by everybody else."""


class OpenAIProvider(SDKProvider):
    """Asks by chat completions. base_url: up to and with /v1.

    A server that takes max-tokens only under its other name is asked again under that, within the same `send`.
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
        sdk = modules[0].AsyncOpenAI(api_key=STAND_IN, base_url=self.endpoint.url, http_client=http, max_retries=0, timeout=None)
        return sdk.chat.completions.with_raw_response

    async def ask(self, sdk: Any, request: Request) -> None:
        limit = {} if self.extra_body.keys() & set(_LIMITS) else {self._limit: request.max_tokens}
        schema = request.schema
        await sdk.create(
            model=self.endpoint.model,
            messages=messages(request),
            **limit,
            **given(
                temperature=request.temperature,
                top_p=request.top_p,
                seed=request.seed,
                logprobs=None if request.top_logprobs is None else True,
                top_logprobs=request.top_logprobs,
                response_format=None if schema is None else response_format(dict(schema)),
                extra_body=dict(self.extra_body) or None,
            ),
        )

    async def exchange(self, sdk: Any, request: Request, heard: RawResponse) -> None:
        tried = self._limit
        try:
            await self.ask(sdk, request)
        except Exception:
            if not _refuses(heard, tried):
                raise
        else:
            return
        self._limit = _LIMITS[1 - _LIMITS.index(tried)]
        heard.status = heard.body = None
        await self.ask(sdk, request)

    def read(self, document: Any) -> Reply:
        return read_completion(document)


def response_format(schema: dict[str, Any]) -> dict[str, Any]:
    """A JSON schema as chat completions want it."""
    return {"type": "json_schema", "json_schema": {"name": "reply", "schema": schema, "strict": True}}


def _refuses(heard: RawResponse, limit: str) -> bool:
    return heard.status in (400, 422) and heard.body is not None and rejects_parameter(parse_error_body(heard.body), limit)
