"""python tests/benchmarks/bench_rows.py: the review of 100,000 rows: opening, memory, and key to next row against a bare app."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from statistics import median

from bench_screens import Repaint, line, repainted
from terminal import Terminal, bare_screen, program

ROWS = 100_000
KEYS = 20
TEXT = "The kettle arrived with a dent and the seller never answered. It boils fast, though, and I have kept it. "


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "mine.jsonl"
        rows = ({"prompt": "Describe a kettle", "text": f"{TEXT * (1 + at % 7)}({at})", "topic": "kettle"} for at in range(ROWS))
        data.write_text("".join(json.dumps(row) + "\n" for row in rows))
        command = program("review", str(data), "--sessions", folder, "--config", str(Path(folder) / "settings.toml"))
        size = (200, 60)
        ours, theirs = Terminal(command, size), Terminal(bare_screen(), size)
        seconds, processor = ours.wait_for(b"approve"), ours.processor_time()
        theirs.wait_for(b"first text")
        line("open 100,000 rows", seconds, 1.5, "ms", 1)
        line("  of processor time", processor, 1.5, "ms", 1)
        turns = []
        for at in range(KEYS):
            turns.append((_repaint(ours, b"ax"[at % 2 : at % 2 + 1]), _repaint(theirs, b" ")))
            time.sleep(0.2)
        mine, other = ([turn[own] for turn in turns] for own in (0, 1))
        repainted("decide and show the next row / a bare app's screen", mine, other)
        line("resident memory", ours.memory(), 200, "MB", 1)
        print(f"median of {KEYS} keys: {1000 * median(each.seconds for each in mine):.1f} ms")
        ours.close()
        theirs.close()


def _repaint(terminal: Terminal, key: bytes) -> Repaint:
    before = terminal.processor_time()
    return Repaint(terminal.press(key), terminal.processor_time() - before)


if __name__ == "__main__":
    main()
