"""One writer per file: an advisory lock that the system releases however the program ends."""

from __future__ import annotations

import errno
from enum import Enum

try:
    import fcntl
except ImportError:  # Windows: the journal still checks the file before every write, and notices say that there is no lock
    fcntl = None  # type: ignore[assignment]


class Lock(Enum):
    """The outcome of asking for the lock."""

    HELD = "held"
    TAKEN = "taken by another"
    NONE = "not offered by this file system"


def take(descriptor: int) -> Lock:
    """Tries to take the exclusive lock on an open file. Closing the descriptor releases it."""
    if fcntl is None:
        return Lock.NONE
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return Lock.TAKEN if error.errno in (errno.EAGAIN, errno.EACCES) else Lock.NONE
    return Lock.HELD
