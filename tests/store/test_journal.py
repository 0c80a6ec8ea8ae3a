from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from waiting import LONGEST

from iicl_tui.errors import StoreError
from iicl_tui.store import atomic, errors
from iicl_tui.store.block_ends import marker_line
from iicl_tui.store.journal import Journal, split
from iicl_tui.store.lock import Lock

HEAD = 'title = "ä → b"\n'
BLOCKS = [(f"\n[[x]]\nindex = {n}\n", f"imitation {n}") for n in (1, 2, 11)]
WHOLE = (HEAD + marker_line("head", HEAD) + "".join(text + marker_line(marker, text) for text, marker in BLOCKS)).encode()


def block(text: str, marker: str) -> bytes:
    """As it stands in the file."""
    return (text + marker_line(marker, text)).encode()


def write(path: Path) -> Journal:
    journal = Journal.create(path, HEAD)
    for text, marker in BLOCKS:
        journal.append(text, marker)
    return journal


def fail(monkeypatch: pytest.MonkeyPatch, name: str, code: int, when: Callable[..., bool] = lambda *_: True) -> None:
    real = getattr(os, name)

    def failing(*args: object, **kwargs: object) -> object:
        if when(*args):
            raise OSError(code, os.strerror(code))
        return real(*args, **kwargs)

    monkeypatch.setattr(os, name, failing)


def test_what_is_appended_is_what_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    write(path).close()
    assert path.read_bytes() == WHOLE
    with Journal.open(path) as journal:
        assert journal.read() == WHOLE
        assert (journal.read_only, journal.notices) == (None, [])
        journal.append("y = 1\n", "transmission 11")
    assert path.read_bytes() == WHOLE + block("y = 1\n", "transmission 11")
    assert os.listdir(tmp_path) == ["a.toml"]


def test_creating_never_overwrites(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text("mine")
    with pytest.raises(errors.ExistingFile):
        Journal.create(path, HEAD)
    assert path.read_text() == "mine"
    assert os.listdir(tmp_path) == ["a.toml"]


def test_creating_where_hard_links_are_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fail(monkeypatch, "link", errno.EPERM)
    path = tmp_path / "a.toml"
    write(path).close()
    assert path.read_bytes() == WHOLE
    with pytest.raises(errors.ExistingFile):
        Journal.create(path, HEAD)
    assert os.listdir(tmp_path) == ["a.toml"]


@pytest.mark.parametrize("name", ["fsync", "pwrite", "link"])
def test_a_file_that_cannot_be_created_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    with monkeypatch.context() as patch:
        fail(patch, name, errno.ENOSPC)
        with pytest.raises(errors.FullDisk):
            Journal.create(tmp_path / "a.toml", HEAD)
    assert os.listdir(tmp_path) == []


def test_every_prefix_gives_its_whole_blocks(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    ends = [len(block(HEAD, "head"))]
    for text, marker in BLOCKS:
        ends.append(ends[-1] + len(block(text, marker)))
    for length in range(ends[0], len(WHOLE) + 1):
        for tail in (b"", b"\0" * 7, b"\xf0\x9f"):
            path.write_bytes(WHOLE[:length] + tail)
            lacks_newline = not tail and length + 1 in ends  # its last block is complete all the same
            whole = length if lacks_newline else max(end for end in ends if end <= length)
            torn = WHOLE[whole:length] + tail
            with Journal.open(path) as journal:
                assert journal.read() == WHOLE[:whole]
                assert journal.read_only is None
                assert len(journal.notices) == bool(torn.strip())
                journal.append("y = 1\n", "imitation 99")
            assert path.read_bytes() == WHOLE[:whole] + b"\n" * lacks_newline + block("y = 1\n", "imitation 99")
            kept = tmp_path / "a.toml.torn"
            assert kept.exists() == bool(torn.strip())
            if torn.strip():
                assert kept.read_bytes() == torn
                kept.unlink()


def test_torn_bytes_are_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    for torn in (b"one", b"two", b"three"):
        path.write_bytes(WHOLE + torn)
        Journal.open(path).close()
    kept = {name: (tmp_path / name).read_bytes() for name in os.listdir(tmp_path) if name != "a.toml"}
    assert kept == {"a.toml.torn": b"one", "a.toml.torn-2": b"two", "a.toml.torn-3": b"three"}


def test_reading_alone_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(WHOLE + b"torn")
    with Journal.open(path, read_only=True) as journal, Journal.open(path, read_only=True) as again:
        assert journal.read() == again.read() == WHOLE
        assert len(journal.notices) == 1
        with pytest.raises(errors.ReadOnlyFile):
            journal.append("y = 1\n", "imitation 12")
    assert path.read_bytes() == WHOLE + b"torn"
    assert os.listdir(tmp_path) == ["a.toml"]


def test_markers_count_only_as_whole_lines() -> None:
    head = b"a = 1\n# end: head\n"
    assert split(head + b"b = 1\n# end: imitation 1").whole == head
    assert split(head + b"b = '# end: imitation 1'\n").whole == head
    assert split(head + b"b = 1 # end: imitation 1\n").whole == head
    assert split(head.replace(b"\n", b"\r\n") + b"b").whole == head.replace(b"\n", b"\r\n")
    assert not split(b"a = 1\n# end: of my notes\n").is_journal


def test_a_text_written_by_hand_is_taken_whole_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text("a = 1\n# a comment")
    with Journal.open(path) as journal:
        assert journal.read() == b"a = 1\n# a comment"
        assert not journal.is_journal
        assert "a configuration without records" in (journal.read_only or "")
    assert path.read_text() == "a = 1\n# a comment"


def test_the_second_of_two_openers_reads_only(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    first = write(path)
    with Journal.open(path) as second:
        assert "another window or program" in (second.read_only or "")
        first.append("y = 1\n", "imitation 12")
        with pytest.raises(errors.ReadOnlyFile, match="read-only here"):
            second.append("z = 1\n", "imitation 12")
    first.close()
    with Journal.open(path) as third:
        assert third.read_only is None
        assert third.read().endswith(block("y = 1\n", "imitation 12"))


def test_a_block_under_way_elsewhere_is_no_torn_one(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    with write(path):
        with path.open("ab") as file:
            file.write(b"half")
        with Journal.open(path) as second:
            assert second.read() == WHOLE
            assert second.notices == []
        assert path.read_bytes() == WHOLE + b"half"
        assert os.listdir(tmp_path) == ["a.toml"]


HOLDER = """
import sys, pathlib
from iicl_tui.store.journal import Journal
journal = Journal.open(pathlib.Path(sys.argv[1]))
print(journal.read_only, flush=True)
sys.stdin.read()
"""


def test_two_processes_and_a_lock_that_dies_with_its_holder(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    write(path).close()
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "None\n"
        with Journal.open(path) as journal:
            assert journal.read_only
        holder.kill()
    with Journal.open(path) as journal:
        assert journal.read_only is None


def test_a_file_system_without_locks_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.toml"
    write(path).close()
    monkeypatch.setattr("iicl_tui.store.journal.take", lambda _: Lock.NONE)
    with Journal.open(path) as journal:
        assert journal.read_only is None
        assert "no file locks" in journal.notices[0]
        journal.append("y = 1\n", "imitation 12")


@pytest.mark.parametrize("code", [errno.EACCES, errno.EROFS, errno.EPERM])
def test_a_file_that_may_not_be_written_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    # root may write whatever the permissions say, so the system's refusal is put in its mouth
    path = tmp_path / "a.toml"
    write(path).close()
    fail(monkeypatch, "open", code, lambda _path, flags, *_: flags & os.O_RDWR)
    with Journal.open(path) as journal:
        assert journal.read() == WHOLE
        assert os.strerror(code) in (journal.read_only or "")


@pytest.mark.parametrize("code", [errno.EACCES, errno.EROFS, errno.ENOSPC])
def test_torn_bytes_that_cannot_be_kept_stay_where_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(WHOLE + b"torn")
    with monkeypatch.context() as patch:
        fail(patch, "open", code, lambda _path, flags, *_: flags & os.O_CREAT)
        with Journal.open(path) as journal:
            assert journal.read() == WHOLE
            assert os.strerror(code) in (journal.read_only or "")
    assert path.read_bytes() == WHOLE + b"torn"


def test_a_folder_that_may_not_be_written_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fail(monkeypatch, "open", errno.EROFS, lambda _path, flags, *_: flags & os.O_CREAT)
    with pytest.raises(errors.ReadOnlyFile, match="--sessions"):
        Journal.create(tmp_path / "a.toml", HEAD)


def test_what_cannot_be_opened_at_all(tmp_path: Path) -> None:
    with pytest.raises(errors.MissingFile):
        Journal.open(tmp_path / "none.toml")
    with pytest.raises(StoreError, match="is not a file"):
        Journal.open(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(StoreError, match="is not a file"):
        Journal.open(tmp_path / "pipe")


@pytest.mark.parametrize(
    ("name", "code"),
    [("pwrite", errno.ENOSPC), ("pwrite", errno.EIO), ("fsync", errno.EIO), ("fsync", errno.ENOSPC), ("fsync", errno.EDQUOT)],
)
def test_a_failed_append_leaves_the_file_as_it_was_and_may_be_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, code: int
) -> None:
    path = tmp_path / "a.toml"
    with write(path) as journal:
        with monkeypatch.context() as patch:
            fail(patch, name, code)
            with pytest.raises(StoreError) as caught:
                journal.append("y = 1\n", "imitation 12")
        assert isinstance(caught.value, errors.FullDisk) == (code != errno.EIO)
        assert caught.value.remedy
        assert path.read_bytes() == WHOLE
        journal.append("y = 1\n", "imitation 12")
    assert path.read_bytes() == WHOLE + block("y = 1\n", "imitation 12")


def test_blocks_that_are_made_durable_together_take_one_sync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, real = tmp_path / "a.toml", os.fsync
    synced: list[int] = []

    def fsync(descriptor: int) -> None:
        synced.append(path.stat().st_size)
        real(descriptor)

    with write(path) as journal:
        monkeypatch.setattr(os, "fsync", fsync)
        for number in range(5):
            journal.append(f"y = {number}\n", "imitation 12", durable=False)
            assert path.read_bytes().endswith(block(f"y = {number}\n", "imitation 12"))  # a killed process has written it
        assert synced == []
        journal.sync()
        assert synced == [path.stat().st_size]
        journal.sync()
        assert len(synced) == 1
        journal.append("z = 1\n", "imitation 12", durable=False)
        journal.append("z = 2\n", "imitation 12")
        journal.sync()
        assert len(synced) == 2
        assert journal.read() == path.read_bytes()


def test_a_failed_sync_cuts_off_what_is_not_durable_and_it_may_be_appended_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.toml"
    more = [block(f"y = {number}\n", "imitation 12") for number in range(3)]
    with write(path) as journal:
        for number in range(3):
            journal.append(f"y = {number}\n", "imitation 12", durable=False)
        assert path.read_bytes() == WHOLE + b"".join(more)
        with monkeypatch.context() as patch:
            fail(patch, "fsync", errno.EIO)
            with pytest.raises(StoreError):
                journal.sync()
        assert path.read_bytes() == WHOLE == journal.read()
        journal.append("y = 1\n", "imitation 12")
    assert path.read_bytes() == WHOLE + more[1]


def test_a_half_written_block_that_cannot_be_cut_at_once_is_cut_before_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.toml"
    with write(path) as journal:
        with monkeypatch.context() as patch:
            fail(patch, "fsync", errno.EIO)
            fail(patch, "ftruncate", errno.EIO)
            with pytest.raises(StoreError):
                journal.append("much longer = 1\n", "imitation 12")
            with pytest.raises(StoreError):
                journal.append("much longer = 1\n", "imitation 12")
        assert path.stat().st_size > len(WHOLE)
        journal.append("y = 1\n", "imitation 12")
    assert path.read_bytes() == WHOLE + block("y = 1\n", "imitation 12")


def test_short_writes_are_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda fd, data, at: real(fd, bytes(data)[:3], at))
    write(tmp_path / "a.toml").close()
    assert (tmp_path / "a.toml").read_bytes() == WHOLE


def test_an_interrupt_while_writing_leaves_whole_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.toml"

    def interrupted(_: int) -> None:
        raise KeyboardInterrupt

    with write(path) as journal:
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", interrupted)
            with pytest.raises(KeyboardInterrupt):
                journal.append("y = 1\n", "imitation 12")
        assert path.read_bytes() == WHOLE


def test_a_deleted_file_is_said_and_can_be_saved_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    with write(path) as journal:
        path.unlink()
        with pytest.raises(errors.DeletedFile) as caught:
            journal.append("y = 1\n", "imitation 12")
        assert "copy" in caught.value.remedy
        assert not path.exists()
        journal.save_copy(tmp_path / "b.toml")
        with pytest.raises(errors.ExistingFile):
            journal.save_copy(tmp_path / "b.toml")
    assert (tmp_path / "b.toml").read_bytes() == WHOLE


def test_a_replaced_file_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    with write(path) as journal:
        atomic.replace(path, WHOLE)
        with pytest.raises(errors.DeletedFile):
            journal.append("y = 1\n", "imitation 12")
        assert path.read_bytes() == WHOLE


@pytest.mark.parametrize("data", [WHOLE + b"# mine\n", WHOLE[:-20], b""])
def test_a_file_changed_under_us_is_said_and_left_alone(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.toml"
    with write(path) as journal:
        path.write_bytes(data)
        with pytest.raises(errors.ChangedFile):
            journal.append("y = 1\n", "imitation 12")
        assert path.read_bytes() == data
        if len(data) < len(WHOLE):
            with pytest.raises(errors.ChangedFile):
                journal.save_copy(tmp_path / "b.toml")
            assert os.listdir(tmp_path) == ["a.toml"]


def test_another_programs_bytes_are_never_copied_as_ours(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    with write(path) as journal:
        path.write_bytes(WHOLE.replace(b"index", b"xedni"))
        with pytest.raises(errors.ChangedFile):
            journal.save_copy(tmp_path / "b.toml")


def test_nothing_is_appended_to_a_closed_file(tmp_path: Path) -> None:
    journal = write(tmp_path / "a.toml")
    journal.close()
    journal.close()
    with pytest.raises(errors.ReadOnlyFile):
        journal.append("y = 1\n", "imitation 12")


FILLER = """
import pathlib, resource, signal, sys
from iicl_tui.store.errors import FullDisk
from iicl_tui.store.journal import Journal

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4000, resource.RLIM_INFINITY))
path = pathlib.Path(sys.argv[1])
with Journal.create(path, "a = 1\\n") as journal:
    count = 0
    try:
        while True:
            journal.append(f'b{count} = "{"x" * 90}"\\n', f"imitation {count}")
            count += 1
    except FullDisk:
        size = path.stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    journal.append("c = 1\\n", f"imitation {count}")
    print(count, size)
"""


def test_a_real_limit_on_the_size_is_a_full_disk(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    done = subprocess.run([sys.executable, "-c", FILLER, str(path)], capture_output=True, text=True, check=True)
    count, size = map(int, done.stdout.split())
    assert count > 20
    data = path.read_bytes()
    assert size <= 4000
    assert data[size:] == block("c = 1\n", f"imitation {count}")
    assert split(data).whole == data


def test_a_full_disk(tmp_path: Path) -> None:
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32k", "none", str(tmp_path)], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("no tmpfs may be mounted here")
    try:
        path = tmp_path / "a.toml"
        count = 0
        with Journal.create(path, "a = 1\n") as journal:
            ballast = tmp_path / "ballast"
            ballast.write_bytes(b"x" * 12000)
            full = False
            while not full:
                try:
                    journal.append(f'b{count} = "{"x" * 900}"\n', f"imitation {count}")
                    count += 1
                except errors.FullDisk:
                    full = True
            data = path.read_bytes()
            assert split(data).whole == data
            assert data.count(b"# end") == count + 1
            ballast.unlink()
            journal.append("c = 1\n", f"imitation {count}")
        assert path.read_bytes() == data + block("c = 1\n", f"imitation {count}")
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_full_disk_is_seen_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Journal.create(tmp_path / "a.toml", "x = 1\n") as journal:
        journal.check_space()
        with pytest.raises(errors.FullDisk):
            journal.check_space(size=2**63)
        (tmp_path / "a.toml").unlink()
        with pytest.raises(errors.DeletedFile):
            journal.check_space()


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="nothing can be reserved here")
def test_a_limit_that_the_disk_knows_nothing_of_is_seen_beforehand(tmp_path: Path) -> None:
    """A limit on a file's size, as `ulimit -f` sets it, stands for a quota too: neither shows in the room on the disk."""
    script = """
import pathlib, resource, signal, sys
from iicl_tui.store.errors import FullDisk
from iicl_tui.store.journal import LEAST_ROOM, Journal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with Journal.create(pathlib.Path(sys.argv[1]), "x = 1\\n") as journal:
    resource.setrlimit(resource.RLIMIT_FSIZE, (LEAST_ROOM + 10_000, resource.RLIM_INFINITY))
    journal.check_space(1)
    for attempt in "room", "size":
        try:
            journal.check_space(LEAST_ROOM + 20_000 if attempt == "room" else 1)
        except FullDisk:
            print("seen:", attempt)
        journal.append("#" * 12_000 + "\\n", "imitation 1")
"""
    run = subprocess.run([sys.executable, "-c", script, str(tmp_path / "a.toml")], capture_output=True, text=True, timeout=LONGEST)
    assert run.stdout.split("\n") == ["seen: room", "seen: size", ""], run.stderr
    assert os.listdir(tmp_path) == ["a.toml"]


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="nothing can be reserved here")
def test_what_is_reserved_leaves_the_file_and_its_folder_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.toml"
    with Journal.create(path, HEAD) as journal:
        before = path.read_bytes()
        journal.check_space(2**22)
        assert (path.read_bytes(), os.listdir(tmp_path)) == (before, ["a.toml"])
        fail(monkeypatch, "posix_fallocate", errno.EOPNOTSUPP)
        journal.check_space()  # it cannot be said: then what is certain is not refused
        fail(monkeypatch, "posix_fallocate", errno.EDQUOT)
        with pytest.raises(errors.FullDisk):
            journal.check_space()
        assert os.listdir(tmp_path) == ["a.toml"]
