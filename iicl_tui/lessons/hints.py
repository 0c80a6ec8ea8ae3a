"""Hints in messages about unknown names."""

from __future__ import annotations

from collections.abc import Iterable

from iicl_tui.schema import nearest


def hint(word: str, known: Iterable[str]) -> str:
    """The nearest known name, or all of them."""
    names = list(known)
    near = nearest(word, names)
    return f"nearest known: {near}" if near else f"known: {', '.join(names) or 'none'}"
