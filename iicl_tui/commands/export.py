"""iicl-tui export FILE|DIR… --to FORMAT -o OUT: the data and measures of sessions, or the rows that were decided."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from iicl_tui.errors import LabError
from iicl_tui.text import printable

TABLE = "chains"
"""The name of the tidy table of many chains."""


def main(arguments: argparse.Namespace) -> int:
    """Writes the files and prints their names. Raises LabError."""
    from iicl_tui.review.decision_file import is_decisions

    given = [Path(file) for file in arguments.files]
    if len(given) == 1 and not given[0].is_dir() and is_decisions(given[0]):
        return _decisions(given[0], arguments)
    if arguments.to == "parquet" or (arguments.to == "csv" and (len(given) > 1 or given[0].is_dir())):
        return _tidy(given, arguments)
    for path in given:
        if path.is_dir():
            raise LabError(f"--to {arguments.to} is for single sessions", f"{path} is a folder.", "Name the files in it.")
        _session(path, arguments)
    return 0


def _tidy(given: list[Path], arguments: argparse.Namespace) -> int:
    """One table of many chains: a row for each chain, generation and metric."""
    from iicl_tui.study.collection import collect
    from iicl_tui.study.tables import write_csv, write_parquet

    _check_options(given[0], arguments)
    collection = collect(given)
    for path, why in collection.left_out:
        _tell(f"Left out: {path}: {why}")
    target = Path(arguments.output) / f"{TABLE}.{arguments.to}"
    (write_csv if arguments.to == "csv" else write_parquet)(collection, target)
    print(printable(str(target)))
    return 0


def _session(path: Path, arguments: argparse.Namespace) -> None:
    from iicl_tui.store.export import export

    _check_options(path, arguments)
    for written in export(path, arguments.to, Path(arguments.output), _tell):
        print(printable(str(written)))


def _check_options(path: Path, arguments: argparse.Namespace) -> None:
    """Raises LabError for an option or a format that only files of decisions have."""
    from iicl_tui.store.export import KINDS

    given = [name for name in ("rejected", "force", "data", "prompt", "encoding", "exact") if getattr(arguments, name)]
    if given or arguments.to not in (*KINDS, "parquet"):
        what = f"--{given[0]}" if given else f"--to {arguments.to}"
        known = f"Sessions are exported to {', '.join(KINDS)}."
        raise LabError(f"{what} is for files of decisions", f"{path.name} is none. {known}", "Name a file of decisions.")


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
        count = write_rows(
            decided, arguments.to, out, arguments.rejected, (path,), arguments.force, exact=arguments.exact, tell=_tell
        )
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
