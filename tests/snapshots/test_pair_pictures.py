"""Two chains side by side."""

from __future__ import annotations

from pathlib import Path

import pytest
from scenes import DARK, LARGE, LIGHT, MIDDLE, SMALL, Shoot, opened


@pytest.mark.parametrize(("size", "theme"), [(SMALL, LIGHT), (MIDDLE, DARK), (LARGE, LIGHT)])
def test_two_chains_at_one_moment(shoot: Shoot, sessions: Path, size: tuple[int, int], theme: str) -> None:
    files = (sessions / "finished.toml", sessions / "two-agents.toml")
    shoot("pair", size, theme, opened("pair"), paths=files)
