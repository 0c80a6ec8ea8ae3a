from __future__ import annotations

import pytest

from iicl_tui.errors import ChainStopped, ConfigError, Fault, LabError, StoreError


def test_an_error_is_its_title_what_happened_and_what_to_do() -> None:
    assert str(LabError("Title", "What.", "Remedy.")) == "Title\nWhat.\nRemedy."
    assert str(LabError("Title", remedy="Remedy.")) == "Title\nRemedy."
    assert str(LabError("Title")) == "Title"


@pytest.mark.parametrize(("kind", "code"), [(LabError, 2), (StoreError, 2), (ChainStopped, 3)])
def test_exit_codes(kind: type[LabError], code: int) -> None:
    assert kind("x").exit_code == code
    assert isinstance(kind("x"), LabError)


@pytest.mark.parametrize(
    ("path", "line", "text"),
    [
        (("agent", 0, "prior", "screen"), 7, "line 7: agent[1].prior.screen: wrong"),
        (("start", "sample", 2), None, "start.sample[3]: wrong"),
        ((), 3, "line 3: wrong"),
        ((), None, "wrong"),
    ],
)
def test_a_fault_names_its_place(path: tuple[str | int, ...], line: int | None, text: str) -> None:
    assert str(Fault(path, "wrong", line)) == text


def test_a_config_error_tells_all_faults() -> None:
    error = ConfigError([Fault(("a",), "one"), Fault(("b",), "two")], "file.toml")
    assert error.title == "file.toml: 2 faults"
    assert error.what == "a: one\nb: two"
    assert error.remedy
    assert error.exit_code == 2
    assert ConfigError([Fault((), "x")]).title == "The configuration: 1 fault"
