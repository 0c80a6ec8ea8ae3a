from __future__ import annotations

from pathlib import Path

import pytest
from made import make

from iicl_tui.store import errors
from iicl_tui.store.check import check


def test_a_sound_file_has_no_faults(tmp_path: Path) -> None:
    assert check(make(tmp_path, human=True)) == []


def test_a_torn_tail_is_one_more_fault_and_the_file_stays_as_it_is(tmp_path: Path) -> None:
    path = make(tmp_path)
    data = path.read_bytes().replace(b'title = "A test"', b'titel = "A test"') + b"\n[[generation]]\nind"
    path.write_bytes(data)
    first, changed, last = check(path)
    assert "checksum" in changed.message
    assert changed.line == data[: data.index(b"# end: head")].count(b"\n") + 1
    assert (first.key, first.line) == ("chain.titel", data[: data.index(b"titel")].count(b"\n") + 1)
    assert "title" in first.message
    assert (last.path, last.line) == ((), data[: data.rindex(b"# end")].count(b"\n") + 2)
    assert "unfinished block of 19 bytes" in last.message
    assert path.read_bytes() == data
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    ("data", "line"), [(b"[chain]\ntitle = 'a\n", 2), (b"[chain]\n\n\xff\n", 3), (b"[chain]\ntask = 'acer'\n", 2), (b"a = 1", 1)]
)
def test_faults_have_lines(tmp_path: Path, data: bytes, line: int) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(data)
    assert [fault.line for fault in check(path)] == [line]


def test_a_configuration_by_hand_may_be_sound(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text("\ufeff[chain]\r\nseed = 3\r\n")
    assert check(path) == []


def test_no_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(errors.MissingFile):
        check(tmp_path / "none.toml")
