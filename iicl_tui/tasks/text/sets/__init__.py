"""Sets of short texts that come with the program, one JSONL file each."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

SETS = ("reviews", "story", "advice", "terms")
"""reviews: of everyday products, with sentiment and topic. story: one story told in many ways, with how many of its details
are left. advice: for everyday problems, with its tone. terms: explanations of one word, with their level."""


@cache
def own_rows(name: str) -> tuple[dict[str, str], ...]:
    """The rows of a set, in the file's order."""
    text = (Path(__file__).parent / f"{name}.jsonl").read_text(encoding="utf-8")
    return tuple(json.loads(line) for line in text.splitlines() if line)
