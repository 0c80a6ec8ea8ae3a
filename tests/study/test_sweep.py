"""The chains of a study on several processes: killed, cut into shards, failed and gone on with, always the same files."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from command_line import folders, run_here
from sweeping import STUDY, begun, contents, study, sweep
from waiting import process_until

from iicl_tui.chain.engine import Chain
from iicl_tui.errors import LabError
from iicl_tui.store.session import SessionFile
from iicl_tui.study import chain_job
from iicl_tui.study.chain_job import run_job
from iicl_tui.study.folder import SweepFolder, open_folder, read_folder
from iicl_tui.study.sweep import Shard, jobs


def test_one_session_a_chain_as_the_lab_makes_it(tmp_path: Path) -> None:
    made = study()
    folder = open_folder(tmp_path / "out", made)
    progress = sweep(made, folder)
    assert progress.counts == {"done": 6}
    assert progress.line.startswith("6 of 6 chains done")
    for index in range(made.count):
        plan = made.plan(index)
        config = made.config(plan)
        with SessionFile.create(config, tmp_path / "alone" / plan.file, created=folder.created) as session:
            asyncio.run(Chain(config, sink=session).run())
        assert (folder.path / plan.file).read_bytes() == (tmp_path / "alone" / plan.file).read_bytes()
        with SessionFile.open(folder.path / plan.file) as session:
            assert len(session.generations) == 3
            assert session.read_only is None


def test_any_sharding_gives_the_same_files(tmp_path: Path) -> None:
    made = study()
    whole = open_folder(tmp_path / "whole", made)
    sweep(made, whole)
    parts = begun(tmp_path / "parts", made, whole)
    for number in (3, 1, 4, 2):
        sweep(made, parts, Shard(number, 4))
    assert contents(parts.path) == contents(whole.path)


def test_a_chain_that_is_written_phase_by_phase_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = study()
    whole = open_folder(tmp_path / "whole", made)
    sweep(made, whole)
    monkeypatch.setattr(chain_job, "MOST_IN_MEMORY", 0)
    phases = begun(tmp_path / "phases", made, whole)
    sweep(made, phases)
    assert contents(phases.path) == contents(whole.path)


def test_a_chain_that_was_cut_anywhere_is_continued(tmp_path: Path) -> None:
    made = study()
    folder = open_folder(tmp_path / "out", made)
    sweep(made, folder)
    before = contents(folder.path)
    path = folder.path / made.plan(1).file
    whole = path.read_bytes()
    head = whole.index(b"# end: head")
    for end in range(whole.index(b"\n", head) + 1, len(whole), 97):
        path.write_bytes(whole[:end])
        sweep(made, folder)
        assert path.read_bytes() == whole
    assert contents(folder.path).keys() >= before.keys()


def test_a_failed_chain_stops_no_other_and_is_left_alone_until_asked_for(tmp_path: Path) -> None:
    made = study()
    folder = open_folder(tmp_path / "out", made)
    path = folder.path / made.plan(2).file
    path.write_text("this is no session", encoding="utf-8")
    progress = sweep(made, folder)
    assert progress.counts == {"done": 5, "failed": 1}
    ((name, why),) = folder.failures()
    assert name == made.plan(2).name
    assert path.name in why
    path.unlink()
    assert sweep(made, folder).counts == {"done": 5, "skipped": 1}
    assert sweep(made, folder, retry=True).counts == {"done": 6}
    assert not list(folder.failures())


def test_an_error_of_the_program_itself_is_a_failure_with_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = study()
    folder = open_folder(tmp_path / "out", made)

    async def breaks(self: Chain) -> None:
        raise ZeroDivisionError("here")

    monkeypatch.setattr(Chain, "run", breaks)
    outcome = run_job(next(jobs(made, folder, Shard(), False, False)))
    assert outcome.state == "failed"
    assert "ZeroDivisionError: here" in outcome.message


def test_a_file_of_another_chain_is_not_touched(tmp_path: Path) -> None:
    made = study()
    folder = open_folder(tmp_path / "out", made)
    other = study(STUDY.replace("initial = 2", "initial = 3"))
    with SessionFile.create(other.config(other.plan(0)), folder.path / made.plan(0).file):
        pass
    before = (folder.path / made.plan(0).file).read_bytes()
    assert sweep(made, folder).counts == {"done": 5, "failed": 1}
    assert "holds another chain" in next(iter(folder.failures()))[1]
    assert (folder.path / made.plan(0).file).read_bytes() == before


def test_a_study_may_grow_in_its_folder_and_no_other_may_use_it(tmp_path: Path) -> None:
    made = study()
    folder = open_folder(tmp_path / "out", made)
    sweep(made, folder)
    before = contents(folder.path)
    grown = study(STUDY.replace("1..3", "1..4"))
    assert sweep(grown, open_folder(folder.path, grown)).counts == {"done": 8}
    after = contents(folder.path)
    assert all(after[name] == data for name, data in before.items() if name != "study.toml")
    with pytest.raises(LabError, match="belongs to another study"):
        open_folder(folder.path, study(STUDY.replace("initial = 2", "initial = 3")))
    found = read_folder(folder.path)
    assert found is not None
    assert found[0].count == 8
    assert found[1].created == folder.created


def test_a_stuck_chain_is_counted_and_is_no_failure(tmp_path: Path) -> None:
    text = STUDY.replace("[vary]", '[[agent]]\nkind = "bayes"\nnoise = 0.4\n[vary]')
    made = study(text.replace('[{kind = "effective-set"}]', '[{kind = "effective-set", redraws = 1}]').replace("1..3", "1..20"))
    folder = open_folder(tmp_path / "out", made)
    counts = sweep(made, folder).counts
    assert counts["stuck"] > 0
    assert counts["stuck"] + counts["done"] == 40
    assert sweep(made, folder).counts == counts


def has_files(folder: Path, least: int) -> bool:
    return folder.exists() and len(list(folder.glob("seed-*.toml"))) >= least


@pytest.mark.slow
def test_killed_at_any_instant_it_goes_on_to_the_same_files(tmp_path: Path) -> None:
    file = tmp_path / "study.toml"
    file.write_text(STUDY.replace("1..3", "1..30"), encoding="utf-8")
    command = [sys.executable, "-m", "iicl_tui", "sweep", str(file), "-o", "out", "--jobs", "2", *folders(tmp_path)]
    out = tmp_path / "out"
    for least in (1, 20):
        process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        process_until(partial(has_files, out, least))
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert run_here(tmp_path, *command[3:7], "--jobs", "1", environment=dict(os.environ)).returncode == 0
    made = study(STUDY.replace("1..3", "1..30"))
    again = begun(tmp_path / "again", made, SweepFolder(out, open_folder(out, made).created))
    sweep(made, again)
    assert contents(again.path) == {name: data for name, data in contents(out).items() if not name.startswith(".")}


def test_the_command_says_what_is_wrong_and_how_many_there_are(tmp_path: Path) -> None:
    def run(*arguments: str):
        return run_here(tmp_path, "sweep", *arguments, "-o", "out", environment=dict(os.environ))

    many = run("e2-weak-high", "--set", "chain.seed=1..1000000")
    assert many.returncode == 2
    assert "1,000,000 chains" in many.stderr
    assert "--yes" in many.stderr
    assert not (tmp_path / "out").exists()
    for arguments, said in (
        (("e2-weak-high", "--set", "chain.sed=1..3"), "nearest known: seed"),
        (("e2-weak-high", "--shard", "3/2"), "--shard takes i/n"),
        (("e2-weak-high", "--jobs", "0"), "--jobs takes a number from 1 up"),
        (("no-such-preset",), "no preset"),
    ):
        done = run(*arguments)
        assert done.returncode == 2
        assert said in done.stderr
    priced = run("e2-weak-openai", "--estimate", "--set", "chain.seed=1..6")
    assert priced.returncode == 0
    assert "6 chains (6 chain.seed)" in priced.stdout
    assert "calls and" in priced.stdout
    assert not (tmp_path / "out").exists()
    done = run("e2-weak-high", "--set", "chain.seed=1..2", "--set", "chain.generations=1", "--jobs", "1")
    assert (done.returncode, done.stdout.splitlines()) == (0, ["2 of 2 chains done", "out"])
    assert "Each seed also draws d⁰ anew; chain.data-seed would keep it." in done.stderr
