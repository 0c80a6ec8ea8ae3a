"""python tests/benchmarks/bench_screens.py: start, memory and key-to-repaint of the real program against a bare Textual app.

The programs that are compared take turns, so that both have the same share of a busy machine.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from statistics import median
from typing import NamedTuple

from terminal import Terminal, bare, bare_screen, program

from iicl_tui.chain.config import read_config
from iicl_tui.store.session import SessionFile

ROUNDS = 9
KEYS = 30

Start = tuple[list[str], bytes]
"""A command, and the text that it is waited for."""


class Opened(NamedTuple):
    """One start. seconds, processor: until the text is there; memory: resident MB once all is drawn."""

    seconds: float
    processor: float
    memory: float


def started(*starts: Start) -> list[Opened]:
    """The medians of ROUNDS starts of each program, taking turns."""
    runs: list[list[Opened]] = [[] for _ in starts]
    for _ in range(ROUNDS):
        for (command, text), own in zip(starts, runs, strict=True):
            terminal = Terminal(command)
            seconds, processor = terminal.wait_for(text), terminal.processor_time()
            terminal.settle(0.6)
            own.append(Opened(seconds, processor, terminal.memory()))
            terminal.close()
    return [Opened(*map(median, zip(*own, strict=True))) for own in runs]


class Repaint(NamedTuple):
    """One repaint. seconds: from the key to the last byte; processor: seconds that the program computed for it."""

    seconds: float
    processor: float


def repaints(*starts: Start, size: tuple[int, int] = (200, 60)) -> list[list[Repaint]]:
    """The repaint after each press of the space bar, of each program, taking turns."""
    terminals = [Terminal(command, size) for command, _ in starts]
    for terminal, (_, ready) in zip(terminals, starts, strict=True):
        terminal.wait_for(ready)
        terminal.settle(1.0)
    turns = [[_repaint(terminal) for terminal in terminals] for _ in range(KEYS)]
    for terminal in terminals:
        terminal.close()
    return [list(own) for own in zip(*turns, strict=True)]


def _repaint(terminal: Terminal) -> Repaint:
    before = terminal.processor_time()
    return Repaint(terminal.press(b" "), terminal.processor_time() - before)


def steps(name: str, ours: list[Repaint], theirs: list[Repaint]) -> None:
    """Of a chain that is stepped from its beginning: the medians of all steps, and those of each phase."""
    repainted(f"{name} / a bare app's screen", ours, theirs)
    for place, phase in enumerate(("imitation", "interaction", "transmission")):
        repainted(f"  {phase}", ours[place::3], theirs)


def repainted(name: str, ours: list[Repaint], theirs: list[Repaint]) -> None:
    """The median time of a repaint, and that of its processor time."""
    mine, other = (Repaint(*map(median, zip(*own, strict=True))) for own in (ours, theirs))
    line(name, mine.seconds, other.seconds, "ms", 1.5)
    line("  of processor time", mine.processor, other.processor, "ms", 1.5)


def opened(name: str, ours: Opened, theirs: Opened, most: float) -> None:
    """The time until a text is there, and the processor time of it."""
    line(name, ours.seconds, theirs.seconds, "ms", most)
    line("  of processor time", ours.processor, theirs.processor, "ms", most)


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
        lab = program("open", session, *everywhere)
        alone, home, belief, curves = started(
            (bare(), b"first text"), (program(*everywhere), b"laboratory"), (lab, b"How likely"), (lab, b"one-hot")
        )
        opened("home: first text", home, alone, 1.5)
        line("home: resident memory", home.memory, alone.memory, "MB", 2.5)
        opened("lab: the belief chart", belief, alone, 2.5)
        opened("lab: all charts", curves, alone, 2.5)
        line("lab with charts: resident memory", belief.memory, alone.memory, "MB", 2.5)
        keys_bare, keys_screen, keys_lab = repaints(
            (bare(), b"first text"), (bare_screen(), b"first text"), (program("open", str(fresh), *everywhere), b"How likely")
        )
        repainted("a Bayesian step at 200×60 / a bare app's line", keys_lab, keys_bare)
        steps("a Bayesian step at 200×60", keys_lab, keys_screen)


if __name__ == "__main__":
    main()
