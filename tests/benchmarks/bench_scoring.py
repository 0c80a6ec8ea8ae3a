"""python tests/benchmarks/bench_scoring.py: the reads of a joint belief through a chain against the same calls by the SDK alone.

One loopback server. The SDK alone, a chain in memory and a chain on the disk take turns, with the same requests and the same number
of them under way at a time. On the disk the reads of one depth are fsynced before any is used. Seconds a read, of 122 reads a turn.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from iicl_tui.chain.config import read_config
from iicl_tui.chain.engine import Chain
from iicl_tui.store.session import SessionFile

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench_calls import arguments, sdk
from loopback import Loopback, Seen
from scored_model import CutModel, ScoredServer

ROUNDS = 6
PARALLEL = 4
READS = 122
"""121 of the tree, and the probe."""


def main() -> None:
    for delay in (0.0, 0.02):
        print(f"the server answers {f'after {delay:g} s' if delay else 'at once'}: milliseconds a read, {ROUNDS} rounds of {READS}")
        for kind in ("openai", "mistral"):
            times = asyncio.run(measure(kind, delay))
            for side, each in times.items():
                least, middle = min(each), median(each)
                ratios = f"{middle / median(times['SDK']):.2f}×, least {least / min(times['SDK']):.2f}×"
                print(f"  {kind:<8} {side:<18} median {middle * 1e3:6.2f}  least {least * 1e3:6.2f}   {ratios}")
    print("goal: a chain at most 1.2× the SDK alone")


def given(request: dict[str, Any]) -> dict[str, Any]:
    """The request with what the SDK does not know in its extra body."""
    extra = {name: request[name] for name in ("chat_template_kwargs",) if name in request}
    return {name: value for name, value in request.items() if name not in extra} | ({"extra_body": extra} if extra else {})


async def measure(kind: str, delay: float) -> dict[str, list[float]]:
    with Loopback() as server, tempfile.TemporaryDirectory() as folder:
        base = f"{server.url}/v1" if kind == "openai" else server.url
        agent = {
            "kind": kind, "model": "m", "base-url": base, "belief": "score", "choose": "belief", "floor": 0, "parallel": PARALLEL
        }  # fmt: skip
        config = read_config({"chain": {"title": "b", "generations": 1, "seed": 1, "budget": 1e6}, "agent": [agent]})
        assert config.task.wording is not None
        form = config.task.wording.answer_form
        assert form is not None
        p = np.random.default_rng(1).dirichlet(np.ones(config.task.space.size)).reshape(config.task.space.shape)
        model = CutModel(form, p, 1, quotes=1)
        model._cuts = lambda beginning, text: text[-1] == '"'  # type: ignore[method-assign]
        known: dict[str, Any] = {}
        model.after, after = lambda beginning: known.setdefault(beginning, after(beginning)), model.after  # type: ignore[method-assign]
        answers = ScoredServer(model, lambda prompt: "")
        answers.before = lambda number: time.sleep(delay)
        kept: list[Seen] = []

        def reply(seen: Seen) -> Any:
            kept.append(seen)
            return answers(seen)

        server.replies = reply
        create, close = sdk(kind, base)
        await Chain(config).step()
        requests = [given(arguments(kind, seen)) for seen in kept]
        assert len(requests) == READS

        async def alone() -> None:
            left = iter(requests)

            async def work() -> None:
                for request in left:
                    await create(**request)

            await asyncio.gather(*(work() for _ in range(PARALLEL)))

        async def in_memory() -> None:
            await Chain(config).step()

        async def on_disk() -> None:
            with SessionFile.create(config, Path(folder) / f"{time.monotonic_ns()}.toml") as session:
                await Chain(config, sink=session).step()

        sides: dict[str, Callable[[], Awaitable[None]]] = {"SDK": alone, "chain": in_memory, "chain on the disk": on_disk}
        times: dict[str, list[float]] = {name: [] for name in sides}
        for number in range(ROUNDS + 1):
            for name, side in sides.items():
                begun = time.perf_counter()
                await side()
                if number:
                    times[name].append((time.perf_counter() - begun) / READS)
        await Chain(config).close()
        await close()
        return times


if __name__ == "__main__":
    main()
