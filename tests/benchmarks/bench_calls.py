"""python tests/benchmarks/bench_calls.py: a call through a chain against the same call by the SDK alone, on one loopback server.

Four take turns, a generation (two calls) each: the SDK alone, a chain in memory, the SDK with a bare fsynced append after each
call, and a chain on the disk. All send the same messages, and no reply is the one before. The chains read the replies and make
their records; on the disk each call is fsynced before it is read, and so is each phase. The server answers at once, and then
after DELAY seconds, as a quick model does.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

from iicl_tui.chain.config import ChainConfig, read_config
from iicl_tui.chain.engine import Chain
from iicl_tui.store.session import SessionFile

sys.path.insert(0, str(Path(__file__).parents[1]))

from loopback import Loopback, Seen, Text
from speaking import DOCUMENT, rule, samples

ROUNDS = 400
WARM = 20
"""Rounds that are not counted: the first has the import of the SDK in it."""
DELAY = 0.2
RECORD = b"." * 800
"""As long as a call's record here."""
SIDES = ("SDK", "chain", "SDK and an append", "chain on the disk")

FIGURES: Sequence[tuple[str, Callable[[Sequence[float]], float]]] = (("median", median), ("least", min))


def main() -> None:
    for delay, rounds in ((0.0, ROUNDS), (DELAY, ROUNDS // 80)):
        print(f"the server answers {f'after {delay:g} s' if delay else 'at once'}: milliseconds a call in {rounds} rounds")
        for kind in ("openai", "anthropic", "mistral"):
            times = measure(kind, rounds, delay)
            for side, each in zip(SIDES, times, strict=True):
                shown = (f"{name} {of(each) * 1e3:7.2f} = {of(each) / of(times[0]):.2f}×" for name, of in FIGURES)
                print(f"  {kind:<10} {side:<18} {'   '.join(shown)}")
    print("goal: a chain at most 1.2× the SDK alone")


def measure(kind: str, rounds: int, delay: float) -> list[list[float]]:
    """Seconds a call in each round, for each of SIDES."""
    with Loopback() as server, tempfile.TemporaryDirectory() as folder:
        base = f"{server.url}/v1" if kind == "openai" else server.url
        agent = {"kind": kind, "model": "m", "base-url": base, "belief": "none"}
        chain = {"title": "b", "generations": WARM + rounds, "seed": 1, "budget": 1e6}

        def config() -> ChainConfig:
            return read_config({**DOCUMENT, "chain": chain, "agent": [agent]})

        size, inputs = config().task.space.size, len(config().task.inputs)
        rules = [rule(config(), 7 * number % size) for number in range(size)]
        examples = [samples(config(), *((5 * number + step) % inputs for step in (1, 2, 3, 4))) for number in range(inputs)]
        number = count()

        def answer(seen: Seen) -> Text:
            time.sleep(delay)
            texts = examples if "Write examples" in seen.body["messages"][-1]["content"] else rules
            return Text(texts[next(number) % len(texts)])

        server.replies = answer
        path = Path(folder)
        with SessionFile.create(config(), path / "b.toml") as session, (path / "bare").open("wb", buffering=0) as bare:
            return asyncio.run(turns(server, kind, base, Chain(config()), Chain(config(), sink=session), bare.fileno(), rounds))


async def turns(server: Loopback, kind: str, base: str, memory: Chain, disk: Chain, bare: int, rounds: int) -> list[list[float]]:
    """As `measure`."""
    create, close = sdk(kind, base)
    generation = 1
    requests: Sequence[dict[str, Any]] = []

    async def alone() -> None:
        for request in requests:
            await create(**request)

    async def appended() -> None:
        for request in requests:
            await create(**request)
            os.write(bare, RECORD)
            os.fsync(bare)

    async def in_memory() -> None:
        await memory.run(until=generation)

    async def on_disk() -> None:
        await disk.run(until=generation)

    sides: Sequence[Callable[[], Awaitable[None]]] = (alone, in_memory, appended, on_disk)
    times: list[list[float]] = [[] for _ in sides]
    await in_memory()
    requests = [arguments(kind, seen) for seen in server.seen]
    await on_disk()
    for generation in range(2, WARM + rounds + 1):
        asked = requests
        for place in range(len(sides)):
            side = (generation + place) % len(sides)
            server.seen.clear()
            begun = time.perf_counter()
            await sides[side]()
            times[side].append((time.perf_counter() - begun) / 2)
            assert len(server.seen) == 2, f"{len(server.seen)} calls: {SIDES[side]}"
            if sides[side] is in_memory:
                asked = [arguments(kind, seen) for seen in server.seen]
        requests = asked
    for chain in (memory, disk):
        await chain.close()
    await close()
    return [each[WARM - 1 :] for each in times]


def sdk(kind: str, base: str) -> tuple[Callable[..., Awaitable[Any]], Callable[[], Awaitable[Any]]]:
    """What makes a call by the SDK alone, and what closes it."""
    import anthropic
    import openai
    from mistralai.client import Mistral

    if kind == "openai":
        by_openai = openai.AsyncOpenAI(api_key="benchmark", base_url=base, max_retries=0)
        return by_openai.chat.completions.create, by_openai.close
    if kind == "anthropic":
        by_anthropic = anthropic.AsyncAnthropic(api_key="benchmark", base_url=base, max_retries=0)
        return by_anthropic.messages.create, by_anthropic.close
    by_mistral: Any = Mistral(api_key="benchmark", server_url=base)
    return by_mistral.chat.complete_async, lambda: by_mistral.__aexit__(None, None, None)


def arguments(kind: str, request: Seen) -> dict[str, Any]:
    """What the SDK has to be given so that it sends this request."""
    body = dict(request.body)
    extra = {name: body.pop(name) for name in ("temperature", "top_p") if kind == "anthropic" and name in body}
    return {**body, **({"extra_body": extra} if extra else {})}


if __name__ == "__main__":
    main()
