"""Reads configurations and decisions from files and presets, with every fault at its line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from iicl_tui import files
from iicl_tui.errors import ConfigError, LabError
from iicl_tui.filters.scripted import ScriptedDecider
from iicl_tui.store import toml_lines
from iicl_tui.store.errors import from_os_error
from iicl_tui.store.presets import load
from iicl_tui.tasks.base import Task
from iicl_tui.text import printable


def read_text(path: Path) -> str:
    """Reads a text file. Raises StoreError, or ConfigError if it is not UTF-8."""
    try:
        data = files.read_bytes(path)
    except OSError as error:
        raise from_os_error(error, "read", path) from error
    return toml_lines.text_of(data, path.name)


def read_source(given: str) -> tuple[str, str, Path | None]:
    """The text of a config file or a preset, its name, and the folder for file names in it.

    Raises LabError if there is neither.
    """
    path = Path(given)
    if (path.exists() and not path.is_dir()) or path.suffix == ".toml":
        return read_text(path), path.name, path.parent
    try:
        preset = load(given)
    except LabError as error:
        if path.is_dir():
            raise LabError(
                f"{printable(given)} is a folder", "A configuration is one file.", "Name a file in it, or a preset."
            ) from error
        raise
    return preset.text, preset.name, None


def read_decisions(path: Path, task: Task) -> ScriptedDecider:
    """The human filter's decisions in a file. Raises StoreError, ConfigError."""
    text = read_text(path)
    try:
        return ScriptedDecider(toml_lines.parse(text, path.name), task)
    except ConfigError as error:
        raise with_lines(error, text, path.name) from None


def with_lines(error: ConfigError, text: str, source: str, given: Sequence[str] = ()) -> ConfigError:
    """The same faults with their lines in the text.

    Args:
        error: The faults.
        text: The file's text.
        source: What the file is called in the message.
        given: Keys that came from --set instead of the text; their faults have no line.
    """
    prefixes = tuple(key.replace("[1]", "") for key in given)  # agent.noise is agent[1].noise
    found = []
    for fault in error.faults:
        is_given = fault.key.replace("[1]", "").startswith(prefixes)
        found.append(fault if is_given else replace(fault, line=fault.line or toml_lines.line_of(text, fault.path)))
    return ConfigError(found, source)
