"""Containers that hold widgets and show nothing of their own."""

from __future__ import annotations

from textual.containers import Horizontal, Vertical
from textual.geometry import Region
from textual.strip import Strip


class _Through:
    """Give it neither border nor background: where it has no widget, what is beneath it is seen. So the compositor has a layer
    less to cut at every edge of every line, which costs a repaint of a large window more than the lines that have changed."""

    def render_lines(self, crop: Region) -> list[Strip]:
        return []


class Column(_Through, Vertical):
    """Widgets below one another."""


class Row(_Through, Horizontal):
    """Widgets beside one another."""
