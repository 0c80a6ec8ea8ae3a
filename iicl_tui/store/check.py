"""Every fault of a session file or configuration, each with its line."""

from __future__ import annotations

from pathlib import Path

from iicl_tui.errors import ConfigError, Fault
from iicl_tui.store import journal
from iicl_tui.store.decode import decode
from iicl_tui.store.toml_lines import text_of


def check(path: Path) -> list[Fault]:
    """All faults in the order of their lines, an unfinished last block among them; none for a sound file.

    The file is only read. Raises StoreError where that cannot be done.
    """
    with journal.Journal.open(path, read_only=True) as opened:
        whole, torn = opened.read(), opened.torn
    faults: list[Fault] = []
    try:
        decode(text_of(whole, path.name), path.name, path.parent)
    except ConfigError as error:
        faults += error.faults
    if torn:
        line = whole.count(b"\n") + 1
        message = f"an unfinished block of {torn} bytes; it is cut off and set aside when the session is opened"
        faults.append(Fault((), message, line))
    return faults
