"""Attacks the program with kills, failing disks, broken files, hostile replies and random input, and counts what fails.

    python tests/attack/run.py [NAME …] [--share 0.01] [--seed 1] [--show 12]

Without a name, all attacks run; that takes about an hour. --share runs a part of each. Exits with 1 if anything failed. All files
are in a temporary folder, which is removed at the end. docs/reliability.md says what each attack does.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
for folder in (HERE.parent / "store", HERE.parent, HERE):
    sys.path.insert(0, str(folder))

from tally import Tally  # noqa: E402 (the folders above are needed)

ATTACKS = {
    "kills": "attack_kills",
    "disks": "attack_disks",
    "writes": "attack_writes",
    "truncation": "attack_truncation",
    "files": "attack_files",
    "replies": "attack_replies",
    "terminal": "attack_terminal",
}
"""Each module has `attack(tally, folder)`."""


def main() -> int:
    """Runs the attacks that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", metavar="NAME", nargs="*", help=", ".join(ATTACKS))
    parser.add_argument("--share", type=float, default=1.0, help="the part of each attack that is run, from 0 to 1")
    parser.add_argument("--show", type=int, default=12, metavar="N", help="show at most N failures of each attack")
    parser.add_argument("--seed", type=int, default=1, help="seeds the random numbers")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(ATTACKS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(ATTACKS)}")
    failed = 0
    with tempfile.TemporaryDirectory(prefix="attack-") as folder:
        keep_apart(Path(folder))
        for name in arguments.names or ATTACKS:
            tally = Tally(name, arguments.share, arguments.seed)
            where = Path(folder) / name
            where.mkdir()
            importlib.import_module(ATTACKS[name]).attack(tally, where)
            print(tally.text(arguments.show), flush=True)
            failed += len(tally.failures)
    print(f"{failed} failed")
    return 1 if failed else 0


def keep_apart(folder: Path) -> None:
    """Keeps this person's settings, keys and network out of the attack."""
    for name in [name for name in os.environ if name.endswith(("_API_KEY", "_PROXY", "_proxy"))]:
        del os.environ[name]
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        os.environ[name] = str(folder)
    os.environ["HTTPS_PROXY"] = "http://127.0.0.1:1"  # whatever would leave this machine fails
    os.environ["TERM"] = "xterm-256color"
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # many attacks start the program anew: compile it once


if __name__ == "__main__":
    sys.exit(main())
