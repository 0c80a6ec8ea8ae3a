"""A comparison of conditions: curves with intervals, and a table of means and differences."""

from __future__ import annotations

from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Static

from iicl_tui.charts import curves, multiples
from iicl_tui.charts.panel import Panel
from iicl_tui.charts.picture import Picture, notice
from iicl_tui.present.comparison import ComparisonView, table_lines
from iicl_tui.tui.app_protocol import lab_app
from iicl_tui.tui.keymap import key_label
from iicl_tui.tui.widgets.layers import Column
from iicl_tui.tui.widgets.line_table import Kind, LineTable
from iicl_tui.tui.widgets.picture_widget import PictureWidget

_MOST_MEANS = 9
"""Lines of the table of means, its head included; it scrolls if there are more."""


class Multiples(PictureWidget):
    """Draws its `panels` as small multiples, from the panel `first` on if not all fit; or `empty` in words.

    A panel that is the same object as before is not drawn again.
    """

    panels: reactive[tuple[Panel, ...]] = reactive((), repaint=False)
    first: reactive[int] = reactive(0, repaint=False)
    empty: reactive[str] = reactive("", repaint=False)

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._drawn: dict[tuple[int, int, int], tuple[Panel, Picture]] = {}

    def picture(self, width: int, height: int) -> Picture:
        if not self.panels:
            return notice(width, height, self.empty)
        picture, before = Picture(width, height), self._drawn
        self._drawn = {}
        for number, x, y, box_width, box_height in multiples.boxes(len(self.panels), width, height, self.first):
            panel, key = self.panels[number], (number, box_width, box_height)
            old = before.get(key)
            drawn = old[1] if old is not None and old[0] is panel else curves.draw(panel, box_width, box_height)
            self._drawn[key] = panel, drawn
            picture.paste(drawn, x, y)
        return picture

    def watch_panels(self, before: tuple[Panel, ...], now: tuple[Panel, ...]) -> None:
        if len(before) != len(now) or not all(map(Panel.looks_like, before, now)):
            self.redraw()

    def watch_first(self) -> None:
        self.redraw()

    def watch_empty(self) -> None:
        self.redraw()

    @property
    def shown(self) -> int:
        """How many panels fit."""
        return len(multiples.boxes(len(self.panels), *self.size))


class ComparisonPane(Column):
    """Curves above, the table of means below."""

    DEFAULT_CSS = """
    ComparisonPane #curves-title { height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
    ComparisonPane #curves { height: 1fr; }
    ComparisonPane #means { height: 4; border-top: solid $panel; }
    ComparisonPane #difference { height: auto; max-height: 2; text-style: bold; }
    ComparisonPane #how { height: auto; max-height: 3; color: $text-muted; }
    """

    @dataclass
    class Based(Message):
        """A condition was clicked, to be the one that the others are compared with."""

        place: int

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._view: ComparisonView | None = None

    def compose(self) -> ComposeResult:
        yield Static(id="curves-title", markup=False)
        yield Multiples(id="curves")
        yield LineTable(id="means")
        yield Static(id="difference", markup=False)
        yield Static(id="how", markup=False)

    def show(self, view: ComparisonView | None, empty: str) -> None:
        """Show a comparison. empty: what to say where there is none."""
        chart, table = self.query_one(Multiples), self.query_one(LineTable)
        chart.empty = empty
        chart.panels = view.panels if view is not None else ()
        self._view = view
        self._say("#how", " · ".join(filter(None, (view.how, view.note))) if view is not None else "")
        table.display = view is not None
        self._say_title()
        self._say_difference()
        if view is None:
            return
        height = min(len(view.rows) + 1, _MOST_MEANS) + 1
        if table.styles.height is None or table.styles.height.value != height:
            table.styles.height = height
        self._fill()
        self.call_after_refresh(self._fill)  # a table that was hidden has its width only then

    def on_resize(self) -> None:
        self.call_after_refresh(self._fill)

    def _fill(self) -> None:
        view = self._view
        if view is None:
            return
        table = self.query_one(LineTable)
        head, *lines = table_lines(view.head, view.rows, max(table.size.width - 2, 20))
        self._say_title()

        def line_at(place: int) -> tuple[str, Kind]:
            return f" {lines[place]}", ""

        table.show(f" {head}", len(lines), line_at)

    @property
    def place(self) -> int:
        """The condition under the cursor of the table."""
        return self.query_one(LineTable).cursor

    def select(self, place: int) -> None:
        """Move the table's cursor to a condition, and show its panel if there is not room for all."""
        chart = self.query_one(Multiples)
        self.query_one(LineTable).cursor = place
        fit = chart.shown
        if fit and fit < len(chart.panels) and place < len(chart.panels):
            chart.first = place // fit * fit
            self._say_title()

    def next_panels(self) -> None:
        """Show the panels that had no room."""
        chart = self.query_one(Multiples)
        if chart.panels and chart.shown < len(chart.panels):
            chart.first = (chart.first + chart.shown) % len(chart.panels)
            self._say_title()

    def _say_title(self) -> None:
        """The metric, and which charts are shown if not all are."""
        chart, view = self.query_one(Multiples), self._view
        title = view.title if view is not None else ""
        if view is not None and 0 < (fit := chart.shown) < len(chart.panels):
            key = key_label(lab_app(self).keymap[f"{self.screen.GROUP}.more"][0])  # type: ignore[attr-defined]
            title += f" · {fit} of {len(chart.panels)} charts, {key}: more"
        self._say("#curves-title", title)

    def _say_difference(self) -> None:
        view, place = self._view, self.place
        self._say("#difference", view.differences[place] if view is not None and place < len(view.differences) else "")

    @on(LineTable.Moved, "#means")
    def _moved(self, event: LineTable.Moved) -> None:
        event.stop()
        self._say_difference()

    @on(LineTable.Chosen, "#means")
    def _chosen(self, event: LineTable.Chosen) -> None:
        event.stop()
        self.post_message(self.Based(event.line))

    def _say(self, name: str, text: str) -> None:
        static = self.query_one(name, Static)
        if static.content != Content(text):
            static.update(Content(text))
