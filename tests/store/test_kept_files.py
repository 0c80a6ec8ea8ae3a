"""What a person wrote stays, a change is found wherever the file is read, and nothing is left over."""

from __future__ import annotations

import errno
import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from made import CREATED, make, run

from iicl_tui import cli
from iicl_tui.chain.config import read_config
from iicl_tui.data_files import open_table
from iicl_tui.data_files.write import SafeCells, Written, csv_lines, json_lines
from iicl_tui.errors import StoreError
from iicl_tui.lessons import notes, progress
from iicl_tui.present.preview import read_preview
from iicl_tui.store import atomic
from iicl_tui.store.check import check
from iicl_tui.store.journal import Journal
from iicl_tui.store.library import summary
from iicl_tui.store.session import SessionFile
from iicl_tui.study.chain_job import Job, run_job
from iicl_tui.study.folder import SweepFolder
from iicl_tui.study.study_file import read_study
from iicl_tui.text import as_cell

# -- comments --

NOTES = ("# first of all", "# above the chain", "# above the agent", "# in the start", "# in the first", "# after the first")


def with_notes(path: Path) -> Path:
    """A session with a person's comments in its head, in a block and after one."""
    places = ("format =", "[chain]", "[[agent]]", "[[start.sample]]", "[generation.imitation]")
    out, left = [], dict(zip(places, NOTES, strict=False))
    for line in path.read_text().split("\n"):
        out += [left.pop(place) for place in list(left) if line.startswith(place)]
        out.append(line)
        out += ["# after the first"] * line.startswith("# end: transmission 1")
    path.write_text("\n".join(out))
    return path


def test_a_branch_keeps_a_persons_comments(tmp_path: Path) -> None:
    path = with_notes(make(tmp_path / "s.toml", generations=2))
    before = path.read_bytes()
    with SessionFile.open(path) as session:
        with session.branch(1, tmp_path / "b.toml") as branch:
            assert [note for note in NOTES if note not in branch.path.read_text()] == []
            run(branch)
        with session.branch(1, tmp_path / "c.toml", seed=8, changes=["agent[1].noise=0.25"]) as other:
            assert [note for note in NOTES if note not in other.path.read_text()] == ["# in the start"]
    assert path.read_bytes() == before
    for name, seed in (("b", 7), ("c", 8)):
        assert check(tmp_path / f"{name}.toml") == []
        with SessionFile.open(tmp_path / f"{name}.toml") as opened:
            assert (opened.config.seed, opened.parent) == (seed, opened.parent)
            assert opened.parent is not None


@pytest.mark.parametrize("more", [" ", "\t", "  # my note", " # note\r", " #"])
@pytest.mark.parametrize("which", [0, 1, -1])
def test_a_note_on_an_end_line_is_a_note(tmp_path: Path, more: str, which: int) -> None:
    path = make(tmp_path / "s.toml", generations=2, until=1)
    lines = path.read_text().split("\n")
    place = [place for place, line in enumerate(lines) if line.startswith("# end:")][which]
    lines[place] += more
    path.write_text("\n".join(lines))
    before = path.read_bytes()
    assert check(path) == []
    with SessionFile.open(path) as session:
        assert session.read_only is None
        run(session)
    assert path.read_bytes().startswith(before)
    assert os.listdir(tmp_path) == ["s.toml"]


def test_one_more_note_keeps_what_stands_there(tmp_path: Path) -> None:
    path = make(tmp_path / "s.toml", generations=1)
    mine = '# mine\nformat = "iicl-tui-notes/1"\n[[note]]\ngeneration = "one"\ntext = "by hand"'
    notes.file_of(path).write_text(mine)
    assert notes.add(path, notes.Note(1, "imitation", "Look.")) == 1
    assert notes.file_of(path).read_text().startswith(mine)
    assert [note.text for note in notes.load(path)] == ["Look."]


def test_progress_that_cannot_be_read_now_is_not_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "lessons.toml"
    progress.save(path, "a", progress.Progress(1, 4))

    def broken(*_: Any) -> bytes:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr("iicl_tui.files.read_bytes", broken)
        with pytest.raises(StoreError):
            progress.save(path, "b", progress.Progress(2, 4))
    assert progress.load(path) == {"a": progress.Progress(1, 4)}


# -- modes --


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664])
def test_a_copy_has_the_mode_of_its_session(tmp_path: Path, mode: int) -> None:
    path = make(tmp_path / "s.toml", generations=1, until=0)
    path.chmod(mode)
    with SessionFile.open(path) as session:
        session.save_copy(tmp_path / "copy.toml")
        session.branch(0, tmp_path / "branch.toml").close()
    with path.open("ab") as file:
        file.write(b"[[gener")
    SessionFile.open(path).close()
    for name in ("copy.toml", "branch.toml", "s.toml.torn"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == mode


# -- changes --


def test_every_reader_says_that_a_session_was_changed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small = {"chain": {"generations": 1}, "task": {"objects": ["A", "B"], "initial": 2, "samples": 1}, "agent": [{"noise": 0.1}]}
    for name in ("whole", "s"):
        with SessionFile.create(read_config(small), tmp_path / f"{name}.toml") as session:
            run(session)
    path = tmp_path / "s.toml"
    path.write_bytes(path.read_bytes().replace(b"index = 1\n", b"index = 1 \n"))
    said = "was changed after it was written"
    assert dict(read_preview(path).facts)["changed"].startswith(f"s.toml {said}")
    for arguments in (
        ["export", str(path), "--to", "csv", "-o", str(tmp_path / "out")],
        ["twin", str(path)],
        ["predict", str(path), "-q"],
        ["show", str(path)],
        ["compare", str(tmp_path)],
    ):
        cli.main(arguments)
        output = capsys.readouterr()
        assert said in output.err + output.out, arguments


def test_a_sweep_does_not_take_a_changed_chain_for_done(tmp_path: Path) -> None:
    study = read_study("[chain]\ngenerations = 1\n[[agent]]\nnoise = 0.1\n[vary]\nchain.seed = [1]\n", "study.toml", None)
    plan, folder = study.plan(0), SweepFolder(tmp_path, CREATED)
    job = Job(plan.name, study.document(plan), None, folder)
    assert [run_job(job).state, run_job(job).state] == ["done", "done"]
    path = folder.session(plan.name)
    path.write_bytes(path.read_bytes().replace(b"index = 1\n", b"index = 1 \n"))
    outcome = run_job(job)
    assert outcome.state == "failed"
    assert "was changed after it was written" in outcome.message


# -- leftovers --


def test_what_a_killed_program_left_goes_at_the_next_start_wherever_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(atomic, "_cleaned", set())
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True, check=True)
    name = f".{'0' * 16}.{atomic._machine()}.{int(gone.stdout)}.tmp"
    state = tmp_path / "state" / "iicl-tui"
    places = [tmp_path / "config", state, state / "drafts", tmp_path / "out"]
    for place in places:
        place.mkdir(parents=True)
        (place / name).write_text("")
    path = make(tmp_path / "s.toml", generations=1)
    arguments = ["export", str(path), "--to", "json", "-o", str(tmp_path / "out")]
    assert cli.main([*arguments, "--config", str(tmp_path / "config" / "settings.toml")]) == 0
    assert cli.main(["learn", "--list", "--config", str(tmp_path / "config" / "settings.toml")]) == 0
    assert [place for place in places if (place / name).exists()] == []


# -- exports --


@pytest.mark.parametrize(
    "text", ["=1+1", "+1+cmd", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "－1+1", "-", "+", "=", "--1"]
)
def test_no_cell_is_run(text: str) -> None:
    assert as_cell(text)[0] in "'␍"


@pytest.mark.parametrize("text", ["-1", "+1.5", "-1e-5", "a=1", "", "1-2", " =1"])
def test_numbers_and_words_stay(text: str) -> None:
    assert as_cell(text) == text


def test_rows_are_exported_for_spreadsheets_and_terminals(tmp_path: Path) -> None:
    texts = ["=1+1", "plain", "\x1b]2;x\x07", "\u202eabc", "-3", "@x"]
    (tmp_path / "r.jsonl").write_text("".join(f'{{"text": {json.dumps(text)}}}\n' for text in texts))
    with open_table(tmp_path / "r.jsonl") as table:
        rows, cells = [Written(at) for at in range(len(texts))], SafeCells()
        safe = b"".join(csv_lines(table, rows, "text", cells)).decode().splitlines()[1:]
        assert safe == ["'=1+1", "plain", "␛]2;x␇", "⟨U+202E⟩abc", "-3", "'@x"]
        assert cells.changed == 4
        assert b"".join(csv_lines(table, rows, "text")).decode().split("\r\n")[1:-1] == texts
    raw = '{"text":  "\u202e\u009b", "n": 1.50,\t"x": 1}\n'
    (tmp_path / "b.jsonl").write_text(raw)
    with open_table(tmp_path / "b.jsonl") as table:
        (line,) = json_lines(table, [Written(0)], "text")
    assert line.decode() == raw.replace("\u202e", "\\u202e").replace("\u009b", "\\u009b")


# -- end lines --


def test_no_changed_letter_of_an_end_line_goes_unseen(tmp_path: Path) -> None:
    whole = make(tmp_path / "s.toml", generations=1).read_bytes()
    path = tmp_path / "o.toml"
    for begin in [place for place in range(len(whole)) if whole.startswith(b"# end:", place)]:
        for place in range(begin, whole.index(b"\n", begin)):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
            with Journal.open(path, read_only=True) as opened:
                assert opened.damaged or opened.torn, whole[begin : place + 1]
            summary(path, 0.0)


# -- blind --


def test_until_a_blind_review_is_over_nothing_says_what_is_right(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = {"objects": ["A", "B", "screen"], "spurious": "screen", "bias": "high", "initial": 3, "hypothesis": 4}
    human = [{"kind": "human", "blind": True, "redraws": 3}]
    config = read_config({"chain": {"generations": 3}, "task": table, "agent": [{"noise": 0.1}], "filter": human})
    path = tmp_path / "s.toml"
    with SessionFile.create(config, path) as session:
        run(session, 1)
    commands = (["show", str(path)], ["show", str(path), "--no-charts"], ["compare", str(path), "--metric", "d0_explained"])
    for arguments in commands:
        assert cli.main(arguments) == 0
        said = capsys.readouterr().out
        assert "hidden until the blind review is over" in said or "wait for a blind review" in said
        for word in ("P(h*)", "★", "ĥ", "right   ", "BOTH", "= h*", "d⁰ 1/3", "d⁰ 2/3", "d⁰ 3/3", "explains all"):
            assert word not in said, (arguments, word, said)
    with SessionFile.open(path) as session:
        run(session)
    cli.main(["show", str(path)])
    assert "P(h*)" in capsys.readouterr().out
