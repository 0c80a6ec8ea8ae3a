"""iicl-tui report FILE|DIR… -o DIR"""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

from iicl_tui.commands.compare import read
from iicl_tui.study.report import Wanted, write
from iicl_tui.text import printable


def main(arguments: argparse.Namespace) -> int:
    """Writes the report and prints its files. Raises LabError."""
    comparison, metrics = read(arguments)
    given = [Path(file) for file in arguments.files]
    wanted = Wanted(metrics, arguments.figures, printable(shlex.join(["iicl-tui", *sys.argv[1:]])))
    for path in write(comparison, given, wanted, Path(arguments.output)):
        print(printable(str(path)))
    return 0
