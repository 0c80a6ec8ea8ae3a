"""The file as an editor: what is typed goes into the form, and what the form changes appears in the text."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding
from textual.message import Message
from textual.widgets import TextArea

from iicl_tui.errors import ConfigError
from iicl_tui.store import toml_lines
from iicl_tui.text import printable

if TYPE_CHECKING:
    from textual.document._document import EditResult
    from textual.document._edit import Edit

_OTHERS_KEYS = {"f6", "f7", "ctrl+z"}


class FileText(TextArea, inherit_bindings=False):
    """Its function keys and the key that suspends the program go to the screen and the app."""

    BINDINGS: ClassVar[list] = [
        binding for binding in TextArea.BINDINGS if isinstance(binding, Binding) and not _OTHERS_KEYS & set(binding.key.split(","))
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {"file-text--fault"}
    HELP = (
        "The file that the form writes. You can change it here, too: the form follows as soon as the text is valid TOML, and "
        "comments stay. A fault is named with its line."
    )

    @dataclass
    class Edited(Message):
        """The person changed the text."""

        text: str

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, soft_wrap=True, show_line_numbers=True, tab_behavior="focus")
        self._known: str | None = None
        """The text as the screen knows it; None before the first one."""
        self._faulty: frozenset[int] = frozenset()

    def show(self, text: str) -> None:
        """Show the form's text; the scroll position stays, and the change can be undone.

        A text with control or hidden characters is shown with symbols in their place and cannot be changed here, since the
        symbols would go into the file.
        """
        shown = printable(text, newlines=True)
        self.read_only = shown != text and not _same_values(shown, text)
        if self._known is None:
            self.load_text(shown)
        elif shown != self.text:
            where = self.scroll_offset
            self._replace_lines(shown)
            self.scroll_to(*where, animate=False)
        self._known = shown

    def take_back(self) -> None:
        """Undo the last change of the text, whether it was made here or in the form."""
        if not self.read_only:
            self.undo()

    def show_faults(self, lines: Collection[int]) -> None:
        """Mark the lines of faults, counted from 1."""
        if self._faulty != (faulty := frozenset(lines)):
            self._faulty = faulty
            self.notify_style_update()

    def get_line(self, line_index: int) -> Text:
        line = super().get_line(line_index)
        if line_index + 1 in self._faulty:
            line.stylize(self.get_component_rich_style("file-text--fault", partial=True))
        return line

    def edit(self, edit: Edit) -> EditResult:
        edit.text = printable(edit.text, newlines=True)
        return super().edit(edit)

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        event.stop()
        if self.text != self._known:
            self._known = self.text
            self.post_message(self.Edited(self.text))

    def _replace_lines(self, text: str) -> None:
        """Replace the lines that differ, as one step of the history."""
        old, new = self.text.split("\n"), text.split("\n")
        most = min(len(old), len(new)) - 1
        first = next((at for at in range(most) if old[at] != new[at]), most)
        most -= first
        last = next((at for at in range(most) if old[-1 - at] != new[-1 - at]), most)
        end = len(old) - last - 1
        self.history.checkpoint()
        self.replace("\n".join(new[first : len(new) - last]), (first, 0), (end, len(old[end])))
        self.history.checkpoint()


def _same_values(shown: str, text: str) -> bool:
    """Whether the shown text says the same as the file: they differ in tabs or line ends alone, and not within values."""
    try:
        return toml_lines.parse(shown) == toml_lines.parse(text)
    except ConfigError:
        return False
