"""python tests/benchmarks/bench_study.py [CHAINS] [REPORT]: many calls at once, many chains, and a report of many chains.

1. CALLS calls of model chains on one loopback server of fixed latency, so many chains at once: the time against calls × latency ÷
   chains at once, which no program can beat.
2. Sweeps of 100 and of CHAINS (5,000) Bayesian chains: the greatest memory of the command and of its processes; and the share of
   the cores' time that went into chains, from the processor time of the processes while the sweep runs.
3. A report of REPORT (1,000) of these chains, with figures: seconds and processor time of the command.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import subprocess
import sys
import tempfile
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path

from iicl_tui.agents.access import Access, entry_of
from iicl_tui.agents.money import Budget
from iicl_tui.chain.config import read_config
from iicl_tui.study.folder import MANIFEST, open_folder
from iicl_tui.study.model_sweep import ModelSweep
from iicl_tui.study.provider_limits import Rates
from iicl_tui.study.study_file import read_study
from iicl_tui.study.sweep import Progress, Shard, jobs

sys.path.insert(0, str(Path(__file__).parents[1]))

from loopback import Loopback, Seen, Text
from speaking import DOCUMENT, rule, samples

CALLS = 200
LATENCY = 0.5
AT_ONCE = (5, 10, 20)
TICKS = os.sysconf("SC_CLK_TCK")
STUDY = """
[chain]
title = "Benchmark"
generations = 6
[task]
objects = ["A", "B", "C", "D", "screen"]
hypothesis = 33
spurious = "screen"
bias = "high"
draw = "overlap"
[vary]
"agent.temperature" = [1.0, 0.5, 0.25, 0.1]
"""


def main() -> None:
    chains, reported = (int(given) for given in (*sys.argv[1:], *("5000", "1000")[len(sys.argv) - 1 :]))
    print(f"{CALLS} calls, latency {LATENCY:g} s: seconds against calls × latency ÷ chains at once (goal: 1.1×)")
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,))
    server.start()
    url = ours.recv()
    for at_once in AT_ONCE:
        took, least = calls(url, at_once), CALLS * LATENCY / at_once
        print(f"  {at_once:3} at once   {took:6.2f} s against {least:6.2f} s = {took / least:.2f}×")
    ours.send(None)
    server.join()
    with tempfile.TemporaryDirectory() as folder:
        sweeps(Path(folder), (100, chains), reported)


def calls(url: str, at_once: int) -> float:
    """Seconds that CALLS calls take: each chain has one generation of two calls."""
    agent = f'[[agent]]\nkind = "openai"\nmodel = "m"\nbase-url = "{url}/v1"\nbelief = "none"\n'
    text = f'[chain]\ntitle = "b"\ngenerations = 1\nbudget = 1e6\n[task]\nhypothesis = 33\n{agent}[vary]\n"chain.seed" = '
    access = Access(frozenset({entry_of(url)}), {"OPENAI_API_KEY": "benchmark"})

    async def sweep(folder: Path, first: int, count: int) -> float:
        made = read_study(f'{text}"{first}..{first + count - 1}"', "b", None)
        work = jobs(made, open_folder(folder / str(first), made), Shard(), False, False)
        progress = Progress(count)
        begun = time.perf_counter()
        await ModelSweep(access, Budget(None, None), Rates(), at_once).run(work, progress)
        took = time.perf_counter() - begun
        assert progress.counts == {"done": count}, progress.told
        return took

    async def both(folder: Path) -> float:
        await sweep(folder, 10_001, at_once)  # imports the SDK
        return await sweep(folder, 1, CALLS // 2)

    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(both(Path(folder)))


def serve(port: Connection) -> None:
    """A server of fixed latency, in a process of its own, until the pipe is closed."""
    config = read_config(DOCUMENT)
    texts = samples(config, 1, 2, 3, 4), rule(config, 5)

    def answer(seen: Seen) -> Text:
        time.sleep(LATENCY)
        return Text(texts["Write examples" not in seen.body["messages"][-1]["content"]])

    with Loopback() as server:
        server.replies = answer
        port.send(server.url)
        port.poll(None)


def sweeps(folder: Path, counts: tuple[int, int], reported: int) -> None:
    cores = len(os.sched_getaffinity(0))
    (folder / "study.toml").write_text(STUDY, encoding="utf-8")
    memory = []
    for count in counts:
        seen = watched(folder, "sweep", "study.toml", "-o", f"out-{count}", "--set", f"chain.seed=1..{count // 4}", "-q")
        memory.append(seen.memory)
        share, idle = (each / seen.seconds / cores for each in (seen.processor, seen.idle))
        print(f"{count:6,} chains   {seen.seconds:7.1f} s, {count / seen.seconds:5.0f} a second, memory {seen.memory:4.0f} MB")
        print(f"                used {share:.0%} of {cores} cores; all programs together left {idle:.0%} of them idle")
    print(f"  memory {memory[1] / memory[0]:.2f}× (goal: the same); cores: 90 % is wanted")
    last = sorted(path for path in (folder / f"out-{counts[1]}").glob("*.toml") if path.name != MANIFEST)[:reported]
    (folder / "some").mkdir()
    for path in last:
        path.rename(folder / "some" / path.name)
    seen = watched(folder, "report", "some", "-o", "report")
    print(f"report of {len(last):,} chains   {seen.seconds:.1f} s, processor time {seen.processor:.1f} s (goal: 10 s)")


class Watched:
    """A command with its processes: elapsed and processor seconds, idle seconds of all cores, greatest memory in MB."""

    def __init__(self) -> None:
        self.seconds = self.processor = self.idle = self.memory = 0.0


def watched(folder: Path, *arguments: str) -> Watched:
    """Runs a command of the program to its end."""
    seen, idle, begun = Watched(), idle_seconds(), time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "iicl_tui", *arguments], cwd=folder, stdout=subprocess.DEVNULL)
    used: dict[int, float] = {}

    def watch() -> None:
        while process.poll() is None:
            family = [process.pid, *children(process.pid)]
            seen.memory = max(seen.memory, sum(map(megabytes, family)))
            used.update({each: seconds for each in family if (seconds := processor_seconds(each)) is not None})
            time.sleep(0.1)

    watcher = threading.Thread(target=watch)
    watcher.start()
    assert process.wait() == 0
    seen.seconds, seen.idle = time.perf_counter() - begun, idle_seconds() - idle
    watcher.join()
    seen.processor = sum(used.values())
    return seen


def children(pid: int) -> list[int]:
    try:
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def megabytes(pid: int) -> float:
    """The memory that a process has for itself and its share of what it has with others, or its resident memory."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1000
    except OSError:
        return 0.0


def processor_seconds(pid: int) -> float | None:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / TICKS


def idle_seconds() -> float:
    """Seconds that the cores were idle or waited for the disk since the machine was started."""
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()
    return (int(fields[4]) + int(fields[5])) / TICKS


if __name__ == "__main__":
    main()
