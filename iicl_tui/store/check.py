"""Finds every fault of a session file or configuration, with its line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from iicl_tui.errors import ConfigError, Fault
from iicl_tui.store import journal
from iicl_tui.store.decode import Contents, decode
from iicl_tui.store.toml_lines import text_of


def check(path: Path, read: Callable[[Callable[[], Contents]], Contents] = lambda decode: decode()) -> list[Fault]:
    """All faults in the order of their lines, including an unfinished last block.

    The file is only read. Raises StoreError if that fails.

    read: calls what decodes the file, and may call it again.
    """
    with journal.Journal.open(path, read_only=True) as opened:
        whole, torn, damaged = opened.read(), opened.torn, opened.damaged
    faults: list[Fault] = []
    try:
        read(lambda: decode(text_of(whole, path.name), path.name, path.parent))
    except ConfigError as error:
        faults += error.faults
    for block in damaged:
        message = f'block "{block.block}" was changed after it was written: it does not match the checksum in this line'
        faults.append(Fault((), message, block.line))
    faults.sort(key=lambda fault: fault.line or 0)
    if torn:
        line = whole.count(b"\n") + 1
        message = f"an unfinished block of {torn} bytes; it is cut off and set aside when the session is opened"
        faults.append(Fault((), message, line))
    return faults
