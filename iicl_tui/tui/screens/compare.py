"""Compare: sessions or studies on common axes, grouped by any key, with means, intervals and differences, and their branches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from iicl_tui.errors import LabError
from iicl_tui.present.branch_tree import Node, read_tree, tree_lines
from iicl_tui.present.comparison import ComparisonView, view_of
from iicl_tui.store import crash_reports
from iicl_tui.study.collection import Collection, collect
from iicl_tui.study.comparison import compare
from iicl_tui.text import printable
from iicl_tui.tui.actions import bindings
from iicl_tui.tui.screens.means import MeansScreen
from iicl_tui.tui.study import dialogs
from iicl_tui.tui.study.comparison_pane import ComparisonPane
from iicl_tui.tui.widgets.inline_form import InlineForm
from iicl_tui.tui.widgets.line_table import Kind, LineTable


class CompareScreen(MeansScreen):
    """A worker reads the sessions, another one computes what is shown."""

    GROUP = "compare"
    BINDINGS: ClassVar[list] = [*bindings("compare")]
    CSS_PATH = "compare.tcss"
    AUTO_FOCUS = "#means"
    HELP = (
        "Sessions and studies of one task on common axes. The chains are grouped by what they differ in; each curve is the mean "
        "over the chains of a group, with its 95% interval. A chain counts once, however long it is. The table has the means at "
        "one generation, and how far each group is above another one. B shows which session was branched from which."
    )

    @dataclass
    class Read(Message):
        """The sessions were read, or could not be compared because of `fault`. nodes: their branches."""

        given: Sequence[Path]
        collection: Collection | None
        nodes: list[Node]
        fault: str = ""

    @dataclass
    class Compared(Message):
        """The means were computed."""

        view: ComparisonView | None
        fault: str = ""

    def __init__(self, given: Sequence[Path], by: Sequence[str] | None = None, metric: str = "") -> None:
        """Compare sessions.

        Args:
            given: Files and folders.
            by: The keys that group the chains; None: all that are no seeds.
            metric: The metric; "": the first.
        """
        super().__init__()
        self.given = list(given)
        self.collection: Collection | None = None
        self.by = by
        self.metric = metric
        self._generation: int | None = None
        self._last = 1
        self._together: bool | None = None
        self._fault = ""

    def body(self) -> ComposeResult:
        with Vertical(id="pane"):
            yield ComparisonPane(id="comparison")
            yield LineTable(id="tree")

    def on_mount(self) -> None:
        self._show()
        self._read()

    # Reading and comparing

    @work(thread=True, exclusive=True, group="read")
    def _read(self) -> None:
        given = tuple(self.given)
        try:
            collection, fault = collect(given), ""
        except LabError as error:
            collection, fault = None, str(error)
        except Exception as error:  # no single file may end the program
            collection, fault = None, crash_reports.cannot_show(error)
        files = (
            [chain.path for chain in collection.chains] if collection is not None else [path for path in given if path.is_file()]
        )
        self.post_message(self.Read(given, collection, read_tree(files), fault))

    @on(Read)
    def _was_read(self, event: Read) -> None:
        if not self.is_mounted or tuple(event.given) != tuple(self.given):
            return
        self.collection, self._fault = event.collection, event.fault
        lines = tree_lines(event.nodes)

        def line_at(place: int) -> tuple[str, Kind]:
            text, node = lines[place]
            return f" {text}", "" if node.given else "dim"

        self.query_one("#tree", LineTable).show(" session, and what differs from the one it was branched from", len(lines), line_at)
        if self.collection is not None and self.metric not in self.collection.metrics:
            self.metric = self.collection.wanted[0] if self.collection.wanted else self.collection.metrics[0]
        self.compute()

    @work(thread=True, exclusive=True, group="compare")
    def compute(self) -> None:
        if self.collection is None:
            self.post_message(self.Compared(None))
            return
        try:
            found = compare(self.collection, self.by, self._method, generation=self._generation, last=self._last)
        except LabError as error:
            self.post_message(self.Compared(None, str(error)))
            return
        names = [group.name for group in found.groups]
        base = self.base_among(names)
        together = len(names) <= 6 if self._together is None else self._together
        self.post_message(self.Compared(view_of(found, self.metric, base, together)))

    @on(Compared)
    def _was_compared(self, event: Compared) -> None:
        if self.is_mounted:
            view, left = event.view, self.collection.left_out if self.collection is not None else ()
            if view is not None and left:
                words = printable(f"Left out: {left[0][0]}: {left[0][1]}", 300) + _more(len(left))
                view = replace(view, note=" · ".join(filter(None, (view.note, words))))
            self._view, self._fault = view, event.fault or self._fault
            self._show()

    def _show(self) -> None:
        collection = self.collection
        title = "Compare " + ", ".join(path.stem for path in self.given)
        facts = []
        if collection is not None:
            facts = [f"{len(collection.chains):,} chains of the task {collection.task}", f"grouped by {self._by_words}"]
        self.header(printable(title, 200), facts, "")
        said = printable(" · ".join(self._fault.splitlines()), 600)
        pane = self.query_one("#pane")
        pane.border_title = "branches" if self.has_class("-tree") else "conditions"
        self.query_one(ComparisonPane).show(self._view, said or "Reading the sessions…")
        self.refresh_bindings()

    @property
    def _by_words(self) -> str:
        assert self.collection is not None
        keys = self.by if self.by is not None else [key for key in self.collection.keys if key not in self.collection.seeds]
        return ", ".join(keys) or "nothing"

    # Actions

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("metric", "metric_before", "group", "base", "interval", "at", "together", "export", "more"):
            return True if self._view is not None else None
        return super().check_action(action, parameters)

    def why_not(self, action: str) -> str:
        return "There is nothing to compare yet."

    @property
    def metrics(self) -> Sequence[str]:
        return [*self.collection.wanted, *self.collection.metrics] if self.collection is not None else ()

    def action_together(self) -> None:
        self._together = not (len(self._view.panels) == 1 if self._view is not None else False)
        self.compute()

    def action_base(self) -> None:
        self.set_base(self.query_one(ComparisonPane).place)

    def action_branches(self) -> None:
        self.toggle_class("-tree")
        self.query_one("#tree" if self.has_class("-tree") else "#means").focus()
        self._show()

    # Dialogs

    async def action_group(self) -> None:
        if self.collection is not None:
            await self.ask(dialogs.group_by(self.collection, self.by))

    async def action_at(self) -> None:
        if self.collection is not None:
            most = max(chain.generations for chain in self.collection.chains)
            await self.ask(dialogs.at(most, self._generation, self._last))

    async def action_add(self) -> None:
        await self.ask(dialogs.compare_files(self.given))

    async def action_export(self) -> None:
        await self.ask(dialogs.export(self.given[0] if self.given[0].is_dir() else self.lab_app.paths.sessions, self.given))

    @on(InlineForm.Answered)
    async def _answered(self, event: InlineForm.Answered) -> None:
        """Apply the answers. An error leaves the dialog open, so that they can be corrected."""
        event.stop()
        subject, answers = event.form.subject, event.answers
        if answers is None:
            await self.close_dialog()
            return
        if subject == dialogs.COMPARE:
            self.given = dialogs.files_of(answers)
            self.collection, self._view, self._fault, self.by = None, None, "", None
            self._read()
        elif subject == dialogs.GROUP:
            self.by = dialogs.keys_of(answers)
            self.compute()
        elif subject == dialogs.AT:
            self._generation, self._last = dialogs.generation_of(answers)
            self.compute()
        else:
            self.write_export(tuple(self.given), dict(answers))
        await self.close_dialog()
        self._show()

    def back(self) -> None:
        if self.query(InlineForm):
            self.call_later(self.close_dialog)
        elif self.has_class("-tree"):
            self.action_branches()
        else:
            self.lab_app.leave()

    def copy_text(self) -> str | None:
        view = self._view
        return "\n".join("\t".join(row) for row in (view.head, *view.rows)) if view is not None else None


def _more(count: int) -> str:
    return f" … and {count - 1:,} more." if count > 1 else ""
