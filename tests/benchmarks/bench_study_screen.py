"""python tests/benchmarks/bench_study_screen.py [CHAINS]: key-to-repaint of a study's screen against a step in the laboratory.

The arrow key moves the cursor. The curve of a chain is drawn a moment later, when the cursor rests; it is not counted.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from terminal import Terminal, program

from iicl_tui.chain.config import read_config
from iicl_tui.store.session import SessionFile

KEYS = 30
QUIET = 0.05
SIZE = 200, 60
DOWN, SPACE = b"\x1b[B", b" "


def main() -> None:
    chains = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory() as folder:
        everywhere = ["--sessions", folder, "--config", str(Path(folder) / "settings.toml")]
        study = str(Path(folder) / "study")
        seeds = f"chain.seed=1..{chains // 10}"
        vary = "agent.temperature=[0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4]"
        subprocess.run(
            [*program("sweep", "e2-weak-high", "--set", seeds, "--vary", vary, "-o", study, "-q"), *everywhere], check=True
        )
        fresh = Path(folder) / "fresh.toml"
        document = {"chain": {"generations": 400}, "task": {"hypothesis": 33, "spurious": "screen", "draw": "overlap"}}
        SessionFile.create(read_config(document), fresh).close()
        shown = Terminal(program("study", study, *everywhere), SIZE)
        lab = Terminal(program("open", str(fresh), *everywhere), SIZE)
        lab.wait_for(b"How likely")
        shown.wait_for(b"reading")
        report("while the folder is read", shown, lab)
        shown.wait_for(f"{chains:,} of {chains:,} done".encode(), 600)
        shown.settle(1.0)
        report("when all is read", shown, lab)
        shown.close()
        lab.close()


def report(when: str, shown: Terminal, lab: Terminal) -> None:
    pairs = [(shown.press(DOWN, QUIET), lab.press(SPACE, QUIET)) for _ in range(KEYS)]
    ours, theirs = (1000 * median(each) for each in zip(*pairs, strict=True))
    print(f"{when}: a key in the study {ours:.1f} ms, a step in the lab {theirs:.1f} ms = {ours / theirs:.2f}×")


if __name__ == "__main__":
    main()
