"""Containers that draw nothing themselves."""

from __future__ import annotations

from textual.containers import Horizontal, Vertical
from textual.geometry import Region
from textual.strip import Strip


class _Transparent:
    """A transparent container: give it neither border nor background.

    The compositor then has one layer less to cut at every edge of every line, which takes longer in a large window than
    the changed lines themselves.
    """

    def render_lines(self, crop: Region) -> list[Strip]:
        return []


class Column(_Transparent, Vertical):
    """Widgets below one another."""


class Row(_Transparent, Horizontal):
    """Widgets beside one another."""
