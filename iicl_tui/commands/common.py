"""Shared by several commands: the user's paths and settings."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from iicl_tui.agents import prices
from iicl_tui.errors import Fault
from iicl_tui.store import settings
from iicl_tui.store.paths import Paths, user_paths


def surroundings(arguments: argparse.Namespace) -> tuple[Paths, settings.Settings, list[Fault]]:
    """The paths, the settings and their faults. The command line overrides the settings file, which overrides the defaults."""
    paths = user_paths(getattr(arguments, "sessions", None), getattr(arguments, "config", None))
    chosen, faults = settings.load(paths.settings)
    faults += prices.use_file(paths.settings.with_name("prices.toml"))
    if chosen.sessions and not hasattr(arguments, "sessions"):
        paths = replace(paths, sessions=Path(chosen.sessions).expanduser())
    return paths, chosen, faults
