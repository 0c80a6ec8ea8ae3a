"""The data files that were reviewed last, so that they can be offered again."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from iicl_tui.files import read_bytes
from iicl_tui.store import atomic
from iicl_tui.store.paths import Paths

_MOST = 20
_MOST_BYTES = 100_000


def reviewed_files(paths: Paths) -> list[str]:
    """The paths of the files that are still there, the last one first."""
    try:
        return [name for name in _files(paths) if os.path.isfile(name)]
    except (OSError, UnicodeDecodeError):
        return []


def _files(paths: Paths) -> list[str]:
    try:
        lines = read_bytes(_file(paths), _MOST_BYTES).decode().split("\n")
    except FileNotFoundError:
        return []
    return [line for line in lines if line]


def note_reviewed(paths: Paths, data: Path) -> None:
    """Puts a file at the head of the list. A list that cannot be written is no fault."""
    path = str(data.resolve())
    if "\n" in path:
        return
    with suppress(OSError, UnicodeError):  # a list that cannot be read now must not be overwritten
        names = [path, *(name for name in _files(paths) if name != path)][:_MOST]
        _file(paths).parent.mkdir(parents=True, exist_ok=True)
        atomic.replace(_file(paths), "".join(f"{name}\n" for name in names).encode())


def _file(paths: Paths) -> Path:
    return paths.state / "reviewed.txt"
