"""Home: lists of sessions, examples and presets, with a preview of the entry under the cursor."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, OptionList, Static
from textual.worker import get_current_worker

from iicl_tui.errors import LabError
from iicl_tui.present.session_list import ORDERS, Item, matching, ordered
from iicl_tui.store import crash_reports
from iicl_tui.text import printable
from iicl_tui.tui.actions import bindings
from iicl_tui.tui.home.availability import Situation, availability, reason
from iicl_tui.tui.home.curves_pane import CurvesPane
from iicl_tui.tui.home.session_list import EMPTY, SessionList, Tab, count_words, list_title, tab_labels
from iicl_tui.tui.home.side_pane import SidePane, how_to_repair
from iicl_tui.tui.home.tab_reader import TabReader
from iicl_tui.tui.keymap import key_label
from iicl_tui.tui.screens.home_many import HomeManyScreen
from iicl_tui.tui.screens.home_rows import OpensOwnRows
from iicl_tui.tui.widgets.action_bar import ActionBar, ActionButton
from iicl_tui.tui.widgets.plain_input import PlainInput

if TYPE_CHECKING:
    from iicl_tui.present.preview import Preview
    from iicl_tui.store.library import Deleted
    from iicl_tui.tui.widgets.inline_form import InlineForm

PREVIEW_AFTER = 0.08
"""Seconds that the cursor must rest on a session before it is read for the preview."""


class HomeScreen(OpensOwnRows, HomeManyScreen):
    """One list for each tab. A worker reads the folder, another one the preview."""

    GROUP = "home"
    BINDINGS: ClassVar[list] = [*bindings("home")]
    CSS_PATH = "home.tcss"
    HELP = (
        "Your sessions, the example sessions that come with the program, presets, which are ready-made experiments, and lessons. "
        "The list on the left shows the newest first; on the right is a preview of the one under the cursor. "
        "Each session is one file. A deletion or another title can be undone."
    )
    LABELS: ClassVar[dict[str, str]] = {"app.back": "close"}
    AUTO_FOCUS = "#list"
    now: ClassVar[float | None] = None
    """Replaces the clock in tests: seconds since the epoch."""

    @dataclass
    class Listed(Message):
        """A tab's items were read, or could not be read because of `fault`."""

        tab: Tab
        items: list[Item]
        fault: str = ""

    @dataclass
    class Previewed(Message):
        """A session was read for its preview, or could not be read because of `fault`."""

        key: str
        preview: Preview | None
        fault: str = ""

    def __init__(self, tab: Tab = "yours") -> None:
        super().__init__()
        self.tab: Tab = tab
        self.items: dict[Tab, list[Item]] = {}
        self._faults: dict[Tab, str] = {}
        self._cursors: dict[Tab, str] = {}
        self._next_cursor: dict[Tab, str] = {}
        self._order = "newest"
        self._undo_stack: list[Callable[[], str]] = []
        self._shown: tuple[Tab, str] | None = None
        self._reader: TabReader

    def body(self) -> ComposeResult:
        self._reader = TabReader(self.lab_app.paths.sessions, self.lab_app.paths.settings)
        yield ActionBar(id="tabs")
        yield PlainInput(placeholder="Search titles, tasks, agents and states", id="search", compact=True)
        with Container(id="panes"):
            with Vertical(id="left") as left:
                left.border_title = "sessions"
                yield SessionList(id="list", markup=False, compact=True)
                yield Static("Reading the sessions…", id="empty", markup=False)
                yield CurvesPane(id="curves")
            side = SidePane(id="side")
            side.border_title = "preview"
            yield side

    def on_mount(self) -> None:
        self.query_one("#search").display = False
        self.query_one("#list").display = False
        self._show_heading()

    def on_screen_resume(self) -> None:
        self.call_after_refresh(self.action_refresh)  # the first text must not wait for files

    # Reading the tabs

    def action_refresh(self) -> None:
        self._shown = None
        self._list(self.tab)

    @work(thread=True, exclusive=True, group="list")
    def _list(self, tab: Tab) -> None:
        worker = get_current_worker()
        now = time.time() if self.now is None else self.now

        def report(items: list[Item], fault: str) -> None:
            self.post_message(self.Listed(tab, items, fault))

        self._reader.read(tab, report, now, tab not in self.items, lambda: worker.is_cancelled)

    @on(Listed)
    def _show_listed(self, event: Listed) -> None:
        self.items[event.tab] = event.items
        self._faults[event.tab] = printable(event.fault, 1000, newlines=True)
        if event.tab == self.tab and self._still_open:
            self.fill()

    def fill(self) -> None:
        """List the tab's items that match the search. The cursor stays on its entry."""
        everything = self.items.get(self.tab)
        if everything is None:
            return
        text = self.query_one("#search", Input).value
        shown = ordered(matching(everything, text), self._order if self.tab == "yours" else "newest")
        first_visit = self.tab == "yours" and not everything and not self._faults.get(self.tab)
        self._show_welcome(first_visit)
        cursor = self._cursors.get(self.tab)
        if self._next_cursor.get(self.tab) in [item.key for item in shown]:
            cursor = self._next_cursor.pop(self.tab)
        with self.app.batch_update():
            self.query_one(SessionList).show_items(shown, cursor, self.marked)
            empty = self.query_one("#empty", Static)
            empty.display = not shown and not first_visit
            if not shown:
                nothing = f"Nothing found for “{printable(text, 60)}”." if everything else EMPTY[self.tab]
                empty.update(Content(self._faults.get(self.tab) or nothing))
            self._show_heading(len(shown), len(everything))
        if not shown:
            self.query_one(SidePane).clear()

    def _show_welcome(self, first_visit: bool) -> None:
        """While there are no sessions, say what the program is. The widgets are made when first needed."""
        if first_visit and not self.query("#welcome"):
            from iicl_tui.tui.home.welcome import Welcome

            self.query_one("#panes").mount(Welcome(id="welcome"), before=0)
        self.set_class(first_visit, "-first-visit")

    def action_sort(self) -> None:
        orders = list(ORDERS)
        self._order = orders[(orders.index(self._order) + 1) % len(orders)]
        self.fill()

    def _show_heading(self, shown: int | None = None, total: int = 0) -> None:
        buttons = [ActionButton(f"home.{tab}", label, tab == self.tab) for tab, label in tab_labels(self.tab).items()]
        self.query_one("#tabs", ActionBar).show("", buttons)
        count = count_words(self.tab, shown, total)
        self.query_one("#left").border_title = list_title(self.tab, self._order)
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

    # The preview

    @on(OptionList.OptionHighlighted, "#list")
    def _moved(self) -> None:
        item = self.item
        if item is None:
            return
        self._cursors[self.tab] = item.key
        self.refresh_bindings()
        if self._shown == (self.tab, item.key):
            return
        self._shown = (self.tab, item.key)
        side = self.query_one(SidePane)
        side.scroll_home(animate=False)
        if item.shipped or item.broken:
            self.query_one(CurvesPane).show(())
        if item.shipped:
            side.show_shipped(item)
        elif item.summary is None:  # only its name is known so far
            self._shown = None
        elif item.broken:
            side.show_broken(item)
        else:
            self.set_timer(PREVIEW_AFTER, partial(self._preview_of, item))

    @property
    def _still_open(self) -> bool:
        """False once the screen is left; results of workers and timers then come too late."""
        return self.is_attached and bool(self.query("#words"))

    def _preview_of(self, item: Item) -> None:
        if self._still_open and self.item is not None and self.item.key == item.key and item.summary is not None:
            self._read(item.key, item.summary.path)

    @work(thread=True, exclusive=True, group="preview")
    def _read(self, key: str, path: Path) -> None:
        from iicl_tui.present.preview import read_preview

        try:
            self.post_message(self.Previewed(key, read_preview(path)))
        except LabError as error:
            self.post_message(self.Previewed(key, None, str(error)))
        except Exception as error:  # no single file may end the program
            self.post_message(self.Previewed(key, None, crash_reports.cannot_show(error)))

    @on(Previewed)
    def _previewed(self, event: Previewed) -> None:
        item = self.item if self._still_open else None
        if item is None or item.key != event.key:
            return
        side = self.query_one(SidePane)
        if event.preview is None:
            side.show_text(item.title, event.fault)
            return
        try:
            side.show_preview(item.title, event.preview)
            self.query_one(CurvesPane).show(event.preview.curves)
        except Exception as error:
            side.show_text(item.title, crash_reports.cannot_show(error))

    def copy_text(self) -> str | None:
        item = self.item
        if item is None:
            return None
        return item.preset.text if item.preset is not None else str(item.summary.path) if item.summary is not None else None

    # Search and tabs

    def action_yours(self) -> None:
        self._open_tab("yours")

    def action_examples(self) -> None:
        self._open_tab("examples")

    def action_presets(self) -> None:
        self._open_tab("presets")

    def action_lessons(self) -> None:
        self._open_tab("lessons")

    def _open_tab(self, tab: Tab) -> None:
        self.tab = tab
        self._shown = None
        self._show_heading()
        if tab in self.items:
            self.fill()
        self._list(tab)
        self.query_one("#list").focus()

    def action_search(self) -> None:
        field = self.query_one("#search", Input)
        field.display = True
        field.focus()

    @on(Input.Changed, "#search")
    def _search(self) -> None:
        self.fill()

    @on(Input.Submitted, "#search")
    def _searched(self) -> None:
        self.query_one("#list").focus()

    def on_key(self, event: events.Key) -> None:
        if event.key == "down" and self.query_one("#search").has_focus:
            event.stop()
            self.query_one("#list").focus()

    def back(self) -> None:
        """Close a dialog, or the search; there is no screen below."""
        if self.query("#ask"):
            self.close_dialog()
            return
        field = self.query_one("#search", Input)
        field.value = ""
        field.display = False
        self.query_one("#list").focus()

    @property
    def can_go_back(self) -> bool:
        """Whether a dialog or the search is open."""
        return self.is_mounted and (bool(self.query("#ask")) or bool(self.query_one("#search").display))

    # Actions

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if not self.is_mounted:
            return True
        if isinstance(self.focused, Input) and action in ("delete", "open", "mark"):
            return False  # the field has these keys
        return availability(action, self._situation()) if action != "review" else super().check_action(action, parameters)

    def why_not(self, action: str) -> str:
        return reason(action, self._situation())

    def _situation(self) -> Situation:
        return Situation(self.tab, self.item, bool(self.items.get(self.tab)), bool(self._undo_stack), len(self.pair))

    @on(OptionList.OptionSelected, "#list")
    def _chosen(self) -> None:
        self.action_open()

    def action_open(self) -> None:
        item = self.item
        if item is None:
            return
        if item.preset is not None:
            self.lab_app.open("configure", preset=item.preset.name)
        elif item.lesson is not None:
            self.lab_app.open("lesson", name=item.lesson.name)
        elif item.summary is not None and item.broken:
            raise LabError(f"{item.key} cannot be opened", item.summary.fault or "", how_to_repair(item))
        elif item.summary is not None and item.summary.status == "configuration":
            self.action_edit()
        elif item.summary is not None:
            self.lab_app.open("lab", path=item.summary.path)

    def action_tour(self) -> None:
        from iicl_tui.lessons.library import lessons

        known = lessons(self.lab_app.paths.settings)
        self.lab_app.open("lesson", name=next((each.name for each in known if not each.progress.done), known[0].name))

    def action_new(self) -> None:
        self.lab_app.open("configure")

    def action_edit(self) -> None:
        item = self.item
        if item is not None and item.summary is not None:
            self.lab_app.open("configure", file=item.summary.path)

    def action_rename(self) -> None:
        from iicl_tui.tui.home import dialogs

        item = self.item
        if item is not None and item.summary is not None:
            self.ask(dialogs.rename(item.key, item.summary))

    def action_branch(self) -> None:
        from iicl_tui.tui.home import dialogs

        item = self.item
        if item is not None and item.summary is not None:
            self.ask(dialogs.branch(item.key, item.summary))

    def ask(self, dialog: InlineForm) -> None:
        if not self.query("#ask"):
            self.query_one("#body").mount(dialog)

    def close_dialog(self) -> None:
        self.query("#ask").remove()
        self.query_one("#list").focus()

    def on_inline_form_answered(self, event: InlineForm.Answered) -> None:
        from iicl_tui.tui.home import dialogs

        answers = event.answers
        kind, key = dialogs.subject_of(event.form)
        if self.answer(event):
            return
        self.close_dialog()
        item = next((item for item in self.items.get(self.tab, ()) if item.key == key), None)
        if answers is None or item is None or item.summary is None:
            return
        if kind == dialogs.RENAME:
            self._rename(item.summary.path, item.summary.title, answers["title"])
        else:
            self._branch(item.summary.path, int(answers["generation"]), int(answers["seed"]) if answers["seed"] else None)

    def _rename(self, path: Path, old: str, new: str) -> None:
        library = self._reader.library("yours")
        library.rename(path, new)

        def undo() -> str:
            library.rename(path, old)
            return f"Renamed back to {old}."

        self._offer_undo(undo, f"Renamed to {new}.")

    def _branch(self, path: Path, generation: int, seed: int | None) -> None:
        from iicl_tui.store.session import SessionFile

        with (
            SessionFile.open(path, read_only=True) as session,
            session.branch(generation, self.lab_app.paths.sessions, seed=seed) as branch,
        ):
            new = branch.path
        self._next_cursor["yours"] = new.name
        self.lab_app.open("lab", path=new)

    def action_delete(self) -> None:
        item = self.item
        if item is None or item.summary is None:
            return
        library = self._reader.library("yours")
        deleted: Deleted = library.delete(item.summary.path)
        name = item.title.removeprefix("✗ ")

        def undo() -> str:
            self._next_cursor["yours"] = library.restore(deleted).name
            return f"Restored {name}."

        if neighbour := self.query_one(SessionList).neighbour(item.key):
            self._next_cursor["yours"] = neighbour
        self._offer_undo(undo, f"Moved {name} to the trash.")

    def _offer_undo(self, undo: Callable[[], str], message: str) -> None:
        self._undo_stack.append(undo)
        key = key_label(self.lab_app.keymap["home.undo"][0])
        self.notify(printable(f"{message} Press {key} to undo.", 300), markup=False)
        self.action_refresh()

    def action_undo(self) -> None:
        if not self._undo_stack:
            return
        message = self._undo_stack[-1]()
        self._undo_stack.pop()
        self.notify(printable(message, 300), markup=False)
        self._open_tab("yours")
