"""Chains of language models in one sweep: a server on this machine, one budget for all, and gone on with for nothing twice."""

from __future__ import annotations

import os
from pathlib import Path

from command_line import run_here
from loopback import Loopback, Seen, Text
from speaking import DOCUMENT, rule, samples

from iicl_tui.chain.config import read_config
from iicl_tui.store.session import SessionFile

KEY = "sk-a-very-secret-key-0123456789"


def test_many_paid_calls_are_asked_about_first(tmp_path: Path) -> None:
    study = ["sweep", "e2-weak-openai", "--set", "chain.seed=1..200", "-o", "out"]
    asked = run_here(tmp_path, *study, environment={**os.environ, "OPENAI_API_KEY": ""})
    assert asked.returncode == 2
    assert "200 chains that are not begun: about 1,600 calls" in asked.stderr
    assert "Add --yes" in asked.stderr
    assert not (tmp_path / "out").exists()


def test_all_chains_share_one_budget_and_go_on_without_asking_twice(tmp_path: Path) -> None:
    config = read_config(DOCUMENT)

    def answer(seen: Seen) -> Text:
        asks_examples = "Write examples" in seen.body["messages"][-1]["content"]
        return Text(samples(config, 1, 2, 3, 4) if asks_examples else rule(config, 5))

    with Loopback() as server:
        server.replies = answer
        options = ["--set", "chain.seed=1..3", "--set", "chain.generations=2", "--set", "agent.belief=none", "--trust", server.url]
        options += ["--set", f"agent.base-url={server.url}/v1", "-o", "out"]

        def sweep(*more: str):
            environment = {**os.environ, "OPENAI_API_KEY": KEY}
            return run_here(tmp_path, "sweep", "e2-weak-openai", *options, *more, environment=environment)

        stopped = sweep("--token-budget", "1")
        assert stopped.returncode == 3
        assert "The budget of the sweep stops it" in stopped.stderr
        assert len(server.seen) == 0
        done = sweep()
        assert (done.returncode, len(server.seen)) == (0, 3 * 2 * 2), done.stderr
        assert sweep().returncode == 0
        assert len(server.seen) == 12
    for seed in (1, 2, 3):
        with SessionFile.open(tmp_path / "out" / f"seed-{seed}.toml", read_only=True) as session:
            assert (len(session.generations), len(session.calls)) == (2, 4)
    assert not any(KEY.encode() in path.read_bytes() for path in (tmp_path / "out").glob("*.toml"))
