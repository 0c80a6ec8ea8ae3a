"""One entry of a transcript."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """One event of a chain.

    Attributes:
        generation: 0 is before the first generation.
        text: Untrusted, of any length.
        kind: Shown next to the phase, such as "decision" or "call".
    """

    generation: int
    phase: str
    title: str
    text: str = ""
    kind: str = ""
