"""Configure: a form on the left; on the right the file that it writes, and the first data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Label, OptionList, Static

from iicl_tui import files
from iicl_tui.agents.base import agent_kinds
from iicl_tui.chain.config import ChainConfig
from iicl_tui.errors import Fault
from iicl_tui.filters.base import filter_kinds
from iicl_tui.present import next_messages as messages
from iicl_tui.present.config_form import GROUPS, Form, GroupName, Row, read_form
from iicl_tui.schema import Path as KeyPath
from iicl_tui.store import errors, presets, toml_lines
from iicl_tui.store.config_draft import Draft, examine, named_outside
from iicl_tui.store.session import SessionFile
from iicl_tui.text import printable
from iicl_tui.tui.actions import bindings
from iicl_tui.tui.configure.draft_edits import BLANK, KindChanges, apply_button
from iicl_tui.tui.configure.fields import AddRow, FieldRow, FormPane, PreservedRow, SectionBox, SectionButton, row_id
from iicl_tui.tui.configure.file_name import FILE, UNTITLED, file_row, target
from iicl_tui.tui.configure.side_pane import SidePane
from iicl_tui.tui.keymap import key_label
from iicl_tui.tui.screens.configure_many import ConfigureManyScreen
from iicl_tui.tui.widgets.action_bar import ActionBar, ActionButton

TITLES: dict[GroupName, str] = {"task": "Task", "agents": "Agents", "interaction": "Interaction", "chain": "Chain"}
HEADS: dict[GroupName, str] = {
    "task": "what is learned",
    "agents": "who learns, in turn",
    "interaction": "the filters between them, in order",
    "chain": "how long, and from which seed",
}
CHECK_AFTER = 0.12
"""Seconds without a change after which the form is checked."""


class ConfigureScreen(ConfigureManyScreen):
    """Edits a draft: each field writes into it, and everything on the screen is read from it."""

    GROUP = "configure"
    BINDINGS: ClassVar[list] = [*bindings("configure")]
    CSS_PATH = "configure.tcss"
    AUTO_FOCUS = "#form Input"
    HELP = (
        "Sets up a chain: what is learned, who learns, which filters stand between the generations, and how many there are. "
        "The file that the form makes is shown beside it as TOML. It becomes the session's file. Keys that the form has no "
        "field for are kept. The first data d⁰ are drawn at once."
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
        self.folder: Path | None = None
        source = ""
        if preset is not None:
            text = presets.load(preset).text
        elif file is not None:
            self.folder, source = file.parent, file.name
            try:
                text = toml_lines.text_of(files.read_bytes(file), file.name)
            except OSError as error:
                raise errors.from_os_error(error, "read", file) from error
        self.draft = Draft.of(BLANK if text is None else text, source)
        self.outside = named_outside(self.draft, self.folder)
        self.config: ChainConfig | None = None
        self.form: Form = read_form(self.draft)
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
        self.draft = draft
        self._leave_warned = False
        before, self.form = self.form, read_form(draft)
        await self._build(before)
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
    def _show_result(self, event: Checked) -> None:
        if event.draft is self.draft and self._still_open:
            self._show_check(event.config, event.faults)

    def _show_check(self, config: ChainConfig | None, faults: list[Fault]) -> None:
        self.config = config
        self.form = read_form(self.draft, faults)
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
        self._show_start()

    # The form

    async def _build(self, before: Form | None = None) -> None:
        """Rebuild the widgets of the groups whose shape has changed. The focus stays on its field."""
        changed = [name for name in GROUPS if before is None or _shape(before, name) != _shape(self.form, name)]
        pane = self.query_one("#form", FormPane)
        focused = self._focused_path()
        scroll = pane.scroll_offset.y
        with self.app.batch_update():
            for name in changed:
                group = self.query_one(f"#group-{name}")
                await group.remove_children()
                await group.mount_all(self._widgets(name))
        if changed and focused is not None:
            again = self.query(f"#{row_id(focused)} .control")
            self.set_focus(again.first() if again else pane.query(".control").first(), scroll_visible=False)
            pane.scroll_to(y=scroll, animate=False)

    def _widgets(self, name: GroupName) -> list[Any]:
        heading = Content.assemble((TITLES[name], "bold $text-accent"), (f"  {HEADS[name]}", "$text-muted"))
        sections = self.form.groups[name]
        out: list[Any] = [Label(heading, classes="group"), *(SectionBox(section) for section in sections)]
        if name == "agents":
            out.append(AddRow("agent", tuple(agent_kinds()), ""))
        elif name == "interaction":
            out.append(AddRow("filter", tuple(filter_kinds()), "" if sections else "none: imitation only"))
        elif name == "chain":
            out.append(FieldRow(self._file_row()))
        return out

    def _file_row(self) -> Row:
        return file_row(self._file, self.draft.get(("chain", "title")), self.lab_app.paths.sessions)

    @property
    def _path(self) -> Path:
        """The session's file; only the sessions folder if the file has no name."""
        return target(self._file, self.lab_app.paths.sessions)

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
            draft = self._base.set(event.path, event.value)
            self._edits = (event.path, draft)
        event.row.show_faults(_with_value(event.row.row, draft))
        await self._set_draft(draft)
        self._mark_line(event.path)

    @on(SectionButton.Requested)
    async def _button_pressed(self, event: SectionButton.Requested) -> None:
        event.stop()
        draft, here = apply_button(self.draft, event.operation, event.path)
        await self._replace_draft(draft)
        self.set_focus(self.query(here).first())

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
        focused = self.focused
        if focused is None:
            return None
        row = next((each for each in focused.ancestors if isinstance(each, FieldRow)), None)
        return row.row.path if row is not None else None

    @on(events.DescendantFocus)
    def _focus_moved(self) -> None:
        focused = self.focused
        row = next((each for each in focused.ancestors if isinstance(each, FieldRow)), None) if focused is not None else None
        for other in self.query(".-here"):
            other.remove_class("-here")
        if row is None:
            return
        row.add_class("-here")
        field = row.row.field
        listed = field.kind in ("choice", "bool")  # the choices are seen, or the help names them
        facts = "; ".join(part for part in ("" if listed else field.expected, row.row.hint) if part)
        text = Content.assemble((field.label, "bold"), (f"  {facts}", "$text-muted"), "\n", field.help)
        self.query_one("#help", Static).update(text)
        self._mark_line(row.row.path)

    def _show_total(self, faults: list[Fault]) -> None:
        total = self.query_one("#total", Static)
        total.set_class(bool(faults), "-wrong")
        if not faults:
            path = self._path
            name = path.name if path != self.lab_app.paths.sessions else self._file_row().absent
            key = key_label(self.lab_app.keymap["configure.create"][0])
            next_step = f"{key} writes {printable(str(name), 80)} and opens the lab"
            total.update(Content.assemble("✓ ready  ", (next_step, "$text-muted")))
            return
        first = self.form.elsewhere[0] if self.form.elsewhere else faults[0]
        count = f"✗ {len(faults)} fault{'s' if len(faults) > 1 else ''} · "
        total.update(Content(count + printable(str(first), 300)))

    def _show_start(self) -> None:
        self.query_one(SidePane).show_start(self.config, self.draft.get(("start",)) is not None)

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
        config, faults = examine(self.draft, self.folder, self.outside)
        self._show_check(config, faults)
        if config is None:
            self.notify("Correct the faults first; then the messages can be shown.", severity="warning", markup=False)
            return
        found = await messages.first_entries(config)
        if not found:
            self.notify(messages.NO_MODEL, markup=False)
            return
        await self.lab_app.open("messages", config.title, found, 0)

    def checked(self) -> ChainConfig | None:
        config, faults = examine(self.draft, self.folder, self.outside)
        self._show_check(config, faults)
        wrong = next((row for row in self.query(FieldRow) if row.row.faults), None)
        if config is not None and wrong is None:
            return config
        if wrong is not None:
            self.remove_class("-file")
            wrong.control.focus()
        self.notify("Correct the faults first; nothing is written before.", severity="warning", markup=False)
        return None

    def action_create(self) -> None:
        config = self.checked()
        if config is None:
            return
        created = datetime.now(UTC).replace(microsecond=0)
        with SessionFile.create(
            config, target(self._file, self.lab_app.paths.sessions), created=created, head=self.draft.head(config, created)
        ) as session:
            path = session.path
        self.lab_app.switch_to("lab", path=path)


def _shape(form: Form, name: GroupName) -> list[object]:
    return [section.shape for section in form.groups[name]]


def _with_value(row: Row, draft: Draft) -> Row:
    """The row with the value that its control already shows, and with its old faults until the next check."""
    return replace(read_form(draft).rows.get(row.path, row), faults=row.faults)
