"""Shared by several commands: the user's paths and settings."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from iicl_tui.agents import prices
from iicl_tui.errors import Fault, LabError
from iicl_tui.files import OutsideFiles, outside_files
from iicl_tui.store import atomic, settings
from iicl_tui.store.paths import Paths, user_paths
from iicl_tui.text import printable

_T = TypeVar("_T")


def surroundings(arguments: argparse.Namespace) -> tuple[Paths, settings.Settings, list[Fault]]:
    """The paths, the settings and their faults. The command line overrides the settings file, which overrides the defaults."""
    paths = user_paths(getattr(arguments, "sessions", None), getattr(arguments, "config", None))
    for folder in (paths.settings.parent, paths.state, paths.state / "drafts"):
        atomic.clean(folder)
    chosen, faults = settings.load(paths.settings)
    faults += prices.use_file(paths.settings.with_name("prices.toml"))
    if chosen.sessions and not hasattr(arguments, "sessions"):
        paths = replace(paths, sessions=Path(chosen.sessions).expanduser())
    return paths, chosen, faults


def reading_outside(name: str, given: bool, read: Callable[[], _T]) -> _T:
    """As `read_asking`, without whether such files may be read later, too."""
    return read_asking(name, given, read)[0]


def read_asking(name: str, given: bool, read: Callable[[], _T]) -> tuple[_T, bool]:
    """Reads a configuration. On a terminal, asks before files outside its folder are read.

    Args:
        name: The configuration's file.
        given: Whether --outside was given, so that nobody is asked.
        read: Reads it. Raises LabError, or returns what is faulty.

    Returns:
        What was read, and whether files outside its folder may be read.

    Raises:
        LabError: As `read` does.
    """
    with outside_files(OutsideFiles(given)) as outside:
        try:
            return read(), given
        except LabError:
            if not _agreed(name, outside):
                raise
        return read(), True


def _agreed(name: str, outside: OutsideFiles) -> bool:
    """Asks whether the files that were refused may be read. False without a terminal."""
    if not (outside.refused and sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    files = list(dict.fromkeys(outside.refused))
    many = len(files) > 1
    print(printable(f"{name} names {'files' if many else 'a file'} outside its folder:"), file=sys.stderr)
    for file in files:
        print(printable(f"  {file}"), file=sys.stderr)
    print(f"Read {'them' if many else 'it'}? (y/N) ", end="", file=sys.stderr, flush=True)
    outside.allowed = sys.stdin.readline().strip().casefold() in ("y", "yes")
    return outside.allowed
