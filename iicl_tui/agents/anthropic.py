"""Claude. Its API gives no log-probabilities and takes no seed."""

from __future__ import annotations

from iicl_tui.agents.language_kind import Api, language_kind
from iicl_tui.agents.providers.anthropic import AnthropicProvider

KIND = language_kind(
    Api(
        "anthropic",
        "Anthropic",
        "Claude; its belief is estimated from drawn hypotheses.",
        "claude-haiku-4-5",
        "ANTHROPIC_API_KEY",
        1.0,
        ("samples", "none"),
        AnthropicProvider,
        order=3,
    )
)
