"""The presenter mode: a lesson, a chain, and two chains."""

from __future__ import annotations

from pathlib import Path

import pytest
from scenes import DARK, LARGE, MIDDLE, SMALL, Shoot, in_lab, opened
from test_lesson_pictures import in_lesson


@pytest.mark.parametrize("size", [SMALL, MIDDLE, LARGE])
def test_a_lesson_presented(shoot: Shoot, size: tuple[int, int]) -> None:
    shoot("lesson", size, DARK, in_lesson("z", "n", "n"), name="choosing-makes-it-grow")


def test_a_chain_presented(shoot: Shoot, sessions: Path) -> None:
    shoot("lab", SMALL, DARK, in_lab("z", "3"), path=sessions / "finished.toml")


def test_two_chains_presented(shoot: Shoot, sessions: Path) -> None:
    shoot("pair", SMALL, DARK, opened("pair", "z"), paths=(sessions / "finished.toml", sessions / "two-agents.toml"))
