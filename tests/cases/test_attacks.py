"""A very small part of the attacks of `tests/attack`, so that they keep working. See docs/reliability.md.

Kills and walks depend on the moment, so they are run by hand alone.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from waiting import LONGEST

RUN = Path(__file__).parents[1] / "attack" / "run.py"
SHARES = {"disks": 0.02, "writes": 0.02, "truncation": 0.002, "files": 0.0005, "replies": 0.005}


@pytest.mark.parametrize(("name", "share"), SHARES.items(), ids=list(SHARES))
def test_a_small_part_of_an_attack(name: str, share: float) -> None:
    done = subprocess.run(
        [sys.executable, str(RUN), name, "--share", str(share)],
        capture_output=True,
        text=True,
        timeout=LONGEST,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{name}: 0 failed" in done.stdout


def test_an_unknown_attack_is_wrong_use() -> None:
    done = subprocess.run([sys.executable, str(RUN), "floods"], capture_output=True, text=True, timeout=LONGEST)
    assert done.returncode == 2
    assert "known: kills, disks" in done.stderr
