"""The part of the laboratory's screen that depends on its state alone."""

from __future__ import annotations

import re

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from iicl_tui.charts.marginals import UNOBSERVED
from iicl_tui.charts.numbers import percents_text
from iicl_tui.charts.picture import shorten
from iicl_tui.present.lab_state import PANES, LabState, Pane
from iicl_tui.present.side_by_side import panels_of
from iicl_tui.text import printable
from iicl_tui.tui.widgets.action_bar import ActionBar, ActionButton
from iicl_tui.tui.widgets.curves import Curves
from iicl_tui.tui.widgets.data_pane import DataPane
from iicl_tui.tui.widgets.film_strip import FilmStrip
from iicl_tui.tui.widgets.generations import Generations
from iicl_tui.tui.widgets.headline import Headline
from iicl_tui.tui.widgets.lab_chart import LabChart
from iicl_tui.tui.widgets.layers import Column, LinedColumn, LinedRow, Row
from iicl_tui.tui.widgets.marginals import Marginals
from iicl_tui.tui.widgets.phases import PhaseLine

_FIGURES = "  P "
_EQUALS = re.compile(r" with \d+ equal")
SAVING = {"saved": "● saved", "unsaved": "○ not saved", "read-only": "◌ read-only", "memory": "○ in memory only"}


class LabView(Column):
    """Generations, belief, curves, phases and data. lab.tcss lays it out."""

    def on_mount(self) -> None:
        for name in ("#objects", "#curves"):  # they have no keys of their own; Tab reaches them so that they can be asked about
            self.query_one(name).can_focus = True

    def compose(self) -> ComposeResult:
        yield ActionBar(id="tabs")
        yield Headline(id="headline")
        with Row(id="upper"):
            yield Generations(id="generations")
            with Column(id="middle"):
                with Column(id="belief"):
                    yield LabChart(id="chart")
                    yield Static(id="caption", markup=False)
                    yield Static(id="readout", markup=False)
                    yield ActionBar(id="choices")
                    yield FilmStrip(id="film")
                with LinedRow(id="lower"):
                    with Column(id="each"):
                        yield Static(id="each-title", markup=False)
                        yield Marginals(id="objects")
                    yield Curves(id="curves")
        with LinedColumn(id="now"):
            yield PhaseLine(id="phases")
            yield ActionBar(id="words")
        yield DataPane(id="data")

    def show(self, state: LabState, ghost: bool, pane: Pane, small: bool) -> None:
        """Show a state.

        Args:
            state: The state.
            ghost: Whether charts draw the previous belief.
            pane: The pane shown in a small window.
            small: Whether the window shows one pane only.
        """
        chart = self.query_one(LabChart)
        chart.view = state.belief
        film = self.query_one(FilmStrip)
        film.view = state.film
        film.set_class(
            any(len(split.values) > 3 for split in state.belief.space.partitions), "-more"
        )  # does not depend on what is shown
        self.query_one(Marginals).view = state.objects
        presenting = self.screen.has_class("-presenting")
        self.query_one(Curves).panels = panels_of(state, state.belief.by, ("curves",)) if presenting else state.curves
        self.query_one(Generations).rows = state.rows
        phases = self.query_one(PhaseLine)
        phases.place = _place(state)
        phases.cost = state.cost
        phases.steps = state.phases
        self.query_one("#words", ActionBar).show(state.calling or state.words, _buttons(state))
        if presenting:
            self.query_one(Headline).show(state, _place(state))
        self._say("#readout", Content(_fitted_readout(chart)))
        self.query_one("#caption", Static).display = bool(state.belief.caption)
        self._say("#caption", Content(state.belief.caption))
        self._say("#each-title", _objects_title(state))
        self.query_one("#choices", ActionBar).show("", _choices(state, ghost, small))
        called = {"objects": state.objects.word}
        tabs = [ActionButton(f"lab.pane-{name}", called.get(name, ""), name == pane) for name in PANES]
        self.query_one("#tabs", ActionBar).show("", [*tabs, ActionButton("lab.transcript")])
        self.query_one(DataPane).show(state.data, spread=small)

    def _say(self, name: str, content: Content) -> None:
        """Set a text, and repaint only if it changed."""
        text = self.query_one(name, Static)
        if text.content != content:
            text.update(content, layout=False)


def state_words(state: LabState) -> str:
    """The right end of the header: whether the chain runs, and whether it is saved."""
    running = ""
    if state.activity.busy and not state.activity.asking:
        running = "‖ pausing · " if state.activity.pausing else "▶ running · " if state.activity.kind == "run" else "▶ "
    return running + SAVING[state.saving.kind]


def _buttons(state: LabState) -> list[ActionButton]:
    """The buttons under the phases; during a call to a model, a button to cancel it."""
    if not state.calling:
        return [ActionButton(name) for name in state.action_ids]
    return [ActionButton("app.back", "cancel"), *(ActionButton(name) for name in state.action_ids if name == "lab.pause")]


def _objects_title(state: LabState) -> Content:
    left_open = state.objects.unobserved
    if left_open is None or not left_open.any():
        return Content(state.objects.word)
    most = percents_text(0.0, float(left_open.max())).removeprefix("0–")
    return Content.assemble(state.objects.word, (f"  {UNOBSERVED} unobserved ≤{most}", "$text-muted not bold"))


def _choices(state: LabState, ghost: bool, small: bool) -> list[ActionButton]:
    view = state.belief
    by = "d⁰ explained" if view.by is None else printable(view.space.groupings[view.by].name, 20)
    return [
        ActionButton("lab.view", f"view: {view.form}"),
        ActionButton("lab.scale", f"scale: {view.scale}"),
        ActionButton("lab.colour-by", f"group by: {by}"),
        ActionButton("lab.ghost", "previous: " + ("on" if ghost else "off")),
        *([ActionButton("lab.bayes", "Bayes' rule: " + ("on" if state.bayes else "off"))] if state.bayes is not None else []),
        *([ActionButton("lab.curves")] if not small else []),
    ]


def _fitted_readout(chart: LabChart) -> str:
    """The readout, shortened to fit: first without the count of equal hypotheses, then with a shorter rule."""
    text, room = printable(chart.readout, 400), chart.size.width
    if cell_len(text) > room:
        text = _EQUALS.sub("", text)
    rule, mark, figures = text.rpartition(_FIGURES)
    if cell_len(text) > room > cell_len(mark + figures):
        text = shorten(rule, room - cell_len(mark + figures)) + mark + figures
    return text


def _place(state: LabState) -> str:
    if state.selected == 0:
        return "before generation 1: d⁰"
    return f"generation {state.selected} of {state.total}" + ("" if state.following else ", looking back")
