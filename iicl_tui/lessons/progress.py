"""How far a person is in each lesson, kept beside the settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iicl_tui import files
from iicl_tui.errors import ConfigError
from iicl_tui.store import atomic, errors, toml_lines, toml_text

FILE = "lessons.toml"
FORMAT = "iicl-tui-lessons/1"
MOST_BYTES = 200_000


@dataclass(frozen=True)
class Progress:
    """How far one lesson is.

    Attributes:
        step: The step to go on with, from 0.
        steps: How many there are.
        done: It was finished once.
    """

    step: int = 0
    steps: int = 0
    done: bool = False

    @property
    def words(self) -> str:
        """In a few words; "" for a lesson not begun."""
        if self.done:
            return "done"
        return f"step {self.step + 1} of {self.steps}" if self.step else ""


def file_beside(settings: Path) -> Path:
    """The file that belongs to a settings file."""
    return settings.with_name(FILE)


def load(path: Path) -> dict[str, Progress]:
    """The progress by lesson. Whatever cannot be read counts as not begun; never raises."""
    try:
        return _load(path)
    except OSError:
        return {}


def _load(path: Path) -> dict[str, Progress]:
    """The progress by lesson; none of a text that is no TOML. Raises OSError."""
    try:
        document = toml_lines.parse(toml_lines.text_of(files.read_bytes(path, MOST_BYTES), path.name), path.name)
    except (FileNotFoundError, ConfigError):
        return {}
    table = document.get("lesson")
    if not isinstance(table, Mapping):
        return {}
    return {name: found for name, value in table.items() if (found := _read(value)) is not None}


def _read(value: Any) -> Progress | None:
    if not isinstance(value, Mapping):
        return None
    step, steps, done = value.get("step", 0), value.get("steps", 0), value.get("done", False)
    if not all(isinstance(each, int) and not isinstance(each, bool) and each >= 0 for each in (step, steps)):
        return None
    return Progress(min(step, max(steps - 1, 0)), steps, done is True)


def save(path: Path, name: str, progress: Progress) -> None:
    """Keeps the progress of one lesson; a lesson once done stays done. Raises StoreError if the file cannot be written."""
    try:
        known = _load(path)  # what cannot be read now must not be overwritten
    except OSError as error:
        raise errors.from_os_error(error, "read", path) from error
    done = progress.done or known.get(name, Progress()).done
    known[name] = Progress(progress.step, progress.steps, done)
    lines = [f"format = {toml_text.string(FORMAT)}\n"]
    for each, values in sorted(known.items()):
        header = f"[lesson.{toml_text.key(each)}]"
        lines.append(toml_text.table(header, {"step": values.step, "steps": values.steps, "done": values.done}))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic.replace(path, "\n".join(lines).encode())
    except OSError as error:
        raise errors.from_os_error(error, "write", path) from error
