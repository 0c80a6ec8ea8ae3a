"""GPT, and every server that speaks OpenAI's chat completions: llama.cpp, vLLM, Ollama and others."""

from __future__ import annotations

from iicl_tui.agents.language_kind import ApiSpec, language_kind

API = ApiSpec(
    "openai",
    "OpenAI",
    "GPT, or any server that speaks OpenAI's protocol; with log-probabilities where the model gives them.",
    "gpt-6-luna",
    "OPENAI_API_KEY",
    2.0,
    ("logprobs", "score", "samples", "none"),
    "iicl_tui.agents.providers.openai:OpenAIProvider",
    urls=("https://api.openai.com/v1",),
    order=2,
    continuations=("assistant", "continue-final-message", "assistant-only", "completion", "prompt-logprobs", "echo"),
    models=("",),
    completes_text=True,
)
"""The API, for this kind and for `doctor`."""

KIND = language_kind(API)
