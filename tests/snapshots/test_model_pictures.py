"""Chains of language models in the laboratory."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest
from scenes import DARK, LIGHT, MIDDLE, SIZES, SMALL, Do, Shoot, in_lab, opened, press
from speaking import rule, samples, spoken, with_logprobs
from textual.pilot import Pilot
from waiting import app_until

from iicl_tui.agents.access import Access
from iicl_tui.agents.calls import Reply, Request, Usage
from iicl_tui.agents.model_session import PendingCall
from iicl_tui.agents.retry import RetryWait
from iicl_tui.chain.config import ChainConfig
from iicl_tui.chain.engine import Chain
from iicl_tui.present.lab_session import LabSession
from iicl_tui.present.lab_state import Activity
from iicl_tui.tui.screens.lab import LabScreen
from iicl_tui.tui.widgets.inline_form import InlineForm

CHAIN = {"title": "E2 spurious bias · GPT · high · h033", "generations": 4, "lookback": 2}
LEARNED = (33, 33, 31)
STATES = ("on", "off", "und")


def shares(config: ChainConfig, hypothesis: int, generation: int) -> dict[str, dict[str, float]]:
    """Log-probabilities' shares that come closer to one state from generation to generation, and leave less unobserved."""
    rest = 0.3 / generation
    found = {}
    for place, (name, state) in enumerate(config.task.write_hypothesis(hypothesis).items()):
        one, other = (each for each in STATES if each != state)
        unseen = 0.2 / generation if place % 2 else 0.0
        found[name] = {state: 1 - rest - unseen, one: rest * 0.7, other: rest * 0.3}
    return found


def speaking_gpt(config: ChainConfig) -> Any:
    learned = 0

    def answer(request: Request) -> Reply:
        nonlocal learned
        if "Write examples" in request.prompt:
            text = samples(config, *(3 + learned, 8, 12, 20 - learned), hypothesis=LEARNED[learned - 1])
            return Reply(text.replace("Output: on", "Output: und", learned == 2), usage=Usage(520, 60), model="gpt-6-luna")
        hypothesis, learned = LEARNED[learned], learned + 1
        reply = with_logprobs(rule(config, hypothesis), shares(config, hypothesis, learned))
        return Reply(reply.text, tokens=reply.tokens, usage=Usage(610, 40), model="gpt-6-luna")

    return answer


def speaking_claude(config: ChainConfig) -> Any:
    rng = np.random.default_rng(2)

    def answer(request: Request) -> Reply:
        text = rule(config, int(rng.choice([33, 33, 33, 31, 27, 60]))) if rng.random() > 0.06 else "I cannot say."
        if "Write examples" in request.prompt:
            text = samples(config, 3, 8, 12, 20, hypothesis=33)
        return Reply(text, usage=Usage(600, 45), model="claude")

    return answer


def session(steps: int, kind: str = "gpt", **document: Any) -> LabSession:
    """A chain so many phases on, kept nowhere, that nobody gives a key."""
    document.setdefault("chain", CHAIN)
    config, model = spoken(**document)
    model.answers = {"gpt": speaking_gpt, "claude": speaking_claude}[kind](config)
    chain = Chain(config, access=Access(environment={}))

    async def go() -> None:
        for _ in range(steps):
            await chain.step()

    asyncio.run(go())
    return LabSession(chain)


GPT: dict[str, Any] = {"agent": {"belief": "logprobs"}}
CLAUDE: dict[str, Any] = {
    "agent": {"kind": "anthropic", "model": "claude-sonnet-4-5", "belief": "samples"},
    "chain": {**CHAIN, "title": "E3 interaction · Claude · self-refine"},
    "filter": [{"kind": "self-refine"}],
}


@pytest.mark.parametrize("theme", [DARK, LIGHT])
@pytest.mark.parametrize("size", SIZES)
def test_a_belief_from_log_probabilities(shoot: Shoot, size: tuple[int, int], theme: str) -> None:
    shoot("lab", size, theme, in_lab(), session=session(8, **GPT))


@pytest.mark.parametrize(("size", "theme"), zip(SIZES, (LIGHT, DARK, LIGHT), strict=True))
def test_a_belief_from_draws(shoot: Shoot, size: tuple[int, int], theme: str) -> None:
    shoot("lab", size, theme, in_lab(), session=session(8, "claude", **CLAUDE))


def test_objects_with_what_is_unobserved(shoot: Shoot) -> None:
    shoot("lab", SMALL, DARK, in_lab("left_square_bracket", "3"), session=session(4, **GPT))


def test_before_the_first_call(shoot: Shoot) -> None:
    shoot("lab", MIDDLE, DARK, in_lab(), session=session(0, **GPT))


@pytest.mark.parametrize(("size", "theme"), [(SMALL, LIGHT), (MIDDLE, DARK)])
def test_waiting_before_another_try(shoot: Shoot, size: tuple[int, int], theme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LabScreen, "clock", staticmethod(lambda: 0.0))

    async def do(pilot: Pilot[Any]) -> None:
        await in_lab()(pilot)
        screen = pilot.app.screen
        assert isinstance(screen, LabScreen)
        screen.session.chain.calling = PendingCall("imitate", "gpt-6-luna", 0.0, RetryWait("OpenAI is busy", 2, 5, 37.0))
        screen.runner.activity = Activity("step")
        screen.rebuild()

    shoot("lab", size, theme, do, session=session(6, **GPT))


def asking(*keys: str) -> Do:
    async def do(pilot: Pilot[Any]) -> None:
        await in_lab()(pilot)
        await press(pilot, *keys)
        await app_until(pilot, lambda: bool(pilot.app.screen.query(InlineForm)))

    return do


@pytest.mark.parametrize(("size", "theme"), [(SMALL, DARK), (MIDDLE, LIGHT)])
def test_the_budget(shoot: Shoot, size: tuple[int, int], theme: str) -> None:
    async def do(pilot: Pilot[Any]) -> None:
        await in_lab("space")(pilot)
        await opened("error", "escape")(pilot)
        await asking("dollar_sign")(pilot)

    chain = {**CHAIN, "budget": 0.0025, "token-budget": 2000}
    shoot("lab", size, theme, do, session=session(2, agent={"belief": "logprobs"}, chain=chain))


def test_a_host_that_would_get_a_key(shoot: Shoot) -> None:
    agent = {"belief": "logprobs", "base-url": "https://elsewhere.example:8080/v1"}
    made = session(0, agent=agent)
    made.chain.access = Access(environment={"OPENAI_API_KEY": "k"})
    shoot("lab", SMALL, LIGHT, asking("space"), session=made)


@pytest.mark.parametrize(("size", "theme"), [(SMALL, DARK), (MIDDLE, LIGHT)])
def test_the_messages_of_the_next_call(shoot: Shoot, size: tuple[int, int], theme: str) -> None:
    async def do(pilot: Pilot[Any]) -> None:
        await in_lab("M")(pilot)
        await opened("transcript", "down")(pilot)

    shoot("lab", size, theme, do, session=session(3, **GPT))


def test_a_budget_reached(shoot: Shoot) -> None:
    async def do(pilot: Pilot[Any]) -> None:
        await in_lab("space")(pilot)
        await opened("error")(pilot)

    shoot("lab", MIDDLE, DARK, do, session=session(2, agent={"belief": "logprobs"}, chain={**CHAIN, "budget": 0.00055}))
