"""Walks through the program with raw terminal bytes: never a traceback, and the terminal is as before at the end."""

from __future__ import annotations

import fcntl
import os
import pty
import random
import select
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

from made import make
from tally import Tally

from iicl_tui.store.paths import shipped

WALKS = 60
STEPS = 150
_SETTLED = 0.4
_PATIENCE = 90.0
_FIRST_FRAME = 4000
"""Bytes of the first screen: by then the program reads its input."""

_LEFT = (b"\x1b[?1049l", b"\x1b[?1000l", b"\x1b[?25h")
"""The main screen, no mouse reports, a visible cursor."""

_KEYS = (
    b"\r", b"\t", b"\x1b[Z", b"\x1b", b"\x1b[A", b"\x1b[B", b"\x1b[C", b"\x1b[D", b"\x1b[5~", b"\x1b[6~", b"\x1b[H", b"\x1b[F",
    b"\x7f", b" ", b"\x1bOP", b"\x1bOQ", b"\x1b[15~", b"\x1b[17~", b"\x10", b"\x1a", b"\x0f", b"\x12", b"\x13", b"\x15",
    b"\x16",
)  # fmt: skip
_LETTERS = [bytes([code]) for code in range(0x20, 0x7F) if chr(code) != "q"]
_PASTES = (
    b"a\nb\r\nc", b"\x1b]52;c;QUFBQQ==\x07", b"x" * 20_000, "漢字 👩‍👩‍👧‍👦 \u202e".encode(), b"\x00\x01\x02\xff\xfe",
    b"[red]x[/] [@click=app.quit]y[/]", b"",
)  # fmt: skip


def attack(tally: Tally, folder: Path) -> None:
    """Starts the program on home, in a lab and in the form, and sends it random input."""
    for number in range(tally.part(WALKS)):
        rng = random.Random(f"{tally.seed} {number}")  # each walk can be walked again by itself
        where = folder / str(number)
        sessions = where / "sessions"
        sessions.mkdir(parents=True)
        waiting = make(sessions / "waiting.toml", until=1)
        for path in list(shipped("sessions").glob("*.toml"))[:3]:
            shutil.copy(path, sessions)
        start: list[str] = rng.choice(
            ([], ["open", str(waiting)], ["new"], ["new", "--preset", "e3-human"], ["open", str(sessions / path.name)])
        )
        _walk(tally, number, start, where, rng)
        shutil.rmtree(where)


def _walk(tally: Tally, number: int, start: list[str], folder: Path, rng: random.Random) -> None:
    walk = _Walk(start, folder)
    steps = 0
    try:
        walk.settle(_PATIENCE, least=_FIRST_FRAME)
        while steps < STEPS and walk.process.poll() is None:
            kind, data = _input(rng)
            if kind == "sizes":
                walk.resize(rng.choice((1, 2, 20, 80, 120, 250)), rng.choice((1, 2, 10, 24, 60)))
            else:
                walk.send(data)
            tally.tried[kind] += 1
            steps += 1
            if steps % 10 == 0:
                walk.settle(_SETTLED)
        ended = walk.process.poll() is not None
        code = walk.end()
        tally.tried["walks"] += 1
        if walk.hung:
            at = walk.output.find(b"Fatal Python error")
            where = walk.output[at:].decode(errors="replace")
            tally.fail(f"walk {number} ({' '.join(start)}): it did not end within {_PATIENCE:.0f} s of SIGTERM: {where[:3000]}")
            return
        if code not in (0, 128 + signal.SIGTERM, -signal.SIGTERM):  # the last: it was ending by itself
            tally.fail(f"walk {number} ({' '.join(start)}): exit code {code} after {steps} steps: {walk.output[-300:]!r}")
        if b"Traceback" in walk.output or (reports := list(folder.rglob("crash-*.txt"))):
            at = walk.output.find(b"Traceback")
            text = walk.output[at:].decode(errors="replace")[-2500:] if at >= 0 else reports[0].read_text()[-1500:]
            tally.fail(f"walk {number} ({' '.join(start)}): a crash: {text}")
        last = max(walk.output.rfind(b"\x1b[?1049h"), 0)  # it may be before the part that is kept
        if missing := [left for left in _LEFT if left not in walk.output[last:]]:
            end = f"exit code {code} after {steps} steps, ended {ended}, {last}: {walk.output[-300:]!r}"
            tally.fail(f"walk {number} ({' '.join(start)}): the terminal is not restored: {missing}, {end}")
        if walk.modes != walk.modes_before:
            tally.fail(f"walk {number} ({' '.join(start)}): the terminal's modes are not restored")
    finally:
        walk.close()


def _input(rng: random.Random) -> tuple[str, bytes]:
    """A kind of input, and its bytes."""
    draw = rng.random()
    if draw < 0.45:
        return "keys", rng.choice(_LETTERS if rng.random() < 0.6 else list(_KEYS))
    if draw < 0.6:
        button, x, y = rng.choice((0, 0, 0, 2, 32, 35, 64, 65)), rng.randrange(1, 130), rng.randrange(1, 45)
        press = b"\x1b[<%d;%d;%dM" % (button, x, y)
        return "mouse reports", press + (b"\x1b[<%d;%d;%dm" % (button, x, y) if button < 3 else b"")
    if draw < 0.65:
        return "broken mouse reports", rng.choice(
            (b"\x1b[<0;99999999;1M", b"\x1b[<;;M", b"\x1b[M!!!", b"\x1b[<-1;-1;-1m", b"\x1b[<0;1")
        )
    if draw < 0.72:
        return "pastes", b"\x1b[200~" + rng.choice(_PASTES) + rng.choice((b"\x1b[201~", b"\x1b[201~", b""))
    if draw < 0.8:
        return "sizes", b""
    if draw < 0.9:
        return "random bytes", bytes(rng.randrange(256) for _ in range(rng.choice((1, 3, 30, 300))))
    return "broken sequences", rng.choice(
        (
            b"\x1b[" + b"9" * 500 + b"A",
            b"\x1b]11;rgb:",
            b"\x1bP1$r\x1b\\",
            b"\x1b[?2026;2$y",
            b"\x1b[1;1R",
            b"\x1b[I",
            b"\x1b[O",
            b"\xc3",
            b"\x1b[?1u",
        )
    )


class _Walk:
    """The program on a pseudo-terminal."""

    def __init__(self, start: list[str], folder: Path) -> None:
        self.screen, self._other = pty.openpty()
        self.resize(120, 40)
        self.modes_before = termios.tcgetattr(self._other)
        self.modes: list[object] = []
        names = ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME")
        environment = {**os.environ, **{name: str(folder) for name in names}}
        command = [sys.executable, "-X", "faulthandler", "-m", "iicl_tui", *start, "--sessions", str(folder / "sessions")]
        self.process = subprocess.Popen(
            command, stdin=self._other, stdout=self._other, stderr=self._other, env=environment, cwd=folder, process_group=0
        )
        self.output = b""
        self.hung = False

    def resize(self, width: int, height: int) -> None:
        """Gives the terminal another size."""
        fcntl.ioctl(self.screen, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        if hasattr(self, "process") and self.process.poll() is None:
            self.process.send_signal(signal.SIGWINCH)

    def send(self, data: bytes) -> None:
        """Sends input, and reads what the program writes meanwhile."""
        end = time.monotonic() + _PATIENCE
        while data and time.monotonic() < end and self.process.poll() is None:
            self._read(0)
            if select.select([], [self.screen], [], 0.1)[1]:
                data = data[os.write(self.screen, data[:1000]) :]
            self._go_on()

    def _go_on(self) -> None:
        """Continues the program if ctrl+z suspended it."""
        if self.process.poll() is None:
            state = Path(f"/proc/{self.process.pid}/stat")
            if not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "T":
                self.process.send_signal(signal.SIGCONT)

    def settle(self, quiet: float, least: int = 0) -> None:
        """Reads until nothing comes for so long, or so many bytes have come."""
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end and self._read(quiet) and not 0 < least < len(self.output):
            pass

    def end(self) -> int | None:
        """Ends the program as a closed terminal would, and returns its exit code; None if it does not end."""
        end = time.monotonic() + _PATIENCE
        self._go_on()
        self.process.terminate()
        while self.process.poll() is None and time.monotonic() < end:
            self._go_on()
            self.settle(0.2)
        self.settle(0.1)
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGABRT)  # Python writes where each thread is
            self.settle(2.0)
            self.hung = True
            return None
        self.modes = list(termios.tcgetattr(self._other))
        return self.process.poll()

    def close(self) -> None:
        """Removes what is left."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.screen)
        os.close(self._other)

    def _read(self, seconds: float) -> bool:
        if not select.select([self.screen], [], [], seconds)[0]:
            return False
        self.output = self.output[-200_000:] + os.read(self.screen, 65536)
        return True
