"""One entry of a transcript."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """One thing that happened. generation: 0 is before the first. text: of any length, untrusted. kind: shown next to the phase, as
    "decision" or "call"."""

    generation: int
    phase: str
    title: str
    text: str = ""
    kind: str = ""
