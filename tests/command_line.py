"""The command line for tests: what a person types, what is printed, and the exit code.

A process of its own takes half a second to start, and three where it loads the SDKs. Tests start one where signals, pipes, a full
disk or the start itself are the point.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from waiting import LONGEST

from iicl_tui import cli


def folders(folder: Path) -> list[str]:
    """The options that keep a test's settings and sessions in its own folder."""
    return ["--sessions", str(folder / "sessions"), "--config", str(folder / "settings.toml")]


def run_here(
    folder: Path, *arguments: str, environment: Mapping[str, str], encoding: str = "utf-8"
) -> subprocess.CompletedProcess[str]:
    """Runs `iicl-tui` within this process.

    Args:
        folder: The working folder; settings and sessions are in it.
        arguments: The command and its options.
        environment: All the variables that there are.
        encoding: That of the output.
    """
    command = [*arguments, *folders(folder)]
    output, errors = io.BytesIO(), io.BytesIO()
    with pytest.MonkeyPatch.context() as patch, open(os.devnull, encoding="utf-8") as nothing:
        patch.chdir(folder)
        for name in os.environ.keys() - environment.keys():
            patch.delenv(name)
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.setattr(sys, "stdin", nothing)
        patch.setattr(sys, "stdout", io.TextIOWrapper(output, encoding, write_through=True))
        patch.setattr(sys, "stderr", io.TextIOWrapper(errors, encoding, write_through=True))
        try:
            code = cli.main(command)
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        return subprocess.CompletedProcess(command, code, output.getvalue().decode(encoding), errors.getvalue().decode(encoding))


def run_process(
    folder: Path, *arguments: str, environment: Mapping[str, str], encoding: str = "utf-8"
) -> subprocess.CompletedProcess[str]:
    """Runs `iicl-tui` in a process of its own, with the same arguments as `run_here`."""
    return subprocess.run(
        [sys.executable, "-m", "iicl_tui", *arguments, *folders(folder)], capture_output=True, text=True, encoding=encoding,
        cwd=folder, env=dict(environment), timeout=LONGEST, stdin=subprocess.DEVNULL,
    )  # fmt: skip
