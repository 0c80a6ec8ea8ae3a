"""Every preset of a language model from beginning to end through the screens: the real SDKs, and a server on this machine."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from loopback import Answer, Loopback, Seen, Text, tokens_of
from narrow import not_none
from speaking import follows
from waiting import until

from iicl_tui.agents.calls import Message, Request
from iicl_tui.chain.config import read_config
from iicl_tui.store.paths import Paths
from iicl_tui.store.presets import load, presets
from iicl_tui.store.session import SessionFile
from iicl_tui.tui.app import LabApp, Start
from iicl_tui.tui.screens.lab import LabScreen
from iicl_tui.tui.screens.transcript import TranscriptScreen

SPOKEN = [
    preset.name
    for preset in presets()
    if preset.asks_models
    and not preset.name.endswith("-embedded")
    and preset.name != "e2-base-local"
    and (not preset.name.startswith("text-") or preset.name in ("text-reviews-openai", "text-story-anthropic", "text-term-mistral"))
]
"""Those on a server. tests/agents/providers/test_embedded.py has the embedded ones, tests/tasks/text the other ones of texts, and
tests/chain/test_scored_chain.py that of completions."""
STATES = {"on": 0.7, "off": 0.2, "und": 0.06}
KEY = "sk-another-secret-key-987654321"


def dialogue(config: Any) -> Callable[[Seen], Answer]:
    """Rule 5 with log-probabilities, as many examples of it as are asked for; every seventh answer cannot be read and is asked
    for again."""
    answer = follows(config)
    count = 0

    def reply(seen: Seen) -> Answer:
        nonlocal count
        count += 1
        prompt = seen.body["messages"][-1]["content"]
        if count % 7 == 0 and "could be read" not in prompt and "could not be read" not in prompt:
            return Text("I would rather talk about \x1b]0;something\x07 [/] else.")
        making = not_none(config.task.wording).states_rule and "examples were asked for" in prompt
        text = answer(Request((Message("user", "Write examples" if making else prompt),), 1))
        assert isinstance(text, str)
        return Text(text, tokens=tokens_of(text, dict.fromkeys(STATES, STATES)))

    return reply


@pytest.mark.parametrize("name", SPOKEN)
async def test_a_preset_runs_through_the_screens(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "MISTRAL_API_KEY"):
        monkeypatch.delenv(variable, raising=False)
    with Loopback() as server:
        document = tomllib.loads(load(name).text)
        for agent in document["agent"]:
            agent["base-url"] = f"{server.url}/v1" if agent["kind"] == "openai" else server.url
        config = read_config(document)
        server.replies = dialogue(config)
        with SessionFile.create(config, tmp_path / "s.toml") as session:
            path = session.path
        app = LabApp(Paths(tmp_path / "settings.toml", tmp_path, tmp_path, tmp_path), start=Start("lab", {"path": path}))
        async with app.run_test(size=(120, 40)) as pilot:
            screen = app.screen
            assert isinstance(screen, LabScreen)
            await pilot.press("space")
            await _rest(pilot, screen)
            await pilot.press("R")
            await _rest(pilot, screen)
            chain = screen.session.chain
            assert chain.status == "finished"
            assert screen.state is not None
            spent = f"{chain.spent.tokens:,} tokens"
            assert any(spent in fact for fact in screen.state.facts)
            last_agent = document["agent"][(config.generations - 1) % len(document["agent"])]
            how = {"logprobs": "factorised, along one reply", "samples": "draws"}.get(last_agent.get("belief", ""), "it made")
            assert how in screen.state.belief.caption
            await pilot.press("v", "v", "c", "left_square_bracket", "left_square_bracket", "t")
            await pilot.pause()
            transcript = app.screen
            assert isinstance(transcript, TranscriptScreen)
            least = config.generations + not_none(config.task.wording).states_rule  # a rule is asked for in a call of its own
            asked = "exactly " if document["chain"]["task"] == "text" else "Input: "
            assert sum(asked in entry.text for entry in transcript._entries) >= least
        assert len(chain.calls) == len(server.seen)
    with SessionFile.open(path, read_only=True) as session:
        assert list(session.calls) == list(chain.calls)


async def _rest(pilot: Any, screen: LabScreen) -> None:
    await until(lambda: not screen.activity.busy)
    await pilot.pause()
