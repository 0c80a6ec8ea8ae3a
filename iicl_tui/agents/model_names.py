"""What the names of the providers' models reveal, as of the end of 2026, without a call.

Sources: OpenAI's guide to its latest models and Anthropic's migration guides.
"""

from __future__ import annotations

import re
from typing import Literal

Sampling = Literal["takes", "without-reasoning", "refuses", "unknown"]
"""Whether a model takes a temperature and, if its provider has them, gives log-probabilities.

takes: it does. without-reasoning: only with reasoning_effort "none". refuses: never. unknown: nothing is known of this name.
"""

_RULES: dict[str, tuple[tuple[re.Pattern[str], Sampling], ...]] = {
    "openai": (
        (re.compile(r"gpt-6-(?:astra|rosalind)|gpt-6\.1-sol|gpt-5.*-(?:codex|pro)"), "refuses"),
        (re.compile(r"gpt-5(?:-(?:mini|nano))?(?:-\d{4}.*)?$"), "refuses"),
        (re.compile(r"o[1-9](?:-|$)"), "refuses"),
        (re.compile(r"gpt-(?:5\.[1-9]|[6-9])"), "without-reasoning"),
        (re.compile(r"(?:chat)?gpt-(?:3\.5|4)"), "takes"),
    ),
    "anthropic": (
        (re.compile(r"claude-(?:opus-4-[7-9]|(?:opus|sonnet|haiku|fable|mythos)-[5-9])"), "refuses"),
        (re.compile(r"claude-"), "takes"),
    ),
    "mistral": ((re.compile(r"(?:open-)?(?:mistral|ministral|mixtral|pixtral|codestral)-"), "takes"),),
}  # fmt: skip
"""By the agent's kind: the first pattern at the beginning of the name counts."""


def known_sampling(kind: str, model: str, official: bool) -> Sampling:
    """What is known of this model's temperature.

    Args:
        kind: The agent's kind.
        model: The model's name.
        official: Whether the provider's own server is asked; of others nothing is known.
    """
    rules = _RULES.get(kind, ()) if official else ()
    return next((sampling for pattern, sampling in rules if pattern.match(model)), "unknown")
