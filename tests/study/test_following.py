"""A study that runs, as its screen sees it: each chain's state, only changed files read, and the table's lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from waiting import process_until

from iicl_tui.agents.access import Access
from iicl_tui.errors import LabError
from iicl_tui.present import study_table
from iicl_tui.store.session import SessionFile
from iicl_tui.study import following
from iicl_tui.study.collection import read_chain
from iicl_tui.study.folder import open_folder
from iicl_tui.study.following import Follower, StudyNow
from iicl_tui.study.running import StudyRun
from iicl_tui.study.study_file import Study, read_study
from iicl_tui.study.sweep import Progress, Shard, jobs, run_exact
from iicl_tui.text import text_width

STUDY = """
[chain]
title = "Study"
generations = 2
[task]
objects = ["A", "screen"]
hypothesis = 1
spurious = "screen"
initial = 2
[vary]
"chain.seed" = "1..3"
"task.bias" = ["none", "high"]
"""


def study(text: str = STUDY) -> Study:
    return read_study(text, "study.toml", None)


def swept(folder: Path, chosen: Shard = Shard()) -> Study:  # noqa: B008 (frozen)
    made = study()
    run_exact(jobs(made, open_folder(folder, made), chosen, False, False), Progress(made.count), 1)
    return made


def seen(follower: Follower) -> StudyNow | None:
    found = list(follower.look())
    return found[-1] if found else None


def test_each_chain_has_its_state(tmp_path: Path) -> None:
    made = swept(tmp_path, Shard(1, 3))  # the chains 0 and 3 are done
    sweep = open_folder(tmp_path, made)
    sweep.note_failure(made.plan(1).name, "It broke.")
    SessionFile.create(made.config(made.plan(2)), tmp_path / made.plan(2).file).close()
    (tmp_path / made.plan(5).file).write_text("nonsense = [")
    (tmp_path / "another.toml").write_text("[chain]")
    now = seen(Follower(made, tmp_path))
    assert now is not None
    assert [now.row(index).state for index in range(6)] == ["done", "failed", "begun", "done", "waiting", "failed"]
    assert now.row(1).fault == "It broke."
    assert now.counts == {"done": 2, "failed": 2, "begun": 1, "waiting": 1}
    assert now.row(0).generation == 2
    with SessionFile.open(tmp_path / made.plan(0).file, read_only=True) as file:
        assert now.row(0).rule == file.config.task.rule(file.generations[-1].hypothesis)
    assert now.sessions is not None
    assert [chain.keys for chain in now.sessions.chains] == [
        {"chain.seed": 1, "task.bias": "none"},
        {"chain.seed": 2, "task.bias": "high"},
    ]
    assert now.with_running([made.plan(4).name], {made.plan(4).name: 4}).counts["running"] == 1


def test_only_changed_files_are_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = swept(tmp_path, Shard(1, 2))
    read: list[str] = []

    def noted(path: Path, *rest: Any) -> Any:
        read.append(path.stem)
        return read_chain(path, *rest)

    monkeypatch.setattr(following, "read_chain", noted)
    follower = Follower(made, tmp_path)
    assert seen(follower) is not None
    assert read == [made.plan(index).name for index in (0, 2, 4)]
    assert list(follower.look()) == []
    (tmp_path / made.plan(2).file).unlink()
    swept(tmp_path, Shard(2, 2))
    read.clear()
    now = seen(follower)
    assert read == [made.plan(index).name for index in (1, 3, 5)]
    assert now is not None
    assert now.counts == {"done": 5, "waiting": 1}


def test_of_a_large_file_that_grows_only_head_and_end_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = study(STUDY.replace("generations = 2", "generations = 9"))
    open_folder(tmp_path, made)
    small = study()
    run_exact(jobs(small, open_folder(tmp_path / "small", small), Shard(1, 6), False, False), Progress(1), 1)
    path = tmp_path / "small" / small.plan(0).file
    (tmp_path / made.plan(0).file).write_text(path.read_text().replace("generations = 2", "generations = 9"))
    monkeypatch.setattr(following, "MOST_BYTES", 100)
    now = seen(Follower(made, tmp_path))
    assert now is not None
    row = now.row(0)
    assert (row.state, row.generation, row.data) == ("begun", 2, None)


def test_a_study_that_is_too_large_says_its_count() -> None:
    with pytest.raises(LabError, match="1,000,000 chains"):
        Follower(study(STUDY.replace('"1..3"', '"1..500000"')), Path("nowhere"))


def test_a_run_is_paused_and_goes_on(tmp_path: Path) -> None:
    made = study()
    run = StudyRun(made, open_folder(tmp_path, made), Access())
    run.pause()
    run.start()
    process_until(lambda: not run.alive)
    assert run.progress.ended == 0
    assert run.error is None
    run = StudyRun(made, open_folder(tmp_path, made), Access())
    run.start()
    process_until(lambda: not run.alive)
    assert run.progress.counts == {"done": 6}
    now = seen(Follower(made, tmp_path))
    assert now is not None
    assert now.ended == 6


def test_the_table_fits_its_width_and_orders_by_need(tmp_path: Path) -> None:
    made = swept(tmp_path, Shard(1, 2))
    open_folder(tmp_path, made).note_failure(made.plan(3).name, "It broke.")
    now = seen(Follower(made, tmp_path))
    assert now is not None
    assert list(study_table.ordered(now, True)) == [3, 0, 2, 4, 1, 5]
    assert list(study_table.ordered(now, False)) == list(range(6))
    assert not study_table.columns(made, 40, "", True).money
    for width in (40, 60, 120):
        columns = study_table.columns(made, width, "p(screen=off)", True)
        lines = [columns.head(made), *(columns.line(made, index, now.row(index), 2) for index in range(6))]
        assert all(text_width(line) <= width for line in lines)
        assert len({text_width(line) for line in lines}) == 1
    assert columns.head(made).split() == ["bias", "seed", "state", "gen", "last", "$"]
    data = now.row(0).data
    assert data is not None
    last = data.metrics["p(screen=off)"][-1]
    assert lines[1].split()[:5] == ["none", "1", "✓", "done", "2/2"]
    assert float(lines[1].split()[5]) == pytest.approx(last, abs=5e-4)
    assert study_table.sums(now, None) == ("3 of 6 done", "1 failed")
