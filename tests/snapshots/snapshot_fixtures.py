"""Pictures of the screens: the same sessions, the same clock, the same paths, and nothing that blinks or moves."""

from __future__ import annotations

import asyncio
import os
import shutil
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from scenes import Do, Shoot
from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from iicl_tui.chain.config import read_config
from iicl_tui.chain.engine import Chain
from iicl_tui.filters.scripted import ScriptedDecider
from iicl_tui.store import presets
from iicl_tui.store.paths import Paths
from iicl_tui.store.session import SessionFile
from iicl_tui.store.settings import Settings
from iicl_tui.tui.app import LabApp, Start
from iicl_tui.tui.screens import configure, home

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
MINUTE, HOUR, DAY = 60, 3600, 86400

# name, preset, phases done, age in seconds, and what is other than in the preset
SESSIONS: tuple[tuple[str, str, int, int, dict[str, Any]], ...] = (
    ("new", "theory-5-markov", 0, 20, {}),
    ("finished", "e2-weak-high", 12, 25 * MINUTE, {}),
    ("hypothesis", "e3-human", 4, 2 * HOUR, {}),
    ("samples", "e3-human", 8, 5 * HOUR, {"chain": {"title": "A person filters, second evening"}}),
    ("blind", "e3-human", 5, DAY, {"chain": {"title": "第二实验 · blind"}, "filter": [{"kind": "human", "blind": True}]}),
    ("stuck", "e3-effective-set", 12, 3 * DAY, {"chain": {"title": "Too few redraws", "lookback": 0},
                                               "filter": [{"kind": "effective-set", "redraws": 0}]}),
    ("two-agents", "e3-effective-set", 7, 4 * DAY, {
        "chain": {"title": "Two agents in turn, one of them cooler, with a title that is longer than a narrow list"},
        "agent": [{"kind": "bayes"}, {"kind": "bayes", "choose": "map", "temperature": 0.5}],
        "filter": [{"kind": "effective-set", "mode": "restrict"}]}),
)  # fmt: skip
OTHER_TASKS: tuple[tuple[str, str, int, int, dict[str, Any]], ...] = (
    ("naming", "e0-interaction-degenerate", 90, 20, {"chain": {"generations": 40, "seed": 4}}),
    ("acronyms", "e4-easy", 15, 20, {"task": {"easy": 4}}),
    ("acronyms-by-hand", "e4-human", 2, 20, {"task": {"easy": 4}}),
)
BROKEN = 'format = "iicl-tui/1"\n[chain]\ntitle = "Cut off'


async def _make(folder: Path, name: str, preset: str, steps: int, age: int, changes: dict[str, Any]) -> None:
    document: dict[str, Any] = tomllib.loads(presets.load(preset).text)
    for key, value in changes.items():
        document[key] = {**document[key], **value} if isinstance(value, dict) else value
    path = folder / f"{name}.toml"
    with SessionFile.create(read_config(document), path, created=NOW) as file:
        chain = Chain(file.config, sink=file)
        chain.decider = ScriptedDecider({"default": "approve"}, chain.task)
        for _ in range(steps):
            if chain.next is not None:
                await chain.step()
    _age(path, age)


def _age(path: Path, age: int) -> None:
    os.utime(path, (NOW.timestamp() - age,) * 2)


def pytest_make_parametrize_id(val: object) -> str | None:
    """Sizes as 80x24 in the names of tests and pictures."""
    return "x".join(map(str, val)) if isinstance(val, tuple) else None


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of sessions in every state, with one configuration and one broken file."""
    folder = tmp_path_factory.mktemp("made")
    for each in SESSIONS:
        asyncio.run(_make(folder, *each))
    (folder / "by-hand.toml").write_text(presets.load("theory-3-effective-set").text)
    _age(folder / "by-hand.toml", 5 * DAY)
    (folder / "cut-off.toml").write_text(BROKEN)
    _age(folder / "cut-off.toml", 6 * DAY)
    return folder


@pytest.fixture(scope="session")
def made_of_other_tasks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of sessions of the tasks beside ACRE."""
    folder = tmp_path_factory.mktemp("made")
    for each in OTHER_TASKS:
        asyncio.run(_make(folder, *each))
    return folder


@pytest.fixture
def other_sessions(made_of_other_tasks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As `sessions`, of the tasks beside ACRE."""
    monkeypatch.chdir(tmp_path)
    return Path(shutil.copytree(made_of_other_tasks, "sessions"))


@pytest.fixture
def sessions(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The sessions of this test alone; its path is the same everywhere."""
    monkeypatch.chdir(tmp_path)
    return Path(shutil.copytree(made, "sessions"))


@pytest.fixture
def shoot(snap_compare: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shoot:
    """shoot(screen, size, theme, do, …): the app begins in a screen, `do` brings it where it should be, and the picture is
    compared with the one that is kept."""
    monkeypatch.chdir(tmp_path)
    for field, toggle in ((TextArea, "_toggle_cursor_blink_visible"), (Input, "_toggle_cursor")):
        monkeypatch.setattr(field, toggle, lambda _: None)  # turning the blinking off later may come while the cursor is hidden
    monkeypatch.setattr(home.HomeScreen, "now", NOW.timestamp())
    monkeypatch.setattr(home, "PREVIEW_AFTER", 0.001)
    monkeypatch.setattr(configure, "CHECK_AFTER", 0.001)

    def shoot(screen: str, size: tuple[int, int], theme: str, do: Do, settings: Settings | None = None, **values: Any) -> None:
        paths = Paths(Path("settings.toml"), Path("themes"), Path("sessions"), Path("state"))
        app = LabApp(paths, settings, start=Start(screen, values), theme=theme)
        app.animation_level = "none"

        async def before(pilot: Pilot[Any]) -> None:
            await do(pilot)
            await pilot.pause()

        assert snap_compare(app, terminal_size=size, run_before=before)

    return shoot
