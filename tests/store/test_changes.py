"""A byte that another program changed is found: on opening, and by a running chain before it writes."""

from __future__ import annotations

from pathlib import Path

import pytest
from made import make, run

from iicl_tui.store import errors
from iicl_tui.store.block_ends import checksum, damaged, head_end, marker_line
from iicl_tui.store.check import check
from iicl_tui.store.config_draft import Draft
from iicl_tui.store.journal import Journal, split
from iicl_tui.store.library import Library
from iicl_tui.store.session import SessionFile


def test_every_changed_byte_of_a_session_is_found(tmp_path: Path) -> None:
    whole = make(tmp_path, generations=1).read_bytes()
    head = head_end(whole)
    assert head is not None
    assert not damaged(whole, head)
    missed = []
    for place in range(head.end(), len(whole)):
        other = whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]
        parts = split(other)
        if not parts.damaged and not parts.torn.strip() and parts.whole.replace(b"\n", b"") == other.replace(b"\n", b""):
            missed.append(whole[place : place + 1])
    assert len(missed) < 40  # in comments, such as the words "end" and "sum" of an end line, and in blank lines


def test_a_changed_session_is_read_and_not_gone_on_with(tmp_path: Path) -> None:
    path = make(tmp_path, until=1)
    path.write_bytes(path.read_bytes().replace(b'"off"', b'"und"', 1))
    assert [fault.line for fault in check(path) if "checksum" in fault.message]
    with SessionFile.open(path) as session:
        assert "does not match its checksum" in (session.read_only or "")
        with pytest.raises(errors.ReadOnlyFile):
            run(session)
    lines = path.read_text().split("\n")
    path.write_text("\n".join(line.partition(" sum ")[0] if line.startswith("# end: head") else line for line in lines))
    with SessionFile.open(path) as session:
        assert session.read_only is None


@pytest.mark.parametrize("note", ["# why?\n", "\t# why?\n", "      # why?\n", "\n\n", "  \n"])
@pytest.mark.parametrize("place", [0, 6, 12])
def test_a_checksum_is_of_the_lines_that_say_something(note: str, place: int) -> None:
    block = b"a = 1\nb = 2\n"
    assert checksum(block[:place] + note.encode() + block[place:]) == checksum(block)
    assert checksum(block.replace(b"2", b"3")) != checksum(block)


def test_notes_line_ends_and_titles_do_not_count(tmp_path: Path) -> None:
    path = make(tmp_path, generations=2, until=1)
    text = path.read_text().replace("[generation.imitation]", "# why?\n\n[generation.imitation]") + "# my note\n\n# another"
    path.write_bytes(text.replace("\n", "\r\n").encode())
    assert check(path) == []
    with SessionFile.open(path) as session:
        assert session.read_only is None
        run(session)
    assert b"# my note\r\n\r\n# another\n" in path.read_bytes()
    assert check(path) == []
    Library(tmp_path).rename(path, "Renamed")
    assert check(path) == []
    assert Library(tmp_path).sessions()[0].title == "Renamed"


def test_files_without_sums_stay_valid(tmp_path: Path) -> None:
    path = make(tmp_path, generations=3, until=1)
    lines = path.read_text().split("\n")
    path.write_text("\n".join(line.partition(" sum ")[0] if line.startswith("# end: ") else line for line in lines))
    assert check(path) == []
    with SessionFile.open(path) as session:
        run(session, 2)
    assert path.read_text().count(" sum ") == 3
    path.write_text(path.read_text().rstrip("\n"))
    with SessionFile.open(path) as session:
        assert len(session.generations) == 2
        run(session)
        assert len(session.generations) == 3
    assert check(path) == []
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("place", [5, 40_000, 90_000, -40])
def test_a_running_chain_finds_a_change_before_it_writes(tmp_path: Path, place: int) -> None:
    with Journal.create(tmp_path / "a.toml", "a = 1\n") as journal:
        for number in range(1200):
            journal.append(f'[[x]]\ny = "{"z" * 50}{number}"\n', f"imitation {number}")
        data = journal.path.read_bytes()
        at = place % len(data)
        with journal.path.open("r+b") as file:
            file.seek(at)
            file.write(b"Q" if data[at : at + 1] != b"Q" else b"R")
        before = journal.path.read_bytes()

        def go_on() -> None:
            for number in range(8):
                journal.append("b = 1\n", f"imitation {2000 + number}")

        with pytest.raises(errors.ChangedFile):
            go_on()
        kept = journal.path.read_bytes()
        assert kept[: len(before)] == before
        assert len(kept) < len(before) + 400


def test_an_end_line_in_a_persons_text_is_none(tmp_path: Path) -> None:
    for text in (
        '[chain]\ntitle = """x\n# end: head\ny"""\n',
        "[chain]\ntitle = '''\n# end: head sum 00000000\n'''\n",
        "x = [\n# end: head\n1]\n",
    ):
        (tmp_path / "a.toml").write_text(text)
        with Journal.open(tmp_path / "a.toml") as journal:
            assert not journal.is_journal
        assert (tmp_path / "a.toml").read_text() == text
        assert Draft.of(text).text == text
    head = '[chain]\ntitle = """x\n# end: head\ny"""\n'
    block = '\n[[generation]]\nindex = 1\nnote = """\n# end: imitation 1\n"""\n'
    data = (head + marker_line("head", head) + block + marker_line("imitation 1", block)).encode()
    assert split(data).whole == data
    assert split(data + b"[half").whole == data


def test_a_checksum_is_of_the_lines_that_count() -> None:
    assert checksum(b"a = 1\nb = 2\n") == checksum(b"\n# x\na = 1\r\n\n  # y\nb = 2\r\n") != checksum(b"a = 1\nb = 3\n")


def test_a_torn_block_is_as_private_as_its_session(tmp_path: Path) -> None:
    path = make(tmp_path, until=1)
    path.chmod(0o600)
    with path.open("ab") as file:
        file.write(b"[half")
    SessionFile.open(path).close()
    assert path.with_name(f"{path.name}.torn").stat().st_mode & 0o777 == 0o600
