"""Mistral."""

from __future__ import annotations

from iicl_tui.agents.language_kind import ApiSpec, language_kind

API = ApiSpec(
    "mistral",
    "Mistral",
    "Mistral's models; the belief is estimated from drawn hypotheses, or known from log-probabilities where they are given.",
    "mistral-small-latest",
    "MISTRAL_API_KEY",
    1.5,
    ("samples", "score", "logprobs", "none"),
    "iicl_tui.agents.providers.mistral:MistralProvider",
    urls=("https://api.mistral.ai", "https://api.mistral.ai/v1"),
    order=4,
    continuations=("prefix",),
    official_continues=True,
    models=("mistral",),
)
"""The API, for this kind and for `doctor`."""

KIND = language_kind(API)
