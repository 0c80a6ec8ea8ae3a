from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from scenes import DARK, LIGHT, MIDDLE, SMALL, Do, Shoot, press
from speaking import InMemory, connected, rule, samples, spoken
from textual.pilot import Pilot
from waiting import app_until

from iicl_tui.present.lab_session import LabSession
from iicl_tui.store.session import SessionFile
from iicl_tui.tui.review.reply_pane import ReplyPane

REPLY = (
    "Sure! The light is on whenever A is there, and\tB keeps it off.\n"
    "\x1b[31mFor C and D\x1b[0m I would have to see more, [/] and the screen I was told to turn off, so it is no part of it.\n\n"
    "Is there anything else that I can help you with? \u202e"
)


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LabSession:
    """A chain whose model has spoken as it should for one generation, and talks from then on."""
    monkeypatch.chdir(tmp_path)
    config, provider = spoken(InMemory([]), chain={"title": "A model that talks"})
    said = [rule(config, 5), samples(config, 0, 7, 11, 30, hypothesis=5)]
    provider.answers = lambda request: said.pop(0) if said else REPLY
    file = SessionFile.create(config, Path("talking.toml"))
    connected(file.config, provider)
    session = LabSession.from_file(file)

    async def first() -> None:
        for _ in range(3):
            await session.chain.step()

    asyncio.run(first())
    session.refresh()
    return session


def asked(*keys: str) -> Do:
    """A person is asked about the reply; then keys."""

    async def do(pilot: Pilot[Any]) -> None:
        await press(pilot, "space")
        await app_until(pilot, lambda: bool(pilot.app.screen.query(ReplyPane)) and pilot.app.screen.query_one(ReplyPane).live)
        pane = pilot.app.screen.query_one(ReplyPane)
        await press(pilot, *keys)
        await app_until(pilot, lambda: pane._check_due is None)

    return do


@pytest.mark.parametrize("size", [SMALL, MIDDLE])
def test_a_reply_that_cannot_be_read(shoot: Shoot, session: LabSession, size: tuple[int, int]) -> None:
    shoot("lab", size, DARK, asked(), session=session)


@pytest.mark.parametrize("size", [SMALL, MIDDLE])
def test_a_text_in_its_place(shoot: Shoot, session: LabSession, size: tuple[int, int]) -> None:
    shoot("lab", size, LIGHT, asked("e", *"Rule: "), session=session)
