"""Charts of one chain, and of two chains under one another, beside one another or one at a time."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from iicl_tui.charts.panel import Panel
from iicl_tui.lessons.lesson import Chart
from iicl_tui.present.explanation_page import Focus
from iicl_tui.present.lab_state import LabState
from iicl_tui.text import printable
from iicl_tui.tui.widgets.curves import Curves
from iicl_tui.tui.widgets.data_pane import DataPane
from iicl_tui.tui.widgets.film_strip import FilmStrip
from iicl_tui.tui.widgets.headline import Headline
from iicl_tui.tui.widgets.lab_chart import LabChart
from iicl_tui.tui.widgets.layers import Column, Row
from iicl_tui.tui.widgets.marginals import Marginals

_CHARTS_BESIDE_FROM, _CHARTS_BELOW_FROM = 96, 15
"""Columns from which two charts stand beside each other, and lines from which they stand below each other."""
CHAINS_BESIDE_FROM = 160
"""Columns from which two chains stand beside each other."""


class ChainPane(Vertical):
    """Shows one or two of the lab's charts of a chain."""

    DEFAULT_CSS = """
    ChainPane { height: 1fr; width: 1fr; padding: 0 1; }
    ChainPane .pane-title { height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
    ChainPane .pane-body { height: 1fr; }
    ChainPane .pane-row { height: 1fr; }
    ChainPane .pane-chart { height: 1fr; width: 1fr; display: none; margin: 0 1 0 0; }
    ChainPane .pane-chart.-shown { display: block; }
    """

    def __init__(self, name: str, title: str) -> None:
        super().__init__(id=f"chain-{name}")
        self._title = title
        self._charts: tuple[Chart, ...] = ()

    def compose(self) -> ComposeResult:
        yield Static(classes="pane-title", markup=False)
        yield Headline()
        with Column(classes="pane-body"), Row(classes="pane-row"):
            yield LabChart(classes="pane-chart")
            yield Marginals(classes="pane-chart")
            yield Curves(classes="pane-chart")
            yield DataPane(classes="pane-chart")
            yield FilmStrip(classes="pane-chart")

    def show(self, state: LabState, place: str, charts: Sequence[Chart], panels: tuple[Panel, ...], note: str) -> None:
        """Show a state.

        Args:
            state: The state of the chain at a moment.
            place: The moment in words.
            charts: The charts, the most important first.
            panels: The curves.
            note: A hint after the title, such as how to see the other chain.
        """
        self._charts = tuple(charts)
        presenting = self.screen.has_class("-presenting")
        note = "" if presenting else note
        title = Content.assemble(
            (printable(self._title, 120), "bold"), (f"  {place}", "$text-muted"), (f"  {note}" if note else "", "$text-accent")
        )
        if presenting:
            self.query_one(Headline).show(state)
        self.query_one(".pane-title", Static).update(title, layout=False)
        self.query_one(LabChart).view = state.belief
        self.query_one(Marginals).view = state.objects
        self.query_one(Curves).panels = panels
        self.query_one(FilmStrip).view = state.film
        self.query_one(DataPane).show(state.data, spread=charts[0] == "data", if_it_fits=True)
        self._arrange()

    def on_resize(self, event: events.Resize) -> None:
        self._arrange()

    def _arrange(self) -> None:
        """Show as many of the charts as the pane has room for, beside or below each other."""
        beside = self.size.width >= _CHARTS_BESIDE_FROM
        room = 1 if self.screen.has_class("-presenting") else 2 if beside or self.size.height >= _CHARTS_BELOW_FROM else 1
        shown = [self._widget(chart) for chart in self._charts[:room]]
        for widget in self.query(".pane-chart"):
            widget.set_class(widget in shown, "-shown")
        row = self.query_one(".pane-row")
        row.styles.layout = "horizontal" if beside else "vertical"
        if len(shown) > 1 and row.children.index(shown[0]) > row.children.index(shown[1]):
            row.move_child(shown[0], before=shown[1])

    def _widget(self, chart: Chart) -> Widget:
        kinds: dict[Chart, type[Widget]] = {
            "belief": LabChart,
            "objects": Marginals,
            "curves": Curves,
            "entropy": Curves,
            "data": DataPane,
            "film": FilmStrip,
        }
        return self.query_one(kinds[chart])


class ChainPanes(Container):
    """The panes of one or two chains, arranged by the room that there is.

    Attributes:
        front: The chain that is shown where there is room for one only, and that keys for one chain are about.
    """

    DEFAULT_CSS = """
    ChainPanes { height: 1fr; layout: vertical; }
    ChainPanes.-beside { layout: horizontal; }
    ChainPanes.-one ChainPane { display: none; }
    ChainPanes.-one ChainPane.-front { display: block; }
    """

    def __init__(self, chains: Sequence[tuple[str, str]], below_from: tuple[int, int], *, id: str | None = None) -> None:
        """Set up the panes.

        Args:
            chains: Name and title of each.
            below_from: Columns and lines of the window from which two chains stand below each other.
        """
        super().__init__(id=id)
        self._chains = tuple(chains)
        self._below_from = below_from
        self.front = 0

    def compose(self) -> ComposeResult:
        for name, title in self._chains:
            yield ChainPane(name, title)

    @property
    def panes(self) -> list[ChainPane]:
        """One for each chain."""
        return list(self.query(ChainPane))

    @property
    def one(self) -> bool:
        """There is room for one of two chains only."""
        return self.has_class("-one")

    def fit(self, width: int, height: int) -> None:
        """Arrange the panes for a window of this size."""
        two = len(self._chains) > 1
        beside = width >= CHAINS_BESIDE_FROM
        below = width >= self._below_from[0] and height >= self._below_from[1]
        self.set_class(two and beside, "-beside")
        self.set_class(two and not beside and not below, "-one")

    def asked_about(self, part: Widget | None) -> tuple[int, Focus | None]:
        """The chain and the chart that a widget is of: without one, the chain in front, and None."""
        kinds: dict[type[Widget], Focus] = {
            LabChart: "belief", FilmStrip: "belief", Marginals: "objects", Curves: "curves", DataPane: "data"
        }  # fmt: skip
        place = next(
            (at for at, pane in enumerate(self.panes) if part is not None and pane in part.ancestors_with_self), self.front
        )
        return place, next((focus for kind, focus in kinds.items() if isinstance(part, kind)), None)

    def turn(self, front: int) -> None:
        """Put a chain in front."""
        self.front = front % len(self._chains)
        for place, pane in enumerate(self.panes):
            pane.set_class(place == self.front, "-front")
