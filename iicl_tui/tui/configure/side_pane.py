"""The right side of the form: the file that it writes, or the presets, and the first data."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from iicl_tui.chain.config import ChainConfig
from iicl_tui.errors import Fault
from iicl_tui.store import presets
from iicl_tui.store.crash_reports import cannot_show
from iicl_tui.tui.configure.file_text import FileText
from iicl_tui.tui.configure.start import fault_words, start_words


class SidePane(Vertical):
    """Shows the presets in place of the file while one is chosen."""

    def compose(self) -> ComposeResult:
        yield FileText(id="toml")
        yield OptionList(id="presets", markup=False, compact=True)
        with VerticalScroll(id="start-pane", can_focus=False):
            yield Static(id="start", markup=False)

    def on_mount(self) -> None:
        self.query_one("#presets").display = False

    @property
    def choosing(self) -> bool:
        """Whether the presets are shown."""
        return self.query_one("#presets").display

    def show_file(self, text: str) -> None:
        """Show the file's text."""
        self.query_one(FileText).show(text)

    def mark_line(self, line: int) -> None:
        """Mark a line of the file, counted from 1."""
        area = self.query_one(FileText)
        area.move_cursor((line - 1, 0))
        area.scroll_cursor_visible(animate=False)

    def show_start(self, config: ChainConfig | None, given: bool, faults: Sequence[Fault] = ()) -> None:
        """Show the first data, or the faults and their lines. For the arguments see `start_words`."""
        self.query_one(FileText).show_faults([fault.line for fault in faults if fault.line is not None])
        if not self.choosing:
            width = max(self.query_one("#start-pane").scrollable_content_region.width, 20)
            try:
                words = fault_words(faults) if faults else start_words(config, given, width)
            except Exception as error:  # no single file may end the program
                words = Content(cannot_show(error))
            self._write_start(words)

    def _write_start(self, words: Content) -> None:
        """Lay the screen out only where the words are others."""
        start = self.query_one("#start", Static)
        if not (isinstance(start.content, Content) and words.is_same(start.content)):
            start.update(words)

    def open_presets(self, can_go_back: bool) -> None:
        """Show the presets. With `can_go_back`, the list also offers the form as it was before a preset was chosen."""
        chooser = self.query_one("#presets", OptionList)
        options = [
            Option(Content.assemble((preset.title, "bold"), (f"  {preset.name}", "$text-muted")), id=preset.name)
            for preset in presets.presets()
        ]
        if can_go_back:
            options.insert(0, Option(Content("The form as it was before the preset"), id=""))
        chooser.set_options(options)
        chooser.highlighted = 0
        chooser.display = True
        self.query_one("#toml").display = False
        chooser.focus()

    def close_presets(self) -> None:
        """Show the file again."""
        self.query_one("#presets").display = False
        self.query_one("#toml").display = True

    @on(OptionList.OptionHighlighted, "#presets")
    def _preset_moved(self, event: OptionList.OptionHighlighted) -> None:
        if event.option.id:
            self._write_start(Content(presets.load(event.option.id).summary))
            self.query_one("#start-pane", VerticalScroll).scroll_home(animate=False)
