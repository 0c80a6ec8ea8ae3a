"""A lesson before and after the guess."""

from __future__ import annotations

from typing import Any

import pytest
from scenes import DARK, LARGE, LIGHT, MIDDLE, SMALL, Shoot, press
from textual.pilot import Pilot
from waiting import app_until

from iicl_tui.tui.screens.lesson import LessonScreen


def in_lesson(*keys: str) -> Any:
    """The lesson's chains have run; then keys."""

    async def do(pilot: Pilot[Any]) -> None:
        def ready() -> bool:
            screen = pilot.app.screen
            return isinstance(screen, LessonScreen) and screen.attempt is not None

        await app_until(pilot, ready)
        await press(pilot, *keys)

    return do


@pytest.mark.parametrize(("size", "theme"), [(SMALL, LIGHT), (MIDDLE, DARK), (LARGE, LIGHT)])
def test_two_chains_and_a_number(shoot: Shoot, size: tuple[int, int], theme: str) -> None:
    shoot("lesson", size, theme, in_lesson("n", "n", "n", "right", "enter"), name="choosing-makes-it-grow")


@pytest.mark.parametrize(("size", "theme"), [(SMALL, DARK), (MIDDLE, LIGHT)])
def test_bars_to_draw(shoot: Shoot, size: tuple[int, int], theme: str) -> None:
    shoot("lesson", size, theme, in_lesson("n", "down", "right", "right"), name="what-a-posterior-is")
