"""What is presented now: a small file in the state folder, which the first terminal writes and the second one follows."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from iicl_tui import files
from iicl_tui.chain.records import PHASES
from iicl_tui.errors import ConfigError
from iicl_tui.present.lab_state import LabState
from iicl_tui.store import atomic, toml_lines, toml_text

FILE = "presenting.toml"
FORMAT = "iicl-tui-presenting/1"
MOST_BYTES = 20_000
_MONEY = re.compile(r"[<≈≥]?\$\d(?:[\d.,]*\d)?")
_COST = re.compile(rf"(?:{_MONEY.pattern})|[≈≥]?[\d,]+(?: \+ [\d,]+)? tokens?|tokens unknown")
_PATH = re.compile(r"(?<![\w/])(?:~|\.{1,2})?/[\w.@+-]+(?:/[^\s:;,)”]+)+")
SILENT_AFTER = 6.0
"""Seconds without one after which nobody presents."""


@dataclass(frozen=True)
class Position:
    """Where a presentation is.

    Attributes:
        kind: lesson or session.
        path: The lesson's or the session's file.
        step: The step of a lesson, from 0.
        open: The step's question waits for an answer.
        generation, phase: The moment that is shown.
        upcoming: What comes next in a session, in a sentence.
    """

    kind: str
    path: str
    title: str
    step: int = 0
    open: bool = False
    generation: int = 0
    phase: str = "transmission"
    upcoming: str = ""


def write(state: Path, position: Position) -> None:
    """Write the position. A disk that cannot be written to must not disturb the talk, so that nothing is raised."""
    lines = [f"format = {toml_text.string(FORMAT)}\n", toml_text.table("[position]", asdict(position))]
    try:
        state.mkdir(parents=True, exist_ok=True)
        atomic.replace(state / FILE, "\n".join(lines).encode())
    except OSError:
        return


def beat(state: Path) -> None:
    """Give a sign of life."""
    try:
        os.utime(state / FILE)
    except OSError:
        return


def clear(state: Path) -> None:
    """Nobody presents any more."""
    try:
        (state / FILE).unlink()
    except OSError:
        return


def read(state: Path, now: float | None = None) -> Position | None:
    """The position; None if nobody presents: there is no file, it cannot be read, or it is too old."""
    path = state / FILE
    try:
        age = (time.time() if now is None else now) - path.stat().st_mtime
        document = toml_lines.parse(toml_lines.text_of(files.read_bytes(path, MOST_BYTES), path.name), path.name)
    except (OSError, ConfigError):
        return None
    return _read(document.get("position")) if age <= SILENT_AFTER and document.get("format") == FORMAT else None


def _read(table: Any) -> Position | None:
    if not isinstance(table, Mapping):
        return None
    kinds = {"kind": str, "path": str, "title": str, "step": int, "open": bool, "generation": int, "phase": str, "upcoming": str}
    values = {key: table.get(key) for key in kinds}
    if not all(type(values[key]) is kind for key, kind in kinds.items()):
        return None
    if values["kind"] not in ("lesson", "session") or values["phase"] not in PHASES:
        return None
    position = Position(**values)  # type: ignore[arg-type]  # their types were checked
    return position if min(position.step, position.generation) >= 0 else None


def for_the_room(text: str) -> str:
    """The text without money and paths: of a path only the name is left, of a list of facts those that cost nothing."""
    lines = (
        " · ".join(part for part in line.split(" · ") if not _COST.fullmatch(part.strip())) if " · " in line else line
        for line in text.split("\n")
    )
    return _MONEY.sub("$…", _PATH.sub(lambda path: path.group().rstrip("/").rpartition("/")[2], "\n".join(lines)))


def headline(state: LabState) -> tuple[str, str]:
    """The figure that matters, in a few characters, and what it is; two empty texts without a belief.

    It is the likeliest value of the factor that the belief is grouped by.
    """
    view = state.belief
    if view.log_p is None or view.by is None:
        return "", ""
    import numpy as np

    split = view.space.groupings[view.by]
    p = np.bincount(split.codes, np.exp(view.log_p), len(split.values))
    best = int(p.argmax())
    return f"{min(100 * p[best], 100.0):.0f}%", f"{split.name} {split.values[best]}"
