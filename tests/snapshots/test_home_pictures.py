from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from scenes import DARK, LARGE, LIGHT, MIDDLE, SIZES, SMALL, Shoot, at_home

from iicl_tui.store.paths import shipped
from iicl_tui.tui.home import tab_reader


@pytest.mark.parametrize("theme", [DARK, LIGHT])
@pytest.mark.parametrize("size", SIZES)
def test_yours(shoot: Shoot, sessions: Path, size: tuple[int, int], theme: str) -> None:
    shoot("home", size, theme, at_home(down=1))


def test_a_session_to_be_reviewed_blind(shoot: Shoot, sessions: Path) -> None:
    shoot("home", MIDDLE, LIGHT, at_home(down=4))


def test_a_broken_file(shoot: Shoot, sessions: Path) -> None:
    shoot("home", MIDDLE, DARK, at_home(down=8))


def test_nothing_yet(shoot: Shoot) -> None:
    shoot("home", SMALL, LIGHT, at_home())


@pytest.mark.parametrize(("size", "theme"), [(MIDDLE, DARK), (LARGE, LIGHT)])
def test_presets(shoot: Shoot, size: tuple[int, int], theme: str) -> None:
    shoot("home", size, theme, at_home("presets", down=2))


def test_examples(shoot: Shoot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(shutil.copytree(shipped("sessions"), tmp_path / "examples"))
    for path in folder.iterdir():  # a checkout dates them as it likes
        os.utime(path, (0, 0))
    monkeypatch.setattr(tab_reader, "shipped", lambda _: folder)
    shoot("home", MIDDLE, LIGHT, at_home("examples"))


def test_search(shoot: Shoot, sessions: Path) -> None:
    shoot("home", SMALL, DARK, at_home("yours", "slash", *"person"))


def test_rename(shoot: Shoot, sessions: Path) -> None:
    shoot("home", SMALL, LIGHT, at_home("yours", "r"))
