"""iicl-tui resume FILE"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from iicl_tui.commands.common import surroundings
from iicl_tui.commands.headless import read_terms, run_to_end
from iicl_tui.errors import LabError
from iicl_tui.present.sources import read_decisions
from iicl_tui.store.session import SessionFile
from iicl_tui.text import printable


def main(arguments: argparse.Namespace) -> int:
    """Continues a session where it stopped. Raises LabError."""
    terms = read_terms(arguments, surroundings(arguments)[1].hosts)
    with SessionFile.open(Path(arguments.file)) as session:
        for notice in session.notices:
            print(printable(notice), file=sys.stderr)
        if session.read_only:
            remedy = "Start a configuration with `iicl-tui run`. Close a session that is open elsewhere, or continue a copy."
            raise LabError("The session cannot be continued", session.read_only, remedy)
        decider = read_decisions(Path(arguments.decisions), session.config.task) if arguments.decisions else None
        return run_to_end(session, decider, arguments.quiet, terms, arguments.strict)
