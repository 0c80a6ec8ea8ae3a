"""iicl-tui resume FILE"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from iicl_tui.commands.headless import go_on
from iicl_tui.errors import LabError
from iicl_tui.store.session import SessionFile


def main(arguments: argparse.Namespace) -> int:
    """Goes on where the session stopped. Raises LabError."""
    with SessionFile.open(Path(arguments.file)) as session:
        for notice in session.notices:
            print(notice, file=sys.stderr)
        if session.read_only:
            raise LabError("The session cannot be gone on with", session.read_only, "Branch it, or wait until it is free.")
        return go_on(session, arguments.decisions, arguments.quiet)
