"""What may be decided in a review."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Value = Any
"""One item to decide on: a hypothesis, an Example, a row of data."""


@dataclass(frozen=True)
class VerdictRules:
    """What may be decided.

    Attributes:
        may_reject: Items can be rejected.
        redraws_left: How often rejected items can still be redrawn.
        redraws_rejected: After the commit, rejected items are redrawn.
        if_none_pass: What happens to a commit in which no item passes and none is redrawn: it is refused, it needs a second key,
            or it is allowed.
        edit_refusal: Why items cannot be edited; empty if they can.
    """

    may_reject: bool = True
    redraws_left: int = 0
    redraws_rejected: bool = False
    if_none_pass: Literal["refuse", "confirm", "allow"] = "allow"
    edit_refusal: str = ""
