"""A program on a pseudo-terminal, timed from outside: what a person waits for."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from pathlib import Path

QUIET = 0.15
"""Seconds without output that end a repaint; they are not counted."""

PATIENCE = 10.0
"""Seconds that a repaint may take to begin."""


class Terminal:
    """A command on a pseudo-terminal of the given size. Bytes that it writes are read, timed, and answered where Textual asks."""

    def __init__(self, command: list[str], size: tuple[int, int] = (120, 40)) -> None:
        self.started = time.perf_counter()
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program is compiled once, not at every start
            os.environ.update(TERM="xterm-256color", COLORTERM="truecolor", COLUMNS=str(size[0]), LINES=str(size[1]))
            os.execvp(command[0], command)
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))

    def wait_for(self, text: bytes, limit: float = 30.0) -> float:
        """Seconds from the start of the program until it has written the text."""
        seen = b""
        end = time.perf_counter() + limit
        while time.perf_counter() < end:
            seen = seen[-4096:] + self._read(0.05)
            if text in seen:
                return time.perf_counter() - self.started
        raise TimeoutError(f"{text!r} did not appear")

    def settle(self, quiet: float = QUIET) -> float | None:
        """Reads until nothing comes for so long; when the last byte came, or None if none did."""
        last = None
        while self._read(quiet):
            last = time.perf_counter()
        return last

    def press(self, key: bytes, quiet: float = QUIET) -> float:
        """Seconds from a key until the screen has stopped changing for so long."""
        self.settle(quiet)
        begun = time.perf_counter()
        os.write(self._fd, key)
        if not self._read(PATIENCE):
            raise TimeoutError(f"{key!r} changed nothing")
        last = time.perf_counter()
        return (self.settle(quiet) or last) - begun

    def memory(self) -> float:
        """Resident memory in MB."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def processor_time(self) -> float:
        """Seconds that all threads have computed. Other programs at work change this less than the time of the day."""
        return sum(int(thread.read_text().split()[0]) for thread in Path(f"/proc/{self.pid}/task").glob("*/schedstat")) / 1e9

    def close(self) -> None:
        """Ends the program."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._fd)

    def _read(self, seconds: float) -> bytes:
        if not select.select([self._fd], [], [], seconds)[0]:
            return b""
        try:
            return os.read(self._fd, 65536)
        except OSError:
            return b""


BARE = """
from textual.app import App
from textual.binding import Binding
from textual.widgets import Static

class Bare(App):
    BINDINGS = [Binding("space", "count", "count")]
    count = 0
    def compose(self):
        yield Static("first text")
    def action_count(self):
        self.count += 1
        self.query_one(Static).update(f"count {self.count}")

Bare().run()
"""


def bare() -> list[str]:
    """A bare Textual app: one line of text, and a key that changes it."""
    return [sys.executable, "-c", BARE]


BARE_SCREEN = """
from textual.app import App
from textual.binding import Binding
from textual.content import Content
from textual.widgets import Static

WORDS = "the probability of every hypothesis drawn "

class Bare(App):
    BINDINGS = [Binding("space", "turn", "turn")]
    count = 0
    def compose(self):
        yield Static("first text")
    def action_turn(self):
        self.count += 1
        lines = [(WORDS * 6)[self.count + y : self.count + y + 199] for y in range(59)]
        style = lambda x, y: "$accent" if (x // 8 + y) % 2 else "$text"
        parts = [(line[x : x + 8], style(x, y)) for y, line in enumerate(lines) for x in range(0, 199, 8)]
        rows = [Content.assemble(*parts[y * 25 : y * 25 + 25]) for y in range(59)]
        self.query_one(Static).update(Content("\\n").join(rows), layout=False)

Bare().run()
"""


def bare_screen() -> list[str]:
    """A bare Textual app that, on a key, changes every cell of a 200×60 window, in runs of one colour 8 cells long."""
    return [sys.executable, "-c", BARE_SCREEN]


def program(*arguments: str) -> list[str]:
    """The program with these arguments."""
    return [sys.executable, "-m", "iicl_tui", *arguments]
