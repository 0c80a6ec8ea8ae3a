"""For tests that read what the program may leave out: the value itself, or a failure where there is none."""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")


def not_none(value: T | None) -> T:
    """The value, which must be there."""
    assert value is not None
    return value
