"""A row of the form: it draws its label and its faults itself, so that only what the person can change is a widget."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

LABEL = 22
"""Columns of the label. The style sheet leaves as many free to the left of the first widget."""
_INDENT = LABEL + 1


class LabelledRow(Widget):
    """A label, the widgets right of it on the same line, and the faults below."""

    def __init__(self, label: str, *widgets: Widget, id: str | None = None) -> None:
        super().__init__(*widgets, id=id)
        widgets[0].add_class("first")
        self._label = label
        self._faults: tuple[str, ...] = ()

    def draw_faults(self, faults: Sequence[object]) -> None:
        """Show these faults below the line."""
        drawn = tuple(map(str, faults))
        if drawn != self._faults:
            self._faults = drawn
            self.set_class(bool(drawn), "-wrong")
            self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return 1 + len(self._fault_lines(width))

    def render(self) -> Content:
        style = "bold $text-accent" if self.has_class("-here") else "$text-muted"
        label = Content.styled(f"  {self._label}", style)
        return Content("\n").join([label, *self._fault_lines(self.size.width)])

    def _fault_lines(self, width: int) -> list[Content]:
        room = max(width - _INDENT, 1)
        return [
            line.pad_left(_INDENT)
            for fault in self._faults
            for line in Content.styled(f"✗ {fault}", "$text-error").wrap(room)
        ]  # fmt: skip
