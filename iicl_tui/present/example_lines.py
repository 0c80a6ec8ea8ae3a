"""Given examples as lines of the form: "A, screen → on" for { input = ["A", "screen"], output = "on" }."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from iicl_tui.schema import Path
from iicl_tui.tasks.example import read_arrow


def is_example(path: Path) -> bool:
    """Whether a path is that of a given example."""
    return len(path) == 3 and path[:2] == ("start", "sample")


def write_line(entry: Any) -> str | None:
    """A file's example as a line; None if no line can say it, such as a text of several lines."""
    if not isinstance(entry, Mapping) or not set(entry) <= {"input", "output"}:
        return None
    parts, output = entry.get("input", []), entry.get("output", "")
    if not isinstance(output, str) or not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        return None
    line = f"{', '.join(parts)} → {output}"
    same = read_line(line) == {"input": parts, "output": output}
    return line if same and line.isprintable() else None


def read_line(text: str) -> dict[str, Any]:
    """The example that a line says. Without an arrow everything is the input; the checks then report that there is no output."""
    left, right = read_arrow(text) or (text, "")
    return {"input": [part.strip() for part in left.split(",") if part.strip()], "output": right}
