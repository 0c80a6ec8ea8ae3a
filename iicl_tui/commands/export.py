"""iicl-tui export FILE --to csv|json -o DIR"""

from __future__ import annotations

import argparse
from pathlib import Path

from iicl_tui.store.export import export
from iicl_tui.text import printable


def main(arguments: argparse.Namespace) -> int:
    """Writes the files and names them. Raises LabError."""
    for path in export(Path(arguments.file), arguments.to, Path(arguments.output)):
        print(printable(str(path)))
    return 0
