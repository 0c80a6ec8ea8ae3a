from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.geometry import Offset, Size
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static
from waiting import until

from iicl_tui.chain.config import ChainConfig
from iicl_tui.errors import StoreError
from iicl_tui.lessons import notes
from iicl_tui.present.lab_session import LabSession
from iicl_tui.present.lab_state import LabState
from iicl_tui.store.paths import Paths
from iicl_tui.store.session import SessionFile
from iicl_tui.tui.app import LabApp, Start
from iicl_tui.tui.lab import dialogs
from iicl_tui.tui.review.pane import ReviewPane
from iicl_tui.tui.screens.error import ErrorScreen
from iicl_tui.tui.screens.lab import LabScreen
from iicl_tui.tui.screens.transcript import TranscriptScreen
from iicl_tui.tui.widgets.action_bar import ActionBar
from iicl_tui.tui.widgets.curves import Curves
from iicl_tui.tui.widgets.data_pane import DataPane, DataText
from iicl_tui.tui.widgets.film_strip import FilmStrip
from iicl_tui.tui.widgets.footer import KeyBar
from iicl_tui.tui.widgets.generations import Generations
from iicl_tui.tui.widgets.header import HeaderLine
from iicl_tui.tui.widgets.inline_form import InlineForm
from iicl_tui.tui.widgets.lab_chart import LabChart
from iicl_tui.tui.widgets.marginals import Marginals

Make = Callable[..., ChainConfig]
SIZES = [(80, 24), (120, 40), (200, 60)]
BIASED = {"hypothesis": 33, "spurious": "screen", "bias": "high", "draw": "overlap", "initial": 4}
HOSTILE = "[/] [bold]x \x1b]52;c;AAAA\x07 \u202e" + "漢" * 300


class Host:
    """A lab in a running app, and short ways to what is in it."""

    def __init__(self, app: LabApp, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def screen(self) -> LabScreen:
        return next(screen for screen in reversed(self.app.screen_stack) if isinstance(screen, LabScreen))

    @property
    def state(self) -> LabState:
        state = self.screen.state
        assert state is not None
        return state

    @property
    def session(self) -> LabSession:
        return self.screen.session

    async def press(self, *keys: str) -> None:
        """Keys, one by one, each until all is at rest."""
        for key in keys:
            await self.pilot.press(key)
            if self.screen.activity.busy:
                await self.rest()
        await self.rest()

    async def rest(self) -> None:
        """Until the chain rests and all messages are handled, or a person is asked."""
        await until(lambda: not self.screen.activity.busy or self.screen.activity.asking)
        await self.pilot.pause()

    def text(self, selector: str) -> str:
        widget = self.screen.query_one(selector)
        strips = [widget.render_line(y) for y in range(widget.size.height)]
        return "\n".join(strip.text for strip in strips)

    async def click_action(self, selector: str, action: str) -> None:
        bar = self.screen.query_one(selector, ActionBar)
        start = next(start for start, _, each in bar._places if each.action == action)
        await self.pilot.click(bar, offset=(start + 1 + bar.styles.padding.left, 0))
        await self.rest()


@pytest.fixture
def lab(config: Make, tmp_path: Path) -> Callable[..., Any]:
    @asynccontextmanager
    async def open_lab(
        size: tuple[int, int] = (120, 40), steps: int = 0, path: Path | None = None, **document: Any
    ) -> AsyncIterator[Host]:
        document.setdefault("task", BIASED)
        chain = {"title": "a chain", "generations": 4, **document.pop("chain", {})}
        if path is None:
            session = LabSession.from_file(SessionFile.create(config(chain=chain, **document), tmp_path))
            for _ in range(steps):
                await session.chain.step()
            session.refresh()
            values: dict[str, Any] = {"session": session}
        else:
            values = {"path": path}
        paths = Paths(tmp_path / "settings.toml", tmp_path / "themes", tmp_path, tmp_path / "state")
        app = LabApp(paths, start=Start("lab", values))
        async with app.run_test(size=size) as pilot:
            host = Host(app, pilot)
            await host.rest()
            yield host

    return open_lab


# -- stepping


@pytest.mark.parametrize("size", SIZES)
async def test_space_does_one_phase_after_another_to_the_end(lab: Any, size: tuple[int, int]) -> None:
    async with lab(size, chain={"generations": 2}) as host:
        for done in range(6):
            assert host.session.chain.next == (1 + done // 3, ("imitation", "interaction", "transmission")[done % 3])
            assert host.state.words.startswith("Next")
            await host.press("space")
        assert host.state.words.startswith("All ")
        assert "● saved" in host.screen.query_one(HeaderLine).state
        await host.press("space", "g", "R", "r")
        assert len(host.session.file.generations) == 2
        assert not host.screen.query(InlineForm)


async def test_g_runs_to_the_end_of_the_generation_and_R_to_the_last(lab: Any) -> None:
    async with lab() as host:
        await host.press("space", "g")
        assert host.session.chain.next == (2, "imitation")
        await host.press("g")
        assert host.session.chain.next == (3, "imitation")
        await host.press("R")
        assert host.session.chain.status == "finished"


async def test_r_asks_how_far(lab: Any) -> None:
    async with lab(chain={"generations": 30}) as host:
        await host.press("r")
        ask = host.screen.query_one(InlineForm)
        field = ask.query_one(Input)
        field.value = "31"
        await host.press("enter")
        assert host.screen.query(InlineForm)
        assert host.session.chain.status == "new"
        assert "1 to 30" in str(ask.query_one("#ask-hint", Static).content)
        field.value = "3"
        await host.press("enter")
        assert not host.screen.query(InlineForm)
        assert host.session.chain.next == (4, "imitation")
        await host.press("r", "escape")
        assert not host.screen.query(InlineForm)
        assert host.session.chain.next == (4, "imitation")
        assert host.app.screen is host.screen


async def test_keys_pressed_again_while_a_phase_is_done_do_nothing_more(lab: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async with lab() as host:
        agent = host.session.chain.config.agents[0]
        gate, begun, real = asyncio.Event(), [], agent.imitate

        async def slow(rounds: Any, rng: Any, line: Any) -> Any:
            begun.append(1)
            await gate.wait()
            return await real(rounds, rng, line)

        monkeypatch.setattr(agent, "imitate", slow)
        for key in ("space", "space", "g", "R", "space", "r", "b", "S", "w"):
            await host.pilot.press(key)
        assert begun == [1]
        assert not host.screen.query(InlineForm)
        gate.set()
        await host.rest()
        assert host.session.chain.next == (1, "interaction")
        assert begun == [1]


async def test_a_burst_of_keys_is_folded(lab: Any) -> None:
    async with lab(chain={"generations": 50}) as host:
        for _ in range(30):  # all in the queue before the first is handled, as with a key held down on a slow line
            host.app.call_later(host.app.run_action, "next_phase", host.screen)
        await host.rest()
        done = 3 * len(host.session.chain.generations)
        assert 0 < done <= 15
        assert host.session.measures.hypothesis.size == len(host.session.chain.generations)


async def test_escape_cancels_what_runs_and_then_leaves(lab: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async with lab(steps=3) as host:
        begun = asyncio.Event()

        async def forever(rounds: Any, rng: Any, line: Any) -> Any:
            begun.set()
            await asyncio.Event().wait()

        monkeypatch.setattr(host.session.chain.config.agents[0], "imitate", forever)
        await host.pilot.press("R")
        await begun.wait()
        await until(lambda: "running" in host.screen.query_one(HeaderLine).state)
        await host.press("escape")
        assert not host.screen.activity.busy
        assert host.session.chain.next == (2, "imitation")
        assert len(host.session.file.generations) == 1
        assert host.app.screen is host.screen
        monkeypatch.undo()
        await host.press("space")
        assert host.session.chain.next == (2, "interaction")


async def test_p_pauses_after_the_phase_under_way(lab: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async with lab() as host:
        agent = host.session.chain.config.agents[0]
        gate, begun, real = asyncio.Event(), asyncio.Event(), agent.imitate

        async def slow(rounds: Any, rng: Any, line: Any) -> Any:
            begun.set()
            await gate.wait()
            return await real(rounds, rng, line)

        monkeypatch.setattr(agent, "imitate", slow)
        await host.pilot.press("R")
        await begun.wait()
        await host.pilot.press("p", "p")
        assert host.state.activity.pausing
        gate.set()
        await host.rest()
        assert host.session.chain.next == (1, "interaction")
        await host.press("R")
        assert host.session.chain.status == "finished"


async def test_a_long_run_repaints_on_the_way_and_stops_at_once(lab: Any) -> None:
    async with lab(chain={"generations": 100_000}) as host:
        # Keys as the terminal sends them: the pilot would wait until nothing happens, and here something always does.
        async def key(name: str, then: Callable[[], bool]) -> None:
            host.app.post_message(events.Key(name, None))
            await until(then)

        await key("R", lambda: host.screen.activity.busy)
        seen: set[int] = set()

        def three_seen() -> bool:
            seen.add(host.state.now)
            return len(seen) >= 3

        await until(three_seen)
        await key("left_square_bracket", lambda: not host.state.following)
        at = host.state.selected

        def sized(size: tuple[int, int]) -> bool:
            return host.screen.size == size

        await key("v", lambda: host.state.belief.form == "mosaic")
        for size in ((80, 24), (30, 8), (200, 60), (120, 40)):
            host.app._driver._size = Size(*size)
            host.app.post_message(events.Resize(Size(*size), Size(*size)))
            await until(partial(sized, size))
        assert host.state.selected == at
        await key("escape", lambda: not host.screen.activity.busy)
        last = len(host.session.chain.generations)
        assert last < 100_000
        assert len(host.session.measures) == last
        assert host.state.selected == at
        assert host.session.file.generations[-1] == host.session.chain.generations[-1]


# -- looking back


@pytest.mark.parametrize("size", SIZES)
async def test_looking_back_keeps_its_place_while_the_chain_goes_on(lab: Any, size: tuple[int, int]) -> None:
    async with lab(size, steps=4) as host:
        assert host.state.selected == 2
        await host.press("left_square_bracket")
        assert host.state.selected == 1
        title = host.screen.query_one(LabChart).view.title
        await host.press("space", "g")
        assert host.state.selected == 1
        assert host.screen.query_one(LabChart).view.title == title
        assert "The chain is at generation 3" in host.state.words
        await host.press("right_square_bracket")
        assert host.state.selected == 2
        await host.press("left_curly_bracket")
        assert host.state.selected == 0
        await host.press("left_square_bracket")
        assert host.state.selected == 0
        await host.press("right_curly_bracket")
        assert host.state.following
        assert host.state.selected == 3
        await host.press("left_curly_bracket", "escape")
        assert host.state.following
        assert host.app.screen is host.screen


async def test_later_until_now_follows_again(lab: Any) -> None:
    async with lab(steps=6) as host:
        await host.press("left_square_bracket", "right_square_bracket", "space")
        assert host.state.following
        await host.press("g")
        assert host.state.selected == 4


async def test_the_generation_list_is_clicked_and_walked(lab: Any) -> None:
    async with lab(steps=9) as host:
        await host.pilot.click(Generations, offset=(3, 2))
        await host.rest()
        assert host.state.selected == 1
        await host.press("down")
        assert host.state.selected == 2
        await host.press("home")
        assert host.state.selected == 0
        await host.press("end")
        assert host.state.following
        await host.pilot.click(Generations, offset=(3, 5))
        await host.rest()
        assert host.state.selected == 4
        text = host.text("#generations")
        assert "given" in text
        assert "next" in text


async def test_film_and_curves_choose_a_generation(lab: Any) -> None:
    async with lab(steps=9) as host:
        screen = host.screen
        screen.post_message(FilmStrip.GenerationChosen(screen.query_one(FilmStrip), 0))
        await host.rest()
        assert host.state.selected == 1
        screen.post_message(Curves.GenerationChosen(screen.query_one(Curves), 1))
        await host.rest()
        assert host.state.selected == 2
        screen.post_message(Curves.GenerationChosen(screen.query_one(Curves), 77))
        await host.rest()
        assert host.state.following


# -- the belief


async def test_form_scale_by_and_ghost_are_turned_by_key_and_by_mouse(lab: Any) -> None:
    async with lab(steps=4) as host:
        chart = host.screen.query_one(LabChart)
        forms = []
        for _ in range(3):
            await host.press("v")
            forms.append(chart.view.form)
        assert forms == ["mosaic", "ranked", "strips"]
        await host.click_action("#choices", "lab.view")
        assert chart.view.form == "mosaic"
        await host.press("s")
        assert chart.view.scale == "log"
        seen = []
        for _ in range(6):
            await host.press("c")
            seen.append(chart.view.by)
        assert seen == [None, 0, 1, 2, 3, 4]
        assert host.screen.query_one(Marginals).view.by == 4
        await host.press("G")
        assert chart.view.previous is None


async def test_the_cursor_reads_out_a_hypothesis_and_stays_on_it(lab: Any) -> None:
    async with lab(steps=4) as host:
        chart = host.screen.query_one(LabChart)
        assert chart.has_focus
        await host.press("m", "right")
        cursor = chart.cursor
        assert cursor is not None
        rule = host.session.chain.task.rule(cursor)
        assert "  ".join(rule.split("  ")) in host.text("#readout")
        await host.press("space", "v", "left_square_bracket")
        assert chart.cursor == cursor
        await host.press("home")
        assert chart.cursor == 0
        await host.press("end")
        assert chart.cursor == 242 or chart.view.form == "ranked"
        copied = host.screen.copy_text()
        assert copied is not None
        assert "P " in copied


@pytest.mark.parametrize("size", SIZES)
async def test_where_no_belief_is_known_the_rest_still_works(
    lab: Any, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with lab(size) as host:
        agent = host.session.chain.config.agents[0]

        async def imitate(rounds: Any, rng: Any, line: Any) -> int:
            return 7

        monkeypatch.setattr(agent, "imitate", imitate)
        monkeypatch.setattr(agent, "beliefs", lambda generations: [None] * len(generations))
        await host.press("g", "m", "v", "v", "c", "v", "left_square_bracket", "home", "end", "down", "R", "2", "3", "5")
        assert host.session.chain.status == "finished"
        assert host.state.belief.log_p is None
        assert len(host.state.film.totals) == 4
        assert host.screen.copy_text() is None or size[0] < 100


# -- panes at small sizes


async def test_panes_at_80_by_24_by_key_and_by_mouse(lab: Any) -> None:
    async with lab((80, 24), steps=5) as host:
        panes = {"1": LabChart, "2": Curves, "3": Marginals, "4": DataPane, "5": Generations}
        for key in "2345123":
            await host.press(key)
            for other, kind in panes.items():
                widget = host.screen.query_one(kind)
                there = widget.region.area > 0 and widget in host.screen._compositor.visible_widgets
                assert there == (other == key), (key, kind)
        await host.click_action("#tabs", "lab.pane-data")
        assert host.screen.query_one(DataPane).has_focus
        copied = host.screen.copy_text()
        assert copied is not None
        assert copied.startswith("d¹")
        await host.pilot.resize_terminal(120, 40)
        await until(lambda: all(host.screen.query_one(kind).region.area > 0 for kind in panes.values()))


@pytest.mark.parametrize("size", [(100, 30), (99, 29), (60, 16), (80, 24), (120, 40), (200, 60)])
@pytest.mark.parametrize("steps", [0, 5])
async def test_nothing_lies_outside_the_screen(lab: Any, size: tuple[int, int], steps: int) -> None:
    async with lab(size, steps=steps) as host:
        for widget in host.screen.query("*"):
            region = widget.region
            if widget in host.screen._compositor.visible_widgets and region.area and not widget.has_class("-textual-system"):
                inside = host.screen.region.contains_region(region)
                assert inside or widget.parent is not host.screen.query_one("#body"), widget
        assert host.screen.query_one(LabChart).region.height >= 4
        assert host.screen.query_one("#phases").region.height == 1


# -- a person as the filter


HUMAN = [{"kind": "human"}]


@pytest.mark.parametrize("size", SIZES)
async def test_the_review_opens_where_a_person_is_asked(lab: Any, size: tuple[int, int]) -> None:
    async with lab(size, filter=HUMAN) as host:
        await host.press("space")
        assert host.state.waits_for_person
        assert "you decide" in host.state.words
        assert host.state.rows.note == "asks you"
        await host.press("space")
        pane = host.screen.query_one(ReviewPane)
        assert pane.live
        assert pane.has_focus
        assert pane.region.height >= 10
        assert (host.screen.query_one(LabChart).region.area > 0) == (size[0] >= 100)
        await host.press("space", "a", "enter")
        assert host.session.chain.next == (1, "transmission")
        assert not host.screen.query_one(ReviewPane).live
        await host.press("w", "A", "enter")
        assert host.session.chain.next == (2, "imitation")
        assert host.screen.query_one(LabChart).has_focus


async def test_a_review_fills_the_screen_and_gives_the_room_back(lab: Any) -> None:
    async with lab((120, 40), filter=HUMAN) as host:
        await host.press("space", "space")
        pane, chart = host.screen.query_one(ReviewPane), host.screen.query_one(LabChart)
        assert "f full screen" in str(pane.query_one("#review-bar").render())
        height = pane.region.height
        await host.press("f")
        assert chart.region.area == 0
        assert pane.region.height > height + 10
        await host.press("a", "enter")
        assert chart.region.area > 0  # nothing is reviewed now
        await host.press("w")
        assert pane.live
        assert chart.region.area == 0  # the next review fills the screen again
        await host.press("f")
        assert chart.region.area > 0
        assert pane.region.height == height


async def test_a_small_screen_has_no_full_screen_to_offer(lab: Any) -> None:
    async with lab((80, 24), filter=HUMAN) as host:
        await host.press("space", "space")
        assert "full screen" not in str(host.screen.query_one(ReviewPane).query_one("#review-bar").render())
        await host.press("f")
        assert host.screen.query_one(ReviewPane).live


async def test_a_review_put_off_is_taken_up_again(lab: Any) -> None:
    async with lab(filter=HUMAN, steps=1) as host:
        await host.press("R")
        await host.press("a", "enter", "x", "escape")
        assert not host.screen.activity.busy
        assert host.session.chain.next == (1, "transmission")
        assert host.app.screen is host.screen
        await host.press("space")
        pane = host.screen.query_one(ReviewPane)
        assert pane.state.decided == 1
        await host.pilot.resize_terminal(80, 24)
        await host.rest()
        assert pane.state.decided == 1
        assert pane.live


async def test_blind_hides_what_is_right_in_the_whole_lab(lab: Any) -> None:
    async with lab(filter=[{"kind": "human", "blind": True}], steps=1) as host:
        for keys in (["left_curly_bracket"], ["right_curly_bracket"], ["c"] * 6, ["space"]):
            await host.press(*keys)
            assert host.state.belief.by is not None
            assert not [mark for mark in host.state.belief.marks if mark.symbol in "★+"]
            assert host.state.belief.explained is None
            assert not [panel for panel in host.state.curves if "h*" in panel.title]
        await host.press("a", "enter", "w", "A", "enter", "R")
        for _ in range(3):
            await host.press("a", "enter", "A", "enter")
        assert host.session.chain.status == "finished"
        assert [mark for mark in host.state.belief.marks if mark.symbol == "★"]
    async with lab(filter=HUMAN, steps=1) as host:
        await host.press("space", "B")
        assert host.state.belief.explained is None
        await host.press("B")
        assert host.state.belief.explained is not None


# -- files


async def test_branch_opens_a_new_session_and_leaves_this_one(lab: Any, tmp_path: Path) -> None:
    async with lab(steps=9) as host:
        first, before = host.session.file.path, host.session.file.path.read_bytes()
        await host.press("v", "left_curly_bracket", "right_square_bracket", "right_square_bracket", "b")
        ask = host.screen.query_one(InlineForm)
        assert "keeps generations 1–2" in str(ask.query_one("#ask-hint", Static).content)
        seed = ask.query_one("#ask-seed", Input)
        await host.press("down")
        assert seed.value != "42"
        assert "other random numbers" in str(ask.query_one("#ask-hint", Static).content)
        await host.press("enter")
        assert host.session.file.path != first
        assert host.session.chain.next == (3, "imitation")
        assert host.session.file.parent.generation == 2
        assert first.read_bytes() == before
        with SessionFile.open(first) as left:
            assert left.read_only is None
        assert host.state.belief.form == "mosaic"
        assert any(fact.startswith("branched after 2") for fact in host.state.facts)
        await host.press("space")
        assert host.session.chain.next == (3, "interaction")
        assert {first, host.session.file.path} == set(tmp_path.glob("*.toml"))  # noqa: ASYNC240


async def test_a_finished_chain_is_branched_into_a_longer_one(lab: Any) -> None:
    async with lab(steps=12) as host:
        await host.press("b", "enter")
        assert host.session.chain.config.generations == 5
        assert host.session.chain.next == (5, "imitation")


async def test_a_read_only_session_is_looked_at_branched_and_copied(lab: Any, tmp_path: Path) -> None:
    async with lab(steps=4) as first:
        path = first.session.file.path
        async with lab(path=path) as host:
            assert host.session.read_only
            assert "read-only" in host.screen.query_one(HeaderLine).state
            assert host.state.words.startswith("Read-only")
            await host.press("space", "g", "R", "r")
            assert host.session.chain.next == (2, "interaction")
            assert not host.screen.query(InlineForm)
            await host.press("left_square_bracket")
            assert host.state.selected == 1
            await host.press("right_curly_bracket")
            await host.click_action("#words", "lab.save-copy")
            field = host.screen.query_one(InlineForm).query_one(Input)
            field.value = str(tmp_path / "mine.toml")
            await host.press("enter")
            assert host.session.file.path == tmp_path / "mine.toml"
            await host.press("space")
            assert host.session.chain.next == (2, "transmission")
            assert "● saved" in host.screen.query_one(HeaderLine).state
        assert first.session.chain.next == (2, "interaction")


async def test_a_hand_written_configuration_is_looked_at_and_branched(lab: Any, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('[chain]\ntitle = "mine"\ngenerations = 2\n[task]\nobjects = ["A", "B", "C"]\n')
    async with lab(path=path) as host:
        await host.press("space")
        assert host.session.chain.status == "new"
        assert "Generation 1 draws from this." in host.state.belief.title
        await host.press("b", "enter", "R")
        assert host.session.chain.status == "finished"
        assert host.session.file.path != path


async def test_quitting_in_mid_run_leaves_a_whole_file(lab: Any) -> None:
    async with lab(chain={"generations": 100_000}) as host:
        host.app.post_message(events.Key("R", None))
        await until(lambda: len(host.session.chain.generations) > 5)
        host.app.exit()
        path = host.session.file.path
    with SessionFile.open(path) as again:
        assert again.read_only is None
        assert not again.notices
        assert len(again.generations) > 5


async def test_a_full_disk_is_told_and_nothing_is_lost(lab: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async with lab(steps=3) as host:
        file = host.session.file

        def full(*_: object) -> None:
            raise StoreError("The disk is full", "There is no room.", "Make room, or save a copy.")

        with monkeypatch.context() as patch:
            patch.setattr(file, "append", full)
            await host.press("R")
            assert isinstance(host.app.screen, ErrorScreen)
            await host.press("escape")
            assert "not saved" in host.screen.query_one(HeaderLine).state
            assert host.state.words.startswith("Not saved yet; it is kept in memory and written as soon as possible. The disk")
            assert host.session.chain.next == (2, "interaction")
            await host.press("space")
            assert isinstance(host.app.screen, ErrorScreen)
            await host.press("escape")
            assert host.session.chain.next == (2, "interaction")
        await host.press("space")
        assert "● saved" in host.screen.query_one(HeaderLine).state
        assert file.generations[-1] == host.session.chain.generations[-1]
        await host.press("R")
        assert host.session.chain.status == "finished"


@pytest.mark.parametrize("same_disk", [False, True])
async def test_a_copy_is_offered_on_another_disk_where_this_one_is_full(
    lab: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, same_disk: bool
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setattr(Path, "home", lambda: home)
    monkeypatch.setattr(dialogs, "_disk", lambda folder: int(folder == home and not same_disk))
    async with lab(steps=3) as host:
        folder = host.session.file.path.parent
        await host.press("S")
        assert Path(host.screen.query_one(InlineForm).answers["path"]).parent == folder
        await host.press("escape")

        def full(*_: object) -> None:
            raise StoreError("The disk is full", "There is no room.", "Make room, or save a copy.")

        monkeypatch.setattr(host.session.file, "append", full)
        await host.press("space", "escape", "S")
        assert Path(host.screen.query_one(InlineForm).answers["path"]).parent == (folder if same_disk else home)


async def test_a_deleted_file_is_left_for_a_copy(lab: Any, tmp_path: Path) -> None:
    async with lab(steps=3) as host:
        host.session.file.path.unlink()
        await host.press("space", "escape", "S")
        field = host.screen.query_one(InlineForm).query_one(Input)
        field.value = str(tmp_path / "no such folder" / "copy.toml")
        await host.press("enter")
        assert isinstance(host.app.screen, ErrorScreen)
        await host.press("escape")
        field.value = str(tmp_path / "copy.toml")
        await host.press("enter")
        assert host.session.file.path == tmp_path / "copy.toml"
        await host.press("R")
        assert host.session.chain.status == "finished"
    with SessionFile.open(tmp_path / "copy.toml") as again:
        assert len(again.generations) == 4


async def test_a_toast_leaves_what_is_to_be_done_in_sight(config: Make, tmp_path: Path) -> None:
    session = LabSession.from_file(SessionFile.create(config(chain={"title": "a chain", "generations": 4}, task=BIASED), tmp_path))
    paths = Paths(tmp_path / "settings.toml", tmp_path / "themes", tmp_path, tmp_path / "state")
    app = LabApp(paths, start=Start("lab", {"session": session}))
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        app.notify("A word in passing, of two lines\nor so.", timeout=60)
        await pilot.pause()
        toast = app.screen.query_one("Toast").region
        assert toast.height > 1
        assert toast.bottom < app.screen.query_one("#words").region.y


@pytest.mark.parametrize("key", ["escape", "q"])
async def test_what_is_not_saved_is_not_left_without_a_word(lab: Any, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    async with lab(steps=3) as host:

        def full(*_: object) -> None:
            raise StoreError("The disk is full", "There is no room.", "Make room, or save a copy.")

        with monkeypatch.context() as patch:
            patch.setattr(host.session.file, "append", full)
            await host.press("space", "escape", key)
            assert isinstance(host.app.screen, LabScreen)
            assert [note.title for note in host.app._notifications] == ["Not all of this session is saved"]
        await host.pilot.press(key)
        assert not isinstance(host.app.screen, LabScreen) if key == "escape" else host.app.return_code is not None


async def test_leaving_tries_once_more_to_keep_what_is_not_saved(lab: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async with lab(steps=3) as host:

        def full(*_: object) -> None:
            raise StoreError("The disk is full", "There is no room.", "Make room, or save a copy.")

        path = host.session.file.path
        with monkeypatch.context() as patch:
            patch.setattr(host.session.file, "append", full)
            await host.press("space", "escape")
        await host.pilot.press("escape")
        await host.pilot.pause()
        assert not isinstance(host.app.screen, LabScreen)
        assert not host.app._notifications
    with SessionFile.open(path) as again:
        assert again.generations[-1].imitation is not None
        assert len(again.generations) == 2


async def test_leaving_gives_up_the_file(lab: Any) -> None:
    async with lab(steps=2) as host:
        path = host.session.file.path
    with SessionFile.open(path) as again:
        assert again.read_only is None


# -- other ways in


async def test_another_theme_reaches_every_widget(lab: Any) -> None:
    async with lab(steps=4) as host:

        def colours() -> list[Any]:
            screen = host.screen
            places = [(screen.query_one(Generations), 2), (screen.query_one(LabChart), 1), (screen.query_one("#words"), 0)]
            return [[segment.style for segment in widget.render_line(y)] for widget, y in places]

        before = colours()
        host.app.theme = "iicl-light"
        await host.rest()
        assert all(one != other for one, other in zip(before, colours(), strict=True))


async def test_the_transcript_opens_at_the_generation_looked_at(lab: Any) -> None:
    async with lab(steps=7) as host:
        await host.press("left_square_bracket", "t")
        assert isinstance(host.app.screen, TranscriptScreen)
        copied = host.app.screen.copy_text()
        assert copied is not None
        assert "generation 2" in copied
        await host.press("escape")
        assert host.app.screen is host.screen


async def test_every_action_of_the_lab_has_its_method(lab: Any) -> None:
    from iicl_tui.tui.actions import GROUPS

    async with lab() as host:
        assert all(callable(getattr(host.screen, f"action_{action.name}", None)) for action in GROUPS["lab"])
        chart = host.screen.query_one(LabChart)
        assert all(callable(getattr(chart, f"action_{action.name}", None)) for action in GROUPS["chart"])


async def test_the_footer_steps_by_mouse(lab: Any) -> None:
    async with lab() as host:
        bar = host.screen.query_one(KeyBar)
        start = next(start for start, _, one in bar._places if one.action.id == "lab.next-phase")
        await host.pilot.click(bar, offset=(start + 1 + bar.styles.padding.left, 0))
        await host.rest()
        assert host.session.chain.next == (1, "interaction")


@pytest.mark.parametrize("size", SIZES)
async def test_hostile_names_are_shown_and_not_obeyed(lab: Any, size: tuple[int, int]) -> None:
    objects = ["[/]", "[bold]B", "漢字漢字漢字", "𝒞" * 12, "[red]x[/red]"]
    task = {"objects": objects, "states": ["[on]", "[/off]", "und"], "spurious": "[/]", "initial": 3}
    async with lab(size, task=task, chain={"title": HOSTILE, "generations": 2}) as host:
        await host.press("m", "v", "c", "v", "c", "g", "left_square_bracket", "t", "escape", "b", "escape", "S", "escape")
        for key in "12345":
            await host.press(key)
        shown = "\n".join(
            strip.text for widget in host.screen.query("*") for strip in [*map(widget.render_line, range(widget.size.height))]
        )
        assert "\x1b" not in shown
        assert "\u202e" not in shown
        assert "[/]" in shown
        await host.press("R")
        assert host.session.chain.status == "finished"


async def test_the_mouse_selects_of_the_data_what_it_passes_over(lab: Any) -> None:
    async with lab((120, 40), steps=3) as host:
        text = host.screen.query_one(DataText)
        lines = host.text("DataText").split("\n")
        await host.pilot.mouse_down(text, offset=(6, 0))
        await host.pilot.hover(text, offset=(3, 1))
        await host.pilot.mouse_up(text, offset=(3, 1))
        await host.pilot.pause()
        assert host.screen.get_selected_text() == f"{lines[0][6:].rstrip()}\n{lines[1][:4]}"
        base = text.visual_style.rich_style.bgcolor
        lit = [[style.bgcolor != base for _, style, _ in text.render_line(y)] for y in range(3)]
        assert [any(line) for line in lit] == [True, True, False]
        assert not all(lit[0])


def toasts(host: Host) -> list[str]:
    return [notification.message for notification in host.app._notifications]


async def test_space_walks_through_a_chain_that_is_over_and_then_says_why_it_stops(lab: Any) -> None:
    async with lab(steps=12) as host:
        await host.press("{")
        walked = []
        for _ in range(host.state.now):
            await host.press("space")
            walked.append(host.state.selected)
        assert walked == [*range(1, host.state.now + 1)]
        assert not toasts(host)
        await host.press("space", "space")
        assert toasts(host) == [toasts(host)[0]]  # said once
        assert toasts(host)[0].startswith("The chain is over")


@pytest.mark.parametrize(
    ("key", "why"),
    [("p", "Nothing is running."), ("[", "This is the beginning"), ("]", "This is the newest generation."),
     ("w", "Nothing waits for a decision here."), ("$", "No language model is asked"), ("N", "This is a session already.")],
)  # fmt: skip
async def test_a_key_that_does_nothing_says_why(lab: Any, key: str, why: str) -> None:
    async with lab() as host:
        if key == "[":
            await host.press("{")
        await host.press(key)
        assert len(toasts(host)) == 1
        assert toasts(host)[0].startswith(why)


async def test_a_configuration_offers_to_start_a_session_from_it(lab: Any, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    text = '[chain]\ntitle = "mine"\ngenerations = 2\n[task]\nobjects = ["A", "B", "C"]\n'
    path.write_text(text)
    async with lab(path=path) as host:
        assert "lab.start-session" in host.state.action_ids
        await host.press("space")
        assert "N starts a session" in toasts(host)[-1]
        await host.press("N", "R")
        assert host.session.chain.status == "finished"
        assert host.session.file.path != path
        assert path.read_text() == text


@pytest.mark.parametrize("kind", ["csv", "json"])
async def test_export_is_on_a_key(lab: Any, tmp_path: Path, kind: str) -> None:
    async with lab(steps=3) as host:
        await host.press("E")
        form = host.screen.query_one(InlineForm)
        fields = list(form.query(Input))
        fields[0].value, fields[1].value = kind, str(tmp_path / "out")
        await host.press("enter", "enter")
        await host.rest()
        assert not host.screen.query(InlineForm)
        assert any(path.suffix == f".{kind}" for path in (tmp_path / "out").iterdir())
        assert "files in" in toasts(host)[-1]


async def test_a_note_is_kept_for_the_moment_shown(lab: Callable[..., Any]) -> None:
    async with lab(steps=4) as host:
        await host.press("number_sign", *"see", "enter")
        file = host.session.file
        assert file is not None
        assert [(note.generation, note.phase, note.text) for note in notes.load(file.path)] == [(2, "imitation", "see")]
        assert not host.screen.query(InlineForm)


async def test_i_explains_what_is_shown_in_plain_words_and_exactly(lab: Any) -> None:
    async with lab(steps=4) as host:
        await host.pilot.press("i")
        await host.pilot.pause()
        page = host.app.screen
        assert page.GROUP == "explain"
        assert "before any data" in page.copy_text()
        await host.pilot.press("d")
        await host.pilot.pause()
        assert "log₂ odds" in page.copy_text()
        headings = page.copy_text().split("\n\n")
        assert len(headings) > 12
        assert any(each.startswith("entropy\n") for each in headings)
        await host.pilot.press("escape")
        await host.rest()
        assert host.app.screen is host.screen
        where = host.screen.query_one("#curves").region.offset
        await host.pilot.hover(offset=where + Offset(14, 0))  # on the word of a curve's title
        await host.pilot.press("i")
        await host.pilot.pause()
        terms = host.app.screen.query_one("#terms", OptionList)
        assert terms.highlighted is not None
        assert str(terms.get_option_at_index(terms.highlighted).prompt) == "entropy"
        page = host.app.screen.copy_text()
        assert "In generation 2:\n    H: " in page
