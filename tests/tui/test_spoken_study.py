"""A study of language models from its screen, against a server on this machine: it fails in part, goes on, and stops in time."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from loopback import Answer, Loopback, Seen, Text, hang, status
from speaking import DOCUMENT, rule, samples
from textual.widgets import Input, Static
from waiting import LONGEST, app_until

from iicl_tui.agents.access import entry_of
from iicl_tui.chain.config import read_config
from iicl_tui.store.paths import Paths
from iicl_tui.store.settings import Settings
from iicl_tui.study.running import StudyRun
from iicl_tui.study.study_file import read_study
from iicl_tui.tui.app import LabApp, Start
from iicl_tui.tui.screens.error import ErrorScreen
from iicl_tui.tui.screens.study import StudyScreen

STUDY = """
[chain]
title = "Spoken"
generations = 2
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
[study]
token-budget = 2000
[vary]
"chain.seed" = "1..4"
"""
CONFIG = read_config(DOCUMENT)


def reply(seen: Seen) -> Text:
    asks_examples = "Write examples" in seen.body["messages"][-1]["content"]
    return Text(samples(CONFIG, 1, 2, 3, 4) if asks_examples else rule(CONFIG, 5), usage=(200, 50))


def _answered(server: Loopback) -> int:
    """How many calls got a reply: all but the two that were refused."""
    return len(server.seen) - 2


async def test_a_study_of_models_runs_from_its_screen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    lock = threading.Lock()
    refused = [
        status(400, {"error": {"message": "no such model"}}),
        status(429, {"error": {"message": "slow"}}, {"retry-after": "0.1"}),
    ]
    holding = False

    def answer(seen: Seen) -> Answer:
        with lock:
            if refused:
                return refused.pop(0)
        return hang() if holding else reply(seen)

    with Loopback() as server:
        server.replies = answer
        study = read_study(STUDY.replace("URL", server.url), "study.toml", None)
        folder = tmp_path / "sessions" / "spoken"
        paths = Paths(tmp_path / "settings.toml", tmp_path / "themes", tmp_path / "sessions", tmp_path / "state")
        settings = Settings(hosts=(entry_of(server.url),))
        app = LabApp(paths, settings, start=Start("study", {"folder": folder, "study": study}))
        async with app.run_test(size=(120, 40)) as pilot:
            screen = pilot.app.screen
            assert isinstance(screen, StudyScreen)

            async def begun(key: str, said: str, tokens: str = "") -> StudyRun:
                await pilot.press(key)
                assert said in str(screen.query_one("#ask-hint", Static).content)
                if tokens:
                    screen.query_one("#ask-tokens", Input).value = tokens
                screen.query_one("#ask-answer", Input).value = "yes"
                await pilot.press("enter")
                await app_until(pilot, lambda: screen.run is not None)
                assert screen.run is not None
                return screen.run

            await begun("s", "For all of them: about 16 calls")
            await app_until(pilot, lambda: isinstance(pilot.app.screen, ErrorScreen) and screen.run is None)
            assert "with a larger budget" in pilot.app.screen.text  # type: ignore[attr-defined]
            assert 0 < _answered(server) * 250 <= 2_000
            await pilot.press("escape")
            await begun("s", "For the 3 not done, each from its beginning: about 12 calls", "100000")
            await app_until(pilot, lambda: screen.run is None and screen.now.counts == {"done": 3, "failed": 1})
            assert _answered(server) == 3 * 4
            holding = True
            run = await begun("R", "For the 1 not done")
            await app_until(pilot, lambda: len(server.seen) == 2 + 12 + 1)
            await pilot.press("escape")
            assert pilot.app.screen is screen
            assert "Leave again to stop it" in list(app._notifications)[-1].message
            await pilot.press("escape")
            await app_until(pilot, lambda: not run.alive)
            assert server.seen[-1].gone.wait(LONGEST)
            assert run.error is None
