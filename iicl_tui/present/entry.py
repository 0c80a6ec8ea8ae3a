"""One line of a transcript."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """One thing that happened. generation: 0 = before the first. text: any length, untrusted. kind: shown beside the phase,
    as "decision" or "reply"."""

    generation: int
    phase: str
    title: str
    text: str = ""
    kind: str = ""
