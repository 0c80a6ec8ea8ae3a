from __future__ import annotations

import asyncio
import contextlib
import os
import random
import re
import signal
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from made import CREATED, config, make, run

from iicl_tui.agents.calls import Call
from iicl_tui.chain.engine import Chain
from iicl_tui.errors import ConfigError, LabError
from iicl_tui.store import atomic, errors
from iicl_tui.store.session import SessionFile, slug


def test_a_session_comes_back_as_it_was(tmp_path: Path) -> None:
    with SessionFile.create(config(human=True), tmp_path / "new", created=CREATED) as session:
        run(session, 2)
        path, kept = session.path, list(session.generations)
    assert path == tmp_path / "new" / "a-test.toml"
    with SessionFile.open(path) as again:
        assert list(again.generations) == kept
        assert again.config.document == session.config.document
        assert again.config.start == session.config.start
        assert (again.created, again.parent, again.read_only, list(again.notices)) == (CREATED, None, None, [])


def test_the_file_is_plain_toml_with_the_promised_names(tmp_path: Path) -> None:
    document = tomllib.loads(make(tmp_path, human=True).read_text())
    assert document["format"] == "iicl-tui/1"
    assert document["created"] == CREATED
    assert set(document["start"]) == {"hypothesis", "rival", "sample"}
    assert [generation["index"] for generation in document["generation"]] == [1, 2, 3]
    first = document["generation"][0]
    assert set(first) == {"index", "imitation", "interaction", "transmission"}
    assert first["imitation"]["agent"] == 1
    assert first["interaction"]["filter"] == ["human"]
    assert [each["verdict"] for each in first["interaction"]["decision"]] == ["reject", "edit"]
    assert first["interaction"]["decision"][1]["hypothesis"] == first["interaction"]["hypothesis"]
    assert {sample["verdict"] for sample in first["transmission"]["sample"]} == {"approved", "edited", "rejected"}
    assert "screen" in document["agent"][0]["prior"]


def test_every_prefix_opens_to_its_whole_phases_and_goes_on_to_the_same_file(tmp_path: Path) -> None:
    whole = make(tmp_path, generations=2).read_bytes()
    head = whole.index(b"\n", whole.index(b"# end: head")) + 1
    path = tmp_path / "cut.toml"
    markers = list(re.finditer(rb"^# end: ([a-z]+) (\d) sum [0-9a-f]{8}\n", whole, re.MULTILINE))
    ends = [m.end() for m in re.finditer(rb"\n", whole)]
    lengths = {end + by for end in ends for by in (-1, 0, 1)} | set(range(head, len(whole), 4))  # about each line's end all of them
    for length in sorted(length for length in lengths if head <= length <= len(whole)):
        path.write_bytes(whole[:length])
        done = [m for m in markers if m.end() - 1 <= length]  # also without the last newline
        there = [(m[1].decode(), int(m[2])) for m in done]
        with SessionFile.open(path) as session:
            found = [
                (record.phase, generation.index)
                for generation in session.generations
                for record in (generation.imitation, generation.interaction, generation.transmission)
                if record is not None
            ]
            assert found == there
            run(session)
        assert path.read_bytes() == (whole if length != len(whole) - 1 else whole[:-1])
        kept = tmp_path / "cut.toml.torn"
        torn = whole[max([head, *(m.end() for m in done)]) : length]
        assert kept.exists() == bool(torn.strip())
        if kept.exists():
            assert kept.read_bytes() == torn
            kept.unlink()


def test_a_prefix_of_the_head_is_a_fault_or_a_configuration_and_never_a_crash(tmp_path: Path) -> None:
    whole = make(tmp_path).read_bytes()
    path = tmp_path / "cut.toml"
    for length in range(whole.index(b"# end: head")):
        path.write_bytes(whole[:length])
        with contextlib.suppress(ConfigError), SessionFile.open(path) as session:
            assert not session.generations
            assert session.read_only
        assert path.read_bytes() == whole[:length]


RUNNER = """
import pathlib, sys
sys.path[:0] = sys.argv[2:]
from made import run
from iicl_tui.store.session import SessionFile
with SessionFile.open(pathlib.Path(sys.argv[1])) as session:
    print("ready", flush=True)
    run(session)
"""


def test_killed_at_any_moment_it_goes_on_to_the_file_of_the_unkilled_run(tmp_path: Path) -> None:
    options: dict[str, Any] = {"generations": 600, "title": "Killed"}
    whole = make(tmp_path / "whole", **options).read_bytes()
    rng = random.Random(3)
    sizes = [len(whole)]
    while sizes[-1] == len(whole):  # on a busy machine it may come to its end before it is killed
        path = make(tmp_path / "killed", until=0, **options)
        sizes = killed_six_times(path, whole, rng)
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1] < len(whole)
    with SessionFile.open(path) as session:
        assert session.read_only is None
        run(session)
    assert path.read_bytes() == whole


def killed_six_times(path: Path, whole: bytes, rng: random.Random) -> list[int]:
    """A session goes on and is killed, again and again. Returns the size of its file each time."""
    sizes = []
    folders = [str(folder) for folder in Path(__file__).parents[:2]]
    for _ in range(6):
        before = path.stat().st_size
        target = before + rng.randrange(len(whole) // 12) + 1
        child = subprocess.Popen([sys.executable, "-c", RUNNER, str(path), *folders], stdout=subprocess.PIPE)
        with child:
            assert child.stdout is not None
            assert child.stdout.readline() == b"ready\n"
            while path.stat().st_size < target and child.poll() is None:
                pass
            os.kill(child.pid, signal.SIGKILL)
        sizes.append(path.stat().st_size)
        assert whole.startswith(path.read_bytes())
    return sizes


def test_names_come_from_the_title_and_never_clobber(tmp_path: Path) -> None:
    names = [make(tmp_path, until=0, title=title).name for title in ("E2: High bias!", "e2 high-bias", "E2 / high bias")]
    assert names == ["e2-high-bias.toml", "e2-high-bias-2.toml", "e2-high-bias-3.toml"]


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("", "session"),
        ("../../etc/passwd", "etc-passwd"),
        ("   ", "session"),
        ("Größe 漢字", "größe-漢字"),
        ("A chain from d⁰", "a-chain-from-d0"),
        ("\ud800", "session"),
    ],
)
def test_any_title_is_a_file_name(tmp_path: Path, title: str, name: str) -> None:
    assert slug(title) == name
    (tmp_path / slug(title)).touch()


def test_a_very_long_title_is_a_file_name(tmp_path: Path) -> None:
    assert make(tmp_path, until=0, title="漢字 " * 5000).exists()


def test_a_named_file_is_not_overwritten(tmp_path: Path) -> None:
    path = make(tmp_path / "deep" / "mine.toml", until=0)
    assert path.name == "mine.toml"
    with pytest.raises(errors.ExistingFile):
        make(path, until=0)


def test_a_branch_keeps_its_generations_word_for_word_and_goes_its_own_way(tmp_path: Path) -> None:
    path = make(tmp_path)
    before = path.read_bytes()
    with SessionFile.open(path) as session, session.branch(2, seed=99) as branch:
        assert branch.path.name == "a-test-2.toml"
        assert branch.parent is not None
        assert (branch.parent.file, branch.parent.generation) == ("a-test.toml", 2)
        assert list(branch.generations) == list(session.generations)[:2]
        assert branch.config.seed == 99
        assert branch.config.start == session.config.start
        run(branch)
        assert branch.generations[2] != session.generations[2]
        branched = branch.path
    assert path.read_bytes() == before
    blocks = before[before.index(b"\n[[generation]]") : before.index(b"# end: transmission 2")]
    assert blocks in branched.read_bytes()
    with SessionFile.open(branched) as again:
        assert len(again.generations) == 3
        assert again.parent == branch.parent


def test_a_branch_with_the_same_seed_is_the_same_chain(tmp_path: Path) -> None:
    path = make(tmp_path)
    with SessionFile.open(path) as session:
        for generation in range(4):
            with session.branch(generation, tmp_path / "branches") as branch:
                assert branch.parent is not None
                assert branch.parent.file == str(path.resolve())
                run(branch)
                assert list(branch.generations) == list(session.generations)


def test_a_finished_chain_goes_on_in_a_longer_branch(tmp_path: Path) -> None:
    with SessionFile.open(make(tmp_path)) as session, session.branch(3, changes=["chain.generations=5"]) as branch:
        run(branch)
        assert len(branch.generations) == 5


def test_what_does_not_fit_is_no_branch(tmp_path: Path) -> None:
    with SessionFile.open(make(tmp_path, until=2)) as session:
        with pytest.raises(LabError, match="no generation 3"):
            session.branch(3)
        with pytest.raises(ConfigError, match="only 1 generation"):
            session.branch(2, changes=["chain.generations=1"])
        with pytest.raises(ConfigError):
            session.branch(2, changes=['task.objects=["A", "B", "screen"]'])
        with pytest.raises(ConfigError):
            session.branch(2, seed=-1)
    assert os.listdir(tmp_path) == ["a-test.toml"]


def test_a_generation_under_way_is_not_branched_from(tmp_path: Path) -> None:
    with SessionFile.create(config(), tmp_path) as session:
        asyncio.run(Chain(session.config, sink=session).step())
        with pytest.raises(LabError, match="no generation 1"):
            session.branch(1)
        with session.branch(0) as branch:
            assert not branch.generations


def test_a_copy_of_a_deleted_or_changed_session_has_everything(tmp_path: Path) -> None:
    path = make(tmp_path, until=2)
    whole = path.read_bytes()
    with SessionFile.open(path) as session:
        path.unlink()
        session.save_copy(tmp_path / "deleted.toml")
    assert (tmp_path / "deleted.toml").read_bytes() == whole
    path.write_bytes(whole)
    with SessionFile.open(path) as session:
        path.write_bytes(b"x" * 100)
        session.save_copy(tmp_path / "changed.toml")
        with session.branch(1) as branch:
            assert list(branch.generations) == list(session.generations)[:1]
    assert (tmp_path / "changed.toml").read_bytes() == whole


@pytest.mark.parametrize("until", [1, 3])
def test_a_copy_takes_what_could_not_be_appended(tmp_path: Path, until: int) -> None:
    """until: the record that is lost begins a generation, or ends one."""
    path, unbroken = make(tmp_path, until=1), make(tmp_path / "unbroken").read_bytes()
    with SessionFile.open(path) as session:
        chain = Chain(session.config, session.generations, session)
        for _ in range(until - 1):
            asyncio.run(chain.step())
        path.unlink()
        with pytest.raises(errors.DeletedFile):
            asyncio.run(chain.step())
        session.save_copy(tmp_path / "copy.toml", chain.unsaved)
        assert len(session.generations) == (1 if until == 1 else 2)
    with SessionFile.open(tmp_path / "copy.toml") as copy:
        assert list(copy.generations) == list(chain.generations)
        asyncio.run(Chain(copy.config, copy.generations, copy).run())
    assert (tmp_path / "copy.toml").read_bytes() == unbroken


def test_a_record_that_could_not_be_kept_is_kept_by_the_next_step(tmp_path: Path) -> None:
    path = make(tmp_path, until=1)
    whole = make(tmp_path / "unbroken").read_bytes()
    with SessionFile.open(path) as session:
        chain = Chain(session.config, session.generations, session)
        moved = path.rename(tmp_path / "moved.toml")
        with pytest.raises(errors.DeletedFile):
            asyncio.run(chain.step())
        assert len(session.generations) == 1
        moved.rename(path)
        asyncio.run(chain.run())
        assert list(session.generations) == list(chain.generations)
    assert path.read_bytes() == whole


def test_a_configuration_by_hand_opens_to_be_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('# mine\n[chain]\ntitle = "By hand"\n')
    with SessionFile.open(path) as session:
        assert session.config.title == "By hand"
        assert session.read_only
        with session.branch(0) as branch:
            assert branch.read_only is None
            assert branch.path.name == "by-hand.toml"


def test_bytes_that_are_no_text_are_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(b'[chain]\ntitle = "\xff"\n')
    with pytest.raises(ConfigError) as caught:
        SessionFile.open(path)
    assert caught.value.faults[0].line == 2


KILLED = """
import os, pathlib, sys
sys.path[:0] = sys.argv[2:]
os.link = lambda *_: os._exit(9)
from made import make
make(pathlib.Path(sys.argv[1]))
"""


def test_what_a_killed_creation_left_is_removed_at_the_next_one(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), *map(str, Path(__file__).parents[:2])], check=False)
    assert done.returncode == 9
    (left,) = tmp_path.iterdir()
    assert left.name.endswith(".tmp")
    mine = tmp_path / left.name.replace(left.name.split(".")[3], str(os.getpid()))  # somebody is writing it
    mine.write_text("x")
    (tmp_path / ".0123456789abcdef.tmp").write_text("a file of somebody's")
    make(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([".0123456789abcdef.tmp", mine.name, "a-test.toml"])


def test_calls_kept_together_are_written_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = [Call(1, "imitation", "imitate", "asked", f"reply {number}") for number in range(3)]
    with SessionFile.create(config(), tmp_path / "s.toml", created=CREATED) as session:
        real, writes = atomic.write_all, []

        def write(*given: Any) -> None:
            writes.append(given)
            real(*given)

        monkeypatch.setattr(atomic, "write_all", write)
        session.append_loosely(*calls)
        session.sync()
    assert len(writes) == 1
    with SessionFile.open(tmp_path / "s.toml") as again:
        assert again.calls == calls
