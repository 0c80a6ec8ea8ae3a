"""The home screen, driven as a person drives it."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static
from waiting import app_until

from iicl_tui.chain.config import read_config
from iicl_tui.chain.engine import Chain
from iicl_tui.present.preset_questions import in_order
from iicl_tui.present.session_list import Item, age_text, matching
from iicl_tui.store.paths import Paths
from iicl_tui.store.presets import load, presets
from iicl_tui.store.reviewed import reviewed_files
from iicl_tui.store.session import SessionFile
from iicl_tui.tui.app import LabApp, Start
from iicl_tui.tui.screens.error import ErrorScreen
from iicl_tui.tui.screens.home import HomeScreen
from iicl_tui.tui.widgets.action_bar import ActionBar

HOSTILE = "[/] [bold]x \x1b]52;c;AAAA\x07 \u202e" + "漢" * 300


def says(said: Static, words: str) -> bool:
    return words in str(said.render())


async def make(folder: Path, title: str, steps: int, age: float = 0, preset: str = "e3-none") -> Path:
    """A session of so many phases, changed so many seconds ago."""
    document = tomllib.loads(load(preset).text)
    document["chain"]["title"] = title
    with SessionFile.create(read_config(document), folder) as file:
        chain = Chain(file.config, sink=file)
        for _ in range(steps):
            await chain.step()
        path = file.path
    there = path.stat().st_mtime
    os.utime(path, (there - age, there - age))
    return path


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(tmp_path / "settings.toml", tmp_path / "themes", tmp_path / "sessions", tmp_path / "state")


def app_of(paths: Paths, **values: Any) -> LabApp:
    return LabApp(paths, start=Start("home", values))


def home(pilot: Pilot[Any]) -> HomeScreen:
    screen = pilot.app.screen
    assert isinstance(screen, HomeScreen)
    return screen


def keys(pilot: Pilot[Any]) -> list[str]:
    return [str(option.id) for option in home(pilot).query_one("#list", OptionList).options if option.id is not None]


def words(pilot: Pilot[Any], selector: str = "#words") -> str:
    from rich.console import Console

    visual: Any = home(pilot).query_one(selector, Static).content
    if isinstance(visual, str) or hasattr(visual, "plain"):
        return str(getattr(visual, "plain", visual))
    console = Console(width=300)
    with console.capture() as capture:
        console.print(visual)
    return capture.get()


async def listed(pilot: Pilot[Any], count: int) -> None:
    await app_until(pilot, lambda: isinstance(pilot.app.screen, HomeScreen) and len(keys(pilot)) == count)


async def test_newest_first_with_what_they_came_to(paths: Paths) -> None:
    await make(paths.sessions, "Older", 12, age=90_000)
    await make(paths.sessions, "Newer", 4, age=300)
    async with app_of(paths).run_test(size=(120, 40)) as pilot:
        await listed(pilot, 2)
        assert keys(pilot) == ["newer.toml", "older.toml"]
        await app_until(pilot, lambda: " · H " in home(pilot).items["yours"][1].line)
        newer, older = home(pilot).items["yours"]
        assert newer.line == "gen 2/4 · under way · 5 min ago · H 0.26 · screen off 0.94 · bayes sample"
        assert newer.tag == "acre · no filter · seed 1"
        assert newer.spark == "██"
        assert older.line.startswith("gen 4/4 · finished · 1 day ago · H ")
        await app_until(pilot, lambda: "generation 2 of 4" in words(pilot))
        assert "h²" in words(pilot)
        chart: Any = home(pilot).query_one("#chart")
        assert chart.view.form == "mosaic"
        assert chart.view.title == "How likely is each rule, after seeing d¹ and 1 earlier round?"
        await pilot.press("down")
        await app_until(pilot, lambda: "generation 4 of 4, finished" in words(pilot))


def test_the_first_text_needs_no_numpy(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from iicl_tui.store.paths import Paths; from iicl_tui.tui.app import LabApp\n"
        "p = Path(sys.argv[1]); app = LabApp(Paths(p, p, p / 'none', p)); app.first_screen().body\n"
        "print('numpy' in sys.modules, 'plotext' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


async def test_an_empty_folder_says_what_to_do_first(paths: Paths) -> None:
    async with app_of(paths).run_test(size=(80, 24)) as pilot:
        await app_until(pilot, lambda: bool(home(pilot).query("#intro")))
        assert "An agent learns a rule" in words(pilot, "#intro")
        offered = [bar.buttons[0].action for bar in home(pilot).query(".step").results(ActionBar)]
        assert offered == ["home.tour", "home.examples", "home.presets", "home.new"]
        for key in ("enter", "b", "r", "d", "u", "e"):
            await pilot.press(key)
        assert isinstance(pilot.app.screen, HomeScreen)


async def test_a_folder_that_cannot_be_read_is_told_of(paths: Paths) -> None:
    paths.sessions.write_text("this is a file")
    async with app_of(paths).run_test(size=(80, 24)) as pilot:
        await app_until(pilot, lambda: "Could not list sessions" in words(pilot, "#empty"))
        await pilot.press("3")
        await listed(pilot, len(presets()))


async def test_tabs_by_key_and_by_mouse(paths: Paths) -> None:
    async with app_of(paths).run_test(size=(120, 40)) as pilot:
        await pilot.press("3")
        await listed(pilot, len(presets()))
        await app_until(pilot, lambda: home(pilot).items["presets"][0].title in words(pilot))
        await pilot.press("1")
        await app_until(pilot, lambda: home(pilot).tab == "yours" and home(pilot).has_class("-first-visit"))
        line = home(pilot).query_one("#tabs")
        for x in range(line.size.width):
            place = line.button_at(x)  # type: ignore[attr-defined]
            if place is not None and place.action == "home.presets":
                await pilot.click("#tabs", offset=(x + line.styles.padding.left, 0))
                break
        await listed(pilot, len(presets()))


async def test_a_preset_opens_in_the_form(paths: Paths) -> None:
    async with app_of(paths, tab="presets").run_test(size=(120, 40)) as pilot:
        await listed(pilot, len(presets()))
        await pilot.press("down", "enter")
        await app_until(pilot, lambda: pilot.app.screen.GROUP == "configure")  # type: ignore[attr-defined]
        assert pilot.app.screen.draft.text == in_order(presets())[1].text  # type: ignore[attr-defined]


async def test_search_filters_as_it_is_typed(paths: Paths) -> None:
    for title in ("Apple pie", "Apple cake", "Pear"):
        await make(paths.sessions, title, 0)
    async with app_of(paths).run_test(size=(120, 40)) as pilot:
        await listed(pilot, 3)
        await pilot.press("slash", *"appl")
        await listed(pilot, 2)
        await pilot.press("space", *"pi")
        await listed(pilot, 1)
        await pilot.press("enter")
        assert home(pilot).query_one("#list").has_focus
        await pilot.press("slash", *"zzz")
        await listed(pilot, 0)
        assert "Nothing found for" in words(pilot, "#empty")
        await pilot.press("escape")
        await listed(pilot, 3)
        assert not home(pilot).query_one("#search").display


async def test_delete_and_undo(paths: Paths) -> None:
    first = await make(paths.sessions, "First", 1, age=10)
    await make(paths.sessions, "Second", 1, age=20)
    before = first.read_bytes()
    async with app_of(paths).run_test(size=(120, 40)) as pilot:
        await listed(pilot, 2)
        await pilot.press("d")
        await listed(pilot, 1)
        assert not first.exists()
        assert keys(pilot) == ["second.toml"]
        await pilot.press("d")
        await listed(pilot, 0)
        await pilot.press("u")
        await listed(pilot, 1)
        await pilot.press("u")
        await listed(pilot, 2)
        assert first.read_bytes() == before
        assert home(pilot).item.key == "first.toml"  # type: ignore[union-attr]


async def test_rename_and_undo(paths: Paths) -> None:
    path = await make(paths.sessions, "Old name", 2)
    async with app_of(paths).run_test(size=(120, 40)) as pilot:
        await listed(pilot, 1)
        await pilot.press("r")
        await app_until(pilot, lambda: bool(home(pilot).query("#ask")))
        home(pilot).query_one("#ask-title", Input).value = "[/] new"
        await pilot.press("enter")
        await app_until(pilot, lambda: home(pilot).items["yours"][0].title == "[/] new")
        assert tomllib.loads(path.read_text())["chain"]["title"] == "[/] new"
        await pilot.press("u")
        await app_until(pilot, lambda: home(pilot).items["yours"][0].title == "Old name")


async def test_a_question_is_closed_with_escape(paths: Paths) -> None:
    await make(paths.sessions, "Mine", 2)
    async with app_of(paths).run_test(size=(120, 40)) as pilot:
        await listed(pilot, 1)
        await pilot.press("r")
        await app_until(pilot, lambda: bool(home(pilot).query("#ask")))
        await pilot.press("escape")
        await app_until(pilot, lambda: not home(pilot).query("#ask"))
        assert home(pilot).query_one("#list").has_focus


async def test_branch(paths: Paths) -> None:
    await make(paths.sessions, "Trunk", 8, age=5)
    async with app_of(paths).run_test(size=(120, 40)) as pilot:
        await listed(pilot, 1)
        await pilot.press("b")
        await app_until(pilot, lambda: bool(home(pilot).query("#ask")))
        assert home(pilot).query_one("#ask-generation", Input).value == "2"
        said = home(pilot).query_one("#ask-hint", Static)
        for generation, kept in (("0", "d⁰ alone;"), ("2", "generations 1–2;"), ("1", "generation 1;")):
            home(pilot).query_one("#ask-generation", Input).value = generation
            await app_until(pilot, partial(says, said, f"keeps {kept}"))
        home(pilot).query_one("#ask-seed", Input).value = "7"
        await pilot.press("enter")
        await app_until(pilot, lambda: len(list(paths.sessions.glob("*.toml"))) == 2)
        await app_until(pilot, lambda: pilot.app.screen.GROUP == "lab")  # type: ignore[attr-defined]
    branch = next(path for path in paths.sessions.glob("*.toml") if path.name != "trunk.toml")
    document = tomllib.loads(branch.read_text())
    assert document["parent"] == {"file": "trunk.toml", "generation": 1}
    assert document["chain"]["seed"] == 7


async def test_open_and_come_back(paths: Paths) -> None:
    await make(paths.sessions, "Mine", 2)
    async with app_of(paths).run_test(size=(120, 40)) as pilot:
        await listed(pilot, 1)
        await pilot.press("enter")
        await app_until(pilot, lambda: pilot.app.screen.GROUP == "lab")  # type: ignore[attr-defined]
        await make(paths.sessions, "Another", 0)
        await pilot.press("escape")
        await listed(pilot, 2)


async def test_a_click_shows_and_a_second_click_opens(paths: Paths) -> None:
    for number, title in enumerate(("One", "Two", "Three")):
        await make(paths.sessions, title, 2, age=number * 10)
    async with app_of(paths).run_test(size=(120, 40)) as pilot:
        await listed(pilot, 3)
        await pilot.click("#list", offset=(5, 4))
        await app_until(pilot, lambda: home(pilot).item.key == "three.toml")  # type: ignore[union-attr]
        await pilot.click("#list", offset=(5, 4))
        await app_until(pilot, lambda: pilot.app.screen.GROUP == "lab")  # type: ignore[attr-defined]


async def test_broken_and_hostile_files_are_listed(paths: Paths) -> None:
    paths.sessions.mkdir()
    (paths.sessions / "torn.toml").write_text("[chain]\ntitle = ")
    (paths.sessions / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    (paths.sessions / "zero.toml").write_text("")
    (paths.sessions / "odd.toml").write_text('[chain]\ngenerations = "six"\nagent = 3\n')
    (paths.sessions / "folder.toml").mkdir()
    (paths.sessions / "[bold]x.toml").write_text("x = [")
    good = await make(paths.sessions, "x", 2)
    text = good.read_text()
    title = HOSTILE.replace("\x1b", "\\u001b").replace("\x07", "\\u0007")
    good.write_text(text.replace('title = "x"', f'title = "{title}"'))
    async with app_of(paths).run_test(size=(80, 24)) as pilot:
        await listed(pilot, 6)
        items = {item.key: item for item in home(pilot).items["yours"]}
        assert "line 2" in items["torn.toml"].line
        assert items["torn.toml"].broken
        assert "\x1b" not in items["x.toml"].title + items["x.toml"].line
        for _ in range(6):
            item = home(pilot).item
            assert item is not None
            seen = item.title[:20]
            await app_until(pilot, lambda seen=seen: seen in words(pilot))  # type: ignore[misc]
            if item.broken:
                await pilot.press("enter")
                await app_until(pilot, lambda: isinstance(pilot.app.screen, ErrorScreen))
                await pilot.press("escape")
                await app_until(pilot, lambda: isinstance(pilot.app.screen, HomeScreen))
            await pilot.press("down")


async def test_a_blind_session_does_not_give_h_away(paths: Paths) -> None:
    path = await make(paths.sessions, "Blind", 1, preset="e3-human")
    path.write_text(path.read_text().replace("blind = false", "blind = true"))
    async with app_of(paths).run_test(size=(120, 40)) as pilot:
        await listed(pilot, 1)
        await app_until(pilot, lambda: "waiting for review" in words(pilot))
        assert "h*" not in words(pilot)
        assert "ĥ" not in words(pilot)
        chart: Any = home(pilot).query_one("#chart")
        assert {mark.symbol for mark in chart.view.marks} == {"▲"}


async def test_the_preview_of_a_blind_review_hides_how_much_is_right(paths: Paths) -> None:
    path = await make(paths.sessions, "Blind", 4, preset="e3-none")
    text = path.read_text()
    async with app_of(paths).run_test(size=(120, 40)) as pilot:
        await listed(pilot, 1)
        await app_until(pilot, lambda: "outcome" in words(pilot))
        assert "right" in words(pilot)
        path.write_text(text.replace("[[agent]]", '[[filter]]\nkind = "human"\nblind = true\n\n[[agent]]', 1))
        await pilot.press("f5")
        await app_until(pilot, lambda: "outcome" in words(pilot) and "h*" not in words(pilot))
        assert "right" not in words(pilot)


async def test_a_thousand_sessions(paths: Paths) -> None:
    first = await make(paths.sessions, "S", 1)
    text = first.read_text()
    for number in range(999):
        (paths.sessions / f"s-{number:03}.toml").write_text(text.replace('title = "S"', f'title = "S {number}"'))
    async with app_of(paths).run_test(size=(120, 40)) as pilot:
        await listed(pilot, 1000)
        await pilot.press("slash", *"s 77")
        await listed(pilot, sum("77" in str(number) for number in range(999)))


def test_words_are_found_anywhere() -> None:
    items = [Item("a", "A", "", "the quick fox"), Item("b", "B", "", "the slow fox")]
    assert matching(items, "FOX  quick") == items[:1]
    assert matching(items, "") == items
    assert matching(items, "dog") == []


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-5, "just now"), (59, "just now"), (60, "1 min ago"), (7200, "2 h ago"), (90_000, "1 day ago"), (200_000, "2 days ago")],
)
def test_ago(seconds: float, said: str) -> None:
    assert age_text(seconds, 0) == said


def test_long_ago_is_a_date() -> None:
    assert age_text(40 * 86400, 1_700_000_000).startswith("2023-11-1")


async def test_the_tour_opens_the_first_lesson_that_is_not_done(paths: Paths) -> None:
    from iicl_tui.lessons.library import lessons
    from iicl_tui.lessons.progress import Progress, file_beside, save

    first, second = lessons(paths.settings)[:2]
    for expected in (first, second):
        async with app_of(paths).run_test(size=(120, 40)) as pilot:
            await app_until(pilot, lambda: bool(home(pilot).query("#intro")))
            await pilot.press("t")
            await app_until(pilot, lambda: pilot.app.screen.GROUP == "lesson")  # type: ignore[attr-defined]
            assert pilot.app.screen.path.stem == expected.name  # type: ignore[attr-defined]
            if expected is second:  # the tab lists them all, with how far the person is
                await pilot.press("escape", "4")
                await listed(pilot, len(lessons()))
                assert "✓ done" in home(pilot).items["lessons"][0].line
                await pilot.press("down", "down", "enter")
                await app_until(pilot, lambda: pilot.app.screen.GROUP == "lesson")  # type: ignore[attr-defined]
                assert pilot.app.screen.path.stem == lessons()[2].name  # type: ignore[attr-defined]
        save(file_beside(paths.settings), first.name, Progress(3, 3, True))


async def test_rows_of_ones_own_are_opened_by_their_path_and_offered_again(
    paths: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "mine.jsonl"
    data.write_text('{"text": "A kettle."}\n')
    async with app_of(paths).run_test(size=(120, 40)) as pilot:
        await app_until(pilot, lambda: bool(home(pilot).query("#list")))
        await pilot.press("v")
        await app_until(pilot, lambda: bool(home(pilot).query("#ask-path")))
        field = home(pilot).query_one("#ask-path", Input)
        field.value = str(tmp_path / "none.jsonl")
        await pilot.press("enter")
        assert home(pilot).query("#ask"), "there is no such file"
        field.value = str(data)
        await pilot.press("enter")
        await app_until(pilot, lambda: type(pilot.app.screen).__name__ == "RowsScreen" and bool(reviewed_files(paths)))
        assert reviewed_files(paths) == [str(data)]
        await pilot.press("escape")
        await app_until(pilot, lambda: isinstance(pilot.app.screen, HomeScreen))
        await pilot.press("v")
        await app_until(pilot, lambda: bool(home(pilot).query("#ask-path")))
        assert home(pilot).query_one("#ask-path", Input).value == str(data)
        monkeypatch.setenv("TEXTUAL_DRIVER", "another")
        assert home(pilot).check_action("review", ()) is False
