"""python tests/benchmarks/bench_chain.py: generations a second with every phase on the disk, append cost, and opening."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
import time
from pathlib import Path
from statistics import median

from iicl_tui.chain.config import read_config
from iicl_tui.chain.engine import Chain
from iicl_tui.chain.metrics import measure
from iicl_tui.chain.records import PhaseRecord
from iicl_tui.store.session import SessionFile

GENERATIONS = 10_000


def main() -> None:
    document = {
        "chain": {"title": "benchmark", "generations": GENERATIONS},
        "task": {"hypothesis": 33, "spurious": "screen", "draw": "overlap", "bias": "low"},
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "benchmark.toml"
        with SessionFile.create(read_config(document), path) as session:
            chain = Chain(session.config, session.generations, session)
            moments: list[float] = []

            def done(record: PhaseRecord) -> None:
                moments.append(time.perf_counter())

            begun = time.perf_counter()
            asyncio.run(chain.run(done=done))
            seconds = moments[-1] - begun
        steps = [later - earlier for earlier, later in itertools.pairwise(moments)]
        early, late = median(steps[30:330]), median(steps[-300:])
        print(f"run, every phase fsynced: {GENERATIONS / seconds:.0f} generations a second (at least 300)")
        print(f"a phase at generation 10 … 110: {early * 1e6:.0f} µs, at the 10,000th: {late * 1e6:.0f} µs = {late / early:.2f}×")
        begun = time.perf_counter()
        with SessionFile.open(path) as session:
            read = time.perf_counter() - begun
            measured = len(measure(Chain(session.config, session.generations)))
            total = time.perf_counter() - begun
        size = path.stat().st_size / 1e6
        print(f"opening {measured:,} generations ({size:.1f} MB): {read:.2f} s, with all measures {total:.2f} s (under 2)")


if __name__ == "__main__":
    main()
