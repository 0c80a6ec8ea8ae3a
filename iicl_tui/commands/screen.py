"""iicl-tui, iicl-tui open FILE, iicl-tui new: the commands that take the whole terminal."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from pathlib import Path
from typing import Any

from iicl_tui.commands.common import surroundings
from iicl_tui.errors import LabError


def main(arguments: argparse.Namespace) -> int:
    """Opens the app on the screen that the command names."""
    check_terminal()
    screen, values = "home", dict[str, Any]()
    if arguments.command == "open":
        screen, values = "lab", {"path": Path(arguments.file)}
        if arguments.beside is not None:
            screen, values = "pair", {"paths": (Path(arguments.file), Path(arguments.beside))}
    elif arguments.command == "new":
        screen, values = "configure", {"preset": arguments.preset}
        if arguments.preset is not None:
            from iicl_tui.store.presets import load

            load(arguments.preset)  # report an unknown name before taking over the terminal
    return open_app(arguments, screen, values)


def open_app(arguments: argparse.Namespace, screen: str, values: dict[str, Any]) -> int:
    """Opens the app on a screen. Raises LabError without a terminal."""
    check_terminal()
    gc.disable()  # until the first screen is drawn: these objects all stay alive, so a collection would only cost time
    from iicl_tui.tui.app import LabApp, Start, run_app

    paths, settings, faults = surroundings(arguments)
    present = getattr(arguments, "present", False)
    app = LabApp(paths, settings, faults, Start(screen, values), getattr(arguments, "theme", None), present)
    return run_app(app)


def check_terminal() -> None:
    """Raises LabError if there is no terminal, and nothing else that draws."""
    elsewhere = "TEXTUAL_DRIVER" in os.environ  # a driver that draws into a browser, say, needs no terminal
    if not elsewhere and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise LabError(
            "This needs a terminal",
            "The screens cannot be drawn into a pipe or a file.",
            "`iicl-tui run`, `show` and `export` work without a terminal.",
        )
