"""Exports of decided rows: what is written is what was decided, in the rows' own schema."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iicl_tui.data_files import DataTable, FieldMapping, open_table
from iicl_tui.data_files.write import WRITERS, Written
from iicl_tui.errors import LabError
from iicl_tui.review import row_export
from iicl_tui.review.decision_file import DecisionFile
from iicl_tui.review.decisions import UNDECIDED, Decision, Sitting
from iicl_tui.review.row_export import chats, open_decided, preferences, write_rows
from iicl_tui.review.row_summary import lines, summarize
from iicl_tui.store.errors import ExistingFile

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
FLAT = st.fixed_dictionaries({"text": TEXTS, "n": st.integers(-(2**53), 2**53), "yes": st.booleans(), "many": st.lists(TEXTS)})
ROWS = st.lists(st.tuples(FLAT, st.none() | TEXTS), min_size=1, max_size=6)


def write_data(file: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    if file.suffix == ".jsonl":
        file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    elif file.suffix == ".csv":
        with file.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    else:
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(list(rows)), file)
    return file


def written(table: DataTable, to: str, rows: Sequence[Written], file: Path) -> list[dict[str, Any]]:
    file.write_bytes(b"".join(WRITERS[to](table, rows, "text")))
    with open_table(file) as again:
        return [dict(row.values) for row in again]


@settings(max_examples=20)
@given(ROWS, st.sampled_from(["jsonl", "parquet"]), st.sampled_from(["jsonl", "parquet"]))
def test_rows_keep_their_schema_through_json_lines_and_parquet(tmp_path_factory: Any, made: Any, source: str, to: str) -> None:
    folder = tmp_path_factory.mktemp("export")
    rows = [row for row, _ in made]
    with open_table(write_data(folder / f"mine.{source}", rows)) as table:
        out = written(table, to, [Written(at, text) for at, (_, text) in enumerate(made)], folder / f"out.{to}")
    assert out == [row if text is None else row | {"text": text} for row, text in made]


@settings(max_examples=20)
@given(ROWS, st.sampled_from(["jsonl", "csv", "parquet"]))
def test_rows_are_the_same_texts_in_csv(tmp_path_factory: Any, made: Any, source: str) -> None:
    folder = tmp_path_factory.mktemp("export")
    rows = [{"text": row["text"], "other": row["text"][::-1]} for row, _ in made]
    with open_table(write_data(folder / f"mine.{source}", rows)) as table:
        out = written(table, "csv", [Written(at, text) for at, (_, text) in enumerate(made)], folder / "out.csv")
    assert out == [row if text is None else row | {"text": text} for row, (_, text) in zip(rows, made, strict=True)]


def test_rows_that_were_not_edited_stay_byte_for_byte(tmp_path: Path) -> None:
    content = b'{"text":"a",  "n": 1.50, "big": 123456789012345678901234567890}\n{"n": 1e3, "text": "\\u202eb"}\n'
    (tmp_path / "mine.jsonl").write_bytes(content)
    with open_table(tmp_path / "mine.jsonl") as table:
        assert b"".join(WRITERS["jsonl"](table, [Written(0), Written(1)], "text")) == content
        (line,) = WRITERS["jsonl"](table, [Written(1, "\u202enew")], "text")
    assert line == b'{"n": 1000.0, "text": "\\u202enew"}\n'  # nothing that hides text in a terminal


def test_parquet_keeps_its_types_and_takes_mixed_columns_as_text(tmp_path: Path) -> None:
    schema = pyarrow.schema([("text", pyarrow.large_string()), ("n", pyarrow.int8()), ("at", pyarrow.timestamp("ms"))])
    file = tmp_path / "mine.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"text": ["", "a", "b"], "n": [None, 1, 2], "at": [None, 3, 4]}, schema), file)
    with open_table(file) as table:
        assert table.notices == ("1 empty row was skipped: line 1.",)
        (out,) = WRITERS["parquet"](table, [Written(0, "new"), Written(1)], "text")
    found = pyarrow.parquet.read_table(pyarrow.BufferReader(out))
    assert found.schema.types == schema.types
    assert found.column("text").to_pylist() == ["new", "b"]
    rows: list[dict[str, Any]] = [{"text": "a", "x": 1, "y": {}}, {"text": "\ud800", "x": "one", "y": {"k": [1]}}]
    with open_table(write_data(tmp_path / "mixed.jsonl", rows)) as table:
        (out,) = WRITERS["parquet"](table, [Written(0), Written(1)], "text")
    assert pyarrow.parquet.read_table(pyarrow.BufferReader(out)).to_pylist() == [
        {"text": "a", "x": "1", "y": "{}"},
        {"text": "\ufffd", "x": "one", "y": '{"k": [1]}'},
    ]


# -- decisions --------------------------------------------------------------------------------------------------------------------

DATA = [
    {"prompt": "p", "response": "good", "model": "a", "system": "be kind"},
    {"prompt": "p", "response": "bad", "model": "b", "system": ""},
    {"prompt": "p", "response": "so so", "model": "a", "system": ""},
    {"prompt": "q", "response": "dull", "model": "b", "system": ""},
    {"prompt": "q", "response": "later", "model": "a", "system": ""},
    {"prompt": "r", "response": "never seen", "model": "b", "system": ""},
]
VERDICTS = [
    Decision("approve", seconds=2),
    Decision("reject", reason="rude", seconds=4),
    Decision("edit", "better", "clumsy", 12),
    Decision("reject", reason="dull", seconds=2),
    Decision("flag", seconds=10),
]
FIELDS = FieldMapping("response", (), "model", "prompt")


def decide(folder: Path, fields: FieldMapping | None = FIELDS, data: Sequence[Mapping[str, Any]] = DATA) -> Path:
    path = folder / "mine.decisions.toml"
    table = open_table(write_data(folder / "mine.jsonl", data))
    with table, DecisionFile.create(path, table, Sitting("ada", fields)) as file:
        for row, decision in zip(table, VERDICTS, strict=False):
            file.append("decide", row, decision)
        file.append("decide", table[5], Decision("approve"))
        file.append("undo", table[5], UNDECIDED)
    return path


def read_lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_accepted_rows_are_written_with_edited_texts_in_place(tmp_path: Path) -> None:
    decided = open_decided(decide(tmp_path))
    out = tmp_path / "out.jsonl"
    with decided.table:
        assert write_rows(decided, "jsonl", out) == 2
        assert read_lines(out) == [DATA[0], DATA[2] | {"response": "better"}]
        assert write_rows(decided, "jsonl", out, rejected=True, force=True) == 2
        assert read_lines(out) == [
            DATA[1] | {"review_reason": "rude", "review_by": "ada"},
            DATA[3] | {"review_reason": "dull", "review_by": "ada"},
        ]


def test_chats_are_in_the_format_for_fine_tuning(tmp_path: Path) -> None:
    decided = open_decided(decide(tmp_path))
    with decided.table:
        assert list(chats(decided)) == [
            {
                "messages": [
                    {"role": "system", "content": "be kind"},
                    {"role": "user", "content": "p"},
                    {"role": "assistant", "content": "good"},
                ]
            },
            {"messages": [{"role": "user", "content": "p"}, {"role": "assistant", "content": "better"}]},
        ]


def test_a_prompt_of_messages_is_kept_and_a_prompt_is_needed(tmp_path: Path) -> None:
    asked = [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}, {"role": "user", "content": "z"}]
    decided = open_decided(decide(tmp_path, data=[{"prompt": asked, "response": f"{at}", "model": "a"} for at in range(6)]))
    with decided.table:
        assert next(chats(decided)) == {"messages": [*asked, {"role": "assistant", "content": "0"}]}
    (tmp_path / "other").mkdir()
    path = decide(tmp_path / "other", FieldMapping("response"))
    decided = open_decided(path)
    with decided.table, pytest.raises(LabError, match="--prompt FIELD"):
        list(chats(decided))
    decided = open_decided(path, prompt="prompt")
    with decided.table:
        assert len(list(chats(decided))) == 2


def test_preferences_are_edits_and_pairs_of_one_prompt(tmp_path: Path) -> None:
    decided = open_decided(decide(tmp_path))
    with decided.table:
        assert list(preferences(decided)) == [
            {"prompt": "p", "chosen": "better", "rejected": "so so"},
            {"prompt": "p", "chosen": "good", "rejected": "bad"},
            {"prompt": "p", "chosen": "better", "rejected": "bad"},
        ]


@given(st.integers(0, 5), st.integers(0, 5))
def test_pairs_are_all_pairs_and_the_first_ones_differ(good: int, bad: int) -> None:
    accepted, rejected = [f"g{at}" for at in range(good)], [f"b{at}" for at in range(bad)]
    found = list(row_export._combined(accepted, rejected))
    assert sorted(found) == sorted(product(accepted, rejected))
    assert {chosen for chosen, _ in found[:good]} == (set(accepted) if bad else set())


def test_nothing_is_overwritten_without_force_and_the_data_never(tmp_path: Path) -> None:
    path = decide(tmp_path)
    out = tmp_path / "out.csv"
    out.write_text("mine")
    decided = open_decided(path)
    with decided.table:
        with pytest.raises(ExistingFile, match="give --force"):
            write_rows(decided, "csv", out)
        assert out.read_text() == "mine"
        assert write_rows(decided, "csv", out, force=True) == 2
        for name in (tmp_path / "mine.jsonl", path):
            before = name.read_bytes()
            with pytest.raises(LabError, match="is what was reviewed"):
                write_rows(decided, "jsonl", name, keep=(path,), force=True)
            assert name.read_bytes() == before
        with pytest.raises(LabError, match="is no file"):
            write_rows(decided, "csv", tmp_path, force=True)
        with pytest.raises(LabError, match="--rejected does not go with --to chat"):
            write_rows(decided, "chat", tmp_path / "new", rejected=True)


def test_data_outside_the_folder_must_be_named(tmp_path: Path) -> None:
    path = decide(tmp_path)
    (tmp_path / "below").mkdir()
    moved = path.rename(tmp_path / "below" / path.name)
    moved.write_text(moved.read_text().replace('"mine.jsonl"', '"../mine.jsonl"'))
    moved.write_text(moved.read_text().replace(moved.read_text().split("# end: head")[1].split("\n")[0], ""))
    with pytest.raises(LabError, match="--data FILE"):
        open_decided(moved)
    decided = open_decided(moved, tmp_path / "mine.jsonl")
    with decided.table:
        assert len(decided.matched.steps) == 5
    (tmp_path / "unmapped").mkdir()
    with pytest.raises(LabError, match="does not say which field"):
        open_decided(decide(tmp_path / "unmapped", None))


def test_the_summary_counts_verdicts_groups_reasons_and_time(tmp_path: Path) -> None:
    decided = open_decided(decide(tmp_path))
    with decided.table as table:
        assert list(lines(summarize(decided.matched, table, "model"))) == [
            "5 of 6 rows decided: 1 approved, 2 rejected, 1 edited, 1 flagged",
            "time: 30 s, 4.0 s a row (median), 600 an hour",
            "accepted (approved or edited), of those accepted or rejected, by group:",
            "  a        100%  2 of 2",
            "  b          0%  0 of 2",
            "reasons of those rejected:",
            "       1   50%  rude",
            "       1   50%  dull",
            "reasons of those edited:",
            "       1  100%  clumsy",
        ]
