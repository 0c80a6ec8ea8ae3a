"""A real `iicl-tui serve` for tests, in a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Served:
    """A running server. temporary: its folder for temporary files, with the visitors' folders."""

    def __init__(self, process: subprocess.Popen[str], address: str, temporary: Path) -> None:
        self.process, self.address, self.temporary = process, address, temporary

    @property
    def visitors(self) -> list[Path]:
        """The folders of the visitors who are there."""
        return [folder for root in self.temporary.glob("iicl-tui-visitors-*") for folder in root.iterdir()]


@contextmanager
def served(folder: Path, *options: str, **environment: str) -> Iterator[Served]:
    """Serves at a free port until the block ends."""
    temporary = folder / "temporary"
    temporary.mkdir()
    command = [sys.executable, "-m", "iicl_tui", "serve", "--port", "0", *options]
    process = subprocess.Popen(
        command, cwd=folder, env={**os.environ, "TMPDIR": str(temporary), **environment}, text=True, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        address = re.search(r"http://\S+", process.stdout.readline())
        assert address is not None
        yield Served(process, address[0], temporary)
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()
