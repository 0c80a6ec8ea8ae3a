"""Files that another file names, and files where something else was expected: every place that reads one."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from made import CREATED, make

from iicl_tui import cli
from iicl_tui.agents import prices
from iicl_tui.chain.config import read_config
from iicl_tui.errors import ConfigError, LabError
from iicl_tui.files import OutsideFiles, outside_files, parse_toml, unquoted
from iicl_tui.lessons import library as lessons
from iicl_tui.lessons import notes, progress
from iicl_tui.lessons.reading import read_lesson
from iicl_tui.present import presenting
from iicl_tui.review.decision_file import is_decisions
from iicl_tui.review.reader_file import read_reader
from iicl_tui.review.row_session import ReasonList
from iicl_tui.store.array_cache import ArrayCache
from iicl_tui.store.library import summary
from iicl_tui.study.chain_job import Job, run_job
from iicl_tui.study.folder import SweepFolder, read_folder
from iicl_tui.study.following import _beginning
from iicl_tui.study.study_file import read_study

STUDY = "[chain]\ngenerations = 1\n[[agent]]\nnoise = 0.1\n[vary]\nchain.seed = [1, 2]\n"


def _chain(path: Path) -> str:
    """Runs a chain of a sweep where this file stands already. Returns why it failed."""
    study = read_study(STUDY, "study.toml", None)
    plan = study.plan(0)
    path.rename(path.with_name(plan.file))
    return run_job(Job(plan.name, study.document(plan), None, SweepFolder(path.parent, CREATED))).message


READERS: dict[str, Callable[[Path], object]] = {
    "a summary": lambda path: summary(path, 0.0).fault,
    "a lesson": lambda path: _error(read_lesson, path),
    "whether it is a lesson": lessons.is_lesson,
    "progress": progress.load,
    "notes": lambda path: _error(notes.load, path.with_suffix(".x")) if path.rename(path.with_suffix(".notes")) else None,
    "what is presented": lambda path: presenting.read(path.rename(path.with_name(presenting.FILE)).parent),
    "prices": prices.use_file,
    "a first reader": lambda path: _error(read_reader, path),
    "reasons": lambda path: _error(ReasonList.read, path),
    "whether it is decisions": is_decisions,
    "why a chain failed": _beginning,
    "a chain of a sweep": _chain,
    "the manifest of a study": lambda path: _error(read_folder, path.rename(path.with_name("study.toml")).parent),
    "a cached array": lambda path: ArrayCache(path.parent).get(path.rename(path.with_suffix(".npz")).stem),
    "weights": lambda path: _error(_config, path, {"agent": [{"prior": {"table": path.name}}]}),
    "a session to be yoked to": lambda path: _error(_config, path, {"filter": [{"kind": "yoked", "session": path.name}]}),
    "texts": lambda path: _error(_config, path, {"chain": {"task": "text"}, "task": {"file": path.name}}),
}


def _error(read: Callable[..., object], path: Path, *more: object) -> str:
    try:
        read(path, *more)
    except LabError as error:
        return str(error)
    return ""


def _config(path: Path, document: dict[str, object]) -> None:
    read_config(document, path.parent)


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
@pytest.mark.parametrize("kind", ["pipe", "folder", "zeros", "loop", "dangling", "secret", "deep", "utf-16"])
def test_every_reader_says_soon_what_it_cannot_read(tmp_path: Path, read: Callable[[Path], object], kind: str) -> None:
    path = tmp_path / "odd.toml"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "zeros":
        path.write_bytes(b"")
        os.truncate(path, 3 << 30)
    elif kind in ("loop", "dangling"):
        path.symlink_to(path if kind == "loop" else tmp_path / "none")
    else:
        text = {"secret": '"sk-SECRET" = 1\n"sk-SECRET" = 2\n', "deep": "x = " + "[" * 10_000, "utf-16": "x = 1\n"}[kind]
        path.write_text(text, encoding="utf-16" if kind == "utf-16" else None)
    begun = time.process_time()
    assert "SECRET" not in str(read(path)) or kind != "secret" or read in _MAY_QUOTE
    assert time.process_time() - begun < 1


_MAY_QUOTE = [
    READERS[name]
    for name in ("a summary", "a lesson", "prices", "a first reader", "the manifest of a study", "notes", "why a chain failed")
]
"""What a person names on the command line, or has written for this program."""


# -- what a file from elsewhere may have read --


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A folder from elsewhere, beside a file that is none of its business."""
    rows = [f"{a},{b},1" for a in ("on", "off", "und") for b in ("on", "off", "und")]
    (tmp_path / "secret.csv").write_text("\n".join(["A,B,weight", *rows]))
    (tmp_path / "theirs").mkdir()
    return tmp_path / "theirs"


@pytest.mark.parametrize("name", ["../s.toml", "x/../../s.toml", "link.toml", "{}/s.toml", "deep/link/s.toml"])
def test_a_lesson_names_no_session_elsewhere_without_agreement(elsewhere: Path, name: str) -> None:
    session = make(elsewhere.parent / "s.toml", generations=1)
    (elsewhere / "link.toml").symlink_to(session)
    for name_of_folder in ("deep", "x"):
        (elsewhere / name_of_folder).mkdir()
    (elsewhere / "deep" / "link").symlink_to(elsewhere.parent)
    lesson = elsewhere / "lesson.toml"
    lesson.write_text(
        'format = "iicl-tui-lesson/1"\ntitle = "t"\nidea = "i"\nminutes = 1\n'
        f'[[chain]]\nname = "a"\nsession = "{name.format(elsewhere.parent)}"\n[[step]]\ntext = "Look."\ngeneration = 1\n'
    )
    with pytest.raises(ConfigError, match="outside the folder"):
        read_lesson(lesson)
    assert cli.main(["learn", "--check", str(lesson)]) == 1
    assert cli.main(["learn", "--check", str(lesson), "--outside"]) == 0
    with outside_files(OutsideFiles(True)):
        assert read_lesson(lesson).chains


TWO = "[task]\nobjects = ['A', 'B']\ninitial = 2\n[[agent]]\n[agent.prior]\ntable = '{}'\n"
MANIFEST = "# begun: 2026-01-02T03:04:05Z\n# made with: iicl-tui sweep x in {}\n" + TWO.format("secret.csv")


def test_the_manifest_of_a_study_from_elsewhere_has_nothing_read(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (elsewhere / "study.toml").write_text(MANIFEST.format(elsewhere.parent) + "[vary]\nchain.seed = [1, 2]\n")
    found = read_folder(elsewhere)
    assert found is not None
    with pytest.raises(ConfigError, match="outside the folder"):
        found[0].config(found[0].plan(0))
    assert cli.main(["check", str(elsewhere / "study.toml")]) == 1
    assert "outside the folder" in capsys.readouterr().out
    assert cli.main(["check", str(elsewhere / "study.toml"), "--outside"]) == 0


@pytest.mark.parametrize("outside", [False, True])
def test_a_sweep_reads_a_file_outside_its_folder_if_it_may(elsewhere: Path, outside: bool) -> None:
    study = elsewhere / "mine.toml"
    study.write_text(f"[chain]\ngenerations = 1\n{TWO.format('../secret.csv')}[vary]\nchain.seed = [1]\n")
    code = cli.main(["sweep", str(study), "-o", str(elsewhere / "out"), "-q", "--jobs", "1", *(["--outside"] if outside else [])])
    assert code == (0 if outside else 2)


@pytest.mark.parametrize(
    "text",
    [
        '"sk-SECRET" = 1\n"sk-SECRET" = 2\n',
        "[sk-SECRET]\n[sk-SECRET]\n",
        "a = { sk-SECRET = 1, sk-SECRET = 2 }\n",
        "[[sk-SECRET]]\n[sk-SECRET]\n",
        "sk-SECRET = 1\n[sk-SECRET.a]\n",
    ],
)
def test_no_fault_of_toml_quotes_a_named_file(text: str) -> None:
    with pytest.raises(ValueError, match="line") as caught:
        parse_toml(text)
    assert "SECRET" not in unquoted(caught.value)
    assert "line" in unquoted(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "table"),
    [
        ("p.toml", "sk-SECRET = 1\n", {"agent": [{"kind": "openai", "model": "m", "prompts": "p.toml"}]}),
        ("p.toml", "[bias.sk-SECRET]\nx = 1\n", {"agent": [{"kind": "openai", "model": "m", "prompts": "p.toml"}]}),
        ("p.toml", "[bias.high]\nsk-SECRET = 1\n", {"agent": [{"kind": "openai", "model": "m", "prompts": "p.toml"}]}),
        ("t.csv", "KEY=sk-SECRET,x\n1,2\n", {"chain": {"task": "text"}, "task": {"file": "t.csv"}}),
        ("t.csv", "sk-SECRET,sk-SECRET\n1,2\n", {"chain": {"task": "text"}, "task": {"file": "t.csv"}}),
        ("t.jsonl", '{"sk-SECRET": 1}\n', {"chain": {"task": "text"}, "task": {"file": "t.jsonl", "text": "sk-SECRE"}}),
        ("t.toml", '"sk-SECRET" = 1\n"sk-SECRET" = 1\n', {"filter": [{"kind": "yoked", "session": "t.toml"}]}),
        ("w.csv", "sk-SECRET,weight\n1,2\n", {"agent": [{"prior": {"table": "w.csv"}}]}),
        ("w.csv", "A,B,C,D,screen,weight\non,on,on,on,on,sk-SECRET\n", {"agent": [{"prior": {"table": "w.csv"}}]}),
        ("w.csv", "A,B,C,D,screen,weight\nsk-SECRET,on,on,on,on,1\n", {"agent": [{"prior": {"table": "w.csv"}}]}),
    ],
)
def test_no_fault_quotes_what_a_configuration_names(
    tmp_path: Path, name: str, content: str, table: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(ConfigError) as caught:
        read_config(table, tmp_path)
    assert "SECRET" not in str(caught.value).replace('sk-SECRE"', "")
