"""Many chains: a study, a comparison, its branches, and a prediction."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from scenes import DARK, LIGHT, MIDDLE, SMALL, Do, Shoot, idle, opened, press
from snapshot_fixtures import NOW
from textual.pilot import Pilot
from waiting import app_until

from iicl_tui.store.session import SessionFile
from iicl_tui.study.folder import SweepFolder, open_folder
from iicl_tui.study.presets import find
from iicl_tui.study.study_file import read_study
from iicl_tui.study.sweep import Progress, Shard, jobs, run_exact
from iicl_tui.tui.screens import prediction, study_view
from iicl_tui.tui.screens.study import StudyScreen
from iicl_tui.tui.study.comparison_pane import Multiples


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of which some chains are done, one has failed and one was begun."""
    preset = find("e2-spurious-bias")
    assert preset is not None
    vary = ['task.bias=["none", "mild", "very-high"]']
    study = read_study(preset.text, preset.name, None, ["chain.seed=1..4"], vary)
    path = tmp_path_factory.mktemp("swept") / "bias"
    open_folder(path, study)
    folder = SweepFolder(path, NOW)
    run_exact(jobs(study, folder, Shard(1, 2), False, False), Progress(study.count), 1)
    folder.note_failure(study.plan(3).name, "The server does not answer. Try again later.")
    SessionFile.create(study.config(study.plan(5)), path / study.plan(5).file, created=NOW).close()
    return path


@pytest.fixture
def bias(swept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The study's folder of this test alone; its path is the same everywhere."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(study_view, "MARK_AFTER", 0.001)
    return Path(shutil.copytree(swept, "sessions/bias"))


def in_study(*keys: str) -> Do:
    """All files are read and compared; then keys."""

    async def do(pilot: Pilot[Any]) -> None:
        def ready() -> bool:
            screen = pilot.app.screen
            return isinstance(screen, StudyScreen) and screen.read_all and bool(screen.query_one(Multiples).panels)

        await app_until(pilot, ready)
        await press(pilot, *keys)
        await idle(pilot)

    return do


def in_comparison(*keys: str) -> Do:
    """The sessions are read and compared; then keys."""

    async def do(pilot: Pilot[Any]) -> None:
        await app_until(
            pilot, lambda: bool(pilot.app.screen.query(Multiples)) and bool(pilot.app.screen.query_one(Multiples).panels)
        )
        await press(pilot, *keys)
        await idle(pilot)

    return do


@pytest.mark.parametrize(("size", "theme"), [(SMALL, LIGHT), (MIDDLE, DARK)])
def test_a_study(shoot: Shoot, bias: Path, size: tuple[int, int], theme: str) -> None:
    shoot("study", size, theme, in_study("down", "down", "down"), folder=bias)


@pytest.mark.parametrize(("size", "theme"), [(SMALL, DARK), (MIDDLE, LIGHT)])
def test_its_curves_alone_or_together(shoot: Shoot, bias: Path, size: tuple[int, int], theme: str) -> None:
    shoot("study", size, theme, in_study(*(["2"] if size == SMALL else ["m", "v"])), folder=bias)


@pytest.mark.parametrize(("size", "theme"), [(SMALL, DARK), (MIDDLE, LIGHT)])
def test_a_comparison(shoot: Shoot, bias: Path, size: tuple[int, int], theme: str) -> None:
    shoot("compare", size, theme, in_comparison("down"), given=[bias], by=["task.bias"])


def test_branches(shoot: Shoot, sessions: Path) -> None:
    with SessionFile.open(sessions / "finished.toml", read_only=True) as session:
        session.branch(2, sessions, seed=7, changes=["agent[1].temperature=0.5"]).close()
    given = [path for path in sessions.glob("*.toml") if "e2" in path.stem or path.stem == "finished"]
    shoot("compare", MIDDLE, DARK, in_comparison("B"), given=sorted(given))


@pytest.mark.parametrize(("size", "theme"), [(SMALL, LIGHT), (MIDDLE, DARK)])
def test_a_prediction(shoot: Shoot, sessions: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], theme: str) -> None:
    monkeypatch.setattr(prediction, "cache_folder", lambda: Path("cache"))

    async def do(pilot: Pilot[Any]) -> None:
        await opened("lab", "F")(pilot)
        await app_until(pilot, lambda: getattr(pilot.app.screen, "outlook", None) is not None)
        await press(pilot, "[")

    shoot("lab", size, theme, do, path=sessions / "finished.toml")
