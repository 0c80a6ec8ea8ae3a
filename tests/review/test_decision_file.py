"""Files of decisions: written step by step, read back, and never lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iicl_tui.data_files import DataTable, FieldMapping, open_table
from iicl_tui.errors import ConfigError, StoreError
from iicl_tui.review.decision_file import FORMAT, DecisionFile, default_path
from iicl_tui.review.decisions import UNDECIDED, VERDICTS, Decision, Sitting, final, match, steps_on
from iicl_tui.store.errors import ExistingFile, FullDisk

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
FIELDS = FieldMapping("text", ("id",))
SITTING = Sitting("ada", FIELDS, "seed:3", blind=True)
TEXTS = st.text(max_size=12)
DECISIONS = st.builds(
    Decision,
    st.sampled_from([None, *VERDICTS]),
    st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    st.integers(0, 10**6).map(lambda hundredths: hundredths / 100),
)


def data(folder: Path, count: int = 6, name: str = "mine.jsonl") -> Path:
    file = folder / name
    file.write_text("".join(json.dumps({"id": number, "text": f"text {number}"}) + "\n" for number in range(count)))
    return file


@pytest.fixture
def table(tmp_path: Path) -> Iterator[DataTable]:
    with open_table(data(tmp_path)) as opened:
        yield opened


def create(path: Path, table: DataTable) -> DecisionFile:
    return DecisionFile.create(path, table, SITTING, lambda: NOON)


def test_the_file_is_readable_toml(tmp_path: Path, table: DataTable) -> None:
    path = default_path(table.path)
    with create(path, table) as file:
        file.append("decide", table[2], Decision("edit", 'a "new"\ntext \u202e', "too long", 3.256))
        file.append("undo", table[2], UNDECIDED)
        file.use(replace(file.sitting, reviewer="bob", blind=False))
        file.append("decide", table[0], Decision("reject"))
    values = tomllib.loads(path.read_text())
    assert values["format"] == FORMAT
    assert values["created"] == NOON
    assert values["data"] == {"file": "mine.jsonl", "digest": table.digest, "rows": 6}
    first, second = values["sitting"]
    assert first == {
        "reviewer": "ada",
        "order": "seed:3",
        "blind": True,
        "data_digest": table.digest,
        "at": NOON,
        "fields": {"judged": "text", "shown": ["id"]},
    }
    assert second["reviewer"] == "bob"
    row = {"row": table.key(2), "line": 3}
    assert values["decide"][0] == {
        **row,
        "verdict": "edit",
        "text": 'a "new"\ntext \u202e',
        "reason": "too long",
        "seconds": 3.26,
        "at": NOON,
        "by": "ada",
    }
    assert values["decide"][1]["by"] == "bob"
    assert values["undo"] == [{**row, "seconds": 0.0, "at": NOON, "by": "ada"}]
    assert "\u202e" not in path.read_text()  # people print these files


@settings(max_examples=25)
@given(st.lists(st.tuples(st.sampled_from(["decide", "undo", "redo"]), st.integers(0, 5), DECISIONS), max_size=8))
def test_what_is_appended_is_read_back(tmp_path_factory: Any, steps: list[Any]) -> None:
    folder = tmp_path_factory.mktemp("decisions")
    path = folder / "d.toml"
    with open_table(data(folder)) as table:
        with create(path, table) as file:
            for kind, row, decision in steps:
                file.append(kind, table[row], decision)
            written = list(file.steps)
        with DecisionFile.open(path) as again:
            assert again.steps == written
            assert again.sitting == replace(SITTING, data_digest=table.digest)
            assert not again.notices
            assert steps_on(again.steps, table) == [(kind, row, decision) for kind, row, decision in steps]
            assert match(again.steps, table).gone == ()
            # tomllib reads every block as the fast reader does
            values = tomllib.loads(path.read_bytes().decode())
            for kind in ("decide", "undo", "redo"):
                found = [step for step in again.steps if step.kind == kind]
                assert [(v["row"], v.get("verdict"), v.get("text"), v.get("reason", "")) for v in values.get(kind, [])] == [
                    (step.key, *step.decision[:3]) for step in found
                ]


def test_the_last_step_on_a_row_holds(tmp_path: Path, table: DataTable) -> None:
    with create(tmp_path / "d.toml", table) as file:
        file.append("decide", table[1], Decision("approve"))
        file.append("decide", table[2], Decision("reject", reason="dull"))
        file.append("decide", table[1], Decision("flag"))
        file.append("undo", table[1], Decision("approve"))
        file.append("undo", table[2], UNDECIDED)
        found = final(file.steps)
    assert {key: step.decision for key, step in found.items()} == {table.key(1): Decision("approve")}


def test_a_sitting_goes_on_where_the_last_one_ended(tmp_path: Path, table: DataTable) -> None:
    path = tmp_path / "d.toml"
    with create(path, table) as file:
        file.append("decide", table[0], Decision("approve"))
    size = path.stat().st_size
    with DecisionFile.open_or_create(path, table, Sitting("", None, "length")) as file:
        assert (file.sitting.reviewer, file.sitting.fields, file.sitting.order) == ("ada", FIELDS, "length")
        assert not file.read_only
        assert path.stat().st_size == size  # opening writes nothing
        file.append("decide", table[1], Decision("skip"))
        assert len(file.steps) == 2
    assert [values["order"] for values in tomllib.loads(path.read_text())["sitting"]] == ["seed:3", "length"]


def test_rows_are_found_by_content_and_the_rest_is_named(tmp_path: Path, table: DataTable) -> None:
    path = tmp_path / "d.toml"
    with create(path, table) as file:
        for row in (0, 3, 5):
            file.append("decide", table[row], Decision("approve", seconds=row))
    rows = table.path.read_text().splitlines(keepends=True)
    table.path.write_text('{"text": "new"}\n' + rows[5] + "".join(rows[:3]) + '{"id": 3, "text": "another text 3"}\n')
    with open_table(table.path) as changed, DecisionFile.open_or_create(path, changed, SITTING) as file:
        assert file.notices == [
            "1 decided row is not in mine.jsonl any more, or changed since: then line 4. The decisions are kept."
        ]
        assert {index: step.decision.seconds for index, step in match(file.steps, changed).steps.items()} == {1: 5, 2: 0}
        assert [index for _, index, _ in steps_on(file.steps, changed)] == [2, 1]
        assert len(file.steps) == 3


def test_the_second_writer_reads_only(tmp_path: Path, table: DataTable) -> None:
    path = tmp_path / "d.toml"
    with create(path, table) as first:
        with DecisionFile.open_or_create(path, table, SITTING) as second:
            assert second.read_only == "d.toml is open in another window or program, which may write to it."
            with pytest.raises(StoreError, match="read-only") as caught:
                second.append("decide", table[0], Decision("approve"))
            assert "--reviewer NAME" in caught.value.remedy
        first.append("decide", table[0], Decision("approve"))
    with DecisionFile.open_or_create(path, table, SITTING) as third:
        assert not third.read_only
        assert len(third.steps) == 1


def test_errors_speak_of_decisions(tmp_path: Path, table: DataTable) -> None:
    path, away = tmp_path / "d.toml", tmp_path / "away.toml"
    with create(path, table) as file:
        path.rename(away)
        with pytest.raises(StoreError, match="moved") as caught:
            file.append("decide", table[0], Decision("approve"))
        assert "session" not in str(caught.value)
        away.rename(path)
        file.append("decide", table[0], Decision("approve"))
        with path.open("ab") as stream:
            stream.write(b"# note\n")
        with pytest.raises(StoreError, match="changed") as caught:
            file.append("decide", table[1], Decision("approve"))
        assert "session" not in str(caught.value)
    with pytest.raises(StoreError) as caught:
        DecisionFile.open(tmp_path / "none.toml")
    assert "session" not in str(caught.value)


def test_an_unfinished_step_is_kept_beside_the_file(tmp_path: Path, table: DataTable) -> None:
    path = tmp_path / "d.toml"
    with create(path, table) as file:
        for row in range(3):
            file.append("decide", table[row], Decision("approve"))
    whole = path.read_bytes()
    torn = whole[:-20]
    path.write_bytes(torn)
    with DecisionFile.open(path) as file:
        assert len(file.steps) == 2
        assert "unfinished last block" in file.notices[0]
        file.append("decide", table[2], Decision("approve"))
    assert path.read_bytes().count(b"[[decide]]") == 3
    kept = (tmp_path / "d.toml.torn").read_bytes()
    assert kept.startswith(b"\n[[decide]]")
    assert whole.startswith(torn[: -len(kept)])


WORKER = """
import sys
from pathlib import Path
from iicl_tui.data_files import open_table
from iicl_tui.review.decision_file import DecisionFile
from iicl_tui.review.decisions import Decision, Sitting
with open_table(Path(sys.argv[1])) as table, DecisionFile.open_or_create(Path(sys.argv[2]), table, Sitting("ada", None)) as file:
    for row in table:
        file.append("decide", row, Decision("approve", reason="because", seconds=1.0))
        print(row.index, flush=True)
"""


def test_a_killed_program_loses_at_most_the_key_under_way_and_frees_the_file(tmp_path: Path) -> None:
    file, path = data(tmp_path, 20_000), tmp_path / "d.toml"
    command = [sys.executable, "-c", WORKER, str(file), str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(40)]
        with DecisionFile.open(path) as second:
            assert "another window or program" in second.read_only
            assert len(second.steps) >= 40
        os.kill(process.pid, signal.SIGKILL)
        said += process.stdout.readlines()
    acknowledged = sum(line.endswith("\n") for line in said)
    assert 40 <= acknowledged < 20_000
    with open_table(file) as table, DecisionFile.open_or_create(path, table, Sitting("ada", None)) as again:
        assert not again.read_only
        assert len(again.steps) - acknowledged in (0, 1)
        assert list(match(again.steps, table).steps) == list(range(len(again.steps)))
    assert file.read_text().count("\n") == 20_000


def test_a_full_disk_loses_nothing(tmp_path: Path, table: DataTable, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "d.toml"
    with create(path, table) as file:
        before = path.read_bytes()

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", full)
            with pytest.raises(FullDisk):
                file.append("decide", table[0], Decision("approve"))
        assert path.read_bytes() == before
        assert file.steps == []
        file.append("decide", table[0], Decision("approve"))
    with DecisionFile.open(path) as again:
        assert len(again.steps) == 1


def test_a_block_written_by_hand_is_read(tmp_path: Path, table: DataTable) -> None:
    path = tmp_path / "d.toml"
    create(path, table).close()
    with path.open("a") as stream:
        stream.write(f"# mine\n[[decide]]\nverdict = 'reject'\nrow = '{table.key(1)}'  # the second\n# end: decide 1\n")
    with DecisionFile.open(path) as file:
        assert final(file.steps)[table.key(1)].decision == Decision("reject")


def test_other_files_and_faulty_blocks_are_refused(tmp_path: Path, table: DataTable) -> None:
    path = tmp_path / "d.toml"
    create(path, table).close()
    with pytest.raises(ExistingFile):
        create(path, table)
    whole = path.read_text()
    for block, message in (
        ("[[decide]]\nrow = 1\n", "must be texts"),
        ('[[decide]]\nrow = "a"\nverdict = "perhaps"\n', "verdict must be one of"),
        ('[[decide]]\nrow = "a"\nline = "x"\n', "must be numbers"),
        ("[[other]]\n", "there is no block other"),
        ("decide = 3\n", "must be a table"),
        ("[[sitting]]\nreviewer = 3\n", "reviewer must be a text"),
        ("[[sitting]]\n[sitting.fields]\n", "mapped by"),
    ):
        path.write_text(f"{whole}{block}# end: decide 1\n")
        with pytest.raises(ConfigError, match=rf"line {whole.count(chr(10)) + 1}: in the block that begins here: .*{message}"):
            DecisionFile.open(path)
    other = tmp_path / "other.toml"
    for text in ("", "[chain]\nseed = 1\n", 'format = "iicl-tui/1"\n# end: head\n'):
        other.write_text(text)
        with pytest.raises(StoreError, match="is no file of decisions"):
            DecisionFile.open(other)
    other.write_text('format = "iicl-tui-decisions/9"\n# end: head\n')
    with pytest.raises(StoreError, match="from another version"):
        DecisionFile.open(other)
    other.write_text(f'format = "{FORMAT}"\n# end: head\n')
    with pytest.raises(ConfigError, match="the head needs"):
        DecisionFile.open(other)


def test_each_reviewer_has_a_file_beside_the_data() -> None:
    assert default_path(Path("a/mine.jsonl")) == Path("a/mine.decisions.toml")
    assert default_path(Path("a/mine.jsonl"), "Ada L.") == Path("a/mine.Ada-L.decisions.toml")
    assert default_path(Path("a/mine.jsonl"), "../x") == Path("a/mine.x.decisions.toml")


def test_many_rows_are_found_at_once_as_one_by_one(tmp_path: Path) -> None:
    file = tmp_path / "mine.jsonl"
    file.write_text("".join(json.dumps({"text": f"text {number % 7}"}) + "\n" for number in range(20)))
    with open_table(file) as table:
        keys = [table.key(row) for row in range(20)]
        keys += [f"{keys[0]}-9", f"{keys[0]}-0", "0" * 32, keys[3]]
        assert table.find_all(keys) == [table.find(key) for key in keys] == [*range(20), None, None, None, 3]
        assert table.find_all([*keys, "odd"]) == [*map(table.find, keys), None]
        assert table.find_all([]) == []
