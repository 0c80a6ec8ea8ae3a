"""A language model in memory, and chains that ask it: for tests that are not about a provider's protocol."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import log
from typing import Any

import numpy as np

from iicl_tui.agents.calls import Reply, Request, Token, Usage
from iicl_tui.agents.language import LanguageAgent
from iicl_tui.chain.config import ChainConfig, read_config

Answer = str | Reply | Exception


class InMemory:
    """Implements `Provider`. answers: in their order, or made from the request; it notes every request that it gets.

    Where `hold` is set, each call waits for `release`.
    """

    def __init__(self, answers: Sequence[Answer] | Callable[[Request], Answer]) -> None:
        self.answers = answers
        self.requests: list[Request] = []
        self.hold = False
        self.asked = asyncio.Event()
        self.release = asyncio.Event()
        self.closed = 0

    async def send(self, request: Request) -> Reply:
        number = len(self.requests)
        self.requests.append(request)
        self.asked.set()
        if self.hold:
            await self.release.wait()
        answer = self.answers(request) if callable(self.answers) else self.answers[number]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, Reply):
            return answer
        return Reply(answer, usage=Usage(sum(len(m.text) for m in request.messages) // 4, len(answer) // 4), model="in-memory")

    async def close(self) -> None:
        self.closed += 1


def rule(config: ChainConfig, hypothesis: int) -> str:
    """A reply that states a rule, in exactly the form that is asked for."""
    return "Rule: " + json.dumps(config.task.write_hypothesis(hypothesis))


def samples(config: ChainConfig, *numbers: int, hypothesis: int | None = None) -> str:
    """A reply that gives the inputs of these numbers, labelled by a hypothesis (h* where none is given)."""
    by = config.start.target if hypothesis is None else hypothesis
    inputs = [config.task.inputs[number] for number in numbers]
    return "\n".join(f"Input: {', '.join(x)}\nOutput: {config.task.predict(by, x)}" for x in inputs)


def follows(config: ChainConfig, hypothesis: int = 5) -> Callable[[Request], str]:
    """A model that always states this rule, and gives examples of whatever rule it is asked about."""

    def answer(request: Request) -> str:
        prompt = request.prompt
        wording = config.task.wording
        if wording is not None and not wording.states_rule:
            found = re.search(r"[Ee]xactly (\d+)", prompt)  # it says how many it wants
            if found is None:  # a rule, beside the chain
                return rule(config, hypothesis)
            asked = int(found[1])
            rng = np.random.default_rng(len(prompt))
            return wording.samples_reply(config.task.transmit(hypothesis, asked, 0.0, rng))
        if "Write examples" in prompt:
            count = config.task.samples
            return samples(config, *range(count), hypothesis=hypothesis)
        return rule(config, hypothesis)

    return answer


def with_logprobs(text: str, shares: Mapping[str, Mapping[str, float]]) -> Reply:
    """A reply to `imitate` in tokens as `{"`, `A`, `":`, ` "`, `on`: for each object the probabilities of its states."""
    table: dict[str, str] = json.loads(text.partition("Rule: ")[2])
    tokens = [Token(b"Rule", 0.0), Token(b":", 0.0)]
    lead = ' {"'
    for name, state in table.items():
        tokens += [Token(part.encode(), 0.0) for part in (lead, name, '":', ' "')]
        top = tuple((other.encode(), log(p)) for other, p in shares[name].items())
        tokens.append(Token(state.encode(), log(shares[name][state]), top))
        tokens.append(Token(b'"', 0.0))
        lead = ', "'
    tokens.append(Token(b"}", 0.0))
    assert b"".join(token.data for token in tokens).decode() == text
    return Reply(text, tokens=tuple(tokens), usage=Usage(100, len(tokens)), model="in-memory")


DOCUMENT: dict[str, Any] = {
    "chain": {"title": "Spoken", "generations": 3, "seed": 3},
    "task": {"spurious": "screen", "bias": "high", "draw": "overlap", "hypothesis": 33, "initial": 4},
    "agent": [{"kind": "openai", "model": "gpt-6-luna", "belief": "none"}],
}


def spoken(
    provider: InMemory | None = None, *, agent: Mapping[str, Any] | list[dict[str, Any]] | None = None, **document: Any
) -> tuple[ChainConfig, InMemory]:
    """A chain's configuration whose language agents all ask this provider (or a new one that follows rule 5).

    agent: options of the one agent, or the tables of several. document: sections in place of those in DOCUMENT, [chain] and
    [task] key by key.
    """
    whole = {**DOCUMENT, **document}
    for section in ("chain", "task"):
        whole[section] = {**DOCUMENT[section], **document.get(section, {})}
    if agent is not None:
        whole["agent"] = agent if isinstance(agent, list) else [{**DOCUMENT["agent"][0], **agent}]
    config = read_config(whole)
    provider = provider or InMemory(follows(config))
    return connected(config, provider), provider


def connected(config: ChainConfig, provider: InMemory) -> ChainConfig:
    """The configuration with this provider behind its language agents."""
    for agent in config.agents:
        if isinstance(agent, LanguageAgent):
            agent.connect = lambda access: provider
    return replace(config)


SHARES: Mapping[str, Mapping[str, float]] = {
    "A": {"on": 0.9, "off": 0.06, "und": 0.03},
    "B": {"off": 0.5, "on": 0.25, "und": 0.25},
    "C": {"und": 0.7, "on": 0.1},
    "D": {"off": 1.0},
    "screen": {"off": 0.6, "on": 0.3, "und": 0.1},
}
RULE = {"A": "on", "B": "off", "C": "und", "D": "off", "screen": "off"}


def measured(config: ChainConfig) -> Callable[[Request], Reply]:
    """A model that learns the rule RULE with the log-probabilities SHARES; one of its examples is against that rule."""
    learned = config.task.read_hypothesis(RULE)

    def answer(request: Request) -> Reply:
        if "Write examples" in request.prompt:
            text = samples(config, 0, 1, 2, 30, hypothesis=learned)
            head, _, tail = text.rpartition("Output: ")
            return Reply(f"{head}Output: {'off' if tail != 'off' else 'on'}", usage=Usage(400, 60), model="m-1")
        return with_logprobs(rule(config, learned), SHARES)

    return answer
