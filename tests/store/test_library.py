from __future__ import annotations

import asyncio
import os
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from made import Decider, config, make

from iicl_tui.chain.config import read_config
from iicl_tui.chain.engine import Chain
from iicl_tui.errors import ConfigError, StoreError
from iicl_tui.store import errors, library
from iicl_tui.store.library import Library, summary
from iicl_tui.store.session import SessionFile


def at(path: Path, seconds: int) -> Path:
    os.utime(path, (seconds, seconds))
    return path


def test_newest_first_with_what_stands_in_them(tmp_path: Path) -> None:
    old = at(make(tmp_path, title="Old one"), 1000)
    new = at(make(tmp_path, title="New one", until=1, human=True), 2000)
    first, second = Library(tmp_path).sessions()
    assert (first.path, second.path) == (new, old)
    assert (first.title, first.task, first.generation, first.generations) == ("New one", "acre", 1, 3)
    assert first.agents == ("bayes", "bayes")
    assert first.filters == ("human",)
    assert (first.status, second.status) == ("under way", "finished")
    assert (first.modified, first.fault) == (2000.0, None)
    with SessionFile.open(old, read_only=True) as session:
        assert second.rule == session.config.task.rule(session.generations[-1].hypothesis)


@pytest.mark.parametrize("human", [False, True])
def test_the_status_is_the_chains_own_at_every_phase(tmp_path: Path, human: bool) -> None:
    async def through() -> None:
        with SessionFile.create(config(generations=2, human=human), tmp_path) as session:
            chain = Chain(session.config, sink=session, decider=Decider())
            while True:
                found = summary(session.path, 0.0)
                assert (found.status, found.generation) == (chain.status, len(chain.generations))
                if chain.next is None:
                    return
                await chain.step()

    asyncio.run(through())


def test_a_stuck_chain_is_stuck(tmp_path: Path) -> None:
    stuck = read_config({"filter": [{"kind": "human", "redraws": 0}]})
    with SessionFile.create(stuck, tmp_path) as session:
        chain = Chain(stuck, sink=session, decider=Decider())
        asyncio.run(chain.run())
        assert chain.stuck
        assert summary(session.path, 0.0).status == chain.status == "stuck"


def test_a_big_file_is_read_at_its_ends_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make(tmp_path, generations=12)
    whole = summary(path, 0.0)
    monkeypatch.setattr(library, "_TAIL", 40)
    data = path.read_bytes()
    assert summary(path, 0.0) == whole
    torn = path.with_name("torn.toml")
    for length in range(data.rindex(b"\n[[generation]]"), len(data), 5):
        torn.write_bytes(data[:length])
        monkeypatch.setattr(library, "_TAIL", 64 * 1024)
        expected = summary(torn, 0.0)
        monkeypatch.setattr(library, "_TAIL", 200)
        assert summary(torn, 0.0) == expected


BROKEN: list[tuple[str, bytes]] = [
    ("empty", b""),
    ("no toml", b"chain = = 3"),
    ("no text", b"\xff\xfe\x00"),
    ("another toml", b"[project]\nname = 'x'\n"),
    ("newer", b'format = "iicl-tui/9"\n'),
    ("wrong kinds", b"chain = 3\n"),
    ("wrong agents", b"[chain]\n[[agent]]\n[filter]\nkind = 3\n"),
    ("wrong number", b"[chain]\ngenerations = []\n# end: head\n"),
    ("wrong block", b"[chain]\n# end: head\n\n[[generation]]\ninteraction = 3\n# end: imitation 1\n"),
    ("broken block", b"[chain]\n# end: head\n\n[[generation]]\n= =\n# end: imitation 1\n"),
]


@pytest.mark.parametrize("data", [data for _, data in BROKEN], ids=[name for name, _ in BROKEN])
def test_a_broken_file_is_listed_with_what_is_wrong(tmp_path: Path, data: bytes) -> None:
    make(tmp_path, until=0)
    (tmp_path / "broken.toml").write_bytes(data)
    found = {each.path.name: each for each in Library(tmp_path).sessions()}
    assert found["a-test.toml"].fault is None
    assert found["broken.toml"].fault
    assert found["broken.toml"].status == "broken"


def test_what_is_no_session_is_not_listed(tmp_path: Path) -> None:
    for name in (".hidden.toml", "notes.txt", "a.toml.torn"):
        (tmp_path / name).write_text("[chain]\n")
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "nowhere.toml").symlink_to(tmp_path / "gone.toml")
    assert Library(tmp_path).sessions() == []
    assert Library(tmp_path / "none").sessions() == []
    with pytest.raises(StoreError, match="list"):
        Library(tmp_path / "notes.txt").sessions()


def test_a_configuration_by_hand_is_listed_as_one(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('[chain]\ntitle = "By hand"\n')
    (found,) = Library(tmp_path).sessions()
    assert (found.title, found.status, found.agents) == ("By hand", "configuration", ("bayes",))


def test_unchanged_files_are_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [make(tmp_path, until=0, title=title) for title in ("one", "two", "three")]
    read: list[str] = []
    real: Callable[..., library.Summary] = summary

    def counting(path: Path, modified: float) -> library.Summary:
        read.append(path.name)
        return real(path, modified)

    monkeypatch.setattr(library, "summary", counting)
    shelf = Library(tmp_path)
    before = shelf.sessions()
    assert len(read) == 3
    assert shelf.sessions() == before
    assert len(read) == 3
    at(paths[0], 5)
    paths[1].unlink()
    assert [each.path.name for each in shelf.sessions()] == ["three.toml", "one.toml"]
    assert read[3:] == ["one.toml"]


def test_renaming_changes_the_title_and_nothing_else(tmp_path: Path) -> None:
    path = make(tmp_path)
    text = path.read_text().replace("[chain]", "# by a person\n[chain]")
    path.write_text(text)
    shelf = Library(tmp_path)
    shelf.rename(path, 'A "new" \x1b title\n漢')
    before, after = tomllib.loads(text), tomllib.loads(path.read_text())
    assert after["chain"].pop("title") == 'A "new" \x1b title\n漢'
    assert before["chain"].pop("title") == "A test"
    assert after == before
    assert "# by a person" in path.read_text()
    assert shelf.sessions()[0].title == 'A "new" \x1b title\n漢'
    with SessionFile.open(path) as session:
        assert session.read_only is None
        assert len(session.generations) == 3


def test_what_is_open_elsewhere_is_neither_renamed_nor_deleted(tmp_path: Path) -> None:
    path = make(tmp_path, until=1)
    data = path.read_bytes()
    shelf = Library(tmp_path)
    with SessionFile.open(path):
        with pytest.raises(errors.ReadOnlyFile, match="another window"):
            shelf.rename(path, "x")
        with pytest.raises(StoreError, match="open in another"):
            shelf.delete(path)
        assert path.read_bytes() == data
    shelf.rename(path, "x")
    shelf.delete(path)


def test_a_broken_file_is_not_renamed_but_deleted(tmp_path: Path) -> None:
    shelf = Library(tmp_path)
    path = tmp_path / "a.toml"
    for head in (b"chain = = 1\n", b"chain = 3\n", b"x = 1\n"):
        path.write_bytes(head + b"# end: head\n")
        with pytest.raises(ConfigError):
            shelf.rename(path, "x")
    deleted = shelf.delete(path)
    assert not path.exists()
    assert shelf.restore(deleted) == path


def test_deleting_is_undone_and_nothing_is_ever_overwritten(tmp_path: Path) -> None:
    shelf = Library(tmp_path)
    first = make(tmp_path, until=1)
    data = first.read_bytes()
    gone = [shelf.delete(first)]
    assert shelf.sessions() == []
    second = make(tmp_path, until=2)
    assert second == first
    newer = second.read_bytes()
    gone.append(shelf.delete(second))
    assert shelf.restore(gone[1]) == first
    assert shelf.restore(gone[0]) == tmp_path / "a-test-2.toml"
    assert first.read_bytes() == newer
    assert (tmp_path / "a-test-2.toml").read_bytes() == data
    with pytest.raises(errors.MissingFile):
        shelf.restore(gone[0])
    with pytest.raises(errors.MissingFile):
        shelf.delete(tmp_path / "none.toml")


def test_deleting_where_hard_links_are_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(1, "no links")

    path = make(tmp_path, until=0)
    monkeypatch.setattr(os, "link", refused)
    shelf = Library(tmp_path)
    assert shelf.restore(shelf.delete(path)) == path
