"""python -m iicl_tui.web.visitor FOLDER KEYS [ARGUMENT …]: the program as one visitor of `iicl-tui serve` gets it.

All of the visitor's files are in FOLDER. Environment variables that the program does not need, such as provider keys, are removed
unless KEYS is "keys".
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import time
from collections.abc import MutableMapping
from pathlib import Path
from threading import Thread

PID_FILE = "pid"
"""The name of the file in FOLDER with the visitor's process number."""

KEPT = frozenset(
    {"PATH", "LANG", "LANGUAGE", "TZ", "TERM", "COLORTERM", "COLUMNS", "ROWS", "VIRTUAL_ENV", "SYSTEMROOT", "NO_COLOR"}
)
KEPT_PREFIXES = ("TEXTUAL", "TERM_PROGRAM", "PYTHON", "LC_", "OPENBLAS_", "SSL_CERT_")
"""What a visitor's process keeps of the server's environment: what terminals, Python and its libraries read."""

HOMES = ("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME",
         "TMPDIR", "TEMP", "TMP")  # fmt: skip

PARENT_CHECK = 2.0
"""Seconds between two looks at whether the server is still there."""


def prepare_environment(environment: MutableMapping[str, str], folder: Path, keys: bool) -> None:
    """Points all homes at the folder and removes what the program does not need.

    Args:
        environment: The process's environment; changed in place.
        folder: The visitor's folder.
        keys: Whether to keep all variables, provider keys included.
    """
    if not keys:
        for name in [name for name in environment if name not in KEPT and not name.startswith(KEPT_PREFIXES)]:
            del environment[name]
    environment.update(dict.fromkeys(HOMES, str(folder)))


def main(arguments: list[str]) -> None:
    """Runs the program in the visitor's folder."""
    folder, keys, *command = arguments
    prepare_environment(os.environ, Path(folder), keys == "keys")
    os.chdir(folder)
    own = Path(folder) / PID_FILE
    own.write_text(str(os.getpid()))
    Thread(target=_leave_with_the_server, args=(os.getppid(),), daemon=True).start()
    sys.argv = ["iicl-tui", *command]
    try:
        runpy.run_module("iicl_tui", run_name="__main__", alter_sys=True)
    finally:
        own.unlink(missing_ok=True)  # so that nobody ends another process with this number


def _leave_with_the_server(parent: int) -> None:
    """Ends the process soon after the server was killed: nobody could reach it any more."""
    while os.getppid() == parent:
        time.sleep(PARENT_CHECK)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(5)
    os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
