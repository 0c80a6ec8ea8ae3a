"""python tests/benchmarks/bench_screens.py: start, memory and key-to-repaint of the real program against a bare Textual app."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from terminal import Terminal, bare, bare_screen, program

from iicl_tui.chain.config import read_config
from iicl_tui.store.session import SessionFile

ROUNDS = 7


def started(command: list[str], text: bytes, size: tuple[int, int] = (120, 40)) -> tuple[float, float]:
    """(seconds to the text, resident MB once all is drawn), the median of ROUNDS runs."""
    times, sizes = [], []
    for _ in range(ROUNDS):
        terminal = Terminal(command, size)
        times.append(terminal.wait_for(text))
        terminal.settle(0.6)
        sizes.append(terminal.memory())
        terminal.close()
    return median(times), median(sizes)


def repaints(command: list[str], ready: bytes, keys: list[bytes], size: tuple[int, int]) -> list[float]:
    """Seconds from each key to the last byte of its repaint."""
    terminal = Terminal(command, size)
    terminal.wait_for(ready)
    terminal.settle(1.0)
    times = [terminal.press(key) for key in keys]
    terminal.close()
    return times


def steps(name: str, times: list[float], bare_screen: float) -> None:
    """Of a chain that is stepped from its beginning: the median of all steps, and that of each phase."""
    line(f"{name} / a bare app's screen", median(times), bare_screen, "ms", 1.5)
    for place, phase in enumerate(("imitation", "interaction", "transmission")):
        line(f"  {phase}", median(times[place::3]), bare_screen, "ms", 1.5)


def line(name: str, ours: float, theirs: float, unit: str, most: float) -> None:
    scale = 1000 if unit == "ms" else 1
    print(f"{name:<44}{ours * scale:8.1f} {unit} against {theirs * scale:7.1f} {unit} = {ours / theirs:5.2f}× (at most {most}×)")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        settings = str(Path(folder) / "settings.toml")
        session = str(Path(folder) / "session.toml")
        everywhere = ["--sessions", folder, "--config", settings]
        subprocess.run(
            [*program("run", "theory-1-sampling", "-o", session, "-q"), "--set", "chain.generations=40", *everywhere], check=True
        )
        fresh = Path(folder) / "fresh.toml"
        document = {"chain": {"generations": 400}, "task": {"hypothesis": 33, "spurious": "screen", "draw": "overlap"}}
        SessionFile.create(read_config(document), fresh).close()
        time_bare, memory_bare = started(bare(), b"first text")
        time_home, memory_home = started(program(*everywhere), b"Reading")
        line("home: first text", time_home, time_bare, "ms", 1.5)
        line("home: resident memory", memory_home, memory_bare, "MB", 2.5)
        time_lab, memory_lab = started(program("open", session, *everywhere), b"P(h")
        line("lab: the belief chart", time_lab, time_bare, "ms", 2.5)
        time_all, _ = started(program("open", session, *everywhere), b"one-hot")
        line("lab: all charts", time_all, time_bare, "ms", 2.5)
        line("lab with charts: resident memory", memory_lab, memory_bare, "MB", 2.5)
        spaces = [b" "] * 30
        key_bare = median(repaints(bare(), b"first text", spaces, (200, 60)))
        keys_lab = repaints(program("open", str(fresh), *everywhere), b"P(h", spaces, (200, 60))
        key_screen = median(repaints(bare_screen(), b"first text", spaces, (200, 60)))
        line("a Bayesian step at 200×60 / a bare app's line", median(keys_lab), key_bare, "ms", 1.5)
        steps("a Bayesian step at 200×60", keys_lab, key_screen)


if __name__ == "__main__":
    sys.exit(main())
