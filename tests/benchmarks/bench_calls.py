"""python tests/benchmarks/bench_calls.py: a call through a chain against the same call by the SDK alone, on one loopback server.

All send the same messages and get the same replies. The chain's calls are read, and it makes its own records of them; on the
disk, each is fsynced before it is read, and so is each phase. The server answers at once, and then after DELAY seconds, as a
quick model does.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from iicl_tui.agents.calls import Call
from iicl_tui.chain.config import ChainConfig, read_config
from iicl_tui.chain.engine import Chain, Sink
from iicl_tui.chain.records import Record
from iicl_tui.store.session import SessionFile

sys.path.insert(0, str(Path(__file__).parents[1]))

from loopback import Loopback, Seen, Text
from speaking import DOCUMENT, rule, samples

CALLS = 200
DELAY = 0.2


def main() -> None:
    for delay, calls in ((0.0, CALLS), (DELAY, CALLS // 10)):
        print(f"the server answers {f'after {delay:g} s' if delay else 'at once'}: median of {calls} calls")
        for kind in ("openai", "anthropic", "mistral"):
            raw, memory, disk = measure(kind, calls, delay)
            print(
                f"  {kind:<10} SDK {raw * 1e3:7.2f} ms · chain {memory * 1e3:7.2f} ms = {memory / raw:.2f}× (at most 1.2) · "
                f"with every call and phase on the disk {disk * 1e3:7.2f} ms = {disk / raw:.2f}×"
            )


class Stamps:
    """Notes when each call was kept, and keeps it where there is somewhere to."""

    def __init__(self, sink: Sink | None) -> None:
        self.sink = sink
        self.moments: list[float] = []

    def append(self, record: Record) -> None:
        if self.sink is not None:
            self.sink.append(record)
        if isinstance(record, Call):
            self.moments.append(time.perf_counter())

    def ready(self) -> None:
        """There is always room."""

    @property
    def between(self) -> float:
        """Median seconds from one call to the next; the first has the import of the SDK in it."""
        return median([later - earlier for earlier, later in itertools.pairwise(self.moments)][1:])


def measure(kind: str, calls: int, delay: float) -> tuple[float, float, float]:
    """Median seconds a call: the SDK's, the chain's in memory, and the chain's on the disk."""
    with Loopback() as server, tempfile.TemporaryDirectory() as folder:
        base = f"{server.url}/v1" if kind == "openai" else server.url
        agent = {"kind": kind, "model": "m", "base-url": base, "belief": "none"}
        chain = {"title": "b", "generations": calls // 2, "seed": 1, "budget": 1e6}

        def config() -> ChainConfig:
            return read_config({**DOCUMENT, "chain": chain, "agent": [agent]})

        texts = samples(config(), 1, 2, 3, 4), rule(config(), 33)

        def answer(seen: Seen) -> Text:
            time.sleep(delay)
            return Text(texts[0] if "Write examples" in seen.body["messages"][-1]["content"] else texts[1])

        server.replies = answer

        async def run(sink: Sink | None) -> float:
            stamps = Stamps(sink)
            chain = Chain(config(), sink=stamps)
            await chain.run()
            await chain.close()
            return stamps.between

        memory = asyncio.run(run(None))
        requests = list(server.seen)
        raw = asyncio.run(by_sdk(kind, base, requests))
        with SessionFile.create(config(), Path(folder) / "b.toml") as session:
            disk = asyncio.run(run(session))
        return raw, memory, disk


async def by_sdk(kind: str, base: str, requests: list[Seen]) -> float:
    """Median seconds of the same requests, by the SDK alone."""
    import anthropic
    import openai
    from mistralai.client import Mistral

    client: Any
    if kind == "openai":
        client = openai.AsyncOpenAI(api_key="benchmark", base_url=base, max_retries=0)
        create = client.chat.completions.create
    elif kind == "anthropic":
        client = anthropic.AsyncAnthropic(api_key="benchmark", base_url=base, max_retries=0)
        create = client.messages.create
    else:
        client = Mistral(api_key="benchmark", server_url=base)
        create = client.chat.complete_async
    out = []
    for request in requests:
        body = dict(request.body)
        extra = {name: body.pop(name) for name in ("temperature", "top_p") if kind == "anthropic" and name in body}
        begun = time.perf_counter()
        await create(**body, **({"extra_body": extra} if extra else {}))
        out.append(time.perf_counter() - begun)
    await (client.__aexit__(None, None, None) if kind == "mistral" else client.close())
    return median(out[1:])


if __name__ == "__main__":
    main()
