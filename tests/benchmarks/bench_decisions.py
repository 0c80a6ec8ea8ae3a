"""python tests/benchmarks/bench_decisions.py: 100,000 rows of one's own: opening, memory, a decision, opening again.

Times are processor time, each beside that of something simple in the same run.
"""

from __future__ import annotations

import csv
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any

from iicl_tui.data_files import FieldMapping, open_table
from iicl_tui.review.decision_file import DecisionFile
from iicl_tui.review.decisions import Decision, Sitting, steps_on

ROWS = 100_000
APPENDED = 300
MAPPING = FieldMapping("response", group="model", prompt="prompt")


def main() -> None:
    if len(sys.argv) > 1:
        PARTS[sys.argv[1]](Path(sys.argv[2]))
        return
    with tempfile.TemporaryDirectory() as name:
        rows = Path(name) / "mine.jsonl"
        for what in ("make", "open", "append", "fill", "reopen"):
            for path in [rows.with_suffix(end) for end in (".jsonl", ".csv", ".parquet")] if what == "open" else [rows]:
                # In a process of its own, so that memory is that of one measurement.
                subprocess.run([sys.executable, __file__, what, str(path)], check=True)


def make(path: Path) -> None:
    """Rows of 420 bytes: a prompt of ten words and a response of forty."""
    folder, rng = path.parent, random.Random(1)
    words = [f"word{at}" for at in range(500)]
    rows = [
        {
            "id": at,
            "prompt": " ".join(rng.choices(words, k=10)),
            "response": " ".join(rng.choices(words, k=40)),
            "model": "abc"[at % 3],
        }
        for at in range(ROWS)
    ]
    with (folder / "mine.jsonl").open("w") as lines, (folder / "mine.csv").open("w", newline="") as table:
        lines.writelines(json.dumps(row) + "\n" for row in rows)
        writer = csv.DictWriter(table, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    import pyarrow.parquet

    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), folder / "mine.parquet")


def opening(path: Path) -> None:
    import iicl_tui.tui.app  # noqa: F401 (the whole program is in memory)

    if path.suffix == ".parquet":
        import_module("pyarrow.parquet")  # whose import is not measured
    before = memory()
    table, seconds = timed(lambda: open_table(path))
    peak, size = memory(), path.stat().st_size
    _, plain = timed(lambda: simply(path))
    _, every = timed(lambda: sum(len(row.text("response")) for row in table))
    print(
        f"open {ROWS:,} rows, {path.suffix[1:]}, {size / 1e6:.0f} MB: {seconds:.2f} s, {seconds / plain:.1f} × reading them plainly"
    )
    print(f"  memory: {peak:.0f} MB with the whole program, {before:.0f} MB before; decoding every row: {every:.2f} s")


def simply(path: Path) -> Any:
    """Reads a file into a list with the usual package."""
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.open()]
    if path.suffix == ".csv":
        return list(csv.DictReader(path.open(newline="")))
    import pyarrow.parquet

    return pyarrow.parquet.read_table(path).to_pylist()


def appending(path: Path) -> None:
    table = open_table(path)
    with DecisionFile.create(path.with_name("few.toml"), table, Sitting("ada", MAPPING)) as file:
        decide = partial(file.append, "decide", table[0], Decision("reject", None, "dull", 1.5))
        times = [wall(decide) for _ in range(APPENDED)]
    with path.with_name("bare").open("ab", buffering=0) as stream:

        def bare() -> None:
            stream.write(b"x" * 250)
            os.fsync(stream.fileno())

        plain = [wall(bare) for _ in range(APPENDED)]
    ratio = median(times) / median(plain)
    print(f"a decision on the disk: {1000 * median(times):.2f} ms (median of {APPENDED}), {ratio:.1f} × a bare write and fsync")


def fill(path: Path) -> None:
    """Decides on every row. Nothing is forced to the disk meanwhile: this is not measured."""
    os.fsync = lambda fd: None
    table = open_table(path)
    with DecisionFile.create(path.with_name("all.toml"), table, Sitting("ada", MAPPING)) as file:
        for row in table:
            reason = "too long" if row.index % 5 else ""
            file.append("decide", row, Decision("reject" if row.index % 3 else "approve", None, reason, row.index % 7))


def reopening(path: Path) -> None:
    import iicl_tui.tui.app  # noqa: F401

    table, decisions = open_table(path), path.with_name("all.toml")

    def again() -> Any:
        with DecisionFile.open_or_create(decisions, table, Sitting("ada", MAPPING)) as file:
            return steps_on(file.steps, table)

    steps, seconds = timed(again)
    peak = memory()
    assert len(steps) == ROWS
    _, plain = timed(lambda: [json.loads(line) for line in path.open()])
    size = decisions.stat().st_size / 1e6
    print(f"open {ROWS:,} decisions again, {size:.0f} MB: {seconds:.2f} s, {seconds / plain:.1f} × reading the rows as JSON")
    print(f"  memory: {peak:.0f} MB with the whole program and the rows")


def timed(run: Callable[[], Any]) -> tuple[Any, float]:
    """The result, and the processor time in seconds."""
    begun = time.process_time()
    return run(), time.process_time() - begun


def wall(run: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun


def memory() -> float:
    """The greatest memory so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


PARTS = {"make": make, "open": opening, "append": appending, "fill": fill, "reopen": reopening}


if __name__ == "__main__":
    main()
