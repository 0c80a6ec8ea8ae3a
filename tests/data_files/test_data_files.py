"""Data files: what is read, what is named with its line, and what is refused."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iicl_tui.data_files import DataError, FieldMapping, guess_mapping, open_table, source, text_of, value_of
from iicl_tui.errors import LabError

MADE = settings(max_examples=25)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=4,
)


def write(tmp_path: Path, name: str, content: bytes | str) -> Path:
    file = tmp_path / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def lines(rows: Sequence[Any], end: str = "\n") -> str:
    return "".join(json.dumps(row) + end for row in rows)


def rows_of(file: Path, encoding: str | None = None) -> list[dict[str, Any]]:
    with open_table(file, encoding) as table:
        return [dict(row.values) for row in table]


def faults_of(file: Path, encoding: str | None = None) -> list[str]:
    with pytest.raises(DataError) as error:
        open_table(file, encoding)
    return [str(fault) for fault in error.value.faults]


# -- round trips ------------------------------------------------------------------------------------------------------------------


@MADE
@given(st.lists(st.dictionaries(TEXTS, VALUES, min_size=1, max_size=4), min_size=1, max_size=6), st.booleans())
def test_json_lines_are_read_as_they_were_written(tmp_path_factory: Any, rows: list[dict[str, Any]], crlf: bool) -> None:
    file = tmp_path_factory.mktemp("rows") / "mine.jsonl"
    file.write_bytes(lines(rows, "\r\n" if crlf else "\n").encode())
    assert rows_of(file) == rows


@MADE
@given(st.data(), st.sampled_from(",;\t"))
def test_csv_is_read_as_csv_writers_write_it(tmp_path_factory: Any, data: st.DataObject, delimiter: str) -> None:
    plain = st.text(st.characters(exclude_characters=',;\t"\r\n', exclude_categories=["Cs"]), min_size=1, max_size=6)
    names = data.draw(st.lists(plain, min_size=2, max_size=4, unique=True))
    cells = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), min_size=len(names), max_size=len(names))
    rows = data.draw(st.lists(cells.filter(any), min_size=1, max_size=5))
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows([names, *rows])
    file = tmp_path_factory.mktemp("rows") / "mine.csv"
    file.write_bytes(text.getvalue().encode())
    assert rows_of(file) == [dict(zip(names, row, strict=True)) for row in rows]


@MADE
@given(st.lists(st.tuples(TEXTS, st.integers(-(2**40), 2**40), st.booleans(), st.lists(TEXTS, max_size=2)), min_size=1, max_size=6))
def test_parquet_is_read_as_it_was_written(tmp_path_factory: Any, made: list[tuple[Any, ...]]) -> None:
    rows = [dict(zip(("text", "n", "yes", "many"), row, strict=True)) for row in made]
    file = tmp_path_factory.mktemp("rows") / "mine.parquet"
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), file)
    assert rows_of(file) == rows


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_other_encodings_are_told_by_their_mark(tmp_path: Path, encoding: str, kind: str) -> None:
    text = '{"text": "naïve – 𝛼"}\n' if kind == "jsonl" else "text\nnaïve – 𝛼\n"
    file = write(tmp_path, f"mine.{kind}", text.encode(encoding))
    with open_table(file) as table:
        assert table[0].text("text") == "naïve – 𝛼"
        assert ("UTF" in "".join(table.notices)) == (encoding != "utf-8-sig")


def test_latin_1_is_named_with_its_line_and_read_when_asked_for(tmp_path: Path) -> None:
    file = write(tmp_path, "mine.jsonl", '{"text": "cafe"}\n{"text": "café"}\n'.encode("latin-1"))
    with pytest.raises(DataError, match=r"line 2: not UTF-8: byte 0xE9 at byte 14 of the line\n.*--encoding cp1252"):
        open_table(file)
    assert rows_of(file, "cp1252")[1] == {"text": "café"}
    broken = write(tmp_path, "mine.csv", b"text\nok\nb\x81d\n")
    assert faults_of(broken) == ["line 3: not UTF-8: byte 0x81 at byte 2 of the line"]
    assert faults_of(broken, "cp1252")[0].startswith("line 3: not cp1252")
    with pytest.raises(LabError, match="no encoding"):
        open_table(file, "utf-99")
    with pytest.raises(DataError, match="utf-16-le"):
        open_table(write(tmp_path, "bare.csv", "text\nabc\n".encode("utf-16-le")))


# -- rows -------------------------------------------------------------------------------------------------------------------------


def test_a_row_is_found_by_its_content_wherever_it_is(tmp_path: Path) -> None:
    rows = [{"text": f"row {number}"} for number in range(50)]
    with open_table(write(tmp_path, "one.jsonl", lines(rows))) as one:
        keys = [row.key for row in one]
        assert [one.find(key) for key in keys] == list(range(50))
    moved = [{"text": "new"}, *rows[::-1]]
    with open_table(write(tmp_path, "two.jsonl", lines(moved))) as two:
        assert [two.find(key) for key in keys] == list(range(50, 0, -1))
        assert two.digest != one.digest
        assert two.find(two.key(0)) == 0
        assert two.find("00" * 16) is None
        assert two.find("no key") is None


def test_equal_rows_are_named_and_each_has_a_key_of_its_own(tmp_path: Path) -> None:
    rows = [{"text": text} for text in ("a", "b", "a", "c", "a", "b")]
    with open_table(write(tmp_path, "mine.jsonl", lines(rows))) as table:
        keys = [row.key for row in table]
        assert len(set(keys)) == 6
        assert keys[2] == keys[0] + "-2"
        assert keys[4] == keys[0] + "-3"
        assert keys[5] == keys[1] + "-2"
        assert [table.find(key) for key in keys] == list(range(6))
        assert table.find(keys[0] + "-4") is None
        assert table.notices == ("3 rows repeat an earlier one and are kept: lines 3, 5, 6.",)


def test_empty_rows_are_skipped_and_named(tmp_path: Path) -> None:
    with open_table(write(tmp_path, "mine.jsonl", '{"text": "a"}\n\n{}\n  \n{"text": "b"}')) as table:
        assert [(row.line, row.text("text")) for row in table] == [(1, "a"), (5, "b")]
        assert table.notices == ("3 empty rows were skipped: lines 2, 3, 4.",)
    with open_table(write(tmp_path, "mine.csv", 'text,n\n,\n\n"two\nlines",1\nb,2\n')) as table:
        assert [(row.line, row.text("text")) for row in table] == [(4, "two\nlines"), (6, "b")]
        assert table.notices == ("2 empty rows were skipped: lines 2, 3.",)
    with pytest.raises(LabError, match="has no rows"):
        open_table(write(tmp_path, "empty.csv", "text,n\n,\n"))
    with pytest.raises(LabError, match="has no rows"):
        open_table(write(tmp_path, "empty.jsonl", ""))


def test_fields_with_several_types_are_named(tmp_path: Path) -> None:
    rows = [{"text": "a", "score": 1}, {"text": None, "score": "high"}, {"text": "c", "score": 2.5, "more": {"a": [1]}}]
    with open_table(write(tmp_path, "mine.jsonl", lines(rows))) as table:
        assert {field.name: dict(field.types) for field in table.fields} == {
            "text": {"text": 2, "empty": 1},
            "score": {"number": 2, "text": 1},
            "more": {"table": 1},
        }
        assert table.notices == ("The field score has values of several types: number in 2 rows, text in 1 row.",)
        assert [table[2].text(name) for name in ("score", "more", "absent")] == ["2.5", '{"a": [1]}', ""]


def test_what_could_control_a_terminal_stays_in_the_data(tmp_path: Path) -> None:
    text = "\x1b[2J\u202egood\u200b\ud800"
    assert rows_of(write(tmp_path, "mine.jsonl", lines([{"text": text}]))) == [{"text": text}]


def test_an_edited_text_keeps_the_type_of_its_field() -> None:
    assert value_of("3", 2) == 3
    assert value_of("three", 2) == "three"
    assert value_of("3", "2") == "3"
    assert value_of('["a"]', []) == ["a"]
    assert text_of(True) == "true"


def test_a_row_that_changes_while_it_is_read_is_named(tmp_path: Path) -> None:
    file = write(tmp_path, "mine.jsonl", lines([{"text": "aaaa"}, {"text": "b" * 20_000}]))  # more than is read at once
    with open_table(file) as table:
        with file.open("r+b") as other:
            other.seek(table.raw(0).index(b"aaaa"))
            other.write(b"cccc")
        assert table[1].text("text") == "b" * 20_000
        with pytest.raises(DataError, match="line 1: this row was changed"):
            table[0]
        with pytest.raises(IndexError):
            table[2]


# -- faults and refusals ----------------------------------------------------------------------------------------------------------


def test_faulty_lines_are_all_named(tmp_path: Path) -> None:
    deep = "[" * 100_000
    content = '{"text": "a"}\n{"text": \n[1]\n"text"\n{"n": ' + "1" * 5000 + '}\n{"a": 1} {"b": 2}\n' + deep + "\n"
    content += '{"text": "a", "n": 1, "text": "b"}\n  {"text": "a", "more": [{"n": 1, "n": 1, "n": 2}]}\n'
    assert faults_of(write(tmp_path, "mine.jsonl", content)) == [
        "line 2: no JSON: Expecting value at column 9",
        "line 3: a list, not an object in braces",
        "line 4: a text, not an object in braces",
        "line 5: no JSON: a number has thousands of digits",
        "line 6: no JSON: Extra data at column 10",
        "line 7: nested too deeply",
        'line 8: "text" is there 2 times in one object; keep one of them',
        'line 9: "n" is there 3 times in one object; keep one of them',
    ]
    assert len(faults_of(write(tmp_path, "many.jsonl", "nothing\n" * 500))) == 20


def test_a_bare_quote_at_line_7000_is_named_with_its_line(tmp_path: Path) -> None:
    good = [f'{number},"some text, quoted"\n' for number in range(2, 10_000)]
    for row, what in (
        ('7000,"never closed\n', "a quote in the row that begins here stands alone"),
        ('7000,"closed" too soon\n', "a quote in the row that begins here stands alone"),
    ):
        content = "".join(["id,text\n", *good[:6998], row, *good[6999:]])
        (fault,) = faults_of(write(tmp_path, "mine.csv", content))
        assert fault.startswith(f"line 7000: {what}")
    plain = "".join(["id,text\n", *(f"{n},text\n" for n in range(2, 7000)), '7000,"never closed\n', "7001,text\n"])
    assert faults_of(write(tmp_path, "mine.csv", plain))[0].startswith("line 7000: a quote is opened")
    inner = "".join(["id,text\n", '2,5" wide\n'])
    assert rows_of(write(tmp_path, "mine.csv", inner)) == [{"id": "2", "text": '5" wide'}]


def test_rows_of_another_length_and_bad_headers_are_named(tmp_path: Path) -> None:
    assert faults_of(write(tmp_path, "mine.csv", 'a,b\n1\n1,2\n1,2,3\n"x\ny"\n')) == [
        "line 2: 1 field, where the header has 2",
        "line 4: 3 fields, where the header has 2",
        "line 5: 1 field, where the header has 2; it goes on to line 6: is a quote not closed?",
    ]
    assert faults_of(write(tmp_path, "mine.csv", "a,b,a\n1,2,3\n")) == ['line 1: the header has "a" 2 times']
    assert faults_of(write(tmp_path, "mine.csv", "\na,b\n")) == ["line 1: the first line has no names of fields"]
    wide = ",".join(f"f{number}" for number in range(1001)) + "\n"
    assert faults_of(write(tmp_path, "mine.csv", wide)) == ["line 1: the header has more than 1,000 fields"]
    many = lines([{f"f{number}": 1} for number in range(3000)])
    assert "more than 1,000 different fields" in faults_of(write(tmp_path, "mine.jsonl", many))[0]


def test_rows_of_one_megabyte_are_read_and_much_longer_ones_refused(tmp_path: Path) -> None:
    text = "x" * 1_000_000
    assert rows_of(write(tmp_path, "mine.jsonl", lines([{"text": text}])))[0]["text"] == text
    assert rows_of(write(tmp_path, "mine.csv", f"a,text\n1,{text}\n"))[0]["text"] == text
    long = "x" * (source.MOST_ROW + 1)
    assert faults_of(write(tmp_path, "mine.jsonl", lines([{"text": "a"}, {"text": long}]))) == ["line 2: a row has at most 4 MB"]
    assert "line 2: a row of more than 4 MB begins here" in faults_of(write(tmp_path, "mine.csv", f"a,text\n1,{long}\n"))[0]
    assert csv.field_size_limit() == 131_072, "the other readers of the process keep their limit"


def test_files_that_are_none_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fifo = tmp_path / "pipe.jsonl"
    os.mkfifo(fifo)
    for path in (fifo, tmp_path, Path("/dev/zero")):
        with pytest.raises(LabError, match="a folder, a pipe or a device, not a file"):
            open_table(path)
    with pytest.raises(LabError, match="No such file"):
        open_table(tmp_path / "absent.csv")
    huge = tmp_path / "huge.jsonl"
    with huge.open("wb") as stream:
        stream.truncate(2_100_000_000)  # sparse: it takes no room
    with pytest.raises(LabError, match=r"huge.jsonl is too large\nIt has 2,100 MB; a data file has at most 2,000 MB.\nDivide it"):
        open_table(huge)
    with pytest.raises(LabError, match="one JSON list"):
        open_table(write(tmp_path, "list.json", "[1, 2]"))
    with pytest.raises(LabError, match="of no known kind"):
        open_table(write(tmp_path, "mine.xlsx", b"PK\x03\x04"))
    with pytest.raises(LabError, match="does not begin with PAR1"):
        open_table(write(tmp_path, "mine.parquet", b"no parquet"))
    with pytest.raises(LabError, match="could not be read"):
        open_table(write(tmp_path, "mine.parquet", b"PAR1 and no more"))
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(LabError, match=r"needs the package pyarrow\n.*\nInstall it with `pip install 'iicl-tui\[parquet\]'`"):
        open_table(write(tmp_path, "mine.parquet", b"PAR1"))


# -- mapping ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("prompt,response,model,id", FieldMapping("response", ("id",), "model", "prompt")),
        ("Text,truth", FieldMapping("Text", truth="truth")),
        ("story", FieldMapping("story")),
        ("instruction,input,output", FieldMapping("output", ("instruction", "input"))),
        ("text,response", None),
        ("a,b", None),
    ],
)
def test_fields_are_guessed_only_where_they_are_unambiguous(tmp_path: Path, fields: str, expected: FieldMapping | None) -> None:
    row = ",".join("x" for _ in fields.split(","))
    with open_table(write(tmp_path, "mine.csv", f"{fields}\n{row}\n")) as table:
        assert guess_mapping(table) == expected


def test_a_field_that_is_absent_is_named_with_the_nearest(tmp_path: Path) -> None:
    with open_table(write(tmp_path, "mine.csv", "prompt,response\na,b\nc,\n")) as table:
        mapping = FieldMapping("response", ("prompt",)).checked(table)
        assert mapping.notices(table) == ["The field response is empty in 1 row: line 3."]
        with pytest.raises(LabError, match=r"no field 'respones'\n.*to judge. The fields are: prompt, response.\nDid you mean"):
            FieldMapping("respones").checked(table)
        with pytest.raises(LabError, match="as the group"):
            FieldMapping("response", group="model").checked(table)


def test_a_mapping_is_read_as_it_was_written() -> None:
    for mapping in (FieldMapping("a"), FieldMapping("a", ("b", "c"), "d", "e", "f")):
        assert FieldMapping.from_table(mapping.table()) == mapping
    for values in ({}, {"judged": 1}, {"judged": "a", "shown": "b"}, {"judged": "a", "group": 2}, {"judged": "a", "other": "b"}):
        with pytest.raises(ValueError, match="mapped by"):
            FieldMapping.from_table(values)


# -- hostile files ----------------------------------------------------------------------------------------------------------------


@settings(max_examples=60)
@given(st.binary(max_size=60), st.sampled_from(["jsonl", "csv", "parquet"]), st.booleans())
def test_any_bytes_are_read_or_refused_in_words(tmp_path_factory: Any, content: bytes, kind: str, likely: bool) -> None:
    heads = {"jsonl": b'{"text": "a"}\n', "csv": b'text,n\n"a",1\n', "parquet": b"PAR1"}
    file = tmp_path_factory.mktemp("rows") / f"mine.{kind}"
    file.write_bytes(heads[kind] + content if likely else content)
    with suppress(LabError), open_table(file) as table:
        assert [row.index for row in table] == list(range(len(table)))


def test_a_parquet_file_with_broken_text_or_two_fields_of_a_name_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "mine.parquet"
    broken = pyarrow.array([b"\xff\xfe"], pyarrow.binary()).view(pyarrow.string())
    pyarrow.parquet.write_table(pyarrow.table({"text": broken}), file)
    with pytest.raises(LabError, match="could not be read"):
        open_table(file)
    pyarrow.parquet.write_table(pyarrow.table([["a"], ["b"]], names=["text", "text"]), file)
    with pytest.raises(LabError, match="Several fields of one name"):
        open_table(file)


def test_very_long_names_of_fields_are_refused(tmp_path: Path) -> None:
    long = lines([{f"{number}" + "x" * 300_000: 1} for number in range(5)])
    assert "names of the fields have more than 1 MB" in faults_of(write(tmp_path, "mine.jsonl", long))[0]
