"""Calls to the disk that fail where no append or creation expects it: each was found by `tests/attack`."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from iicl_tui.errors import StoreError
from iicl_tui.store import atomic
from iicl_tui.store.journal import Journal
from iicl_tui.store.library import Library


@pytest.fixture
def fail(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """fail("fsync", EIO, 2): the second call of os.fsync from now on fails, and no other."""

    def make(name: str, code: int, number: int = 1) -> None:
        real, calls = getattr(os, name), iter(range(1, 1000))

        def call(*args: Any, **kwargs: Any) -> Any:
            if next(calls) == number:
                raise OSError(code, os.strerror(code))
            return real(*args, **kwargs)

        monkeypatch.setattr(os, name, call)

    return make


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal.create(tmp_path / "s.toml", "a = 1\n")


def test_an_append_that_is_on_the_disk_is_not_repeated(journal: Journal, fail: Callable[..., None]) -> None:
    fail("fstat", errno.EIO, 2)  # of the times after the append
    journal.append("b = 1\n", "imitation 1")
    journal.append("c = 1\n", "imitation 2")
    assert journal.path.read_bytes().count(b"# end: imitation") == 2


def test_a_disk_that_cannot_be_asked_is_an_error_in_words(journal: Journal, fail: Callable[..., None]) -> None:
    fail("fstat", errno.EIO)
    with pytest.raises(StoreError, match="Could not write"):
        journal.append("b = 1\n", "imitation 1")
    journal.append("b = 1\n", "imitation 1")
    assert journal.path.read_bytes().count(b"# end: imitation") == 1


def test_closing_may_fail_when_all_is_on_the_disk(journal: Journal, fail: Callable[..., None]) -> None:
    fail("close", errno.EIO)
    journal.close()
    journal.close()


def test_a_creation_without_hard_links_that_fails_leaves_no_empty_file(tmp_path: Path, fail: Callable[..., None]) -> None:
    fail("link", errno.ENOTSUP)
    fail("replace", errno.ENOSPC)
    with pytest.raises(StoreError):
        Journal.create(tmp_path / "s.toml", "a = 1\n")
    assert os.listdir(tmp_path) == []


def test_a_temporary_file_that_stays_is_no_failure(tmp_path: Path, fail: Callable[..., None]) -> None:
    fail("unlink", errno.EIO)
    Journal.create(tmp_path / "s.toml", "a = 1\n").close()
    assert (tmp_path / "s.toml").read_text().startswith("a = 1\n")


def test_a_session_that_cannot_be_cut_keeps_its_torn_block_once(journal: Journal, fail: Callable[..., None]) -> None:
    path = journal.path
    journal.close()
    with path.open("ab") as file:
        file.write(b"torn")
    fail("ftruncate", errno.EIO)
    for _ in range(2):
        Journal.open(path).close()
    assert sorted(os.listdir(path.parent)) == ["s.toml", "s.toml.torn"]


def test_a_deletion_that_fails_leaves_one_file(journal: Journal, fail: Callable[..., None]) -> None:
    path = journal.path
    journal.close()
    fail("unlink", errno.EACCES)
    with pytest.raises(StoreError):
        Library(path.parent).delete(path)
    assert [each.name for each in path.parent.rglob("*.toml")] == ["s.toml"]


def test_a_failed_move_without_hard_links_can_be_repeated(tmp_path: Path, fail: Callable[..., None]) -> None:
    (tmp_path / "a").write_text("x")
    fail("link", errno.ENOTSUP)
    fail("replace", errno.EIO)
    with pytest.raises(OSError, match="Input/output"):
        atomic.move(tmp_path / "a", tmp_path / "b")
    atomic.move(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").read_text() == "x"


def test_a_scratch_file_of_a_killed_call_is_removed_when_its_session_goes_on(journal: Journal) -> None:
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True, check=True)
    machine = atomic._machine()
    left = journal.path.with_name(f".{'0' * 16}.{machine}.{int(gone.stdout)}.tmp")
    mine = journal.path.with_name(f".{'1' * 16}.{machine}.{os.getpid()}.tmp")
    old = journal.path.with_name(f".{'2' * 16}.{machine}.{os.getpid()}.tmp")
    for path in (left, mine, old):
        path.write_text("")
    os.utime(old, (0, 0))  # its process is gone, and another has its number
    journal.close()
    Journal.open(journal.path, read_only=True).close()
    assert left.exists(), "who only reads removes nothing"
    Journal.open(journal.path).close()
    assert [path.exists() for path in (left, mine, old)] == [False, True, False]


def test_an_end_line_in_a_text_does_not_make_a_cut_end_line_whole(tmp_path: Path) -> None:
    with Journal.create(tmp_path / "s.toml", "a = 1\n") as journal:
        journal.append("[[generation]]\nindex = 1\nb = 'a person: # end: imitation 7'\n", "imitation 1")
    whole = journal.path.read_bytes()
    at = whole.rindex(b" sum ")
    journal.path.write_bytes(whole[:at])
    with Journal.open(journal.path) as opened:
        assert opened.torn > 0
