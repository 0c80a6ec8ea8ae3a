"""Small promises: what is said of folders, of letters that a terminal lacks, of plug-ins and of wrong types."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import iicl_tui
from iicl_tui import cli
from iicl_tui.agents.base import agent_kinds
from iicl_tui.chain.config import chain_fields, read_config
from iicl_tui.commands.ascii_fallback import replacement
from iicl_tui.errors import ConfigError, LabError
from iicl_tui.filters.base import filter_kinds
from iicl_tui.store import crash_reports, library, presets, settings
from iicl_tui.store.errors import from_os_error, name_of
from iicl_tui.store.library import Library
from iicl_tui.store.session import SessionFile
from iicl_tui.tasks.base import task_kinds
from iicl_tui.tui import themes


@pytest.mark.parametrize("name", [".", "..", "./", "../."])
def test_a_folder_without_a_name_of_its_own_has_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a" / "b")
    assert name_of(name) == ("b" if name.startswith("./") or name == "." else "a")
    assert from_os_error(IsADirectoryError(21, "no"), "read", name).title in ("Could not read b", "Could not read a")


def test_check_names_the_folder_that_it_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path / "mine")
    assert cli.main(["check", "."]) == 1
    assert "mine is not a file" in capsys.readouterr().out


def test_letters_with_a_hat_keep_it() -> None:
    assert [replacement(char) for char in "ĥhĤé"] == ["h^", "h", "H^", "e"]


def test_every_float_of_every_kind_refuses_what_has_lost_its_precision() -> None:
    kinds: list[Any] = [*task_kinds().values(), *agent_kinds().values(), *filter_kinds().values()]
    fields = [field for kind in kinds for field in kind.fields] + list(chain_fields())
    floats = [field for field in fields if field.kind == "float" and (field.low or 0) <= 5e-324]
    assert len(floats) > 5
    for field in floats:
        with pytest.raises(ValueError, match="expected a number"):
            field.read(5e-324)


@pytest.mark.parametrize("column", ["rank,word", "word,rank"])
def test_a_cell_of_a_named_file_is_never_quoted(tmp_path: Path, column: str) -> None:
    (tmp_path / "list.csv").write_text(f"{column}\nsk-SECRET-1,sk-SECRET-2\n")
    (tmp_path / "pool.csv").write_text('output,input\nsk-SECRET-1,"sk_SECRET""2"\n')
    for table in ({"ranks": "list.csv"}, {"pool": "pool.csv"}):
        with pytest.raises(ConfigError) as caught:
            read_config({"chain": {"task": "acronym"}, "task": table}, tmp_path)
        assert "SECRET" not in str(caught.value)
        assert "line 2" in str(caught.value)


@pytest.mark.parametrize("value", [5, None, 1.5, [], b"x", object()])
def test_wrong_types_for_the_library_are_told_in_words(value: Any) -> None:
    odd: Any = 3 if value is None else value
    for call in (
        lambda: iicl_tui.read_config(value),
        lambda: iicl_tui.run(value),
        lambda: iicl_tui.open_session(value),
        lambda: iicl_tui.run("theory-1-sampling", path=odd),
        lambda: iicl_tui.run("e3-human", decisions=odd),
        lambda: iicl_tui.read_config("theory-1-sampling", odd),
        lambda: iicl_tui.read_config({"chain": {3: value}}),
    ):
        with pytest.raises(LabError, match=r"expected|takes the path|keys of a table are"):
            call()


def broken(*_: object, **__: object) -> Any:
    raise RuntimeError("a bug")


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path / "state"


def test_one_row_that_cannot_be_shown_leaves_the_others(tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b"):
        SessionFile.create(read_config({"chain": {"title": name}}), tmp_path / f"{name}.toml").close()
    monkeypatch.setattr(library, "_with_tail", lambda found, *rest: broken() if found.path.name == "a.toml" else found)
    rows = {row.path.name: row.fault for row in Library(tmp_path).sessions()}
    assert rows["b.toml"] is None
    assert str(rows["a.toml"]).startswith("this one cannot be shown because of a bug in the program; a report is in ")
    assert len(list(state.rglob("crash-*.txt"))) == 1


def test_themes_settings_and_presets_have_the_same_net(tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.toml").write_text('primary = "#123456"\n')
    monkeypatch.setattr(themes, "read", broken)
    assert "cannot be shown" in themes.load(tmp_path / "mine.toml")[1][0]
    monkeypatch.setattr(settings, "read", broken)
    assert "cannot be shown" in settings.load(tmp_path / "mine.toml")[1][0].message
    monkeypatch.setattr(presets, "_read", broken)
    presets.presets.cache_clear()
    try:
        assert all("cannot be shown" in preset.summary for preset in presets.presets())
    finally:
        presets.presets.cache_clear()
    assert "bug in the program" in crash_reports.cannot_show(ValueError())
