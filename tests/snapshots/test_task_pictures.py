"""The laboratory and the review with the tasks beside ACRE."""

from __future__ import annotations

from pathlib import Path

import pytest
from scenes import DARK, LIGHT, MIDDLE, SMALL, Shoot, in_lab, reviewing


@pytest.mark.parametrize(("size", "theme", "keys"), [(MIDDLE, DARK, ()), (SMALL, LIGHT, ()), (SMALL, DARK, ("4",))])
def test_a_naming_game(shoot: Shoot, other_sessions: Path, size: tuple[int, int], theme: str, keys: tuple[str, ...]) -> None:
    shoot("lab", size, theme, in_lab(*keys), path=other_sessions / "naming.toml")


@pytest.mark.parametrize(("size", "theme", "keys"), [(MIDDLE, LIGHT, ()), (SMALL, DARK, ("2",)), (SMALL, LIGHT, ("4",))])
def test_acronyms(shoot: Shoot, other_sessions: Path, size: tuple[int, int], theme: str, keys: tuple[str, ...]) -> None:
    shoot("lab", size, theme, in_lab(*keys), path=other_sessions / "acronyms.toml")


@pytest.mark.parametrize(("size", "theme", "keys"), [(SMALL, DARK, ("a", "x", "a")), (MIDDLE, LIGHT, ("a", "x", "e"))])
def test_words_under_review(shoot: Shoot, other_sessions: Path, size: tuple[int, int], theme: str, keys: tuple[str, ...]) -> None:
    shoot("lab", size, theme, reviewing(*keys), path=other_sessions / "acronyms-by-hand.toml")
