"""iicl-tui review FILE.jsonl|csv|parquet"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from iicl_tui.commands.common import surroundings
from iicl_tui.commands.screen import check_terminal, open_app
from iicl_tui.errors import LabError
from iicl_tui.review.row_opening import RowOptions, open_rows
from iicl_tui.text import printable

if TYPE_CHECKING:
    from iicl_tui.agents.access import Access

LARGE = 200_000_000
"""Bytes. Such a file is read in some seconds."""


def main(arguments: argparse.Namespace) -> int:
    """Opens the rows of a file for review. Raises LabError."""
    gc.disable()  # until the first screen is drawn, see `open_app`
    check_terminal()  # before the data is read, which may take long
    data = Path(arguments.file)
    _tell_of_large(data)
    return open_app(arguments, "rows", {"opened": open_rows(data, options(arguments), time.monotonic)})


def _tell_of_large(data: Path) -> None:
    """Says on the terminal that a large file is read, since every row of it is checked before the screen is drawn."""
    with suppress(OSError, ValueError):
        if (size := data.stat().st_size) > LARGE:
            print(f"Reading {printable(data.name, 100)}, {size // 1_000_000:,} MB", file=sys.stderr, flush=True)


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
        reader=_path(arguments.reader),
        suggest=arguments.suggest,
        access=_access(arguments) if arguments.reader else None,
    )


def _access(arguments: argparse.Namespace) -> Access:
    """The keys that the model may get. Raises LabError."""
    from iicl_tui.agents.access import VARIABLE_NAME, Access  # most reviews ask no model
    from iicl_tui.review.reader_file import read_reader

    _, settings, _ = surroundings(arguments)
    access = Access().with_entries(settings.hosts)
    name = arguments.key_variable
    if name is None:
        return access
    if not VARIABLE_NAME.fullmatch(name):
        raise LabError("--key-variable takes the name of an environment variable, not the key itself")
    wanted = read_reader(Path(arguments.reader)).agent.credential
    return access.with_entries([f"{name}@{wanted.host}"]) if wanted is not None else access


def _path(name: str | None) -> Path | None:
    return Path(name) if name is not None else None
