"""No file stops the program: each gives faults in words, soon and in little memory."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from made import make

from iicl_tui.chain.config import read_config
from iicl_tui.errors import ConfigError, LabError, StoreError
from iicl_tui.files import BeyondLimits, parse_toml, read_bytes
from iicl_tui.present.sources import read_text
from iicl_tui.store import settings
from iicl_tui.store.check import check
from iicl_tui.store.library import Library
from iicl_tui.store.notebook_import import read_logs
from iicl_tui.store.session import SessionFile

DEEP = {
    "a key of 1,000 parts": ".".join("a" * 1000) + " = 1\n",
    "a key of 40,000 parts": ".".join("a" * 40_000) + " = 1\n",
    "quoted parts": ".".join(['"b c"'] * 100) + " = 1\n",
    "a header of 1,000 parts": "[" + ".".join("a" * 1000) + "]\nx = 1\n",
    "an inline table": "x = " + "{ a = " * 90 + "1" + " }" * 90 + "\n",
    "a list": "x = " + "[" * 200 + "]" * 200 + "\n",
    "a list without end": "x = " + "[" * 100_000 + "\n",
}


@pytest.mark.parametrize("text", DEEP.values(), ids=DEEP)
def test_deep_nesting_is_one_fault(tmp_path: Path, text: str) -> None:
    begun = time.process_time()
    (tmp_path / "a.toml").write_text(f"[chain]\n[[agent]]\n{text}")
    assert len(check(tmp_path / "a.toml")) == 1
    assert settings.load(tmp_path / "a.toml")[1]
    (row,) = Library(tmp_path).sessions()
    assert row.fault
    assert time.process_time() - begun < 3


def test_depth_that_people_use_is_read() -> None:
    assert parse_toml("a.b.c.d.e = [[[[{ f = 1 }]]]]")
    assert parse_toml(f'x = "{"a." * 500}"')
    with pytest.raises(BeyondLimits):
        parse_toml("x = " + "[" * 65 + "]" * 65)


def test_a_number_of_thousands_of_digits_has_its_line(tmp_path: Path) -> None:
    text = "[chain]\n# 1\nseed = " + "9" * 4400 + "\n"
    (tmp_path / "a.toml").write_text(text)
    assert [(fault.line, fault.message) for fault in check(tmp_path / "a.toml")] == [(3, "a number has thousands of digits")]


CALL = '[[agent]]\n[[generation]]\nindex = 1\n[[generation.call]]\nphase = "imitation"\npurpose = "imitate"\n{}\n'
WRONG = [
    *(f"logprobs = [[{token}, -0.1, []]]" for token in ("10000000000", "3", "true", "[300]", "[true]", "[1.5]", "{}", "[[]]")),
    *(
        f"logprobs = {value}"
        for value in ("1", "[1]", '["on"]', '[["on", "x", []]]', '[["on", -1, [["off"]]]]', '[["on", nan, []]]')
    ),
    *(f"{key} = {value}" for key in ("prompt", "reply", "model", "finish") for value in ("1", "[]", "{}")),
    *(f"{key} = {value}" for key in ("usage", "sent", "latency", "attempts", "without") for value in ('"x"', "[1]", "-1")),
    "usage = { prompt = 1 }",
    "usage = { prompt = 1, completion = 1.5 }",
    "verdict = 1",
]


@pytest.mark.parametrize("line", WRONG)
def test_a_wrong_type_in_a_call_is_one_fault(tmp_path: Path, line: str) -> None:
    (tmp_path / "a.toml").write_text(CALL.format(line))
    assert [fault.line for fault in check(tmp_path / "a.toml")] == [7]
    assert Library(tmp_path).sessions()


@pytest.mark.parametrize("count", [51, 5000])
def test_a_chain_has_a_limit_of_filters(count: int) -> None:
    with pytest.raises(ConfigError, match=f"at most 50 filters, found {count}"):
        read_config({"filter": [{"kind": "consistent"}] * count})


@pytest.fixture(params=["pipe", "folder", "device", "large"])
def odd(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """What no option takes for a file."""
    path = tmp_path / "odd.toml"
    if request.param == "pipe":
        os.mkfifo(path)
    elif request.param == "folder":
        path.mkdir()
    elif request.param == "device":
        path.symlink_to("/dev/zero")
    else:
        with path.open("wb") as file:
            file.truncate(1 << 30)
    return path


def test_what_is_no_file_or_too_large_is_refused_everywhere(odd: Path) -> None:
    with pytest.raises(OSError, match=r"folder, a pipe or a device|more than 16 MB"):
        read_bytes(odd)
    with pytest.raises(StoreError):
        read_text(odd)
    with pytest.raises(StoreError):
        check(odd)
    with pytest.raises(StoreError):
        SessionFile.open(odd)
    assert "cannot be read" in settings.load(odd)[1][0].message
    assert all(row.fault for row in Library(odd.parent).sessions())
    run = odd.parent / "run"
    run.mkdir()
    (run / "other_results_all.json").symlink_to(odd)
    with pytest.raises(LabError):
        read_logs(run)


def test_a_long_session_is_listed_by_its_head_and_its_end(tmp_path: Path) -> None:
    path = make(tmp_path, generations=2)
    with path.open("ab") as file:
        file.truncate(200_000_000)
    begun = time.process_time()
    (row,) = Library(tmp_path).sessions()
    assert row.title == "A test"
    assert time.process_time() - begun < 3


@pytest.mark.parametrize(
    "text", ["[chain]\nx = [" + "1," * 900_000 + "]\n", "[chain]\n" + "".join(f"k{n} = 1\n" for n in range(90_000))]
)
def test_hundreds_of_thousands_of_values_are_one_fault_at_once(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.toml").write_text(text)
    begun = time.process_time()
    assert [fault.message for fault in check(tmp_path / "a.toml")] == ["more than 60,000 values"]
    (row,) = Library(tmp_path).sessions()
    assert row.fault == "more than 60,000 values"
    assert time.process_time() - begun < 1
    assert parse_toml(f'x = "{"a, b = c" * 90_000}"')
