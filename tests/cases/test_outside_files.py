"""Files outside a configuration's folder: asked for on a terminal, allowed by an option, refused otherwise."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from textual.widgets import Static
from waiting import app_until

import iicl_tui
from iicl_tui import cli
from iicl_tui.errors import ConfigError
from iicl_tui.files import OutsideFiles, named_file, outside_files
from iicl_tui.store.config_draft import Draft, examine, named_outside
from iicl_tui.store.paths import Paths
from iicl_tui.tui.app import LabApp, Start
from iicl_tui.tui.screens.configure import ConfigureScreen


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        return True

    def reconfigure(self, **_: object) -> None:
        """Nothing is to be set."""


@pytest.fixture(params=["relative", "absolute", "link"])
def config(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A configuration that names a prompts file outside its folder."""
    folder = tmp_path / "configs"
    folder.mkdir()
    outside = tmp_path / "mine.toml"
    outside.write_text("")
    (folder / "link.toml").symlink_to(outside)
    name = {"relative": "../mine.toml", "absolute": str(outside), "link": "link.toml"}[request.param]
    path = folder / "c.toml"
    path.write_text(f'[chain]\ngenerations = 1\n[[agent]]\nkind = "openai"\nmodel = "m"\nprompts = "{name}"\n')
    return path


def test_without_a_terminal_it_is_a_fault_that_says_how_to_allow_it(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", str(config)]) == 1
    assert "outside the folder of this file; `iicl-tui run` and `check` read it with --outside" in capsys.readouterr().out
    assert cli.main(["check", str(config), "--outside"]) == 0
    with pytest.raises(ConfigError, match="outside the folder"):
        iicl_tui.read_config(config)
    assert iicl_tui.read_config(config, outside=True)


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("YES\n", 0), ("n\n", 1), ("\n", 1), ("", 1)])
def test_on_a_terminal_it_asks(config: Path, monkeypatch: pytest.MonkeyPatch, answer: str, code: int) -> None:
    said = Terminal()
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    monkeypatch.setattr("sys.stderr", said)
    assert cli.main(["check", str(config)]) == code
    assert said.getvalue() == f"{config} names a file outside its folder:\n  {config.parents[1] / 'mine.toml'}\nRead it? (y/N) "


def test_what_was_denied_stays_denied_and_the_rest_is_free(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    with outside_files(OutsideFiles(True, frozenset({tmp_path / "x"}))) as outside:
        assert named_file("../y", folder) == folder / "../y"
        with pytest.raises(ValueError, match="outside"):
            named_file("../x", folder)
    assert outside.refused == [tmp_path / "x"]
    assert named_file("../x", None) == Path("../x")


def test_a_form_reads_what_the_person_names_and_not_what_its_file_named(config: Path) -> None:
    draft = Draft.of(config.read_text())
    outside = named_outside(draft, config.parent)
    assert [fault.key for fault in examine(draft, config.parent, outside)[1]] == ["agent[1].prompts"]
    other = config.parents[1] / "other.toml"
    other.write_text("")
    mine = draft.set(("agent", 0, "prompts"), str(other))
    assert examine(mine, config.parent, outside)[1] == []


@pytest.mark.parametrize("config", ["relative"], indirect=True)
async def test_the_form_asks_first_and_goes_on_after_yes(config: Path, tmp_path: Path) -> None:
    paths = Paths(tmp_path / "settings.toml", tmp_path / "themes", tmp_path / "sessions", tmp_path / "state")
    async with LabApp(paths, start=Start("configure", {"file": config})).run_test(size=(140, 40)) as pilot:
        screen = pilot.app.screen
        assert isinstance(screen, ConfigureScreen)
        await app_until(pilot, lambda: bool(screen.query("#ask-read")) and screen.form.count == 1)
        hint = str(screen.query_one("#ask-hint", Static).content)
        assert hint == f"The file names {config.parents[1] / 'mine.toml'}."
        await pilot.press("enter")  # no
        await app_until(pilot, lambda: not screen.query("#ask"))
        assert screen.config is None
        await screen.action_create()  # asks again
        await app_until(pilot, lambda: bool(screen.query("#ask-read")))
        await pilot.press("up", "enter")
        await app_until(pilot, lambda: screen.config is not None and not screen.query("#ask"))
        await screen.action_create()
        await app_until(pilot, lambda: not isinstance(pilot.app.screen, ConfigureScreen))
    assert len(list(paths.sessions.glob("*.toml"))) == 1
