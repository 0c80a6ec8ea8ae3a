"""What all chains of a sweep share, with a provider's own SDK and a server on this machine: rate, pauses, and one budget."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path

import pytest
from loopback import Answer, Loopback, Seen, Text, status
from speaking import DOCUMENT, rule, samples

from iicl_tui.agents.access import Access, entry_of
from iicl_tui.agents.money import Budget
from iicl_tui.chain.config import read_config
from iicl_tui.store.session import SessionFile
from iicl_tui.study.folder import open_folder
from iicl_tui.study.model_sweep import ModelSweep, spent_before
from iicl_tui.study.provider_limits import ProviderGate, Rates, SharedBudget, SharedLimits
from iicl_tui.study.study_file import read_study
from iicl_tui.study.sweep import Progress, Shard, jobs

STUDY = """
[chain]
title = "Spoken"
generations = GENERATIONS
budget = 1e6
[task]
hypothesis = 33
spurious = "screen"
bias = "high"
draw = "overlap"
[[agent]]
kind = "openai"
model = "m"
belief = "none"
max-tokens = 100
base-url = "URL/v1"
[vary]
"chain.seed" = "1..CHAINS"
"""
CONFIG = read_config(DOCUMENT)


def reply(seen: Seen) -> Text:
    asks_examples = "Write examples" in seen.body["messages"][-1]["content"]
    return Text(samples(CONFIG, 1, 2, 3, 4) if asks_examples else rule(CONFIG, 5), usage=(200, 50))


class Sweeps:
    """Sweeps of one study against one server."""

    def __init__(self, path: Path, server: Loopback, chains: int, generations: int) -> None:
        text = STUDY.replace("URL", server.url).replace("CHAINS", str(chains)).replace("GENERATIONS", str(generations))
        self.study = read_study(text, "study.toml", None)
        self.folder = open_folder(path / "out", self.study)
        self.access = Access(frozenset({entry_of(server.url)}), {"OPENAI_API_KEY": "sk-test"})
        self.at_once = chains

    def run(self, budget: Budget = Budget(None, None), rates: Rates = Rates()) -> Progress:  # noqa: B008 (frozen)
        def work():
            return jobs(self.study, self.folder, Shard(), False, False)

        progress = Progress(self.study.count)

        async def sweep() -> None:
            made = ModelSweep(self.access, budget, rates, self.at_once, spent_before(work()))
            await made.run(work(), progress)

        asyncio.run(sweep())
        return progress


def test_all_chains_together_keep_to_the_rate(tmp_path: Path) -> None:
    """600 a minute is ten a second, ten of them at once: call n is not sent before (n − 10)/10 s, however many chains there are."""
    times: list[float] = []

    def answer(seen: Seen) -> Text:
        times.append(time.monotonic())
        return reply(seen)

    with Loopback() as server:
        server.replies = answer
        begun = time.monotonic()
        assert Sweeps(tmp_path, server, 8, 1).run(rates=Rates.of(600, None)).counts == {"done": 8}
    assert len(times) == 16
    assert all(at - begun >= (number - 10) / 10 for number, at in enumerate(sorted(times), 1))


def test_one_retry_after_holds_every_chain_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One chain is told to wait a second. The others are answered after that is known, and their next calls wait, too."""
    learned: list[float] = []
    known = threading.Event()
    pause = ProviderGate.pause

    def noted(self: ProviderGate, seconds: float) -> None:
        learned.append(time.monotonic())
        pause(self, seconds)
        known.set()

    monkeypatch.setattr(ProviderGate, "pause", noted)
    times: list[float] = []
    lock = threading.Lock()

    def answer(seen: Seen) -> Answer:
        with lock:
            times.append(time.monotonic())
            first = len(times) == 1
        if first:
            return status(429, {"error": {"message": "slow down"}}, {"retry-after": "1"})
        known.wait(30)
        return reply(seen)

    with Loopback() as server:
        server.replies = answer
        assert Sweeps(tmp_path, server, 3, 1).run().counts == {"done": 3}
    assert len(times) == 3 * 2 + 1
    early = [at for at in times if at < learned[0]]
    assert len(early) <= 3
    assert all(at >= learned[0] + 0.99 for at in times if at > learned[0] and at not in times[:3])


def test_one_budget_bounds_all_chains_together_and_more_goes_on(tmp_path: Path) -> None:
    """Ten calls of 250 tokens fit; a call is made only if it fits at its longest, with all that are under way."""
    with Loopback() as server:
        server.replies = reply
        sweeps = Sweeps(tmp_path, server, 4, 2)
        stopped = sweeps.run(Budget(None, 2_500))
        assert stopped.counts.get("done", 0) < 4
        assert stopped.counts["stopped"] >= 1
        assert 0 < len(server.seen) * 250 <= 2_500
        asked = len(server.seen)
        assert sweeps.run(Budget(None, 2_500)).counts["stopped"] >= 1
        assert len(server.seen) * 250 <= 2_500
        assert sweeps.run(Budget(None, 100_000)).counts == {"done": 4}
        assert asked <= len(server.seen) == 4 * 2 * 2
    for path in sorted((tmp_path / "out").glob("seed-*.toml")):
        with SessionFile.open(path, read_only=True) as session:
            assert len(session.calls) == 4


def test_a_gate_for_each_provider_and_host() -> None:
    limits = SharedLimits(Rates.of({"openai": 60, "": 30}, {"mistral": 1000}), SharedBudget(Budget(None, None)))

    def gate(kind: str, **options: str) -> ProviderGate:
        agent = {"kind": kind, "model": "m", "belief": "none", **options}
        return limits._gate(read_config({**DOCUMENT, "agent": [agent]}).agents[0])  # type: ignore[arg-type]

    openai, mistral = gate("openai"), gate("mistral")
    assert gate("openai") is openai
    assert gate("openai", **{"base-url": "http://localhost:1/v1"}) is not openai
    assert [each._requests.time_period * each._requests.max_rate for each in (openai, mistral) if each._requests] == [1, 2]
    assert openai._tokens is None
    assert mistral._tokens is not None
