"""Shows a session's chain, with the choice of generation, chart and pane."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace

from textual import events, on
from textual.reactive import reactive
from textual.widget import Widget

from iicl_tui.lessons.notes import moment_of
from iicl_tui.present.lab_builder import build_lab_state
from iicl_tui.present.lab_session import LabSession
from iicl_tui.present.lab_state import FORMS, PANES, Activity, ChartSettings, LabState, Pane
from iicl_tui.present.presenting import Position
from iicl_tui.tui.lab.view import LabView, state_words
from iicl_tui.tui.screens.base import AppScreen
from iicl_tui.tui.widgets.curves import Curves
from iicl_tui.tui.widgets.film_strip import FilmStrip
from iicl_tui.tui.widgets.generations import Generations
from iicl_tui.tui.widgets.lab_chart import LabChart

_ALL_PANES_FROM = 100, 30
"""Minimum columns and lines for showing all panes together."""
_FILM_FROM, _FILM_FROM_ONE_PANE = 36, 22
"""Minimum lines for the film strip; fewer are enough if the belief is the only pane."""


class ChainViewScreen(AppScreen):
    """Shows a chain. Draws everything from one `LabState`. LabScreen adds the running of the chain."""

    state: reactive[LabState | None] = reactive(None, repaint=False)  # its widgets repaint what has changed

    clock = staticmethod(time.monotonic)
    """The time that a call's waiting is measured with."""

    def __init__(self, session: LabSession, charts: ChartSettings) -> None:
        super().__init__()
        self.session = session
        self._charts = charts
        self._pane: Pane = "belief"
        self._shown_generation: int | None = None
        """The selected generation; None follows the chain."""

    @property
    def activity(self) -> Activity:
        """What the chain does now."""
        raise NotImplementedError

    @property
    def blind(self) -> bool:
        """Whether h* is hidden, so that the person decides without knowing it."""
        raise NotImplementedError

    def on_resize(self, event: events.Resize) -> None:
        self._fit(event.size.width, event.size.height)
        self.rebuild()

    def _fit(self, width: int, height: int) -> None:
        one_pane = self.presenting or width < _ALL_PANES_FROM[0] or height < _ALL_PANES_FROM[1]
        self.set_class(one_pane, "-small")
        self.set_class(height < (_FILM_FROM_ONE_PANE if one_pane else _FILM_FROM), "-low")

    def present(self, on: bool) -> None:
        super().present(on)
        self._fit(*self.app.size)
        self.rebuild()

    def explained_values(self, part: Widget | None) -> Mapping[str, str]:
        from iicl_tui.present.explanation_page import values_of

        return values_of(self.state) if self.state is not None else {}

    def _tell_speaker(self, state: LabState) -> None:
        """Say where the presentation is."""
        if self.presenting and self.session.file is not None:
            moment = moment_of(self.session.chain, state.selected)
            path = str(self.session.file.path.resolve())
            self.lab_app.presenter.tell(Position("session", path, state.title, 0, False, *moment, state.words))

    @property
    def small(self) -> bool:
        """The window has room for one pane only."""
        return self.has_class("-small")

    def rebuild(self) -> None:
        """Rebuild the state and show it."""
        self.state = build_lab_state(self.session, self._shown_generation, self._charts, self.activity, self.blind, self.clock())

    def watch_state(self, state: LabState | None) -> None:
        if state is None or not self.is_mounted:
            return
        with self.app.batch_update():
            self.header(state.title, state.facts, state_words(state))
            self.query_one(LabView).show(state, self._charts.ghost, self._pane, self.small)
        self._tell_speaker(state)
        self.refresh_bindings()

    # Looking back

    def look_at(self, generation: int | None) -> None:
        """Select a generation, 0 for d⁰. None, or the chain's current one, follows the chain."""
        state = self.state
        if state is None:
            return
        if generation is not None:
            generation = max(0, min(generation, state.now))
        self._shown_generation = None if generation == state.now else generation
        self.rebuild()

    def action_earlier(self) -> None:
        if self.state is not None:
            self.look_at(self.state.selected - 1)

    def action_later(self) -> None:
        if self.state is not None:
            self.look_at(self.state.selected + 1)

    def action_first(self) -> None:
        self.look_at(0)

    def action_latest(self) -> None:
        self.look_at(None)

    @on(Generations.Chosen)
    def _generation_chosen(self, event: Generations.Chosen) -> None:
        self.look_at(event.generation)

    @on(FilmStrip.GenerationChosen)
    @on(Curves.GenerationChosen)
    def _frame_chosen(self, event: FilmStrip.GenerationChosen | Curves.GenerationChosen) -> None:
        self.look_at(event.index + 1)

    # The belief chart

    @on(LabChart.CursorMoved)
    def _cursor_moved(self, event: LabChart.CursorMoved) -> None:
        self._change_charts(cursor=event.hypothesis)

    def _change_charts(self, **changes: object) -> None:
        self._charts = replace(self._charts, **changes)  # type: ignore[arg-type]
        self.rebuild()

    def action_view(self) -> None:
        self._change_charts(form=FORMS[(FORMS.index(self._charts.form) + 1) % len(FORMS)])

    def action_scale(self) -> None:
        self._change_charts(scale="linear" if self._charts.scale == "log" else "log")

    def action_colour_by(self) -> None:
        choices: list[int | None] = [*range(len(self.session.chain.task.space.groupings))]
        if self.session.compared_examples and not self.blind:
            choices.append(None)
        at = choices.index(self._charts.by) if self._charts.by in choices else -1
        self._change_charts(by=choices[(at + 1) % len(choices)])

    def action_ghost(self) -> None:
        self._change_charts(ghost=not self._charts.ghost)

    def action_bayes(self) -> None:
        self._change_charts(bayes=not self._charts.bayes)

    def action_curves(self) -> None:
        self.query_one(Curves).next_panel()

    # Panes in a small window

    def show_pane(self, pane: Pane) -> None:
        """Select the pane that a small window shows."""
        self._pane = pane
        for name in PANES:
            self.set_class(name == pane, f"-pane-{name}")
        self._focus_pane()
        self.rebuild()

    def _focus_pane(self) -> None:
        """Focus the pane's widget that uses the arrow keys."""
        pane = self._pane if self.small else "belief"
        place = {"belief": "#chart", "data": "#data", "generations": "#generations"}.get(pane)
        if place is not None:
            self.query_one(place).focus()
        else:
            self.set_focus(None)

    def action_pane_belief(self) -> None:
        self.show_pane("belief")

    def action_pane_curves(self) -> None:
        self.show_pane("curves")

    def action_pane_objects(self) -> None:
        self.show_pane("objects")

    def action_pane_data(self) -> None:
        self.show_pane("data")

    def action_pane_generations(self) -> None:
        self.show_pane("generations")
