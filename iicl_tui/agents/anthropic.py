"""Claude. Its API gives no log-probabilities and takes no seed."""

from __future__ import annotations

from iicl_tui.agents.language_kind import ApiSpec, language_kind

API = ApiSpec(
    "anthropic",
    "Anthropic",
    "Claude; its belief is estimated from drawn hypotheses.",
    "claude-haiku-4-5",
    "ANTHROPIC_API_KEY",
    1.0,
    ("samples", "none"),
    "iicl_tui.agents.providers.anthropic:AnthropicProvider",
    urls=("https://api.anthropic.com", "https://api.anthropic.com/v1"),
    order=3,
    unsupported=frozenset({"seed", "top_logprobs", "reasoning_effort", "n"}),
    models=("claude",),
)
"""The API, for this kind and for `doctor`."""

KIND = language_kind(API)
