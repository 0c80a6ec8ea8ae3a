"""The prior of an agent as cells: one line for each object, one cell for each of its states, with a bar and a weight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Label, Static

from iicl_tui.present.prior_effect import bar
from iicl_tui.present.prior_table import Cell, PriorTable, stepped
from iicl_tui.text import printable, shorten, text_width
from iicl_tui.tui.actions import bindings
from iicl_tui.tui.configure.labelled_row import LabelledRow

CELLS_IN_A_LINE = 5


class WeightCell(Static, can_focus=True):
    """The weight of one state. Two keys change it."""

    GROUP = "prior"
    BINDINGS: ClassVar[list] = [*bindings("prior")]

    @dataclass
    class Changed(Message):
        """The person chose another weight."""

        cell: Cell
        weight: float

    def __init__(self, cell: Cell) -> None:
        super().__init__(classes="cell", markup=False)
        self.cell = cell

    def on_mount(self) -> None:
        self.draw()

    def on_resize(self) -> None:
        self.draw()

    def show(self, cell: Cell) -> None:
        """Show another weight."""
        self.cell = cell
        self.draw()

    def draw(self) -> None:
        """Draw the state's name, a bar as long as its part of the weights, and the weight."""
        width = self.size.width - 1
        number = f"{self.cell.weight:g}"
        name = shorten(printable(self.cell.value, 24), max(width - len(number) - 4, 3))
        room = width - text_width(name) - len(number) - 2
        drawn = bar(self.cell.share, room) if room > 0 else ""
        self.update(Content.assemble(name, " ", (f"{drawn:<{max(room, 0)}}", "$text-accent"), " ", (number, "bold")))

    def action_less(self) -> None:
        self._change(stepped(self.cell.weight, -1))

    def action_more(self) -> None:
        self._change(stepped(self.cell.weight, 1))

    def action_equal(self) -> None:
        self._change(1)

    def _change(self, weight: float) -> None:
        if weight != self.cell.weight:
            self.post_message(self.Changed(self.cell, weight))


class PriorBox(Vertical):
    """All weights of one agent's prior, and what is wrong with them."""

    def __init__(self, table: PriorTable) -> None:
        super().__init__(classes="prior")
        self.table = table

    def compose(self) -> ComposeResult:
        keys = self.table.note or "← less   → more"
        yield Label(Content.assemble("prior weights", (f"  {printable(keys, 200)}", "$text-muted")), classes="label-wide")
        for line in self.table.lines:
            for first in range(0, len(line), CELLS_IN_A_LINE):
                name = "" if first else shorten(printable(line[0].factor, 24), 19)
                yield LabelledRow(name, *map(WeightCell, line[first : first + CELLS_IN_A_LINE]))
        yield Static(classes="fault", markup=False)

    def on_mount(self) -> None:
        self._show_faults()

    def show(self, table: PriorTable) -> None:
        """Show the weights and faults of a table with the same cells."""
        self.table = table
        for widget, cell in zip(self.query(WeightCell), table.cells, strict=False):  # none while the form is rebuilt
            if widget.cell != cell:
                widget.show(cell)
        self._show_faults()

    def _show_faults(self) -> None:
        self.set_class(bool(self.table.faults), "-wrong")
        faults = Content("\n".join(f"✗ {fault}" for fault in self.table.faults))
        for line in self.query(".fault").results(Static):
            if faults != line.content:
                line.update(faults)
