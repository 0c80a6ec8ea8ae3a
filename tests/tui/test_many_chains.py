"""From one chain to many and back: as a person goes, from home, from the form and from the lab."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static
from waiting import app_until

from iicl_tui.present.config_form import read_form
from iicl_tui.store.config_draft import Draft
from iicl_tui.store.paths import Paths, shipped
from iicl_tui.study import following
from iicl_tui.study.folder import open_folder
from iicl_tui.study.study_file import read_study
from iicl_tui.study.sweep import Progress, Shard, jobs, run_exact
from iicl_tui.tui.app import LabApp, Start
from iicl_tui.tui.configure.blank import BLANK
from iicl_tui.tui.home.session_list import SessionList
from iicl_tui.tui.screens.compare import CompareScreen
from iicl_tui.tui.screens.prediction import PredictionScreen
from iicl_tui.tui.screens.study import StudyScreen
from iicl_tui.tui.widgets.line_table import LineTable

STUDY = """
[chain]
title = "Small study"
generations = 2
[task]
objects = ["A", "screen"]
hypothesis = 1
spurious = "screen"
initial = 2
samples = 2
[vary]
"chain.seed" = "1..3"
"task.bias" = ["none", "high"]
"""


def paths_in(folder: Path) -> Paths:
    return Paths(folder / "settings.toml", folder / "themes", folder / "sessions", folder / "state")


def swept(folder: Path) -> Path:
    study = read_study(STUDY, "study.toml", None)
    run_exact(jobs(study, open_folder(folder, study), Shard(), False, False), Progress(study.count), 1)
    return folder


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return swept(tmp_path / "sessions" / "small")


def app_at(place: Path, screen: str = "home", **values: Any) -> LabApp:
    return LabApp(paths_in(place), start=Start(screen, values))


async def at(pilot: Pilot[Any], group: str) -> None:
    await app_until(pilot, lambda: getattr(pilot.app.screen, "GROUP", "") == group, lambda: f"never at {group}")


def text(pilot: Pilot[Any], name: str) -> str:
    return str(pilot.app.screen.query_one(name, Static).content)


async def test_a_study_is_followed_opened_and_compared(tmp_path: Path, small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    once = following.Follower._read

    def noted(self: following.Follower, name: str, stamp: Any) -> following.ChainRow:
        read.append(name)
        return once(self, name, stamp)

    monkeypatch.setattr(following.Follower, "_read", noted)
    async with app_at(tmp_path, "study", folder=small).run_test(size=(120, 40)) as pilot:
        screen = pilot.app.screen
        assert isinstance(screen, StudyScreen)
        await app_until(pilot, lambda: screen.now.ended == 6 and screen._view is not None)
        assert len(read) == 6
        table = screen.query_one("#chains", LineTable)
        assert table.count == 6
        await pilot.press("down", "m", "v", "v", "t", "b", "o", "o")
        await app_until(pilot, lambda: "bootstrap" in text(pilot, "#how"))
        assert screen.metric == "p(screen=off)"
        assert not screen.check_action("start", ())
        await pilot.press("enter")
        await at(pilot, "lab")
        assert pilot.app.screen.session.file.path.name == screen.study.plan(1).file  # type: ignore[attr-defined]
        await pilot.press("escape")
        await at(pilot, "study")
        assert screen.index == 1
        await pilot.press("c")
        await at(pilot, "compare")
        compare = pilot.app.screen
        assert isinstance(compare, CompareScreen)
        await app_until(pilot, lambda: compare._view is not None)
        await pilot.press("g")
        compare.query_one("#ask-by", Input).value = "chain.seed"
        await pilot.press("enter")
        await app_until(pilot, lambda: compare._view is not None and len(compare._view.rows) == 3)
        await pilot.press("a", "1", "enter", "down", "b", "B")
        assert compare.has_class("-tree")
        await pilot.press("escape", "escape")
        await at(pilot, "study")
        assert len(read) == 6


async def test_a_configuration_runs_many_times_and_is_predicted(tmp_path: Path) -> None:
    source = tmp_path / "one.toml"
    source.write_text(STUDY.partition("[vary]")[0])
    async with app_at(tmp_path, "configure", file=source).run_test(size=(120, 40)) as pilot:
        await app_until(pilot, lambda: pilot.app.screen.config is not None)  # type: ignore[attr-defined]
        await pilot.press("f11")
        count = pilot.app.screen.query_one("#ask-count", Input)
        for wrong, said in (("0", "makes no chain"), ("1000000", "1,000,000 chains are more")):
            count.value = wrong
            await pilot.pause()
            assert said in text(pilot, "#ask-hint")
        count.value = "2"
        await pilot.press("enter")
        await at(pilot, "study")
        screen = pilot.app.screen
        assert isinstance(screen, StudyScreen)
        await app_until(pilot, lambda: screen.now.ended == 2 and screen.run is None)
        assert screen.folder == tmp_path / "sessions" / "small-study-study"
        assert [screen.now.row(index).generation for index in range(2)] == [2, 2]
        assert screen.study.config(screen.study.plan(0)).start != screen.study.config(screen.study.plan(1)).start
        await pilot.press("enter")
        await at(pilot, "lab")
        await pilot.press("F")
        await at(pilot, "prediction")
        found = pilot.app.screen
        assert isinstance(found, PredictionScreen)
        await app_until(pilot, lambda: found.outlook is not None)
        await pilot.press("[", "p", "v", "s", "}")
        assert found.generation == 2
        assert "Total variation" in text(pilot, "#words")
        await pilot.press("escape")
        await at(pilot, "lab")
        await pilot.press("asterisk")
        await app_until(pilot, lambda: bool(pilot.app.screen.query("#ask-count")))
        await pilot.press("escape", "C")
        await at(pilot, "compare")


async def test_home_marks_sessions_to_compare_and_export_and_opens_studies(tmp_path: Path, small: Path) -> None:
    sessions = tmp_path / "sessions"
    for name in ("a-small-bias-grows", "nobody-filters", "nobody-listens"):
        shutil.copy(shipped("sessions") / f"{name}.toml", sessions)
    async with app_at(tmp_path).run_test(size=(120, 40)) as pilot:
        home = pilot.app.screen
        await app_until(pilot, lambda: len(home.items.get("yours", ())) == 3 and home.item is not None)  # type: ignore[attr-defined]
        await pilot.press("o", "home", "space", "down", "space")
        listed = home.query_one(SessionList)
        assert [path.stem for path in home.chosen_files] == ["a-small-bias-grows", "nobody-filters"]  # type: ignore[attr-defined]
        assert sum(str(option.prompt).startswith("◆ ") for option in listed.options) == 2
        await pilot.press("C")
        await at(pilot, "compare")
        compare = pilot.app.screen
        assert isinstance(compare, CompareScreen)
        await app_until(pilot, lambda: compare._view is not None)
        await pilot.press("escape", "E")
        home.query_one("#ask-folder", Input).value = str(tmp_path / "out")
        await pilot.press("enter")
        await app_until(pilot, lambda: (tmp_path / "out" / "chains.csv").exists())
        await pilot.press("down", "space", "C")
        await at(pilot, "compare")
        mixed = pilot.app.screen
        assert isinstance(mixed, CompareScreen)
        await app_until(pilot, lambda: bool(mixed._fault))
        assert mixed._fault.startswith("These sessions are of 2 tasks")
        await pilot.press("escape", "s")
        assert home.query_one("#ask-source", Input).value == str(small)
        await pilot.press("enter")
        await at(pilot, "study")


def test_the_form_has_the_seeds_of_rule_and_data() -> None:
    rows = read_form(Draft.of(BLANK)).rows
    assert {("chain", "seed"), ("chain", "rule-seed"), ("chain", "data-seed")} <= set(rows)
