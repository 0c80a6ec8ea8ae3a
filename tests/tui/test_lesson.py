"""The lesson screen: every shipped lesson to its end, by keys and by mouse, at three sizes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from textual.geometry import Size
from textual.pilot import Pilot
from textual.widgets import Static
from waiting import app_until

from iicl_tui.chain.engine import Chain
from iicl_tui.lessons import library, progress
from iicl_tui.lessons.attempt import Attempt
from iicl_tui.lessons.lesson import BarsQuestion, ChainSource, FilterQuestion, Lesson, NumberQuestion
from iicl_tui.lessons.prepared import Prepared, prepare_now
from iicl_tui.lessons.reading import read_lesson
from iicl_tui.store.check import check
from iicl_tui.store.paths import Paths
from iicl_tui.tui.app import LabApp, Start
from iicl_tui.tui.lesson.guess_box import GuessBox
from iicl_tui.tui.screens import lesson as lesson_module
from iicl_tui.tui.screens.lab import LabScreen
from iicl_tui.tui.screens.lesson import LessonScreen
from iicl_tui.tui.widgets.action_bar import ActionBar
from iicl_tui.tui.widgets.chain_pane import ChainPane


@cache
def prepared_once(name: str) -> Prepared:
    """The chains of a lesson are run once for all sizes."""
    return prepare_now(read_lesson(library.path_of(name)))


class Host:
    """A lesson in a running app."""

    def __init__(self, app: LabApp, pilot: Pilot[None]) -> None:
        self.app, self.pilot = app, pilot

    @property
    def screen(self) -> LessonScreen:
        return next(screen for screen in reversed(self.app.screen_stack) if isinstance(screen, LessonScreen))

    @property
    def attempt(self) -> Attempt:
        assert self.screen.attempt is not None
        return self.screen.attempt

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.pilot.press(key)
        await self.pilot.pause()

    def text(self, selector: str) -> str:
        widget = self.screen.query_one(selector)
        return "\n".join(widget.render_line(y).text.rstrip() for y in range(widget.size.height))

    async def click_action(self, action: str) -> None:
        bar = self.screen.query_one("#buttons", ActionBar)
        start = next(start for start, _, each in bar._places if each.action == action)
        await self.pilot.click(bar, offset=(start + 1, 0))
        await self.pilot.pause()


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    async def prepare(lesson: Lesson) -> Prepared:
        return await asyncio.to_thread(prepared_once, lesson.name)

    @asynccontextmanager
    async def opened(name: str, size: tuple[int, int] = (120, 40), own: str = "") -> AsyncIterator[Host]:
        path = library.path_of(name)
        if own:
            path = tmp_path / "own.toml"
            path.write_text(own)
        else:
            monkeypatch.setattr(lesson_module, "prepare", prepare)
            monkeypatch.setattr(lesson_module, "live_source", lambda lesson: None)  # also where a model is installed
        paths = Paths(tmp_path / "settings.toml", tmp_path / "themes", tmp_path / "sessions", tmp_path / "state")
        app = LabApp(paths, start=Start("lesson", {"path": path}))
        async with app.run_test(size=size) as pilot:
            await app_until(pilot, lambda: not isinstance(app.screen, LessonScreen) or app.screen.attempt is not None)
            await pilot.pause()
            yield Host(app, pilot)

    return opened


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
@pytest.mark.parametrize("name", library.ORDER)
async def test_a_lesson_runs_to_its_end_and_shows_the_answers_of_its_chain(
    host: Callable[..., Any], tmp_path: Path, name: str, size: tuple[int, int]
) -> None:
    async with host(name, size) as at:
        steps = at.attempt.prepared.steps
        for place in range(len(steps)):
            assert at.attempt.at == place
            step = at.attempt.step
            assert len(at.text("#text").splitlines()) <= 5
            assert at.screen.query_one("#text").region.bottom <= size[1]
            shown = [widget for pane in at.screen.query(ChainPane) if pane.display for widget in pane.query(".pane-chart.-shown")]
            assert shown
            assert all(widget.size.height >= 5 for widget in shown), [widget.size for widget in shown]
            if step.asked is not None:
                box = at.screen.query_one(GuessBox)
                assert box.has_focus
                assert box.region.bottom < at.screen.query_one("#buttons").region.bottom <= size[1] - 1
                await at.press("right", "down")
                await at.press("enter")
                assert at.attempt.is_revealed
                assert_answer_shown(at)
            await at.press("enter" if place < len(steps) - 1 else "[")
        assert at.attempt.finished
        known = progress.load(progress.file_beside(tmp_path / "settings.toml"))
        assert known[name].done


def assert_answer_shown(at: Host) -> None:
    """The stated answer stands in the guess box as the chain gives it."""
    asked, drawn = at.attempt.asked, at.text("#guess")
    assert asked is not None
    if isinstance(asked.question, NumberQuestion):
        assert asked.text(asked.truth[0]) in drawn
    elif isinstance(asked.question, BarsQuestion):
        assert all(f"→ {asked.text(share)}" in drawn for share in asked.truth)
    elif isinstance(asked.question, FilterQuestion):
        assert "decisions were right" in drawn
    else:
        assert "✓" in drawn.splitlines()[int(asked.truth[0])]
    explained = " ".join(at.text("#text").split())
    assert "{" not in explained
    assert at.screen.moment == at.attempt.moment


async def test_keys_write_a_number_and_draw_bars(host: Callable[..., Any]) -> None:
    async with host("what-a-posterior-is") as at:
        await at.press("enter")
        await at.press("right", "right", "down", "right")
        guess = at.attempt.guess
        assert guess is not None
        assert sum(guess) == pytest.approx(1)
        assert at.attempt.place == 1
        await at.press("8", "0")
        assert at.attempt.guess[1] == pytest.approx(0.8)
        await at.press("enter", "n")
        await at.press("4", "5")
        assert at.attempt.guess == (0.45,)
        await at.press("left", "up")
        assert at.attempt.guess == (0.45,)


async def test_a_lesson_works_by_mouse_alone(host: Callable[..., Any]) -> None:
    async with host("passing-on") as at:
        await at.click_action("lesson.go-on")
        box = at.screen.query_one(GuessBox)
        await at.pilot.click(box, offset=(4, 2))
        assert at.attempt.guess == (2.0,)
        await at.click_action("lesson.go-on")
        assert at.attempt.is_revealed
        await at.click_action("lesson.go-on")
        await at.pilot.click(box, offset=(12, 0))
        await at.pilot.pause()
        assert at.attempt.guess == (0.0,)
        await at.click_action("lesson.go-on")
        assert at.attempt.finished
        await at.click_action("lesson.back")
        assert at.attempt.at == 1
        await at.click_action("lesson.earlier")
        assert at.screen.moment == (1, "interaction")


async def test_play_goes_from_the_start_to_the_step_and_stops(host: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    async with host("choosing-makes-it-grow") as at:
        await at.press("n", "n")
        show, shown = at.screen._show, []

        def watched_show() -> None:
            shown.append(at.screen.moment)
            show()

        monkeypatch.setattr(at.screen, "_show", watched_show)
        await at.press("p", "+", "+")
        await app_until(at.pilot, lambda: not at.screen._player.playing)
        assert list(dict.fromkeys(shown))[:2] == [(0, "transmission"), (1, "imitation")]
        assert shown[-1] == at.screen.moment == (3, "transmission")
        await at.press("[", "[")
        assert at.screen.moment == (3, "imitation")
        await at.press("-", "-", "-", "-", "]", "p", "p")
        assert not at.screen._player.playing


async def test_nothing_beyond_the_step_is_shown_before_the_answer(host: Callable[..., Any]) -> None:
    async with host("choosing-makes-it-grow") as at:
        await at.press("n")
        states = [state for (_, moment, *_), state in at.screen._states.items() if moment == at.screen.moment]
        assert {state.last for state in states} == {1}
        await at.press("enter")
        assert at.screen.moment == (6, "transmission")


async def test_jump_goes_to_a_step(host: Callable[..., Any]) -> None:
    async with host("a-filter") as at:
        await at.press("g")
        await at.press("backspace", "3", "enter")
        assert at.attempt.at == 2
        await at.press("g", "escape")
        assert at.attempt.at == 2


async def test_trying_something_opens_a_branch_and_one_key_comes_back(host: Callable[..., Any], tmp_path: Path) -> None:
    async with host("passing-on") as at:
        await at.press("n", "o")
        lab = at.app.screen
        assert isinstance(lab, LabScreen)
        assert len(lab.session.chain.generations) == 1
        assert lab.session.chain.config.asks_at("samples")
        first: Chain = at.attempt.prepared.chains["chain"]
        assert lab.session.chain.generations[0] == first.generations[0]
        assert lab.session.file is not None
        assert check(lab.session.file.path) == []
        await at.press("escape")
        assert isinstance(at.app.screen, LessonScreen)
        assert at.attempt.at == 1


async def test_a_lesson_goes_on_where_it_was_left(host: Callable[..., Any]) -> None:
    async with host("passing-on") as at:
        await at.press("n")
    async with host("passing-on") as at:
        assert at.attempt.at == 1


async def test_two_chains_stand_beside_below_or_behind_each_other(host: Callable[..., Any]) -> None:
    async with host("choosing-makes-it-grow", (200, 60)) as at:
        first, second = at.screen.query(ChainPane)
        assert first.region.y == second.region.y
        assert first.region.right <= second.region.x
        await at.pilot.resize_terminal(120, 40)
        await at.pilot.pause()
        assert first.region.bottom <= second.region.y
        await at.pilot.resize_terminal(80, 24)
        await at.pilot.pause()
        assert (first.display, second.display) == (True, False)
        await at.press("c")
        assert (first.display, second.display) == (False, True)


async def test_sixty_columns_are_enough_for_text_and_guess(host: Callable[..., Any]) -> None:
    async with host("passing-on", (60, 24)) as at:
        await at.press("n")
        assert at.app.size == Size(60, 24)
        assert at.screen.query_one(GuessBox).region.bottom < 24
        assert at.screen.query_one("#text", Static).size.height <= 8
        assert not at.screen.query_one("#too-small").display


async def test_a_faulty_lesson_is_refused_with_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(library.path_of("passing-on").read_text().replace("generation = 1", "generation = 7"))
    paths = Paths(tmp_path / "settings.toml", tmp_path / "themes", tmp_path / "sessions", tmp_path / "state")
    app = LabApp(paths, start=Start("lesson", {"path": path}))
    async with app.run_test(size=(120, 40)) as pilot:
        await app_until(pilot, lambda: type(app.screen).__name__ == "ErrorScreen")
        assert "there is no generation 7" in getattr(app.screen, "text", "")


async def test_the_belief_is_explained_and_what_is_right_only_after_the_decision(host: Callable[..., Any]) -> None:
    async with host("passing-on") as at:
        await at.press("i")
        assert type(at.app.screen).__name__ == "ExplainScreen"
        await at.press("escape")
        assert at.app.screen is at.screen
    async with host("you-are-the-filter") as at:
        await at.press("i")
        told = at.app.screen.copy_text()
        assert "Decide first" in told
        assert "came to give it" not in told
        await at.press("escape")
        hidden = [block.name for block in next(iter(at.screen._states.values())).data]
        assert "h*" not in hidden
        await at.press("n", "enter", "n", "i")
        assert "came to give it" in at.app.screen.copy_text()


class Slow:
    """A live chain whose model answers when it is told to."""

    def __init__(self, source: ChainSource, state: Path) -> None:
        self.chain = prepared_once("a-language-model").chains["model"]
        self.done = False
        self.words = "generation 1 of 4, 12 answers so far"
        self.answer = asyncio.Event()

    async def run(self) -> None:
        await self.answer.wait()

    async def close(self) -> None:
        self.done = True


@pytest.mark.parametrize("waits", [True, False])
async def test_a_model_of_this_machine_is_waited_for_or_not(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, waits: bool) -> None:
    given: list[object] = []
    await asyncio.to_thread(prepared_once, "a-language-model")  # which runs a loop of its own

    async def prepare(lesson: Lesson, chains: object = None) -> Prepared:
        given.append(chains)
        return prepared_once(lesson.name)

    monkeypatch.setattr(lesson_module, "prepare", prepare)
    monkeypatch.setattr(lesson_module, "live_source", lambda lesson: lesson.chains[0])
    monkeypatch.setattr(lesson_module, "LiveChain", Slow)
    paths = Paths(tmp_path / "settings.toml", tmp_path / "themes", tmp_path / "sessions", tmp_path / "state")
    app = LabApp(paths, start=Start("lesson", {"path": library.path_of("a-language-model")}))
    async with app.run_test(size=(80, 24)) as pilot:
        screen = app.screen
        assert isinstance(screen, LessonScreen)
        await app_until(pilot, lambda: screen._live is not None)
        await pilot.pause()
        assert "generation 1 of 4, 12 answers so far" in str(screen.query_one("#text", Static).content)
        live = screen._live
        assert isinstance(live, Slow)
        if waits:
            live.answer.set()
        else:
            await pilot.press("enter")
        await app_until(pilot, lambda: screen.attempt is not None)
        assert live.done
    assert given == [{"model": live.chain}] if waits else [None]


async def test_what_does_nothing_says_why(host: Callable[..., Any]) -> None:
    async with host("passing-on") as at:
        for action in ("back", "later", "earlier", "next", "chain"):
            assert at.screen.why_not(action).endswith(".")
        await at.press("b")
        assert [str(each.message) for each in at.app._notifications] == ["This is the first step."]
