"""The chart widgets in a running app."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from rich.segment import Segment
from textual import events, on
from textual.app import App, ComposeResult
from textual.color import Color
from textual.containers import Vertical
from textual.message import Message
from waiting import app_until

from iicl_tui.bayes.space import Factor, ProductSpace
from iicl_tui.charts import belief, film
from iicl_tui.charts.film import FilmView
from iicl_tui.charts.marginals import MarginalsView
from iicl_tui.charts.panel import Panel, Series
from iicl_tui.charts.picture import CURSOR, Picture, Role, fit_hue, ink, state_hue
from iicl_tui.charts.view import NO_BELIEF, BeliefView, Form, Mark, groups_of
from iicl_tui.tui.widgets.belief_chart import BeliefChart
from iicl_tui.tui.widgets.curves import Curves
from iicl_tui.tui.widgets.film_strip import FilmStrip
from iicl_tui.tui.widgets.inks import Inks
from iicl_tui.tui.widgets.marginals import Marginals

SPACE = ProductSpace(tuple(Factor(name, ("on", "off", "und")) for name in ("A", "B", "C", "D", "screen")))
LOG_P = np.log(np.random.default_rng(0).dirichlet(np.ones(243)))
GROUPS = groups_of(SPACE, 4, None, 0)
TOTALS = np.random.default_rng(1).dirichlet(np.ones(3), 6)


def a_view(form: Form = "strips") -> BeliefView:
    return BeliefView(SPACE, LOG_P, marks=(Mark("★", "h*", 33),), by=4, form=form, title="P(h | d²)")


class Charts(App[object]):
    CSS = "BeliefChart { height: 24; border: round red; padding: 0 1; } FilmStrip { height: 4; } Marginals { height: 5; }"

    def __init__(self) -> None:
        super().__init__()
        self.said: list[Message] = []

    def compose(self) -> ComposeResult:
        with Vertical():
            yield BeliefChart()
            yield FilmStrip()
            yield Marginals()
            yield Curves()

    def on_mount(self) -> None:
        self.query_one(BeliefChart).view = a_view()
        self.query_one(FilmStrip).view = FilmView(GROUPS, TOTALS, 2)
        self.query_one(Marginals).view = MarginalsView(SPACE, LOG_P, 4)
        self.query_one(Curves).panels = (Panel("entropy", (Series("H", TOTALS[:, 0]),), 0, 1, selected=2),)

    @on(BeliefChart.CursorMoved)
    @on(FilmStrip.GenerationChosen)
    @on(Curves.GenerationChosen)
    def keep(self, message: Message) -> None:
        self.said.append(message)


def wheel() -> events.MouseScrollDown:
    return events.MouseScrollDown(None, 20, 5, 0, 1, 0, False, False, False)


def seen(widget: BeliefChart | FilmStrip | Marginals | Curves) -> list[str]:
    return [widget.render_line(y).text for y in range(widget.size.height)]


@pytest.mark.parametrize("form", get_args(Form))
async def test_a_click_puts_the_cursor_on_the_hypothesis_under_it(form: Form) -> None:
    app = Charts()
    async with app.run_test(size=(120, 50)) as pilot:
        chart = app.query_one(BeliefChart)
        chart.view = a_view(form)
        await pilot.pause()
        hypothesis = int(np.argmax(LOG_P))
        place = belief.position(chart.view, *chart.size, hypothesis)
        assert place is not None
        await pilot.click(BeliefChart, offset=(place[0] + 2, place[1] + 1))  # border and padding
        await pilot.pause()
        assert chart.cursor == hypothesis
        (message,) = app.said
        assert isinstance(message, BeliefChart.CursorMoved)
        assert message.hypothesis == hypothesis
        assert message.control is chart
        assert "rank 1 " in chart.readout + " "
        assert app.focused is chart


async def test_keys_move_the_cursor_from_the_likeliest_on() -> None:
    app = Charts()
    async with app.run_test(size=(120, 50)) as pilot:
        chart = app.query_one(BeliefChart)
        chart.move("right")
        first = int(np.argmax(LOG_P))
        assert chart.cursor == first
        chart.move("right")
        chart.move("left")
        assert chart.cursor == first
        chart.set_cursor(0)
        chart.move("left")  # at the edge nothing is said
        await pilot.pause()
        moved = [m.hypothesis for m in app.said if isinstance(m, BeliefChart.CursorMoved)]
        assert moved == [first, belief.neighbour(a_view(), *chart.size, first, "right"), first, 0]


async def test_the_wheel_goes_through_the_ranks_only() -> None:
    app = Charts()
    async with app.run_test(size=(120, 50)) as pilot:
        chart = app.query_one(BeliefChart)
        chart.view = a_view("ranked")
        chart.post_message(wheel())
        await pilot.pause()
        assert chart.cursor == int(np.argsort(-LOG_P, kind="stable")[3])
        chart.view = a_view("mosaic")
        chart.post_message(wheel())
        await pilot.pause()
        assert chart.cursor is None


async def test_a_click_on_a_frame_asks_for_its_generation() -> None:
    app = Charts()
    async with app.run_test(size=(120, 50)) as pilot:
        strip = app.query_one(FilmStrip)
        assert strip.view is not None
        column = film.position(strip.view, *strip.size, 4)
        assert column is not None
        await pilot.click(FilmStrip, offset=(column, 1))
        await pilot.pause()
        (message,) = app.said
        assert isinstance(message, FilmStrip.GenerationChosen)
        assert message.index == 4
        assert strip.view.selected == 2  # whoever owns the chain decides


async def test_a_click_on_a_trajectory_asks_for_its_generation() -> None:
    app = Charts()
    async with app.run_test(size=(120, 50)) as pilot:
        await pilot.pause()
        lines = seen(app.query_one(Curves))
        row = next(y for y, line in enumerate(lines) if "▴" in line)
        await pilot.click(Curves, offset=(lines[row].index("▴"), row))
        await pilot.pause()
        (message,) = app.said
        assert isinstance(message, Curves.GenerationChosen)
        assert message.index == 2


async def test_a_picture_is_made_once_until_something_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Charts()
    made: list[tuple[int, int]] = []
    real = belief.draw

    def draw(view: BeliefView, w: int, h: int) -> Picture:
        made.append((w, h))
        return real(view, w, h)

    monkeypatch.setattr(belief, "draw", draw)
    async with app.run_test(size=(120, 50)) as pilot:
        await pilot.pause()
        chart = app.query_one(BeliefChart)
        made.clear()
        before = seen(chart)
        assert seen(chart) == before
        assert not made
        chart.move("right")
        await pilot.pause()
        assert len(made) == 1
        await pilot.resize_terminal(90, 50)
        await app_until(pilot, lambda: chart.size.width < 90 and made[-1] == tuple(chart.size))
        assert all(len(line) == chart.size.width for line in seen(chart))
        made.clear()
        app.theme = "textual-light"
        await app_until(pilot, lambda: bool(made))
        seen(chart)
        assert len(made) == 1


async def test_a_theme_changes_the_colours_and_the_background() -> None:
    app = Charts()
    async with app.run_test(size=(120, 50)) as pilot:
        await pilot.pause()
        chart = app.query_one(BeliefChart)

        def colours() -> set[str]:
            return {str(segment.style) for y in range(chart.size.height) for segment in chart.render_line(y)}

        dark = colours()
        app.theme = "textual-light"
        await pilot.pause()
        assert not dark & colours()
        light = chart.background_colors[1].hex.lower()
        assert any(f"on {light}" in style for style in colours())


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (12, 4), (80, 24), (200, 60)])
async def test_every_size_of_the_terminal(size: tuple[int, int]) -> None:
    app = Charts()
    async with app.run_test(size=size) as pilot:
        for form in get_args(Form):
            app.query_one(BeliefChart).view = a_view(form)
            await pilot.pause()
        app.query_one(BeliefChart).view = None
        app.query_one(FilmStrip).view = None
        app.query_one(Marginals).view = None
        app.query_one(Curves).panels = ()
        await pilot.pause()
        if size[0] > 60:
            assert NO_BELIEF in "".join(seen(app.query_one(BeliefChart)))


async def test_next_panel_goes_round() -> None:
    app = Charts()
    async with app.run_test(size=(30, 50)) as pilot:
        widget = app.query_one(Curves)
        widget.next_panel()
        assert widget.current == 0
        widget.panels = tuple(Panel(f"number {n}", (Series("x", np.ones(3)),), 0, 2) for n in range(2))
        widget.styles.height = 9
        widget.next_panel()
        await pilot.pause()
        assert "number 1" in seen(widget)[0]


def every_ink() -> list[int]:
    return [
        ink(role, hue, level, under, cursor)
        for role in Role
        for hue in (0, state_hue(0), state_hue(11), fit_hue(0, 8), fit_hue(8, 8))
        for level in (0, 1, 15)
        for under in (0, state_hue(1))
        for cursor in (False, True)
    ]


@pytest.mark.parametrize("theme", ["textual-dark", "textual-light", "nord", "ansi-dark", "ansi-light", "solarized-light"])
async def test_every_ink_has_a_style_in_every_theme(theme: str) -> None:
    app = Charts()
    async with app.run_test() as pilot:
        app.theme = theme
        await pilot.pause()
        inks = Inks(app, app.query_one(BeliefChart).background_colors[1])
        for code in every_ink():
            inks.style(code).render("x")
        tile, segment = ink(Role.TILE, state_hue(0), 9), ink(Role.SEGMENT, state_hue(1))
        for code in (tile, segment):
            style = inks.style(code)
            if inks.painted:  # the shade character is hidden by its own colour
                assert style.color == style.bgcolor
            else:  # and is what is seen where colours cannot be mixed
                assert style.bgcolor is None
        assert inks.painted == (not theme.startswith("ansi"))
        cursor = ink(Role.BAR, state_hue(0))
        assert inks.painted == (inks.style(cursor) != inks.style(cursor | CURSOR))


async def test_without_colour_the_shades_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = Charts()
    async with app.run_test(size=(120, 50)) as pilot:
        chart = app.query_one(BeliefChart)
        chart.view = a_view("mosaic")
        await pilot.pause()
        shades = [
            segment
            for y in range(chart.size.height)
            for segment in chart.render_line(y)
            if isinstance(segment, Segment) and set(segment.text) & set("░▒▓█")
        ]
        assert shades
        assert all(s.style is not None and s.style.color != s.style.bgcolor for s in shades)


async def test_a_theme_says_the_colours_of_states_and_marks() -> None:
    from textual.theme import Theme

    app = Charts()
    async with app.run_test() as pilot:
        app.register_theme(
            Theme("own", primary="#112233", variables={"state-0": "#010203", "mark": "#c4d5e6", "state-1": "nonsense"})
        )
        app.theme = "own"
        await pilot.pause()
        inks = Inks(app, Color.parse("#000000"))
        assert inks.style(ink(Role.BAR, state_hue(0))).color.get_truecolor() == (1, 2, 3)  # type: ignore[union-attr]
        assert inks.style(int(Role.MARK)).color.get_truecolor() == (196, 213, 230)  # type: ignore[union-attr]
        inks.style(ink(Role.BAR, state_hue(1)))  # a colour that is none falls back to the default
