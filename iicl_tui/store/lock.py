"""One writer a file: an advisory lock that the system releases whatever way the program ends."""

from __future__ import annotations

import errno
from enum import Enum

try:
    import fcntl
except ImportError:  # a system without it keeps the journal's own check before every write
    fcntl = None  # type: ignore[assignment]


class Lock(Enum):
    """What came of asking for the lock."""

    HELD = "held"
    TAKEN = "taken by another"
    NONE = "not offered by this file system"


def take(descriptor: int) -> Lock:
    """Ask for the exclusive lock on an open file, without waiting. It ends when the descriptor is closed."""
    if fcntl is None:
        return Lock.NONE
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return Lock.TAKEN if error.errno in (errno.EAGAIN, errno.EACCES) else Lock.NONE
    return Lock.HELD
