"""python tests/benchmarks/bench_calls.py: a call through a chain against the same call by the SDK alone, on one loopback server.

Both send the same messages and get the same reply. The chain's calls are read, and each is on the disk before that. The server
answers at once, and then after DELAY seconds, as a quick model does.
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

from iicl_tui.agents.access import Access
from iicl_tui.agents.calls import Call
from iicl_tui.chain.config import read_config
from iicl_tui.chain.engine import Chain
from iicl_tui.chain.records import Record
from iicl_tui.store.session import SessionFile

sys.path.insert(0, str(Path(__file__).parents[1]))

from loopback import Loopback, Seen, Text, tokens_of
from speaking import DOCUMENT, rule, samples

CALLS = 200
DELAY = 0.2
KEY = Access(environment={"OPENAI_API_KEY": "benchmark", "ANTHROPIC_API_KEY": "benchmark", "MISTRAL_API_KEY": "benchmark"})


def main() -> None:
    for delay, calls in ((0.0, CALLS), (DELAY, CALLS // 10)):
        print(f"the server answers {f'after {delay:g} s' if delay else 'at once'}: median of {calls} calls")
        for kind in ("openai", "anthropic", "mistral"):
            raw, ours = measure(kind, calls, delay)
            print(f"  {kind:<10} SDK {raw * 1e3:7.2f} ms, chain {ours * 1e3:7.2f} ms = {ours / raw:.2f}× (at most 1.2)")


def measure(kind: str, calls: int, delay: float) -> tuple[float, float]:
    """Median seconds a call: the SDK's, and the chain's."""
    with Loopback() as server, tempfile.TemporaryDirectory() as folder:
        base = f"{server.url}/v1" if kind == "openai" else server.url
        agent = {"kind": kind, "model": "m", "base-url": base, "belief": "none"}
        document = {**DOCUMENT, "chain": {"title": "b", "generations": calls // 2, "seed": 1, "budget": 1e6}, "agent": [agent]}
        config = read_config(document)

        def answer(seen: Seen) -> Text:
            time.sleep(delay)
            making = "Write examples" in seen.body["messages"][-1]["content"]
            text = samples(config, 1, 2, 3, 4) if making else rule(config, 33)
            return Text(text, tokens=tokens_of(text, {}))

        server.replies = answer
        stamps: list[float] = []
        with SessionFile.create(config, Path(folder) / "b.toml") as session:

            class Sink:
                def append(self, record: Record) -> None:
                    session.append(record)
                    if isinstance(record, Call):
                        stamps.append(time.perf_counter())

            async def run() -> list[float]:
                chain = Chain(session.config, sink=Sink(), access=KEY)
                await chain.run()
                seen = list(server.seen)
                raw = await by_sdk(kind, base, seen)
                await chain.close()
                return raw

            raw = asyncio.run(run())
        ours = [later - earlier for earlier, later in itertools.pairwise(stamps)]
        return median(raw[1:]), median(ours[1:])


async def by_sdk(kind: str, base: str, requests: list[Seen]) -> list[float]:
    """Seconds of each of the same requests, by the SDK alone."""
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
    await (client.close() if kind != "mistral" else client.__aexit__(None, None, None))
    return out


if __name__ == "__main__":
    main()
