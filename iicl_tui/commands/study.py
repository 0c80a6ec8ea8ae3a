"""iicl-tui study DIR|STUDY: the screen that follows a study, and can run it."""

from __future__ import annotations

import argparse

from iicl_tui.commands.common import reading_outside, surroundings
from iicl_tui.commands.screen import check_terminal, open_app


def main(arguments: argparse.Namespace) -> int:
    """Opens the app on the study's screen. Raises LabError."""
    check_terminal()
    from iicl_tui.study.sources import named

    sessions = surroundings(arguments)[0].sessions
    found = reading_outside(
        arguments.source, arguments.outside, lambda: named(arguments.source, sessions, arguments.output, arguments.assignments)
    )
    values = {"folder": found.folder, "study": found.study, "command": found.command, "outside": arguments.outside}
    return open_app(arguments, "study", values)
