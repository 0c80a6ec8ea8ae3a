from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import iicl_tui.tasks.prompts as prompts_module
from iicl_tui.errors import Fault
from iicl_tui.files import OutsideFiles, outside_files
from iicl_tui.store import toml_text
from iicl_tui.tasks.prompts import MOST_BYTES, Layout, Prompts, Slots, as_table, fill, own_prompts, read_prompts, variants

LAYOUT = Layout(
    {"ask": Slots(("data", "after"), ("names",)), "greet": Slots((), ("names",)), "plain": Slots()},
    ("none", "low", "high"),
    Slots((), ("thing",)),
)
OWN = Prompts(
    {"ask": "Own: {data}\n\n{after}", "greet": "Hello {names}", "plain": "Plain."},
    {"none": ("", ""), "low": ("Own low.", ""), "high": ("Own {thing}.", "Own {thing}.")},
)
PATH = ("agent", 0, "prompts")


def read(value: Any, folder: Path | None = None) -> tuple[Prompts, list[Fault]]:
    faults: list[Fault] = []
    return read_prompts(value, OWN, LAYOUT, PATH, faults, folder), faults


# -- filling ----------------------------------------------------------------------------------------------------------


def test_slots_are_filled_and_other_braces_stay() -> None:
    text = 'As {"A": "on", "B": {"C": []}}, {a-b1} and {{a-b1}} and {} and {{}} and {1}'
    assert fill(text, **{"a-b1": "X"}) == 'As {"A": "on", "B": {"C": []}}, X and {a-b1} and {} and {{}} and {1}'


def test_a_slot_inside_json() -> None:
    assert fill('{"rule": {rule}}', rule='{"A": "on"}') == '{"rule": {"A": "on"}}'


traps = st.lists(st.sampled_from(["{a}", "{b}", "{{a}}", "{", "}", "\\", "\\1", r"\g<slot>", "$", "x", "{a", "a}"]), max_size=8)


@settings(derandomize=True, deadline=None)
@given(traps.map("".join))
def test_what_is_put_in_is_never_filled_again(value: str) -> None:
    assert fill("({a}{b})", a=value, b="B") == f"({value}B)"
    assert fill("({b}{a})", a=value, b="B") == f"(B{value})"


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("one\n{a}\ntwo", "one\ntwo"),
        ("one\n\n{a}\n\ntwo", "one\n\ntwo"),
        ("one\n\n{a}\n{b}\n\n{a}{b}\n\ntwo", "one\n\ntwo"),
        ("one\n\n{a}\ntwo", "one\n\ntwo"),
        ("one\n{a}\n\ntwo", "one\n\ntwo"),
        ("{a}\n\none\n\n{b}", "one"),
        ("one {a}\ntwo {b} three", "one\ntwo  three"),
        ("one\n\n\ntwo\n", "one\n\n\ntwo"),
        ("{a}", ""),
        ("  {a}{b} \n\n", ""),
    ],
)
def test_a_line_of_empty_slots_leaves_no_trace(text: str, filled: str) -> None:
    assert fill(text, a="", b="") == filled


def test_filled_slots_keep_their_lines() -> None:
    assert fill("one\n\n{a}\n\n{b}\n\ntwo", a="A\nA", b="B") == "one\n\nA\nA\n\nB\n\ntwo"


def test_a_slot_that_is_not_given_is_an_error() -> None:
    with pytest.raises(KeyError, match="other"):
        fill("{a} {other}", a="")


# -- where prompts come from ------------------------------------------------------------------------------------------


def test_without_a_value_they_are_the_tasks_own() -> None:
    assert read(None) == (OWN, [])
    assert read({}) == (OWN, [])


MINE: dict[str, Any] = {"ask": "Mine: {data} {names} {after}", "bias": {"low": {"after": "Mine {thing}."}}}
MIXED = Prompts({**OWN.texts, "ask": MINE["ask"]}, {**OWN.bias, "low": ("", "Mine {thing}.")})


def test_a_table_gives_some_and_the_rest_is_the_tasks_own() -> None:
    assert read(MINE) == (MIXED, [])


def test_a_level_that_is_given_is_taken_whole() -> None:
    prompts, faults = read({"bias": {"high": {"before": "Only before."}}})
    assert not faults
    assert prompts.bias == {**OWN.bias, "high": ("Only before.", "")}


def test_a_file_gives_the_same_as_a_table(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "mine.toml").write_text(
        'ask = """\nMine: {data} {names} {after}\n"""\n[bias.low]\nafter = "Mine {thing}."\n', encoding="utf-8-sig"
    )
    assert read("sub/mine.toml", tmp_path) == (MIXED, [])
    with outside_files(OutsideFiles(True)):
        assert read(str(tmp_path / "sub" / "mine.toml"), Path("/nowhere")) == (MIXED, [])


def test_a_file_is_looked_up_here_where_there_is_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.toml").write_text('plain = "Here."')
    monkeypatch.chdir(tmp_path)
    assert read("mine.toml")[0].texts["plain"] == "Here."


pieces = st.sampled_from(
    ["a", "é", "𝔸", "{}", "{{}}", '{"A": []}', "{{names}}", '"', "'", "\\", "\n", "\t", "#", "=", " ", "\x7f", "\u202e"]
)
words = st.lists(pieces, min_size=1, max_size=8).map("".join)


@settings(derandomize=True, deadline=None)
@given(words, words, st.sampled_from(["none", "low", "high"]))
def test_embedded_in_a_session_file_they_are_read_as_they_were(first: str, second: str, level: str) -> None:
    value = {"plain": f"x{first}", "greet": f"{second}{{names}}"}
    if level != "none":
        value["bias"] = {level: {"before": f"x{first}".strip()}}  # type: ignore[assignment]
    prompts, faults = read(value)
    assert not faults
    text = toml_text.table("[[agent]]", {"kind": "openai", "prompts": as_table(prompts)})
    again, faults = read(tomllib.loads(text)["agent"][0]["prompts"])
    assert not faults
    assert again == prompts


def test_a_task_without_a_bias_has_no_such_table() -> None:
    layout = Layout({"plain": Slots()})
    faults: list[Fault] = []
    prompts = read_prompts({"plain": "P", "bias": {}}, Prompts({"plain": "O"}, {}), layout, PATH, faults, None)
    assert [(fault.path, fault.message) for fault in faults] == [((*PATH, "bias"), "unknown key; known: plain")]
    assert as_table(prompts) == {"plain": "P"}


# -- faults -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "at", "words"),
    [
        (3, (), "expected the name of a TOML file or a table of texts, found 3"),
        (True, (), "found true"),
        (["a.toml"], (), "found a list"),
        ({"aks": "x"}, ("aks",), "unknown key; nearest known: ask"),
        ({"zzz": "x"}, ("zzz",), "unknown key; known: ask, greet, plain, bias"),
        ({"plain": 3}, ("plain",), "expected a text in quotes, found 3"),
        ({"plain": ["x"]}, ("plain",), "expected a text in quotes, found a list"),
        ({"plain": {"a": "x"}}, ("plain",), "expected a text in quotes, found a table"),
        ({"plain": ""}, ("plain",), "is empty"),
        ({"plain": " \n\t"}, ("plain",), "is empty"),
        ({"ask": "{data}"}, ("ask",), "must have the slot {after}"),
        ({"ask": "{{data}} {after}"}, ("ask",), "must have the slot {data}"),
        ({"greet": "{nmaes}"}, ("greet",), "unknown slot {nmaes}; nearest known: {names}; for the text itself write {{nmaes}}"),
        ({"greet": "{NAMES}"}, ("greet",), "unknown slot {NAMES}; nearest known: {names}"),
        ({"greet": "{ names }"}, ("greet",), "unknown slot { names }; nearest known: {names}"),
        ({"greet": "{zzzzz}"}, ("greet",), "unknown slot {zzzzz}; known: {names}"),
        ({"plain": "{names}"}, ("plain",), "unknown slot {names}; there are none here"),
        ({"greet": "{names"}, ("greet",), "{ in line 1 of the text is not closed"),
        ({"greet": "a\n{names"}, ("greet",), "{ in line 2 of the text is not closed"),
        ({"greet": "\n{} }"}, ("greet",), "} in line 2 of the text closes nothing"),
        ({"greet": "{names}}"}, ("greet",), "} in line 1 of the text closes nothing"),
        ({"bias": "high"}, ("bias",), 'expected a table of bias levels, found "high"'),
        ({"bias": {"higj": {}}}, ("bias", "higj"), "unknown bias level; nearest known: high"),
        ({"bias": {"qqq": {}}}, ("bias", "qqq"), "unknown bias level; known: none, low, high"),
        ({"bias": {"low": "x"}}, ("bias", "low"), 'expected a table with `before` and `after`, found "x"'),
        ({"bias": {"low": {"befor": "x", "after": "y"}}}, ("bias", "low", "befor"), "unknown key; nearest known: before"),
        ({"bias": {"low": {"before": 1}}}, ("bias", "low", "before"), "expected a text in quotes, found 1"),
        ({"bias": {"low": {"after": "{thnig}"}}}, ("bias", "low", "after"), "unknown slot {thnig}; nearest known: {thing}"),
        ({"bias": {"low": {"after": "{thing"}}}, ("bias", "low", "after"), "{ in line 1 of the text is not closed"),
        ({"bias": {"low": {"after": " "}}}, ("bias", "low"), "says nothing; give it `before`, `after` or both"),
        ({"bias": {"low": {}}}, ("bias", "low"), "says nothing"),
        ({"bias": {"none": {"after": "x"}}}, ("bias", "none"), "is the neutral level, which has no sentence"),
    ],
)  # fmt: skip
def test_every_fault_of_a_table(value: Any, at: tuple[str, ...], words: str) -> None:
    prompts, faults = read(value)
    assert [fault.path for fault in faults] == [(*PATH, *at)]
    assert words in faults[0].message
    assert prompts == OWN  # what is at fault is the task's own


def test_a_neutral_level_may_be_written_out() -> None:
    assert read({"bias": {"none": {"before": "", "after": ""}}}) == (OWN, [])
    assert read({"bias": {"none": {}}}) == (OWN, [])


def test_all_faults_at_once_and_what_is_right_is_taken() -> None:
    bad_level = {"low": {"before": 1, "after": "{q}"}, "none": {"before": "x"}, "high": {"before": "Fine."}, "hihg": {}}
    prompts, faults = read({"ask": "{datum} {nmaes} {", "greet": "", "plain": "Good.", "pain": 1, "bias": bad_level})
    assert [fault.key.removeprefix("agent[1].prompts.") for fault in faults] == [
        "pain", *["ask"] * 5, "greet", "bias.hihg", "bias.none", "bias.low.before", "bias.low.after",
    ]  # fmt: skip
    assert prompts.texts == {**OWN.texts, "plain": "Good."}
    assert prompts.bias == {**OWN.bias, "high": ("Fine.", "")}


def test_faults_of_a_file_name_it_and_the_key(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('ask = "{data}"\n[bias]\nlow = 3\n')
    _, faults = read("mine.toml", tmp_path)
    assert [str(fault) for fault in faults] == [
        "agent[1].prompts.ask: mine.toml, line 1: must have the slot {after}",
        "agent[1].prompts.bias.low: mine.toml, line 3: expected a table with `before` and `after`, found 3",
    ]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'plain = "\xff"', "odd.toml is not UTF-8 text: line 1"),
        (b'plain = "a"\n\ngreet = "\xff"', "odd.toml is not UTF-8 text: line 3"),
        (b'plain = "a', "odd.toml is not valid TOML: "),
        (b"plain = 1\nplain = [", "odd.toml is not valid TOML: "),
        (b"plain = " + b"9" * 5000, "odd.toml: a number has thousands of digits"),
        (b"plain = " + b"[" * 20000, "odd.toml: lists or tables nested too deeply"),
        (b"#" * (MOST_BYTES + 1), "odd.toml is longer than 100,000 bytes"),
        (b"plain = \x1b[31m", "odd.toml is not valid TOML: "),
    ],
)
def test_a_file_that_is_no_prompts_file(tmp_path: Path, data: bytes, words: str) -> None:
    (tmp_path / "odd.toml").write_bytes(data)
    prompts, faults = read("odd.toml", tmp_path)
    assert [fault.path for fault in faults] == [PATH]
    assert words in faults[0].message
    assert "\x1b" not in faults[0].message
    assert prompts == OWN


def test_a_file_of_the_greatest_length_is_read(tmp_path: Path) -> None:
    text = 'plain = "P"\n'
    (tmp_path / "long.toml").write_text(text + "#" * (MOST_BYTES - len(text)))
    assert read("long.toml", tmp_path)[0].texts["plain"] == "P"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("gone.toml", "gone.toml cannot be read: No such file or directory"),
        (".", ". is not a regular file"),
        ("", "expected the name of a TOML file, found an empty text"),
        ("bad\0name", "no file can have such a name"),
        ("x" * 5000, "cannot be read: File name too long"),
        ("a\x1b[31m.toml", "a␛[31m.toml cannot be read"),
    ],
)
def test_a_name_that_leads_to_no_file(tmp_path: Path, name: str, words: str) -> None:
    prompts, faults = read(name, tmp_path)
    assert [fault.path for fault in faults] == [PATH]
    assert words in faults[0].message
    assert len(faults[0].message) < 200
    assert prompts == OWN


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes by name")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "mine.toml")
    assert [fault.message for fault in read("mine.toml", tmp_path)[1]] == ["mine.toml is not a regular file"]


# -- the files that come with the program -----------------------------------------------------------------------------


def test_own_prompts_are_the_file_as_it_stands() -> None:
    files = sorted(Path(prompts_module.__file__).parent.glob("*.toml"))
    assert {"acre", "acronym", "acre-variants"} <= {file.stem for file in files}
    for file in files:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
        if file.stem.endswith("-variants"):
            assert variants(file.stem.removesuffix("-variants")) == table
        else:
            assert as_table(own_prompts(file.stem)) == table
