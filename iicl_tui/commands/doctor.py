"""iicl-tui doctor"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
from importlib import metadata
from pathlib import Path

from iicl_tui import registry
from iicl_tui.commands.common import surroundings
from iicl_tui.errors import LabError
from iicl_tui.text import printable

PACKAGES = ("textual", "numpy", "plotext", "tomli-w", "tomlkit", "platformdirs", "genai-prices")
SDKS = ("openai", "anthropic", "mistralai")
KINDS = ("iicl_tui.agents", "iicl_tui.tasks", "iicl_tui.filters")
"""The groups of entry points by which plug-ins add kinds."""
KEYS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "MISTRAL_API_KEY")
SMALLEST = (80, 24)


def main(arguments: argparse.Namespace) -> int:
    """Prints what this terminal, installation and environment, or a model's server, can do. Returns 1 if something is missing."""
    if arguments.base_url is not None or arguments.model is not None:
        from iicl_tui.commands import server_doctor

        return server_doctor.main(arguments)
    if arguments.json:
        raise LabError("--json needs --base-url or --model")
    from iicl_tui import __version__

    failed = False

    def say(name: str, value: object, good: bool | None = None) -> None:
        nonlocal failed
        failed |= good is False
        mark = {None: "    ", True: "ok  ", False: "BAD "}[good]
        print(f"{mark}{name:<22}{printable(str(value))}")

    print("installation")
    say("iicl-tui", __version__)
    say("Python", f"{platform.python_version()} on {platform.system()}", sys.version_info >= (3, 11))
    for package in PACKAGES:
        try:
            say(package, metadata.version(package), True)
        except metadata.PackageNotFoundError:
            say(package, "not installed", False)
    for package in SDKS:
        try:
            say(package, metadata.version(package), True)
        except metadata.PackageNotFoundError:
            say(package, "not installed: its models are not available")
    for broken in (sentence for kinds in KINDS for sentence in registry.broken(kinds)):
        say("plug-in", broken)

    paths, settings, faults = surroundings(arguments)
    print("\nterminal")
    size = shutil.get_terminal_size()
    there = sys.stdout.isatty()
    fits = size.columns >= SMALLEST[0] and size.lines >= SMALLEST[1]
    say("size", f"{size.columns}×{size.lines}" if there else "not a terminal", fits if there else None)
    say("TERM", os.environ.get("TERM", "not set"))
    say("colours", "none: NO_COLOR is set" if os.environ.get("NO_COLOR") else os.environ.get("COLORTERM", "as TERM says"))
    encoding = sys.stdout.encoding or "unknown"
    say("encoding", encoding, encoding.lower().replace("-", "") == "utf8")
    say("animations", os.environ.get("TEXTUAL_ANIMATIONS", "full"))

    print("\nfiles")
    say("settings", paths.settings if paths.settings.exists() else f"{paths.settings} (none yet)", not faults)
    for fault in faults:
        say("", fault)
    for name, folder in (("sessions", paths.sessions), ("state", paths.state)):
        able = writable(folder)
        say(name, folder if able else f"{folder} cannot be written to", able)
    say("your themes", paths.themes if paths.themes.is_dir() else f"{paths.themes} (none yet)")

    print("\nkeys for model providers (a Bayesian chain needs none; values are never shown)")
    for name in KEYS:
        say(name, "set" if os.environ.get(name) else "not set")
    say("agreed hosts", ", ".join(settings.hosts) or "none: each key goes only to its own provider")
    return 1 if failed else 0


def writable(folder: Path) -> bool:
    """Whether the folder, or its nearest existing parent, may be written to."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder.is_dir() and os.access(folder, os.W_OK)
