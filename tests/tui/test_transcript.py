from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from rich.cells import cell_len
from textual.strip import Strip
from textual.widgets import Input, Static

from iicl_tui.present.entry import Entry
from iicl_tui.store.paths import Paths
from iicl_tui.tui.app import LabApp, Start
from iicl_tui.tui.screens.transcript import TranscriptScreen
from iicl_tui.tui.widgets.header import HeaderLine
from iicl_tui.tui.widgets.log_list import LogList

ODD = (
    "[/] [bold red]x[/bold",
    "\x1b[2J\x1b]52;c;AAAA\x07 \x9b31m",
    "\u202eright to left\u2066",
    "x" * 10_000,
    "漢字" * 40,
    "a\tb\r\nc\n\n\nd",
    "\ud800 lone",
    "İstanbul İ",
    "",
)
PLAIN = tuple(Entry(at // 3, ("imitation", "interaction", "transmission")[at % 3], f"step {at}", f"text of {at}")
              for at in range(30))  # fmt: skip

Make = Callable[..., LabApp]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def build(entries, at: int | None = None) -> LabApp:
        paths = Paths(tmp_path / "settings.toml", tmp_path, tmp_path, tmp_path)
        return LabApp(paths, start=Start("transcript", {"title": "a chain", "entries": entries, "at": at}))

    return build


def screen(app: LabApp) -> TranscriptScreen:
    assert isinstance(app.screen, TranscriptScreen)
    return app.screen


def lines(app: LabApp) -> list[str]:
    entries = app.screen.query_one(LogList)
    return [entries.render_line(y).text for y in range(entries.size.height)]


def detail(app: LabApp) -> str:
    return str(app.screen.query_one("#text", Static).content)


def header(app: LabApp) -> str:
    return app.screen.query_one(HeaderLine).render().plain


async def test_it_begins_at_the_last_entry_and_shows_it_in_full(make: Make) -> None:
    app = make(PLAIN)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert lines(app)[-1].startswith("▸     9  transmission  step 29  text of 29")
        assert detail(app) == "generation 9 · transmission · step 29\ntext of 29"
        await pilot.press("up", "k")
        await pilot.pause()
        assert "step 27" in detail(app)
        await pilot.press("home")
        await pilot.pause()
        assert lines(app)[0].startswith("▸     0  imitation     step 0")
        await pilot.press("pagedown", "j", "end", "down")
        await pilot.pause()
        assert "step 29" in detail(app)


@pytest.mark.parametrize("text", ["x" * 200, "漢字" * 40, "a漢字" * 40, "x" * 54 + "yz", "x" * 54 + "漢"])
async def test_a_line_that_is_cut_says_so(make: Make, text: str) -> None:
    app = make((Entry(1, "imitation", text), Entry(1, "imitation", "x" * 55)), 0)
    async with app.run_test(size=(78, 24)) as pilot:
        await pilot.pause()
        cut, whole = lines(app)[:2]
        assert cell_len(cut) == cell_len(whole) == 78
        assert cut.rstrip().endswith("…")
        assert "…" not in whole


async def test_a_cut_line_ends_beside_the_scroll_bar(make: Make) -> None:
    app = make([Entry(1, "imitation", "x" * 200)] * 100)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        entries = app.screen.query_one(LogList)
        assert entries.show_vertical_scrollbar
        assert all(cell_len(line) == 79 and line.endswith("…") for line in lines(app))


async def test_the_mouse_chooses_an_entry(make: Make) -> None:
    app = make(PLAIN, 0)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.click(LogList, offset=(20, 4))
        await pilot.pause()
        assert "step 4\n" in detail(app)


async def test_search_goes_from_place_to_place_and_round(make: Make) -> None:
    app = make(PLAIN, 0)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press("slash", *"TEXT OF 1")
        await pilot.pause()
        assert "step 1\n" in detail(app)
        assert "“text of 1” 1 of 11" in header(app)
        await pilot.press("enter")
        await pilot.pause()
        assert "2 of 11" in header(app)
        await pilot.press("n", "n")
        await pilot.pause()
        assert "step 12\n" in detail(app)
        await pilot.press("N", "N", "N", "N")
        await pilot.pause()
        assert "11 of 11" in header(app)
        await pilot.press("n")
        await pilot.pause()
        assert "1 of 11" in header(app)
        await pilot.press("escape")
        await pilot.pause()
        assert not app.screen.query_one(Input).display
        assert "of 11" not in header(app)
        assert app.focused is app.screen.query_one(LogList)


async def test_what_is_not_there_is_said(make: Make) -> None:
    app = make(PLAIN)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("n")
        await pilot.press("slash", *"[/", "enter")
        await pilot.pause()
        assert [one.message for one in app._notifications] == ["Press / to search first.", "No entry contains this text."]
        assert "“[/” in 0" in header(app)


async def test_it_goes_from_generation_to_generation(make: Make) -> None:
    app = make(PLAIN, 13)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press("]")
        await pilot.pause()
        assert "generation 5 · imitation" in detail(app)
        await pilot.press("[", "[")
        await pilot.pause()
        assert "generation 3 · imitation" in detail(app)
        await pilot.press("end", "]")
        await pilot.pause()
        assert "step 29" in detail(app)


async def test_copy_takes_the_whole_entry_made_visible(make: Make) -> None:
    entries = [Entry(1, "imitation", "reply", "\x1b[31m" + "y" * 10_000 + "\nlast", "llm")]
    app = make(entries)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press("y")
        assert app.clipboard == "generation 1 · imitation · llm · reply\n␛[31m" + "y" * 10_000 + "\nlast"


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
async def test_hostile_text_is_shown_and_searched_as_text(make: Make, odd: str) -> None:
    app = make([Entry(1, odd, odd, odd, odd), Entry(2, "imitation", "plain", "plain")], 0)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press("slash")
        app.screen.query_one(Input).value = "[/" if "[/" in odd else "i"
        await pilot.pause()
        shown = lines(app)
        assert all(cell_len(line) == app.screen.query_one(LogList).size.width for line in shown)
        everything = "".join(shown) + detail(app) + app.export_screenshot()
        assert not set(everything) & set("\x1b\x07\x9b\u202e\u2066\ud800\t")
        await pilot.press("enter", "y")
        assert "\x1b" not in app.clipboard


async def test_ten_thousand_entries_are_no_more_work_than_thirty(make: Make) -> None:
    app = make([Entry(at, "imitation", f"step {at}", "t" * 50) for at in range(10_000)])
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        entries = app.screen.query_one(LogList)
        assert len(app.screen.query("*")) < 20
        drawn: list[int] = []
        original = entries.render_line

        def render_line(y: int) -> Strip:
            drawn.append(y)
            return original(y)

        entries.render_line = render_line  # type: ignore[method-assign]
        await pilot.press("home")
        await pilot.pause()
        assert lines(app)[0].startswith("▸     0")
        await pilot.press("end")
        await pilot.pause()
        assert "▸  9999" in lines(app)[-1]
        assert len(drawn) < 10 * entries.size.height


async def test_nothing_yet(make: Make) -> None:
    app = make([])
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press("down", "end", "]", "y", "n", "slash", "x", "enter")
        await pilot.pause()
        assert detail(app) == "Nothing has happened yet."
