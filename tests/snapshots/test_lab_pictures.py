from __future__ import annotations

from pathlib import Path

import pytest
from scenes import ANSI, DARK, LIGHT, MIDDLE, SIZES, SMALL, Shoot, in_lab


@pytest.mark.parametrize("theme", [DARK, LIGHT])
@pytest.mark.parametrize("size", SIZES)
def test_strips_of_a_finished_chain(shoot: Shoot, sessions: Path, size: tuple[int, int], theme: str) -> None:
    shoot("lab", size, theme, in_lab(), path=sessions / "finished.toml")


def test_a_new_chain(shoot: Shoot, sessions: Path) -> None:
    shoot("lab", MIDDLE, DARK, in_lab(), path=sessions / "new.toml")


@pytest.mark.parametrize(("size", "theme"), [(SMALL, LIGHT), (MIDDLE, DARK)])
def test_mosaic(shoot: Shoot, sessions: Path, size: tuple[int, int], theme: str) -> None:
    shoot("lab", size, theme, in_lab("v", "right", "down"), path=sessions / "two-agents.toml")


@pytest.mark.parametrize(("size", "theme"), [(SMALL, DARK), (MIDDLE, LIGHT)])
def test_ranked(shoot: Shoot, sessions: Path, size: tuple[int, int], theme: str) -> None:
    shoot("lab", size, theme, in_lab("v", "v", "s"), path=sessions / "two-agents.toml")


def test_looking_back(shoot: Shoot, sessions: Path) -> None:
    shoot("lab", MIDDLE, DARK, in_lab("left_square_bracket", "left_square_bracket"), path=sessions / "two-agents.toml")


def test_the_first_data(shoot: Shoot, sessions: Path) -> None:
    shoot("lab", MIDDLE, LIGHT, in_lab("left_curly_bracket"), path=sessions / "finished.toml")


def test_strips_by_what_is_explained_of_the_first_data(shoot: Shoot, sessions: Path) -> None:
    shoot("lab", MIDDLE, DARK, in_lab("c"), path=sessions / "finished.toml")


@pytest.mark.parametrize("pane", ["2", "3", "4", "5"])
def test_one_pane_at_a_time(shoot: Shoot, sessions: Path, pane: str) -> None:
    shoot("lab", SMALL, DARK if pane in "24" else LIGHT, in_lab(pane), path=sessions / "two-agents.toml")


def test_stuck(shoot: Shoot, sessions: Path) -> None:
    shoot("lab", MIDDLE, LIGHT, in_lab(), path=sessions / "stuck.toml")


def test_a_question(shoot: Shoot, sessions: Path) -> None:
    shoot("lab", SMALL, DARK, in_lab("b"), path=sessions / "two-agents.toml")


def test_the_colours_of_the_terminal(shoot: Shoot, sessions: Path) -> None:
    shoot("lab", MIDDLE, ANSI, in_lab(), path=sessions / "finished.toml")


def test_without_colours(shoot: Shoot, sessions: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    shoot("lab", MIDDLE, DARK, in_lab(), path=sessions / "finished.toml")
