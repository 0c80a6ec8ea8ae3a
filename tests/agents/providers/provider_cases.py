"""What the tests of the providers share."""

from __future__ import annotations

import traceback

import pytest

from iicl_tui.agents.calls import Message, Request
from iicl_tui.agents.failures import CallFailed
from iicl_tui.agents.providers.anthropic import AnthropicProvider
from iicl_tui.agents.providers.mistral import MistralProvider
from iicl_tui.agents.providers.openai import OpenAIProvider
from iicl_tui.agents.providers.sdk_provider import SDKProvider

PROVIDERS: dict[str, type[OpenAIProvider | AnthropicProvider | MistralProvider]] = {
    "openai": OpenAIProvider,
    "anthropic": AnthropicProvider,
    "mistral": MistralProvider,
}
BASES = {"openai": "/v1", "anthropic": "", "mistral": ""}
PATHS = {"openai": "/v1/chat/completions", "anthropic": "/v1/messages", "mistral": "/v1/chat/completions"}
KEY = "sk-never-to-be-seen-0123456789"
SCHEMA = {"type": "object", "properties": {"A": {"enum": ["on", "off"]}}, "required": ["A"], "additionalProperties": False}

PLAIN = Request((Message("system", "Be brief."), Message("user", "Which rule?")), 50)
FULL = Request(PLAIN.messages, 50, temperature=0.7, top_p=0.9, seed=42, top_logprobs=5, schema=SCHEMA, reasoning_effort="none", n=2)


async def failure(provider: SDKProvider, request: Request = FULL) -> CallFailed:
    """The failure of a call: with a title, what happened, and what to do; and without the key, wherever one looks."""
    with pytest.raises(CallFailed) as caught:
        await provider.send(request)
    error = caught.value
    assert error.title
    assert error.what
    assert error.remedy
    assert error.__cause__ is None
    assert error.__context__ is None
    lines = traceback.TracebackException.from_exception(error, capture_locals=True).format()
    for text in (str(error), repr(error), repr(error.args), repr(vars(error)), "".join(traceback.format_exception(error))):
        assert KEY not in text
    assert KEY not in "".join(lines), "rich tracebacks show the locals too"
    assert all(len(line) < 500 for line in str(error).splitlines())
    assert str(error).replace("\n", "").isprintable()
    return error
