"""Configure: a form on the left; on the right the file that it writes, and the first data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import OptionList, Static

from iicl_tui.chain.config import ChainConfig
from iicl_tui.errors import ConfigError, Fault
from iicl_tui.present import next_messages as messages
from iicl_tui.present.config_form import GROUPS, Form, Row, read_form
from iicl_tui.schema import Path as KeyPath
from iicl_tui.store import presets, toml_lines
from iicl_tui.store.config_draft import Draft, examine, named_outside
from iicl_tui.store.format import start_table
from iicl_tui.store.session import SessionFile
from iicl_tui.tasks.base import Task
from iicl_tui.tui.actions import bindings
from iicl_tui.tui.configure.draft_edits import KindChanges, apply_button, retyped, set_weight, with_value
from iicl_tui.tui.configure.fields import FieldRow, FormPane, PreservedRow, SectionButton, group_widgets, row_id
from iicl_tui.tui.configure.file_name import FILE, UNTITLED, file_row, target
from iicl_tui.tui.configure.file_text import FileText
from iicl_tui.tui.configure.focus_help import help_of, row_of
from iicl_tui.tui.configure.opening import open_draft
from iicl_tui.tui.configure.prior_box import PriorBox, WeightCell
from iicl_tui.tui.configure.side_pane import SidePane
from iicl_tui.tui.configure.start import first_fault, ready
from iicl_tui.tui.keymap import key_label
from iicl_tui.tui.screens.configure_many import ConfigureManyScreen
from iicl_tui.tui.widgets.action_bar import ActionBar, ActionButton

CHECK_AFTER = 0.12  # seconds without a change after which the form is checked


class ConfigureScreen(ConfigureManyScreen):
    """Edits a draft: each field writes into it, and everything on the screen is read from it."""

    GROUP = "configure"
    BINDINGS: ClassVar[list] = [*bindings("configure")]
    CSS_PATH = "configure.tcss"
    AUTO_FOCUS = "#form Input"
    HELP = (
        "Sets up a chain: what is learned, who learns, which filters stand between the generations, and how many there are. "
        "The file that the form makes is shown beside it as TOML. It becomes the session's file. Keys that the form has no "
        "field for are kept. The file can be changed directly, too. The first data d⁰ are drawn at once, or written by hand, and "
        "beside them is what the first agent believes before and after it has seen them."
    )

    @dataclass
    class Checked(Message):
        """The draft was checked."""

        draft: Draft
        config: ChainConfig | None
        faults: list[Fault]

    def __init__(self, preset: str | None = None, file: Path | None = None, text: str | None = None) -> None:
        """Open the form.

        Args:
            preset: The name of a preset to fill it from.
            file: A session or configuration to fill it from.
            text: A configuration to fill it from.

        Raises:
            LabError: The preset or file cannot be read.
            ConfigError: The file is not TOML.
        """
        super().__init__()
        self.draft, self.folder = open_draft(preset, file, text)
        self.outside = named_outside(self.draft, self.folder)
        self.config: ChainConfig | None = None
        config, _ = examine(self.draft, self.folder, self.outside)
        self._learned: Task | None = None if config is None else config.task
        """The task as last read without a fault."""
        self.form: Form = read_form(self.draft, (), self._learned)
        self._broken: Fault | None = None
        """What is wrong with a text of the file that is no TOML; the draft is then the last text that was."""
        self._opened = self.draft
        self._before: Draft | None = None
        # Consecutive changes of one field all start from the draft before the first, so that a field that is emptied and
        # filled again keeps its line and its comment.
        self._base = self.draft
        self._edits: tuple[KeyPath, Draft] | None = None
        self._kinds = KindChanges()
        self._file = ""
        self._leave_warned = False
        self._checking = 0
        self._faults: tuple[Fault, ...] = ()

    def body(self) -> ComposeResult:
        yield ActionBar(id="tabs")
        with Horizontal(id="panes"):
            with Vertical(id="left"):
                with FormPane(id="form"):
                    for name in GROUPS:
                        yield Vertical(id=f"group-{name}", classes="group-box")
                yield Static(id="help", markup=False)
            yield SidePane(id="right")
        yield Static(id="total", markup=False)

    async def on_mount(self) -> None:
        await self._build()
        self._show_text()
        self._tabs()
        self._check()

    def on_resize(self) -> None:
        self.call_after_refresh(self._resized)

    def _resized(self) -> None:
        if self._still_open:
            self._tabs()
            self._show_start()

    @property
    def _still_open(self) -> bool:
        """False once the screen is left; results of workers and timers then come too late."""
        return bool(self.query("#total"))

    # The draft

    async def _replace_draft(self, draft: Draft) -> None:
        """Set a draft that does not come from a field, and show it in the fields."""
        await self._set_draft(draft)
        rows = self.form.rows
        for widget in self.query(FieldRow):
            if widget.row.path in rows:
                widget.show(rows[widget.row.path])

    async def _set_draft(self, draft: Draft) -> None:
        """Set the draft. Shows its text at once, and its faults a moment later."""
        self.draft, self._broken = draft, None
        self._leave_warned = False
        before, self.form = self.form, read_form(draft, (), self._learned)
        await self._build(before)
        self._show_priors()
        self._show_text()
        self._checking += 1
        self.set_timer(CHECK_AFTER, partial(self._check_if_unchanged, self._checking))

    def _check_if_unchanged(self, turn: int) -> None:
        if turn == self._checking and self._still_open:
            self._check()

    @work(thread=True, exclusive=True, group="check")
    def _check(self) -> None:
        draft = self.draft
        self.post_message(self.Checked(draft, *examine(draft, self.folder, self.outside)))

    @on(Checked)
    async def _show_result(self, event: Checked) -> None:
        if event.draft is self.draft and self._still_open and self._broken is None:
            await self._show_check(event.config, event.faults)

    async def _show_check(self, config: ChainConfig | None, faults: list[Fault]) -> None:
        self.config = config
        self._learned = self._learned if config is None else config.task
        before, self.form = self.form, read_form(self.draft, faults, self._learned)
        await self._build(before)
        self._show_priors()
        rows = self.form.rows
        for widget in self.query(FieldRow):
            row = rows.get(widget.row.path)
            if row is not None:
                widget.show_faults(row)
        kept = {each.path: each for section in self.form.sections for each in section.preserved}
        for line in self.query(PreservedRow):
            if line.preserved.path in kept:
                line.show(kept[line.preserved.path])
        self._show_file_row()
        self._show_total(faults)
        self._show_start(faults)
        self._show_help()

    def _show_priors(self) -> None:
        tables = {section.prior.path: section.prior for section in self.form.sections if section.prior is not None}
        for box in self.query(PriorBox):
            if box.table.path in tables:
                box.show(tables[box.table.path])

    # The form

    async def _build(self, before: Form | None = None) -> None:
        """Rebuild the widgets of the groups whose shape has changed. The focus stays on its field."""
        changed = [name for name in GROUPS if before is None or before.shape(name) != self.form.shape(name)]
        pane = self.query_one("#form", FormPane)
        focused = self._focused_path()
        scroll = pane.scroll_offset.y
        with self.app.batch_update():
            for name in changed:
                group = self.query_one(f"#group-{name}")
                await group.remove_children()
                await group.mount_all(group_widgets(name, self.form, self._file_row()))
        if changed and focused is not None and (self.focused is None or not self.focused.is_attached):
            again = self.query(f"#{row_id(focused)} .control")
            self.set_focus(again.first() if again else pane.query(".control").first(), scroll_visible=False)
            pane.scroll_to(y=scroll, animate=False)

    def _file_row(self) -> Row:
        return file_row(self._file, self.draft.get(("chain", "title")), self.lab_app.paths.sessions)

    def _show_file_row(self) -> None:
        for widget in self.query(FieldRow):
            if widget.row.path == FILE:
                widget.show_faults(self._file_row())

    @on(FieldRow.Edited)
    async def _edited(self, event: FieldRow.Edited) -> None:
        event.stop()
        if not event.row.is_attached:  # the row was removed meanwhile
            return
        if event.path == FILE:
            self._file = (event.value or "").strip()
            self._show_file_row()
            return
        if event.path[-1] in ("kind", "task") and event.row.row.field.kind == "choice" and event.value is not None:
            draft = self._kinds.change(self.draft, event.path, event.value)
        else:
            if self._edits != (event.path, self.draft):
                self._base = self.draft
            draft = with_value(self._base, event.path, event.value)
            self._edits = (event.path, draft)
        event.row.show_faults(retyped(event.row.row, draft))
        await self._set_draft(draft)
        self._mark_line(event.path)

    @on(SectionButton.Requested)
    async def _button_pressed(self, event: SectionButton.Requested) -> None:
        event.stop()
        if event.operation == "give":
            await self._give_start()
            return
        draft, here = apply_button(self.draft, event.operation, event.path)
        await self._replace_draft(draft)
        self.set_focus(self.query(here).first())

    async def _give_start(self) -> None:
        """Write the first data as they are drawn into the draft."""
        if self.config is None:
            self.notify("Correct the faults first; then d⁰ is drawn and can be written down.", severity="warning", markup=False)
            return
        await self._replace_draft(self.draft.with_start(start_table(self.config.task, self.config.start)))
        self.set_focus(self.query("#row-start-hypothesis .control").first())

    @on(WeightCell.Changed)
    async def _weight_changed(self, event: WeightCell.Changed) -> None:
        event.stop()
        await self._set_draft(set_weight(self.draft, self.form, event.cell, event.weight))
        self._mark_line(event.cell.path)

    @on(FileText.Edited)
    async def _text_edited(self, event: FileText.Edited) -> None:
        """Take a change of the text into the form; while it is no TOML, only say what is wrong."""
        event.stop()
        try:
            toml_lines.parse(event.text)
        except ConfigError as error:
            self._broken, self.config, self._leave_warned = error.faults[0], None, False
            self._show_total([self._broken])
            self._show_start([self._broken])
            return
        await self._replace_draft(Draft(event.text))

    # Beside and below the form

    def _show_text(self) -> None:
        self.query_one(SidePane).show_file(self.draft.text)
        self._mark_line(self._focused_path())
        title = self.draft.get(("chain", "title"))
        facts = ["set up a chain", "changed" if self.draft.text != self._opened.text else ""]
        self.header(title if isinstance(title, str) and title.strip() else UNTITLED, facts, "not written yet")

    def _mark_line(self, path: KeyPath | None) -> None:
        """Mark the line of the file that the focused field writes."""
        if path is None or path == FILE:
            return
        line = toml_lines.line_of(self.draft.text, path)
        if line is not None:
            self.query_one(SidePane).mark_line(line)

    def _focused_path(self) -> KeyPath | None:
        row = row_of(self.focused)
        return row.row.path if row is not None else None

    @on(events.DescendantFocus)
    def _focus_moved(self) -> None:
        row = row_of(self.focused)
        for other in self.query(".-here"):
            other.remove_class("-here")
        if row is not None:
            row.add_class("-here")
            self._mark_line(row.row.path)
        elif isinstance(self.focused, WeightCell):
            self._mark_line(self.focused.cell.path)
        self._show_help()

    def _show_help(self) -> None:
        said = self.query_one("#help", Static)
        words = help_of(self.focused, self.config, max(said.content_region.width, 40))
        if words is not None:
            said.update(words, layout=False)

    def _show_total(self, faults: Sequence[Fault]) -> None:
        total = self.query_one("#total", Static)
        total.set_class(bool(faults), "-wrong")
        if faults:
            first = faults[0] if self._broken is not None or not self.form.elsewhere else self.form.elsewhere[0]
            total.update(first_fault(first, len(faults)), layout=False)
            return
        path = target(self._file, self.lab_app.paths.sessions)
        name = path.name if path != self.lab_app.paths.sessions else self._file_row().absent
        total.update(ready(name, key_label(self.lab_app.keymap["configure.create"][0])), layout=False)

    def _show_start(self, faults: Sequence[Fault] | None = None) -> None:
        """Show the first data, or the faults. faults: None to leave those that are shown."""
        self._faults = self._faults if faults is None else tuple(faults)
        self.query_one(SidePane).show_start(self.config, self.draft.get(("start",)) is not None, self._faults)

    # Panes

    def _tabs(self) -> None:
        file = self.has_class("-file")
        labels = ("form", "[ file and d⁰ ]") if file else ("[ form ]", "file and d⁰")
        self.query_one("#tabs", ActionBar).show("", [ActionButton("configure.pane", " · ".join(labels))])
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "pane":
            return self.has_class("-narrow")
        return super().check_action(action, parameters)

    def why_not(self, action: str) -> str:
        return "The form and the file are both on the screen." if action == "pane" else ""

    def action_pane(self) -> None:
        self.toggle_class("-file")
        self._tabs()
        if self.has_class("-file"):
            self.query_one("#toml").focus()
        else:
            self.query("#form .control").first().focus()
        self.call_after_refresh(self._resized)

    def action_preset(self) -> None:
        side = self.query_one(SidePane)
        if side.choosing:
            self._close_presets()
            return
        side.open_presets(can_go_back=self._before is not None)
        self.add_class("-file")
        self._tabs()

    def _close_presets(self) -> None:
        self.query_one(SidePane).close_presets()
        self.remove_class("-file")
        self._tabs()
        self._show_start()
        self.set_focus(self.query("#form .control").first(), scroll_visible=False)

    @on(OptionList.OptionSelected, "#presets")
    async def _preset_chosen(self, event: OptionList.OptionSelected) -> None:
        chosen = self._before if not event.option.id else Draft.of(presets.load(event.option.id).text)
        if chosen is None:
            return
        self._before = self.draft
        self._close_presets()
        await self._replace_draft(chosen)
        self.query_one("#form", FormPane).scroll_home(animate=False)

    def back(self) -> None:
        """Close a dialog or the presets, or leave. If there are changes, the first press only warns."""
        if self.query("#ask"):
            self.close_many()
        elif self.query_one(SidePane).choosing:
            self._close_presets()
        elif self.draft.text != self._opened.text and not self._leave_warned:
            self._leave_warned = True
            self.notify("Unsaved changes. Press Esc again to discard them.", severity="warning", markup=False)
        else:
            self.lab_app.leave()

    def copy_text(self) -> str | None:
        return self.draft.text

    # Actions

    async def action_redraw(self) -> None:
        given = self.draft.get(("start",)) is not None
        draft = self.draft.redrawn()
        await self._replace_draft(draft)
        seed = draft.get(("chain", "seed"))
        self.notify(
            f"Removed [start]; d⁰ is now drawn with seed {seed}." if given else f"Drew d⁰ again, with seed {seed}.",
            markup=False, timeout=3,
        )  # fmt: skip

    async def action_messages(self) -> None:
        config = await self._checked_now()
        if config is None:
            self.notify("Correct the faults first; then the messages can be shown.", severity="warning", markup=False)
            return
        found = await messages.first_entries(config)
        if not found:
            self.notify(messages.NO_MODEL, markup=False)
            return
        await self.lab_app.open("messages", config.title, found, 0)

    async def checked(self) -> ChainConfig | None:
        config = await self._checked_now()
        wrong = next((row for row in self.query(FieldRow) if row.row.faults), None)
        if config is not None and wrong is None:
            return config
        if wrong is not None:
            self.remove_class("-file")
            wrong.control.focus()
        self.notify("Correct the faults first; nothing is written before.", severity="warning", markup=False)
        return None

    async def _checked_now(self) -> ChainConfig | None:
        """The configuration without waiting for the check; None if there are faults, which are shown."""
        if self._broken is not None:
            return None
        config, faults = self.examined()
        await self._show_check(config, faults)
        return config

    def action_undo(self) -> None:
        self.query_one(FileText).take_back()

    async def action_create(self) -> None:
        config = await self.checked()
        if config is None:
            return
        created = datetime.now(UTC).replace(microsecond=0)
        with SessionFile.create(
            config, target(self._file, self.lab_app.paths.sessions), created=created, head=self.draft.head(config, created)
        ) as session:
            path = session.path
        self.lab_app.switch_to("lab", path=path)
