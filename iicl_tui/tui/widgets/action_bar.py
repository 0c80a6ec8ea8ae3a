"""One line of buttons, each a key and a label; each runs an action."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from iicl_tui.text import printable
from iicl_tui.tui.actions import ACTIONS
from iicl_tui.tui.app_protocol import lab_app
from iicl_tui.tui.keymap import key_label

_GAP = "  "


@dataclass(frozen=True)
class ActionButton:
    """A button that runs an action.

    Attributes:
        action: The action's id.
        label: If empty, the registry's label is used.
        chosen: Drawn bold."""

    action: str
    label: str = ""
    chosen: bool = False

    @property
    def text(self) -> str:
        return self.label or ACTIONS[self.action].label


class ActionBar(Widget):
    """A text, then as many buttons as fit. Takes plain text; nothing is read as markup."""

    DEFAULT_CSS = """
    ActionBar { height: 1; width: 1fr; text-wrap: nowrap; }
    """
    ALLOW_SELECT = False

    text: reactive[str] = reactive("")
    buttons: reactive[tuple[ActionButton, ...]] = reactive(())

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._places: list[tuple[int, int, ActionButton]] = []

    def show(self, text: str, buttons: Sequence[ActionButton] = ()) -> None:
        self.text = printable(text, 600)
        self.buttons = tuple(buttons)

    def render(self) -> Content:
        width = self.content_size.width
        self._places = []
        parts: list[str | tuple[str, str]] = []
        need = sum(_need(self, button) for button in self.buttons) + len(_GAP) * len(self.buttons)
        text = Content(self.text)
        if text.cell_length and text.cell_length + need > width:
            text = text.truncate(max(width - need, width // 3), ellipsis=True)
        at = text.cell_length
        for button in self.buttons:
            gap = _GAP if at else ""
            size = _need(self, button)
            if at + len(gap) + size > width:
                break
            key, label = _key(self, button), printable(button.text, 30)
            at += len(gap)
            self._places.append((at, at + size, button))
            marks = "bold " if button.chosen else ""
            style = f"{marks}$foreground" if button.chosen else "$text-muted"
            parts += [gap, (key, "bold $text-accent"), (f" {label}", style)]
            at += size
        return Content.assemble(text, *parts)

    def button_at(self, x: int) -> ActionButton | None:
        """The button at a column of the content, or None."""
        return next((button for start, end, button in self._places if start <= x < end), None)

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        button = self.button_at(offset.x) if offset is not None and offset.y == 0 else None
        if button is not None:
            event.stop()
            action = ACTIONS[button.action]
            node = self.app if action.group == "app" else self.screen
            self.app.call_later(self.app.run_action, action.name, node)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        offset = event.get_content_offset(self)
        button = self.button_at(offset.x) if offset is not None else None
        self.tooltip = Content(ACTIONS[button.action].help) if button is not None else None


def _key(widget: Widget, button: ActionButton) -> str:
    return key_label(lab_app(widget).keymap[button.action][0])


def _need(widget: Widget, button: ActionButton) -> int:
    return cell_len(_key(widget, button)) + 1 + cell_len(printable(button.text, 30))
