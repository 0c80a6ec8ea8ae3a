"""iicl-tui export FILE --to csv|json|notebook -o DIR"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from iicl_tui.store.export import export
from iicl_tui.text import printable


def main(arguments: argparse.Namespace) -> int:
    """Writes the files and prints their names. Raises LabError."""

    def tell(text: str) -> None:
        print(printable(text), file=sys.stderr)

    for path in export(Path(arguments.file), arguments.to, Path(arguments.output), tell):
        print(printable(str(path)))
    return 0
