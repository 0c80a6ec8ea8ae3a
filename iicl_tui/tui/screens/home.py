"""Home: sessions, examples and presets; what stands behind the one under the cursor; and the ways on from here."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from rich.console import Group
from rich.table import Table
from rich.text import Text
from textual import events, on, work
from textual.app import ComposeResult
from textual.containers import Container, Vertical, VerticalScroll
from textual.content import Content
from textual.css.query import NoMatches
from textual.message import Message
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option
from textual.worker import get_current_worker

from iicl_tui.errors import LabError
from iicl_tui.present.outcomes import Outcomes
from iicl_tui.present.session_list import Item, matching, name_items, preset_items, session_items
from iicl_tui.store.paths import shipped
from iicl_tui.text import printable
from iicl_tui.tui.actions import bindings
from iicl_tui.tui.screens.base import AppScreen
from iicl_tui.tui.widgets.action_bar import ActionBar, ActionButton
from iicl_tui.tui.widgets.plain_input import PlainInput

if TYPE_CHECKING:
    from iicl_tui.present.preview import Preview
    from iicl_tui.store.library import Deleted, Library, Summary
    from iicl_tui.tui.widgets.inline_form import InlineForm

Tab = Literal["yours", "examples", "presets"]
TABS: tuple[Tab, ...] = ("yours", "examples", "presets")

EMPTY = {
    "yours": "No sessions yet.\n\nn  sets up a chain of your own\n3  shows ready-made experiments: Enter on one fills the form\n"
    "2  shows finished sessions to look at",
    "examples": "This installation has no example sessions.\n\n3  shows ready-made experiments",
    "presets": "This installation has no presets.\n\nn  sets up a chain",
}
PREVIEW_AFTER = 0.08
"""Seconds for which the cursor must rest before a session is read for its preview."""

MANY = 100
"""Files whose names are listed before they are read."""


class SessionList(OptionList):
    """A click puts the cursor on an entry; a click on the entry under the cursor opens it."""

    def on_click(self, event: events.Click) -> None:
        event.prevent_default()
        clicked = event.style.meta.get("option")
        if clicked is not None and clicked == self.highlighted:
            self.action_select()
        elif clicked is not None:
            self.highlighted = clicked


class HomeScreen(AppScreen):
    """One list for each tab; the folder is read by a worker, the preview by another."""

    GROUP = "home"
    BINDINGS: ClassVar[list] = [*bindings("home")]
    CSS_PATH = "home.tcss"
    HELP = (
        "Everything that you have made, the examples that come with the program, and ready-made experiments. "
        "The list on the left has the newest first; beside it stands what the one under the cursor came to. "
        "Each session is one file, and what you do to it here can be undone."
    )
    LABELS: ClassVar[dict[str, str]] = {"app.back": "close"}
    AUTO_FOCUS = "#list"
    now: ClassVar[float | None] = None
    """In place of the clock: seconds since the epoch."""

    @dataclass
    class Listed(Message):
        """A tab's items were read; fault where they could not be."""

        tab: Tab
        items: list[Item]
        fault: str = ""

    @dataclass
    class Previewed(Message):
        """A session was read for its preview; fault where it could not be."""

        key: str
        preview: Preview | None
        fault: str = ""

    def __init__(self, tab: Tab = "yours") -> None:
        super().__init__()
        self.tab: Tab = tab
        self.items: dict[Tab, list[Item]] = {}
        self._faults: dict[Tab, str] = {}
        self._places: dict[Tab, str] = {}
        self._wanted: dict[Tab, str] = {}
        self._libraries: dict[Tab, Library] = {}
        self._done: list[Callable[[], str]] = []
        self._shown: tuple[Tab, str] | None = None
        self._outcomes = Outcomes()

    def body(self) -> ComposeResult:
        yield ActionBar(id="tabs")
        yield PlainInput(placeholder="search: words of a title, a task, an agent, a state", id="search", compact=True)
        with Container(id="panes"):
            with Vertical(id="left"):
                yield SessionList(id="list", markup=False, compact=True)
                yield Static("Reading…", id="empty", markup=False)
            with VerticalScroll(id="side", can_focus=False):
                yield Static(id="words", markup=False)

    def on_mount(self) -> None:
        self.query_one("#search").display = False
        self.query_one("#list").display = False
        self._say()

    def on_screen_resume(self) -> None:
        self.call_after_refresh(self.action_refresh)  # the first text comes before any file is read

    # -- what is listed -----------------------------------------------------------------------------------------------

    def action_refresh(self) -> None:
        self._shown = None
        self._list(self.tab)

    @work(thread=True, exclusive=True, group="list")
    def _list(self, tab: Tab) -> None:
        if tab == "presets":
            from iicl_tui.store.presets import presets

            self.post_message(self.Listed(tab, preset_items(presets())))
            return
        found: list[Summary] = []
        fault = ""
        try:
            folder = self.lab_app.paths.sessions if tab == "yours" else shipped("sessions")
            with suppress(OSError):  # the library tells of it
                if tab not in self.items and len(names := name_items(folder)) > MANY:
                    self.post_message(self.Listed(tab, names))
            found = self._library(tab).sessions()
            if tab == "examples":  # their dates are those of the installation
                found.sort(key=lambda summary: summary.path.name)
        except FileNotFoundError:
            found = []
        except LabError as error:
            fault = str(error)
        now = time.time() if self.now is None else self.now
        aged = tab == "yours"
        self.post_message(self.Listed(tab, session_items(found, now, aged, self._outcomes.known), fault))
        worker = get_current_worker()
        if self._outcomes.find(found, lambda: worker.is_cancelled):
            self.post_message(self.Listed(tab, session_items(found, now, aged, self._outcomes.known), fault))

    def _library(self, tab: Tab) -> Library:
        from iicl_tui.store.library import Library

        if tab not in self._libraries:
            self._libraries[tab] = Library(self.lab_app.paths.sessions if tab == "yours" else shipped("sessions"))
        return self._libraries[tab]

    @on(Listed)
    def _take(self, event: Listed) -> None:
        self.items[event.tab] = event.items
        self._faults[event.tab] = printable(event.fault, 1000, newlines=True)
        if event.tab == self.tab and self._is_there:
            self._fill()

    def _fill(self) -> None:
        """The list of the tab, as far as the search lets it through, the cursor on the entry where it was."""
        everything = self.items.get(self.tab)
        if everything is None:
            return
        text = self.query_one("#search", Input).value
        shown = matching(everything, text)
        entries = self.query_one("#list", OptionList)
        place = self._places.get(self.tab)
        with self.app.batch_update():
            entries.set_options([Option(_prompt(item), id=item.key) for item in shown])
            entries.display = bool(shown)
            empty = self.query_one("#empty", Static)
            empty.display = not shown
            if not shown:
                nothing = f"Nothing here has “{printable(text, 60)}”." if everything else EMPTY[self.tab]
                empty.update(Content(self._faults.get(self.tab) or nothing))
            keys = [item.key for item in shown]
            if self._wanted.get(self.tab) in keys:
                place = self._wanted.pop(self.tab)
            if shown:
                entries.highlighted = keys.index(place) if place in keys else 0
            self._say(len(shown), len(everything))
        if not shown:
            self._show_words("")
            self._show_chart(None)

    def _say(self, shown: int | None = None, total: int = 0) -> None:
        labels = {tab: f"[ {tab} ]" if tab == self.tab else tab for tab in TABS}
        offers = [ActionButton(f"home.{tab}", label, tab == self.tab) for tab, label in labels.items()]
        self.query_one("#tabs", ActionBar).show("", offers)
        kind = "presets" if self.tab == "presets" else "sessions"
        count = "" if shown is None else f"{total} {kind if total != 1 else kind[:-1]}"
        if shown is not None and shown != total:
            count = f"{shown} of {total} {kind}"
        where = str(self.lab_app.paths.sessions) if self.tab == "yours" else ""
        self.header("iicl-tui", ("a laboratory for iterated learning", count, where))
        self.refresh_bindings()

    @property
    def item(self) -> Item | None:
        """The entry under the cursor."""
        option = self.query_one("#list", OptionList).highlighted_option
        if option is None:
            return None
        return next((item for item in self.items.get(self.tab, ()) if item.key == option.id), None)

    # -- what stands beside it ----------------------------------------------------------------------------------------

    @on(OptionList.OptionHighlighted, "#list")
    def _moved(self) -> None:
        item = self.item
        if item is None:
            return
        self._places[self.tab] = item.key
        self.refresh_bindings()
        if self._shown == (self.tab, item.key):
            return
        self._shown = (self.tab, item.key)
        self.query_one("#side", VerticalScroll).scroll_home(animate=False)
        if item.preset is not None:
            self._show_chart(None)
            self._show_words(item.preset.title, item.preset.summary, f"Enter fills the form with it.\n\n{_body(item.preset.text)}")
        elif item.summary is None:  # its name alone is known so far
            self._shown = None
        elif item.broken:
            self._show_chart(None)
            self._show_words(
                item.title, f"This file cannot be opened as a session.\n\n{item.summary.fault}",
                f"`iicl-tui check {item.key}` names every fault with its line. e opens it in the form, if it is TOML at all; "
                "d moves it to the trash.",
            )  # fmt: skip
        else:
            self.set_timer(PREVIEW_AFTER, partial(self._preview_of, item))

    @property
    def _is_there(self) -> bool:
        """False once the screen is left: what workers and timers bring then comes too late."""
        return bool(self.query("#words"))

    def _preview_of(self, item: Item) -> None:
        if self._is_there and self.item is not None and self.item.key == item.key and item.summary is not None:
            self._read(item.key, item.summary.path)

    @work(thread=True, exclusive=True, group="preview")
    def _read(self, key: str, path: Path) -> None:
        from iicl_tui.present.preview import read_preview

        try:
            self.post_message(self.Previewed(key, read_preview(path)))
        except LabError as error:
            self.post_message(self.Previewed(key, None, str(error)))

    @on(Previewed)
    def _previewed(self, event: Previewed) -> None:
        item = self.item if self._is_there else None
        if item is None or item.key != event.key:
            return
        if event.preview is None:
            self._show_chart(None)
            self._show_words(item.title, event.fault)
            return
        self._show_chart(event.preview.view)
        table = Table.grid(padding=(0, 2))
        for what, value in event.preview.facts:
            table.add_row(Text(what, "dim"), Text(value))
        self.query_one("#words", Static).update(Group(Text(item.title, "bold"), Text(), table))

    def _show_words(self, title: str, text: str = "", after: str = "") -> None:
        parts = [
            (printable(title, 200), "bold"),
            "\n\n" if text else "",
            printable(text, 6000, newlines=True),
            ("\n\n" + printable(after, 6000, newlines=True) if after else "", "$text-muted"),
        ]
        self.query_one("#words", Static).update(Content.assemble(*parts))

    def _show_chart(self, view: Any) -> None:
        """The mosaic, made when one is first needed: numpy is not imported for the first text."""
        try:
            chart: Any = self.query_one("#chart")
        except NoMatches:
            if view is None:
                return
            from iicl_tui.tui.widgets.belief_chart import BeliefChart

            chart = BeliefChart(id="chart")
            chart.can_focus = False
            self.query_one("#side", VerticalScroll).mount(chart, before=0)
        chart.set_class(view is None, "-none")
        chart.view = view

    def copy_text(self) -> str | None:
        item = self.item
        if item is None:
            return None
        return item.preset.text if item.preset is not None else str(item.summary.path) if item.summary is not None else None

    # -- search and tabs ----------------------------------------------------------------------------------------------

    def action_yours(self) -> None:
        self._turn("yours")

    def action_examples(self) -> None:
        self._turn("examples")

    def action_presets(self) -> None:
        self._turn("presets")

    def _turn(self, tab: Tab) -> None:
        self.tab = tab
        self._shown = None
        self._say()
        if tab in self.items:
            self._fill()
        self._list(tab)
        self.query_one("#list").focus()

    def action_search(self) -> None:
        field = self.query_one("#search", Input)
        field.display = True
        field.focus()

    @on(Input.Changed, "#search")
    def _search(self) -> None:
        self._fill()

    @on(Input.Submitted, "#search")
    def _searched(self) -> None:
        self.query_one("#list").focus()

    def on_key(self, event: events.Key) -> None:
        if event.key == "down" and self.query_one("#search").has_focus:
            event.stop()
            self.query_one("#list").focus()

    def back(self) -> None:
        """A question is closed first, then the search; there is nothing behind this screen."""
        if self.query("#ask"):
            self._close_ask()
            return
        field = self.query_one("#search", Input)
        field.value = ""
        field.display = False
        self.query_one("#list").focus()

    @property
    def can_go_back(self) -> bool:
        """Whether a question or the search is open."""
        return self.is_mounted and (bool(self.query("#ask")) or bool(self.query_one("#search").display))

    # -- what can be done ---------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if not self.is_mounted:
            return True
        if isinstance(self.focused, Input) and action in ("delete", "open"):
            return False  # the field has these keys
        item = self.item
        session = item is not None and item.summary is not None
        whole = session and item is not None and not item.broken
        if action == "open":
            return True if item is not None else None
        if action == "branch":
            return True if whole else None
        if action == "edit":
            return True if session else None
        if action == "rename":
            return True if whole and self.tab == "yours" else None
        if action == "delete":
            return True if session and self.tab == "yours" else None
        if action == "undo":
            return True if self._done else None
        return super().check_action(action, parameters)

    @on(OptionList.OptionSelected, "#list")
    def _chosen(self) -> None:
        self.action_open()

    def action_open(self) -> None:
        item = self.item
        if item is None:
            return
        if item.preset is not None:
            self.lab_app.open("configure", preset=item.preset.name)
        elif item.summary is not None and item.broken:
            remedy = f"`iicl-tui check {item.key}` names every fault with its line; e opens it in the form, if it is TOML at all."
            raise LabError(f"{item.key} cannot be opened", item.summary.fault or "", remedy)
        elif item.summary is not None and item.summary.status == "configuration":
            self.action_edit()
        elif item.summary is not None:
            self.lab_app.open("lab", path=item.summary.path)

    def action_new(self) -> None:
        self.lab_app.open("configure")

    def action_edit(self) -> None:
        item = self.item
        if item is not None and item.summary is not None:
            self.lab_app.open("configure", file=item.summary.path)

    def action_rename(self) -> None:
        from iicl_tui.tui.widgets.inline_form import Question

        item = self.item
        if item is None or item.summary is None:
            return
        question = Question("title", "title", item.summary.title, lambda text: "" if text else "a title is needed")
        self._ask(item.key, "rename", [question], lambda _: "The file keeps its name.")

    def action_branch(self) -> None:
        from iicl_tui.present.words import kept_generations
        from iicl_tui.tui.widgets.inline_form import Question, whole_number

        item = self.item
        if item is None or item.summary is None:
            return
        most = max(item.summary.generation - (item.summary.status not in ("finished",)), 0)
        number = Question("generation", "after generation", str(most), whole_number(0, item.summary.generation))
        seed = Question("seed", "seed", "", lambda text: "" if not text else whole_number(0, 2**63 - 1)(text))
        self._ask(
            item.key, "branch", [number, seed],
            lambda answers: (
                f"A new session keeps {kept_generations(int(answers['generation']))}; without a seed it goes on as this one."
            ),
        )  # fmt: skip

    def _ask(self, subject: str, title: str, questions: Any, hint: Any) -> None:
        from iicl_tui.tui.widgets.inline_form import InlineForm

        if not self.query("#ask"):
            ask = InlineForm(subject, title, questions, hint)
            ask.add_class(f"-{title}")
            self.query_one("#body").mount(ask)

    def _close_ask(self) -> None:
        self.query("#ask").remove()
        self.query_one("#list").focus()

    def on_inline_form_answered(self, event: InlineForm.Answered) -> None:
        answers, ask = event.answers, event.ask
        self._close_ask()
        item = next((item for item in self.items.get(self.tab, ()) if item.key == ask.subject), None)
        if answers is None or item is None or item.summary is None:
            return
        if ask.has_class("-rename"):
            self._rename(item.summary.path, item.summary.title, answers["title"])
        else:
            self._branch(item.summary.path, int(answers["generation"]), int(answers["seed"]) if answers["seed"] else None)

    def _rename(self, path: Path, old: str, new: str) -> None:
        library = self._library("yours")
        library.rename(path, new)

        def undo() -> str:
            library.rename(path, old)
            return f"It is called {old} again."

        self._did(undo, f"Renamed to {new}.")

    def _branch(self, path: Path, generation: int, seed: int | None) -> None:
        from iicl_tui.store.session import SessionFile

        with (
            SessionFile.open(path, read_only=True) as session,
            session.branch(generation, self.lab_app.paths.sessions, seed=seed) as branch,
        ):
            new = branch.path
        self._wanted["yours"] = new.name
        self.lab_app.open("lab", path=new)

    def action_delete(self) -> None:
        item = self.item
        if item is None or item.summary is None:
            return
        library = self._library("yours")
        deleted: Deleted = library.delete(item.summary.path)
        name = item.title.removeprefix("✗ ")

        def undo() -> str:
            self._wanted["yours"] = library.restore(deleted).name
            return f"{name} is back."

        entries = self.query_one("#list", OptionList)
        at = entries.highlighted or 0
        neighbours = [option.id for option in entries.options if option.id != item.key]
        if neighbours:
            self._wanted["yours"] = str(neighbours[min(at, len(neighbours) - 1)])
        self._did(undo, f"{name} is in the trash.")

    def _did(self, undo: Callable[[], str], said: str) -> None:
        self._done.append(undo)
        self.notify(printable(f"{said} u undoes it.", 300), markup=False)
        self.action_refresh()

    def action_undo(self) -> None:
        if not self._done:
            return
        undo = self._done[-1]
        said = undo()
        self._done.pop()
        self.notify(printable(said, 300), markup=False)
        self._turn("yours")


def _prompt(item: Item) -> Content:
    return Content.assemble((item.title, "bold $text-error" if item.broken else "bold"), "\n", (item.line, "not bold dim"))


def _body(text: str) -> str:
    """A file without the comment that it begins with."""
    lines = text.splitlines()
    while lines and (lines[0].startswith("#") or not lines[0]):
        lines.pop(0)
    return "\n".join(lines)
