"""The program in a real terminal: signals and suspending leave it as it was."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from waiting import LONGEST

from iicl_tui.review.decision_file import DecisionFile

ENTERED, LEFT = b"\x1b[?1049h", b"\x1b[?1049l"


class Terminal:
    """The program on a pseudo-terminal of its own."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.screen, other = pty.openpty()
        environment = {**os.environ, "TERM": "xterm-256color", "HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
        environment.pop("TEXTUAL_DRIVER", None)
        command = [sys.executable, "-m", "iicl_tui", *arguments, "--sessions", str(folder / "sessions")]
        self.process = subprocess.Popen(
            command, stdin=other, stdout=other, stderr=other, env=environment, cwd=folder, process_group=0
        )
        os.close(other)
        self.output = b""

    def until(self, true: Callable[[], bool]) -> None:
        """Read what the program writes until this is true."""
        end = time.monotonic() + LONGEST
        while not true():
            assert time.monotonic() < end, self.output[-2000:]
            if select.select([self.screen], [], [], 0.1)[0]:
                try:
                    self.output += os.read(self.screen, 65536)
                except OSError:  # the other end is closed
                    assert true() or self.process.wait(LONGEST) is not None

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.screen)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    found = Terminal(tmp_path)
    try:
        found.until(lambda: b"Start the tour" in found.output)
        yield found
    finally:
        found.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_end_restores_the_terminal(terminal: Terminal, number: signal.Signals) -> None:
    terminal.process.send_signal(number)
    terminal.until(lambda: LEFT in terminal.output)
    assert b"\x1b[?1000l" in terminal.output  # mouse reports are off
    assert terminal.process.wait(LONGEST) == 128 + number
    assert b"Traceback" not in terminal.output


def test_ctrl_z_suspends_and_restores_the_terminal(terminal: Terminal) -> None:
    os.write(terminal.screen, b"\x1a")
    terminal.until(lambda: LEFT in terminal.output)
    _, status = os.waitpid(terminal.process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    before = terminal.output.count(ENTERED)
    terminal.process.send_signal(signal.SIGCONT)
    terminal.until(lambda: terminal.output.count(ENTERED) > before)
    terminal.process.send_signal(signal.SIGTERM)
    assert terminal.process.wait(LONGEST) == 128 + signal.SIGTERM


def test_stopped_from_outside_it_goes_on_and_ends_as_before(terminal: Terminal) -> None:
    """SIGSTOP tells the program nothing, and after SIGCONT there must not be two readers of the same keys."""
    terminal.process.send_signal(signal.SIGSTOP)
    _, status = os.waitpid(terminal.process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    before = terminal.output.count(ENTERED)
    terminal.process.send_signal(signal.SIGCONT)
    terminal.until(lambda: terminal.output.count(ENTERED) > before)
    os.write(terminal.screen, b"q")
    terminal.until(lambda: terminal.process.poll() is not None)
    assert terminal.process.returncode == 0


@pytest.mark.parametrize("stopped", [False, True])
def test_a_terminal_that_goes_away_ends_it(terminal: Terminal, stopped: bool) -> None:
    """A hangup sends SIGHUP and SIGCONT to whoever has the terminal."""
    if stopped:
        os.write(terminal.screen, b"\x1a")
        os.waitpid(terminal.process.pid, os.WUNTRACED)
    terminal.process.send_signal(signal.SIGHUP)
    terminal.process.send_signal(signal.SIGCONT)
    os.close(terminal.screen)
    try:
        assert terminal.process.wait(LONGEST) == 128 + signal.SIGHUP
    finally:
        terminal.screen = os.open(os.devnull, os.O_RDONLY)


def test_a_kill_during_a_review_of_rows_loses_no_decision_that_was_seen(tmp_path: Path) -> None:
    (tmp_path / "mine.jsonl").write_text("".join(f'{{"text": "Kettle number {at} boils."}}\n' for at in range(9)))

    def decided(terminal: Terminal, count: int) -> None:
        terminal.until(lambda: f"{count} of 9".encode() in terminal.output)

    for first in (0, 2):
        terminal = Terminal(tmp_path, "review", "mine.jsonl", "--reviewer", "ada")
        try:
            decided(terminal, first)
            for count, key in ((first + 1, b"a"), (first + 2, b"x")):
                os.write(terminal.screen, key)
                decided(terminal, count)
            terminal.process.kill()
            terminal.process.wait()
        finally:
            terminal.close()
    with DecisionFile.open(tmp_path / "mine.ada.decisions.toml", read_only=True) as file:
        found = [(step.line, step.decision.verdict) for step in file.steps]
    assert found == [(1, "approve"), (2, "reject"), (3, "approve"), (4, "reject")]
