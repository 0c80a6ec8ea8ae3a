"""iicl-tui export FILE --to FORMAT -o OUT: a session's data and measures, or the rows that were decided."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from iicl_tui.errors import LabError
from iicl_tui.text import printable


def main(arguments: argparse.Namespace) -> int:
    """Writes the files and prints their names. Raises LabError."""
    from iicl_tui.review.decision_file import is_decisions

    path = Path(arguments.file)
    return _decisions(path, arguments) if is_decisions(path) else _session(path, arguments)


def _session(path: Path, arguments: argparse.Namespace) -> int:
    from iicl_tui.store.export import KINDS, export

    given = [name for name in ("rejected", "force", "data", "prompt", "encoding") if getattr(arguments, name)]
    if given or arguments.to not in KINDS:
        what = f"--{given[0]}" if given else f"--to {arguments.to}"
        known = f"Sessions are exported to {', '.join(KINDS)}."
        raise LabError(f"{what} is for files of decisions", f"{path.name} is none. {known}", "Name a file of decisions.")

    for written in export(path, arguments.to, Path(arguments.output), _tell):
        print(printable(str(written)))
    return 0


def _decisions(path: Path, arguments: argparse.Namespace) -> int:
    from iicl_tui.review.row_export import ROW_KINDS, open_decided, write_rows
    from iicl_tui.review.row_summary import lines, summarize

    if arguments.to not in ROW_KINDS:
        remedy = f"Give --to {', '.join(ROW_KINDS)}."
        raise LabError(f"--to {arguments.to} is for sessions", f"{path.name} has decisions on rows.", remedy)
    out = Path(arguments.output)
    decided = open_decided(path, Path(arguments.data) if arguments.data else None, arguments.encoding, arguments.prompt)
    with decided.table as table:
        for notice in decided.notices:
            _tell(notice)
        count = write_rows(decided, arguments.to, out, arguments.rejected, (path,), arguments.force)
        if arguments.to == "preference" and decided.mapping.prompt is None:
            _tell(
                "No field is the prompt, so there are only pairs of an edited text and its original. Name it with --prompt FIELD."
            )
        for line in lines(summarize(decided.matched, table, decided.mapping.group)):
            print(printable(line))
    noun = "pair" if arguments.to == "preference" else "row"
    print(printable(f"{count:,} {noun}{'s' * (count != 1)} in {out}"))
    return 0


def _tell(text: str) -> None:
    print(printable(text), file=sys.stderr)
