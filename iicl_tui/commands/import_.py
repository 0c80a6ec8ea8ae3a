"""iicl-tui import DIR [-o FILE] [--reading spans|notebook]"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from iicl_tui.chain.config import read_config
from iicl_tui.commands.common import surroundings
from iicl_tui.store.errors import MissingFile
from iicl_tui.store.notebook_import import read_logs
from iicl_tui.store.session import SessionFile
from iicl_tui.text import printable


def main(arguments: argparse.Namespace) -> int:
    """Writes a session from the logs of a notebook's run, and prints its name. Raises LabError."""
    paths, _, faults = surroundings(arguments)
    for fault in faults:  # they may explain why the session is in another folder than expected
        print(printable(f"{paths.settings.name}: {fault}"), file=sys.stderr)
    folder = Path(arguments.folder)
    if not folder.is_dir():
        what = "This is a file." if folder.exists() else "There is no such folder."
        raise MissingFile(f"Could not read {folder}", what, "Name the folder of one run, which has other_results_all.json in it.")
    document, records, notices = read_logs(folder, arguments.reading)
    config = read_config(document)
    for notice in notices:
        print(printable(notice), file=sys.stderr)
    with SessionFile.create(config, Path(arguments.output) if arguments.output else paths.sessions) as session:
        for record in records:
            session.append(record)
        print(printable(str(session.path)))
    return 0
