from __future__ import annotations

import os
import stat
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iicl_tui.errors import LabError
from iicl_tui.store import settings
from iicl_tui.store.paths import shipped, user_paths
from iicl_tui.store.settings import Settings

BY_HAND = """\
# my settings
theme = "paper"   # the light one
later = "kept"

[keys]            # letters only
step = "space,s"

[mine]
x = 1
"""


def test_no_file_is_no_fault(tmp_path: Path) -> None:
    assert settings.load(tmp_path / "none.toml") == (Settings(), [])


def test_all_faults_at_once_with_lines_and_the_rest_is_used(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text('theem = "x"\nsessions = 3\n[keys]\nstep = "f5"\nback = 7\n[lab]\nform = "strip"\nscale = "log"\n')
    found, faults = settings.load(path)
    assert found == Settings(keys={"step": "f5"}, lab={"scale": "log"})
    assert [(fault.key, fault.line) for fault in faults] == [
        ("theem", 1),
        ("sessions", 2),
        ("lab.form", 7),
        ("keys.back", 5),
    ]
    assert "theme" in faults[0].message
    assert "strips" in faults[2].message


def test_the_host_that_is_no_text_is_named(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text('theme = "x"\nhosts = ["x", 7]\n')
    found, faults = settings.load(path)
    assert found == Settings(theme="x")
    assert [(fault.key, fault.line, fault.message) for fault in faults] == [
        ("hosts", 2, "expected a list of texts, found 7 as item 2")
    ]


@pytest.mark.parametrize(
    ("data", "line"), [(b"theme = ", 1), (b"a = 1\nb = '\xff'", 2), (b"\x00", 1), (b"keys = 3\nlab = []\n", 1)]
)
def test_a_broken_file_starts_with_defaults(tmp_path: Path, data: bytes, line: int) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes(data)
    found, faults = settings.load(path)
    assert found == Settings()
    assert faults[0].line == line


def test_a_folder_in_its_place_is_a_fault(tmp_path: Path) -> None:
    found, faults = settings.load(tmp_path)
    assert found == Settings()
    assert len(faults) == 1


def test_saving_keeps_what_a_person_wrote(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(BY_HAND)
    settings.save(path, {"theme": "ink", "keys": {"step": "f5"}, "lab": {"form": "mosaic"}, "sessions": "/x"})
    text = path.read_text()
    for kept in ("# my settings", "# the light one", "# letters only", 'later = "kept"', "x = 1"):
        assert kept in text
    assert tomllib.loads(text) == {
        "theme": "ink",
        "later": "kept",
        "sessions": "/x",
        "keys": {"step": "f5"},
        "mine": {"x": 1},
        "lab": {"form": "mosaic"},
    }


def test_none_takes_a_key_out(tmp_path: Path) -> None:
    path = tmp_path / "new" / "settings.toml"
    settings.save(path, {"theme": "ink", "keys": {"step": "f5", "back": "b"}})
    settings.save(path, {"theme": None, "keys": {"step": None}, "sessions": None})
    assert tomllib.loads(path.read_text()) == {"keys": {"back": "b"}}


@given(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8"), min_size=1))
def test_any_text_survives_saving(tmp_path_factory: pytest.TempPathFactory, theme: str, key: str) -> None:
    path = tmp_path_factory.mktemp("s") / "settings.toml"
    settings.save(path, {"theme": theme, "keys": {"step": key}})
    found, _ = settings.load(path)
    assert found.theme == theme
    assert found.keys == ({"step": key} if key.strip() else {})


def test_a_file_that_is_no_toml_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text("theme = = x")
    with pytest.raises(LabError, match="not saved"):
        settings.save(path, {"theme": "ink"})
    assert path.read_text() == "theme = = x"


def test_permissions_and_links_are_kept(tmp_path: Path) -> None:
    real = tmp_path / "dotfiles.toml"
    real.write_text('theme = "a"\n')
    real.chmod(0o600)
    link = tmp_path / "settings.toml"
    link.symlink_to(real)
    settings.save(link, {"theme": "b"})
    assert link.is_symlink()
    assert real.read_text() == 'theme = "b"\n'
    assert stat.S_IMODE(real.stat().st_mode) == 0o600
    assert sorted(os.listdir(tmp_path)) == ["dotfiles.toml", "settings.toml"]


def test_user_paths_follow_the_platform_and_the_arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = user_paths(tmp_path / "s", tmp_path / "c" / "my.toml")
    assert paths.sessions == tmp_path / "s"
    assert paths.settings == tmp_path / "c" / "my.toml"
    assert paths.themes == tmp_path / "c" / "themes"
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    if os.name == "posix" and os.uname().sysname == "Linux":
        assert user_paths().sessions == tmp_path / "data" / "iicl-tui" / "sessions"
        assert user_paths().settings == tmp_path / "config" / "iicl-tui" / "settings.toml"


@pytest.mark.parametrize("name", ["themes", "sessions"])
def test_shipped_folders_are_found_in_a_checkout_and_in_a_wheel(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "iicl_tui"
    monkeypatch.setattr("iicl_tui.store.paths._PACKAGE", package)
    with pytest.raises(FileNotFoundError):
        shipped(name)
    (tmp_path / name).mkdir()
    assert shipped(name) == tmp_path / name
    (package / "_shipped" / name).mkdir(parents=True)
    assert shipped(name) == package / "_shipped" / name
