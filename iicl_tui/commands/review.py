"""iicl-tui review FILE.jsonl|csv|parquet"""

from __future__ import annotations

import argparse
import gc
import time
from pathlib import Path

from iicl_tui.commands.screen import check_terminal, open_app
from iicl_tui.review.row_opening import RowOptions, open_rows


def main(arguments: argparse.Namespace) -> int:
    """Opens the rows of a file for review. Raises LabError."""
    gc.disable()  # until the first screen is drawn, see `open_app`
    check_terminal()  # before the data is read, which may take long
    return open_app(arguments, "rows", {"opened": open_rows(Path(arguments.file), options(arguments), time.monotonic)})


def options(arguments: argparse.Namespace) -> RowOptions:
    """What the command line says about the review."""
    return RowOptions(
        decisions=_path(arguments.output),
        judged=arguments.text,
        shown=tuple(name for name in (arguments.show or "").split(",") if name),
        prompt=arguments.prompt,
        group=arguments.group,
        truth=arguments.truth,
        order=arguments.order,
        blind=arguments.blind,
        reviewer=arguments.reviewer,
        reasons=_path(arguments.reasons),
        others=tuple(map(Path, arguments.others)),
        encoding=arguments.encoding,
    )


def _path(name: str | None) -> Path | None:
    return Path(name) if name is not None else None
