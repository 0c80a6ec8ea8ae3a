"""Containers that draw nothing themselves, or only a line at their top."""

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


class _LineAbove:
    """A container that draws only its upper border, which is one line high: give it neither background nor other borders."""

    def render_lines(self, crop: Region) -> list[Strip]:
        # The compositor takes strips from the top of the region: the lines without a strip are left to what is behind.
        return super().render_lines(crop.crop_size((crop.width, 1))) if crop.y == 0 else []  # type: ignore[misc]


class LinedColumn(_LineAbove, Vertical):
    """Widgets below one another, under a line."""


class LinedRow(_LineAbove, Horizontal):
    """Widgets beside one another, under a line."""
