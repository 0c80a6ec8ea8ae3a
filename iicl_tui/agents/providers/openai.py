"""OpenAI, and every server that speaks its chat completions or its completions (llama.cpp, vLLM, Ollama, …)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from iicl_tui.agents.calls import Message, Reply, Request
from iicl_tui.agents.providers.endpoint import replace_surrogates
from iicl_tui.agents.providers.error_body import ErrorBody
from iicl_tui.agents.providers.given_text import (
    NO_THINKING,
    completion_body,
    continued_text,
    own_url,
    plain_text,
    read_echo,
    read_own_completion,
    read_prompt_logprobs,
    read_template,
    template_body,
)
from iicl_tui.agents.providers.http_client import KEY_PLACEHOLDER, current_response
from iicl_tui.agents.providers.http_errors import most_logprobs, rejects_parameter
from iicl_tui.agents.providers.response_parsing import read_completion, read_json
from iicl_tui.agents.providers.sdk_provider import SDKProvider, messages, without_none

_LIMITS = ("max_completion_tokens", "max_tokens")
"""The names of the token limit: of OpenAI's newer models, and of all other servers."""

_DEVELOPER = re.compile(
    r"\bsystem\b.{0,120}\bdeveloper\b|(?:use|instead|expected|supported|allowed).{0,60}\bdeveloper\b|\bdeveloper\b.{0,40}\binstead\b",
    re.I,
)
"""How servers ask for the role "developer" in place of "system"."""


class OpenAIProvider(SDKProvider):
    """Uses chat completions, or the completions of a text for models without a chat. The base URL includes /v1.

    Args:
        completions: Whether calls go to /completions: the dialogue as one text, without a chat template.
        stop: The texts that end a reply there.

    If a server refuses the name of the token limit or the role "system", or asks for streaming, the request is adapted and repeated
    within the same `send`, and later ones are sent so at once.
    """

    NAME = "OpenAI"
    PACKAGE = "openai"
    MODULES = ("openai", "openai.resources.chat.completions")
    URL = "https://api.openai.com/v1"
    PATH = "/chat/completions"

    def __init__(self, model: str, *, completions: bool = False, stop: Sequence[str] = (), **options: Any) -> None:
        super().__init__(model, **options)
        self._completions, self._stop = completions, list(stop)
        if completions:
            self.endpoint = replace(self.endpoint, path="/completions")
        self._limit = _LIMITS[0] if self.endpoint.own else _LIMITS[1]
        self._refused_limits: set[str] = set()
        self._system_role = "system"
        self._most_logprobs: int | None = None
        self._usage_in_stream = True
        self._template: tuple[tuple[Message, ...] | None, str] = (None, "")  # the last dialogue, and its prompt

    def client(self, modules: tuple[Any, ...], http: Any) -> Any:
        sdk = modules[0].AsyncOpenAI(
            api_key=KEY_PLACEHOLDER, base_url=self.endpoint.url, http_client=http, max_retries=0, timeout=None
        )
        _ = sdk.chat.completions, sdk.completions  # the SDK imports them at first use, and this is not the screen's thread
        return sdk

    async def ask(self, sdk: Any, request: Request) -> None:
        if self._lists_fewer(request):
            request = replace(request, top_logprobs=self._most_logprobs)
        if request.continuation == "completion":
            await self._complete(sdk, request)
        elif request.continuation == "echo":
            await self._echo(sdk, request)
        elif self._is_text(request):
            await self._text(sdk, request)
        else:
            await self._chat(sdk.chat.completions.with_raw_response, request)

    async def _complete(self, sdk: Any, request: Request) -> None:
        """Asks llama.cpp's own endpoints: for the prompt that its chat template makes of the dialogue, and for one token."""
        before, beginning = request.messages[:-1], replace_surrogates(request.prompt)
        if self._template[0] != before:
            body = template_body(messages(replace(request, messages=before)), self.extra_body)
            await sdk.post(own_url(self.endpoint.url, "/apply-template"), cast_to=object, body=body)
            raw = current_response.get()
            self._template = (before, read_template(read_json(self.endpoint, raw)))
            raw.clear()
        body = completion_body(self._template[1] + beginning, request, self.extra_body)
        await sdk.post(own_url(self.endpoint.url, "/completion"), cast_to=object, body=body)

    async def _echo(self, sdk: Any, request: Request) -> None:
        """Asks the completions API to repeat the dialogue with log-probabilities. The one new token is not used."""
        await sdk.completions.with_raw_response.create(
            model=self.endpoint.model,
            prompt=plain_text(request.messages),
            echo=True,
            max_tokens=1,
            **without_none(logprobs=request.top_logprobs, temperature=request.temperature, extra_body=self.extra_body or None),
        )

    def _is_text(self, request: Request) -> bool:
        """Whether the request goes to the completions API, to be continued."""
        return request.continuation == "text" or (self._completions and not request.continuation)

    async def _text(self, sdk: Any, request: Request) -> None:
        """Asks the completions API to continue the dialogue as a plain text."""
        await sdk.completions.with_raw_response.create(
            model=self.endpoint.model,
            prompt=continued_text(request),
            max_tokens=request.max_tokens,
            **without_none(
                logprobs=request.top_logprobs,
                temperature=request.temperature,
                top_p=request.top_p,
                seed=request.seed,
                n=request.n,
                stop=None if request.continuation else self._stop or None,
                extra_body=self.extra_body or None,
            ),
        )

    async def _chat(self, sdk: Any, request: Request) -> None:
        limit = {} if self.extra_body.keys() & set(_LIMITS) else {self._limit: request.max_tokens}
        await sdk.create(
            model=self.endpoint.model,
            messages=messages(request, self._system_role),
            **limit,
            **optional_fields(request),
            **without_none(seed=request.seed, extra_body=continuation_fields(request.continuation, self.extra_body) or None),
        )

    async def ask_models(self, sdk: Any) -> None:
        await sdk.models.with_raw_response.list()

    def adapt(self, error: ErrorBody) -> bool:
        """Uses streaming, fewer log-probabilities, the other name of the token limit, or the role "developer"."""
        if self._usage_in_stream and self._streams and "stream_options" in (*error.params, *error.message.split("'")):
            self._usage_in_stream = False
            return True
        most = most_logprobs(error)
        if most is not None and (self._most_logprobs is None or most < self._most_logprobs):
            self._most_logprobs = most
            return True
        if self._completions:
            return super().adapt(error)
        if self._limit not in self._refused_limits and rejects_parameter(error, self._limit):
            self._refused_limits.add(self._limit)
            self._limit = _LIMITS[1 - _LIMITS.index(self._limit)]
            return self._limit not in self._refused_limits
        if self._system_role == "system" and _DEVELOPER.search(error.message):
            self._system_role = "developer"
            return True
        return super().adapt(error)

    def adapted(self, request: Request) -> tuple[str, ...]:
        """As the base class says. Only chat has the names that can be adapted."""
        if request.continuation in ("completion", "echo"):
            return ()
        if self._is_text(request):
            return super().adapted(request)
        fewer = ("top_logprobs",) if self._lists_fewer(request) else ()
        has_system = any(message.role == "system" for message in request.messages)
        role = ("developer",) if self._system_role == "developer" and has_system else ()
        limit = (self._limit,) if self._refused_limits else ()
        return (*super().adapted(request), *role, *limit, *fewer)

    def _lists_fewer(self, request: Request) -> bool:
        """Whether the server lists fewer log-probabilities than the request asks for."""
        return self._most_logprobs is not None and (request.top_logprobs or 0) > self._most_logprobs

    def extra_fields(self) -> Mapping[str, Any]:
        """As the base class says. The usage of a stream has to be asked for."""
        options = {"stream_options": {"include_usage": True}} if self._streams and self._usage_in_stream else {}
        return {**super().extra_fields(), **options}

    def read(self, document: Any, request: Request) -> Reply:
        if request.continuation == "completion":
            return read_own_completion(document)
        if request.continuation == "echo":
            return read_echo(document, request.prompt)
        if request.continuation == "prompt-logprobs":
            return read_prompt_logprobs(document, request.prompt)
        return read_completion(document, request.max_tokens)


_CONTINUED = {"continue_final_message": True, "add_generation_prompt": False}

_FIELDS: Mapping[str, Mapping[str, Any]] = {
    "assistant": {},
    "continue-final-message": _CONTINUED,
    "prompt-logprobs": {**_CONTINUED, "prompt_logprobs": 0},  # 0: of the given tokens alone
}
"""The fields of a request that make a server continue or score the last message."""


def continuation_fields(continuation: str, extra: Mapping[str, Any]) -> dict[str, Any]:
    """The extra fields of a request, with those for its continuation, and what keeps the model from thinking first."""
    if continuation not in _FIELDS:
        return dict(extra)
    given = extra.get("chat_template_kwargs")
    template = {**(given if isinstance(given, Mapping) else {}), **NO_THINKING}
    return {**extra, "chat_template_kwargs": template, **_FIELDS[continuation]}


def optional_fields(request: Request) -> dict[str, Any]:
    """The fields of a request that are set and that OpenAI and Mistral name alike."""
    return without_none(
        temperature=request.temperature,
        top_p=request.top_p,
        logprobs=None if request.top_logprobs is None else True,
        top_logprobs=request.top_logprobs,
        response_format=None if request.schema is None else _response_format(dict(request.schema)),
        reasoning_effort=request.reasoning_effort,
        n=request.n,
    )


def _response_format(schema: dict[str, Any]) -> dict[str, Any]:
    """A JSON schema in the form of chat completions."""
    return {"type": "json_schema", "json_schema": {"name": "reply", "schema": schema, "strict": True}}
