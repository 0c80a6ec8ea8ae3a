"""What is kept between generations: a generation's own samples alone, all data so far, or its samples with a share of d⁰."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from iicl_tui.errors import Fault
from iicl_tui.schema import describe, is_finite
from iicl_tui.tasks.base import Example

EXPECTED = '"replace", "accumulate" or a table { mix = SHARE } with a share from 0 to 1'


@dataclass(frozen=True)
class Keep:
    """What the next agent learns from.

    Attributes:
        accumulates: From d⁰ and the data of all generations; otherwise from dᵗ.
        mix: The share of dᵗ that is taken from d⁰.
    """

    accumulates: bool = False
    mix: float = 0.0

    def from_start(self, samples: int) -> int:
        """How many of M samples are taken from d⁰: the share of M, rounded, halves up; at least one if there is a share."""
        return max(math.floor(self.mix * samples + 0.5), 1) if self.mix > 0 else 0

    def words(self) -> str:
        """For a list of facts: accumulate, or mix 20%."""
        return "accumulate" if self.accumulates else f"mix {100 * self.mix:g}%" if self.mix else "replace"


REPLACE = Keep()
"""The next agent learns from dᵗ alone."""


def check_keep(value: Any) -> Any:
    """The value of `keep` in the [chain] table, if `read_keep` can read it. Raises ValueError."""
    mix = value.get("mix") if isinstance(value, dict) and value.keys() == {"mix"} else None
    if isinstance(mix, (int, float)) and not isinstance(mix, bool) and is_finite(mix) and 0 <= mix <= 1:
        return value
    if value in ("replace", "accumulate"):
        return value
    raise ValueError(f"expected {EXPECTED}, found {describe(value) if mix is None else f'mix = {describe(mix)}'}")


def read_keep(value: Any) -> Keep:
    """What a checked value says."""
    if isinstance(value, dict):
        return Keep(mix=float(value["mix"]))
    return Keep(accumulates=value == "accumulate")


def keep_faults(keep: Keep, samples: int, initial: Sequence[Example], lookback: int) -> list[Fault]:
    """What cannot be kept in a chain with M samples, this d⁰ and this look-back."""
    path = ("chain", "keep")
    if keep.accumulates and lookback:
        return [Fault(("chain", "lookback"), 'with keep = "accumulate" an agent sees all data so far, its own too: expected 0')]
    needed = keep.from_start(samples)
    if needed > len(initial):
        return [Fault(path, f"{needed} of {samples} samples would come from d⁰, which has only {len(initial)}; lower the share")]
    return []
