"""python tests/benchmarks/bench_words.py: acronyms with 1,000 words in the pool: opening, key to repaint, and a filtered phase."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path
from statistics import median

from bench_screens import line, opened, repaints, started, steps
from terminal import bare, bare_screen, program

from iicl_tui.chain.config import read_config
from iicl_tui.chain.engine import Chain
from iicl_tui.chain.records import PhaseRecord
from iicl_tui.store.session import SessionFile

POOL, MADE = 1000, 50
DOCUMENT = {
    "chain": {"title": "1,000 words", "task": "acronym", "generations": 200},
    "task": {"samples": MADE},
    "agent": [{"kind": "bayes", "prior": {"easy": 8, "hard": 2}}],
    "filter": [{"kind": "rank", "prefer": "easy"}],
}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        everywhere = ["--sessions", folder, "--config", str(Path(folder) / "settings.toml")]
        path, small = Path(folder) / "words.toml", Path(folder) / "few.toml"
        moments: list[float] = []

        def done(record: PhaseRecord) -> None:
            moments.append(time.perf_counter())

        with SessionFile.create(read_config(DOCUMENT), path) as session:
            chain = Chain(session.config, session.generations, session)
            asyncio.run(chain.run(until=POOL // MADE, done=done))
            pool = len(chain.pool(len(chain.generations) + 1))
        with SessionFile.create(read_config(DOCUMENT), small) as session:
            asyncio.run(Chain(session.config, session.generations, session).run(until=1))
        made = [end - begin for begin, end in zip(moments[1::3], moments[2::3], strict=True)]
        early, late = median(made[:5]), median(made[-5:])
        print(f"making, ranking and keeping {MADE} words: {early * 1e3:.1f} ms, with {pool:,} in the pool {late * 1e3:.1f} ms")
        alone, few, lab = started(
            (bare(), b"first text"),
            (program("open", str(small), *everywhere), b"How likely"),
            (program("open", str(path), *everywhere), b"How likely"),
        )
        opened(f"lab with {pool:,} words: the belief chart", lab, alone, 2.5)
        opened("the same with 70 words", few, alone, 2.5)
        line("resident memory", lab.memory, alone.memory, "MB", 2.5)
        keys_screen, keys_lab = repaints((bare_screen(), b"first text"), (program("open", str(path), *everywhere), b"How likely"))
        steps("a step at 200×60", keys_lab, keys_screen)


if __name__ == "__main__":
    main()
