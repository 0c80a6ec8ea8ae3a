"""iicl-tui check FILE…"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from iicl_tui.commands.common import reading_outside
from iicl_tui.errors import LabError
from iicl_tui.store.check import check
from iicl_tui.text import printable


def main(arguments: argparse.Namespace) -> int:
    """Prints every fault of every file, one per line, as FILE:LINE: KEY: what is wrong. Returns 1 if there is any."""
    failed = False
    for name in arguments.files:
        try:
            faults = check(Path(name), partial(reading_outside, name, arguments.outside))
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
        if arguments.deep:
            failed |= _deep(name)
    return 1 if failed else 0


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
