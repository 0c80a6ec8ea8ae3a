"""Small text tasks for the tests."""

from __future__ import annotations

from typing import Any

from iicl_tui.chain.config import ChainConfig, read_config
from iicl_tui.errors import Fault
from iicl_tui.schema import read_table
from iicl_tui.tasks.base import Example
from iicl_tui.tasks.text.fields import FIELDS
from iicl_tui.tasks.text.task import TextTask, build

GOOD = {"name": "good", "kind": "regex", "pattern": "good"}


def built(**table: Any) -> tuple[TextTask, list[Fault]]:
    """The task of a [task] table, and its faults."""
    faults: list[Fault] = []
    return build(read_table(FIELDS, table, ("task",), faults), ("task",), faults), faults


def task_of(*features: dict[str, Any], **table: Any) -> TextTask:
    task, faults = built(feature=list(features), **table)
    assert faults == []
    return task


def text(words: str, **fields: str) -> Example:
    return Example(tuple(f"{name}={value}" for name, value in fields.items()), words)


def config(task: dict[str, Any], *, chain: dict[str, Any] | None = None, **more: Any) -> ChainConfig:
    return read_config({"chain": {"task": "text", "generations": 5, **(chain or {})}, "task": task, **more})


def samples(*words: str) -> dict[str, Any]:
    """A [start] table with these texts."""
    return {"sample": [{"input": [], "output": each} for each in words]}
