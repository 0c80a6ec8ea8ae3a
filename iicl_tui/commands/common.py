"""What several commands need: the user's paths and settings, and documents from files."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from iicl_tui.errors import ConfigError, Fault
from iicl_tui.store import settings, toml_lines
from iicl_tui.store.errors import from_os_error
from iicl_tui.store.paths import Paths, user_paths


def surroundings(arguments: argparse.Namespace) -> tuple[Paths, settings.Settings, list[Fault]]:
    """Paths, settings and the settings' faults; the command line before the settings file before the defaults."""
    paths = user_paths(getattr(arguments, "sessions", None), getattr(arguments, "config", None))
    chosen, faults = settings.load(paths.settings)
    if chosen.sessions and not hasattr(arguments, "sessions"):
        paths = replace(paths, sessions=Path(chosen.sessions).expanduser())
    return paths, chosen, faults


def read_text(path: Path) -> str:
    """A text file. Raises StoreError, or ConfigError where it is no UTF-8."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise from_os_error(error, "read", path) from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigError([Fault((), "this is no UTF-8 text", line)], path.name) from error


def read_document(path: Path) -> dict[str, Any]:
    """A TOML file. Raises StoreError, or ConfigError with the line."""
    document: dict[str, Any] = toml_lines.parse(read_text(path), path.name)
    return document


def with_lines(error: ConfigError, text: str, source: str, given: Sequence[str] = ()) -> ConfigError:
    """The same faults with their lines in the text that they came from.

    given: keys that did not come from the text but from --set; their faults have no line.
    """
    prefixes = tuple(key.replace("[1]", "") for key in given)  # agent.noise is agent[1].noise
    found = []
    for fault in error.faults:
        is_given = fault.key.replace("[1]", "").startswith(prefixes)
        found.append(fault if is_given else replace(fault, line=fault.line or toml_lines.line_of(text, fault.path)))
    return ConfigError(found, source)
