"""Counts what an attack tried and what failed."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Tally:
    """The result of one attack.

    Attributes:
        share: The part of the whole attack that is tried, from 0 to 1.
        seed: Seeds the attack's random numbers.
        tried: How often each thing was tried.
        failures: A sentence for each thing that went wrong.
        notes: Further figures, such as the slowest file.
    """

    name: str
    share: float = 1.0
    seed: int = 1
    tried: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    begun: float = field(default_factory=time.monotonic)

    def part(self, whole: int, least: int = 1) -> int:
        """How many of so many are tried."""
        return max(least, round(whole * self.share))

    def fail(self, text: str) -> None:
        """Notes something that went wrong."""
        self.failures.append(text)

    def add(self, other: Tally) -> None:
        """Adds the counts of a part of the attack."""
        self.tried += other.tried
        self.failures += other.failures
        self.notes += other.notes

    def text(self, most: int = 12) -> str:
        """What was tried and what failed. most: how many failures are shown."""
        lines = [f"{self.name}: {len(self.failures)} failed, {time.monotonic() - self.begun:.0f} s"]
        lines += [f"  {count:7,} {what}" for what, count in self.tried.items()]
        lines += [f"  {note}" for note in self.notes]
        lines += [f"  FAILED {failure}" for failure in self.failures[:most]]
        if len(self.failures) > most:
            lines.append(f"  … and {len(self.failures) - most} more")
        return "\n".join(lines)
