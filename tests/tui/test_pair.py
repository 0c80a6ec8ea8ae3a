"""Two chains side by side: from home, from the command line and from the laboratory's branch, under one transport."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static
from waiting import app_until

from iicl_tui.chain.config import read_config
from iicl_tui.chain.engine import Chain
from iicl_tui.errors import LabError, StoreError
from iicl_tui.lessons.chains import end_of
from iicl_tui.store.check import check
from iicl_tui.store.paths import Paths
from iicl_tui.store.session import SessionFile
from iicl_tui.tui.app import LabApp, Start
from iicl_tui.tui.screens.home import HomeScreen
from iicl_tui.tui.screens.lab import LabScreen
from iicl_tui.tui.screens.pair import PairScreen, open_both
from iicl_tui.tui.widgets.chain_pane import ChainPane
from iicl_tui.tui.widgets.inline_form import InlineForm

TASK = {"objects": ["A", "B", "screen"], "spurious": "screen", "hypothesis": 3}
FILTER = [{"kind": "effective-set", "mode": "restrict"}]


async def make(folder: Path, name: str, steps: int, **more: Any) -> Path:
    """A session of so many phases."""
    document = {"chain": {"title": name, "generations": 3, "seed": 7}, "task": TASK, **more}
    with SessionFile.create(read_config(document), folder / f"{name}.toml") as file:
        chain = Chain(file.config, sink=file)
        for _ in range(steps):
            await chain.step()
        return file.path


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(tmp_path / "settings.toml", tmp_path / "themes", tmp_path / "sessions", tmp_path / "state")


def pair(pilot: Pilot[Any]) -> PairScreen:
    screen = pilot.app.screen
    assert isinstance(screen, PairScreen)
    return screen


async def press(pilot: Pilot[Any], *keys: str) -> None:
    """Keys, each until nothing runs any more."""
    for key in keys:
        await pilot.press(key)
        await pilot.pause()
        await app_until(pilot, lambda: not isinstance(pilot.app.screen, PairScreen) or not pilot.app.screen.walk.busy)
        await pilot.pause()


def ends(screen: PairScreen) -> list[tuple[int, str]]:
    return [end_of(each.chain) for each in screen.sessions]


async def test_two_marked_sessions_go_on_together_and_each_into_its_own_file(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = await make(paths.sessions, "plain", 9)
    filtered = await make(paths.sessions, "filtered", 4, filter=FILTER)
    before = plain.read_bytes()
    app = LabApp(paths, start=Start("home"))
    async with app.run_test(size=(120, 40)) as pilot:
        home = app.screen
        assert isinstance(home, HomeScreen)
        entries = home.query_one("#list", OptionList)
        await app_until(pilot, lambda: entries.highlighted is not None and len(home.items.get("yours", ())) == 2)
        await press(pilot, "c")
        assert app.screen is home  # one session makes no pair; why is said
        assert "mark one with Space" in home.why_not("pair")
        await press(pilot, "space", "down", "c")
        screen = pair(pilot)
        assert screen.walk.moment == (2, "imitation")  # where the shorter chain is
        assert "effective-set mode restrict" in str(screen.query_one("#differ", Static).content)
        first, second = screen.query(ChainPane)
        assert first.region.bottom <= second.region.y
        await press(pilot, "space")
        assert screen.walk.moment == (2, "interaction")
        assert sorted(ends(screen)) == [(2, "interaction"), (3, "transmission")]
        await press(pilot, "left_square_bracket", "left_curly_bracket")
        assert screen.walk.moment == (0, "transmission")
        assert {screen.state_of(place).selected for place in (0, 1)} == {0}
        await press(pilot, "right_square_bracket", "g")
        assert screen.walk.moment == (1, "transmission")
        await press(pilot, "r", "enter")
        assert screen.walk.moment == (3, "transmission")
        assert ends(screen) == [(3, "transmission")] * 2
        await press(pilot, "space")
        assert "Both chains are over" in screen.why_not("next_phase")
        await press(pilot, "v", "s", "c", "x")
        assert screen.front.file is not None
        shown = screen.front.file.path
        await press(pilot, "o")
        assert isinstance(app.screen, LabScreen)
        assert app.screen.session.file is not None
        assert (app.screen.session.file.path, app.screen.session.read_only) == (shown, None)
        await press(pilot, "b")  # a branch of a chain of a pair opens beside its parent, too
        app.screen.query_one("#ask-open", Input).value = "beside"
        await press(pilot, "enter")
        await app_until(pilot, lambda: isinstance(app.screen, PairScreen) and app.screen is not screen)
        assert pair(pilot).sessions[0] is screen.front
        await press(pilot, "escape")
        await app_until(pilot, lambda: app.screen is screen)
        assert pair(pilot).front.read_only is None
        await press(pilot, "p")  # from the beginning again, since both are at their end
        await app_until(pilot, lambda: 0 < screen.walk.moment[0] < 3)
        await press(pilot, "escape", "x", "S")
        screen.query_one(InlineForm).query_one(Input).value = str(paths.sessions / "copy.toml")
        await press(pilot, "enter")

        def full() -> None:
            raise StoreError("The disk is full", "No room.", "Make room.")

        monkeypatch.setattr(screen.sessions[1].chain, "_unsaved", [object()])
        monkeypatch.setattr(screen.sessions[1].chain, "flush", full)
        await press(pilot, "escape")
        assert app.screen is screen  # warned once
        await press(pilot, "escape")
        assert app.screen is home
    assert plain.read_bytes() == before
    for path in (plain, filtered, paths.sessions / "copy.toml"):
        assert not list(check(path))
        with SessionFile.open(path) as left:
            assert left.read_only is None


async def test_a_branch_with_a_filter_opens_beside_its_parent(paths: Paths) -> None:
    plain = await make(paths.sessions, "plain", 9)
    app = LabApp(paths, start=Start("lab", {"path": plain}))
    async with app.run_test(size=(160, 50)) as pilot:
        await press(pilot, "left_curly_bracket", "right_square_bracket", "b")
        form = app.screen.query_one(InlineForm)
        field = form.query_one("#ask-filter", Input)
        field.value = "efective-set"
        await pilot.pause()
        assert "nearest: effective-set" in str(form.query_one("#ask-hint", Static).content)
        await press(pilot, "enter")
        assert isinstance(app.screen, LabScreen)  # a fault cannot be entered
        field.value = "effective-set mode=restrict"
        await press(pilot, "enter")
        screen = pair(pilot)
        assert [each.read_only for each in screen.sessions] == [None, None]
        parent = screen.sessions[1].file.parent if screen.sessions[1].file is not None else None
        assert (parent.file, parent.generation) == (plain.name, 1) if parent is not None else False
        assert screen.walk.moment == (1, "transmission")
        first, second = screen.query(ChainPane)
        assert first.region.right <= second.region.x
        await press(pilot, "R")
        assert ends(screen) == [(3, "transmission")] * 2


async def test_what_cannot_be_stepped_says_why(paths: Paths, tmp_path: Path) -> None:
    asking = await make(paths.sessions, "asking", 1, filter=[{"kind": "human"}])
    mine = tmp_path / "mine.toml"
    mine.write_text('[chain]\ntitle = "mine"\ngenerations = 2\n[task]\nobjects = ["A", "B", "C"]\n')
    app = LabApp(paths, start=Start("pair", {"paths": (asking, mine)}))
    async with app.run_test(size=(80, 24)) as pilot:
        screen = pair(pilot)
        assert all(pane.display and pane.region.height >= 7 for pane in screen.query(ChainPane))
        await press(pilot, "R")
        assert "waits for your decision" in screen.why_not("next_phase")
        assert "waits for your decision" in str(screen.query_one("#next", Static).content)
        await press(pilot, "N", "R")
        assert ends(screen) == [(1, "imitation"), (2, "transmission")]
        assert screen.sessions[1].file is not None
        assert screen.sessions[1].file.path.parent == paths.sessions
    with pytest.raises(LabError, match="is one session"):
        open_both((asking, asking))
