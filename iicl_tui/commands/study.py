"""iicl-tui study DIR|STUDY: the screen that follows a study, and can run it."""

from __future__ import annotations

import argparse

from iicl_tui.commands.common import read_asking, surroundings
from iicl_tui.commands.screen import check_terminal, open_app


def main(arguments: argparse.Namespace) -> int:
    """Opens the app on the study's screen. Raises LabError."""
    check_terminal()
    from iicl_tui.study.sources import Named, named

    sessions = surroundings(arguments)[0].sessions

    def read() -> Named:
        found = named(arguments.source, sessions, arguments.output, arguments.assignments)
        found.study.config(found.study.plan(0))
        return found

    found, outside = read_asking(arguments.source, arguments.outside, read)
    values = {"folder": found.folder, "study": found.study, "command": found.command, "outside": outside}
    return open_app(arguments, "study", values)
