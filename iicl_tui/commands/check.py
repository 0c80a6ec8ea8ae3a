"""iicl-tui check FILE…"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path

from iicl_tui.commands.common import reading_outside
from iicl_tui.errors import Fault, LabError
from iicl_tui.files import read_bytes
from iicl_tui.store.check import check
from iicl_tui.study.study_file import is_study
from iicl_tui.text import printable


def main(arguments: argparse.Namespace) -> int:
    """Prints every fault of every file, one per line, as FILE:LINE: KEY: what is wrong. Returns 1 if there is any."""
    failed = False
    for name in arguments.files:
        study = _is_study(Path(name))
        try:
            asking = partial(reading_outside, name, arguments.outside)
            faults = _study_faults(Path(name), asking) if study else check(Path(name), asking)
        except LabError as error:
            print(printable(f"{name}: {error.title}: {error.what}"))
            failed = True
            continue
        for fault in faults:
            where = f"{name}:{fault.line}" if fault.line is not None else name
            words = f"{fault.key}: {fault.message}" if fault.path else fault.message
            print(printable(f"{where}: {words}"))
        if not faults:
            print(printable(f"{name}: no fault"))
        failed |= bool(faults)
        if arguments.deep and study:
            print(printable(f"{name}: not recomputed: a study has no records; name the sessions of its folder"))
        elif arguments.deep:
            failed |= _deep(name)
    return 1 if failed else 0


def _is_study(path: Path) -> bool:
    """Whether the file has the tables of a study. One that cannot be read is none."""
    try:
        return path.is_file() and is_study(read_bytes(path).decode(errors="replace"))
    except OSError:
        return False


def _study_faults(path: Path, asking: Callable[[Callable[[], object]], object]) -> list[Fault]:
    """The faults of a study. Raises StoreError."""
    from iicl_tui.study.folder import check_study

    return check_study(path, asking)


def _deep(name: str) -> bool:
    """Prints what does not follow from the rest of the file, and what could not be recomputed. Returns whether it fails."""
    from iicl_tui.store.deep_check import deep_check

    try:
        found = deep_check(Path(name))
    except LabError:
        print(printable(f"{name}: not recomputed: a file with faults cannot be"))
        return True
    for each in found.differences:
        print(printable(f"{name}:{each.line}: {each.key}: {each.message}"))
    agree = "they agree with the file" if not found.differences else "what differs is above"
    print(printable(f"{name}: recomputed {found.phases} phases and {found.beliefs} beliefs; {agree}"))
    for text in found.left_out:
        print(printable(f"{name}: not recomputed: {text}"))
    return bool(found.differences)
