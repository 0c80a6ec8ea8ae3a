from __future__ import annotations

from pathlib import Path

import pytest
from scenes import DARK, LIGHT, MIDDLE, SIZES, SMALL, Shoot, reviewing

MIXED = ("a", "n", *"the light was off", "enter", "x", "e", "right", "space", "enter")


@pytest.mark.parametrize("size", SIZES)
def test_a_hypothesis(shoot: Shoot, sessions: Path, size: tuple[int, int]) -> None:
    shoot("lab", size, DARK, reviewing(), path=sessions / "hypothesis.toml")


@pytest.mark.parametrize("size", SIZES)
def test_samples_approved_rejected_and_edited(shoot: Shoot, sessions: Path, size: tuple[int, int]) -> None:
    shoot("lab", size, LIGHT, reviewing(*MIXED), path=sessions / "samples.toml")


def test_all_rejected(shoot: Shoot, sessions: Path) -> None:
    shoot("lab", SMALL, LIGHT, reviewing("X"), path=sessions / "samples.toml")


@pytest.mark.parametrize(("size", "theme"), [(SMALL, DARK), (MIDDLE, LIGHT)])
def test_blind(shoot: Shoot, sessions: Path, size: tuple[int, int], theme: str) -> None:
    shoot("lab", size, theme, reviewing("a"), path=sessions / "blind.toml")


def test_the_row_editor(shoot: Shoot, sessions: Path) -> None:
    shoot("lab", SMALL, DARK, reviewing("e", "right", "space"), path=sessions / "hypothesis.toml")
