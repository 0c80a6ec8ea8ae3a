"""Transcript, help, keys, theme, commands and messages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from scenes import DARK, LARGE, LIGHT, MIDDLE, SMALL, Shoot, at_home, in_lab, opened, press
from textual.pilot import Pilot
from textual.widgets import OptionList
from waiting import app_until

from iicl_tui.errors import LabError
from iicl_tui.store.settings import Settings
from iicl_tui.tui.app import LabApp

ONE_EACH = pytest.mark.parametrize(("size", "theme"), [(SMALL, LIGHT), (MIDDLE, DARK), (LARGE, LIGHT)])


@ONE_EACH
def test_transcript(shoot: Shoot, sessions: Path, size: tuple[int, int], theme: str) -> None:
    async def do(pilot: Pilot[Any]) -> None:
        await in_lab("t")(pilot)
        await opened("transcript", "slash", *"off")(pilot)

    shoot("lab", size, theme, do, path=sessions / "samples.toml")


@ONE_EACH
def test_help(shoot: Shoot, sessions: Path, size: tuple[int, int], theme: str) -> None:
    async def do(pilot: Pilot[Any]) -> None:
        await in_lab("question_mark")(pilot)
        await opened("help")(pilot)

    shoot("lab", size, theme, do, path=sessions / "finished.toml")


@ONE_EACH
def test_keys(shoot: Shoot, size: tuple[int, int], theme: str) -> None:
    shoot("keys", size, theme, opened("keys", "down"), settings=Settings(keys={"app.theme": "f3,f9"}))


@ONE_EACH
def test_a_message(shoot: Shoot, size: tuple[int, int], theme: str) -> None:
    async def do(pilot: Pilot[Any]) -> None:
        await at_home()(pilot)
        assert isinstance(pilot.app, LabApp)
        pilot.app.show_error(
            LabError(
                "The last phase was not saved", "finished.toml: no space is left on the disk.",
                "Make room, then press Space: the phase is kept first. S saves a copy elsewhere.",
            )
        )  # fmt: skip
        await opened("error")(pilot)

    shoot("home", size, theme, do)


def test_a_notice_of_faulty_settings(shoot: Shoot) -> None:
    shoot("home", SMALL, DARK, at_home(), settings=Settings(theme="iicl-drak", keys={"lab.nothing": "x", "lab.pause": "q"}))


def test_themes(shoot: Shoot, sessions: Path) -> None:
    async def do(pilot: Pilot[Any]) -> None:
        await at_home()(pilot)
        await press(pilot, "f3")
        await opened("theme", "down")(pilot)

    shoot("home", MIDDLE, DARK, do)


def test_commands(shoot: Shoot, sessions: Path) -> None:
    async def do(pilot: Pilot[Any]) -> None:
        await in_lab("f2")(pilot)
        await press(pilot, *"br")
        await pilot.app.workers.wait_for_complete()
        await app_until(pilot, lambda: len(pilot.app.screen.query_one(OptionList).options) > 1)

    shoot("lab", MIDDLE, DARK, do, path=sessions / "finished.toml")
