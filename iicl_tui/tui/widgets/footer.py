"""The footer: as many of the current keys as fit, and always the help key, which shows all others."""

from __future__ import annotations

from dataclasses import replace

from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget

from iicl_tui.tui.app_protocol import lab_app
from iicl_tui.tui.keymap import LiveAction, first_key, key_label, live_actions


class KeyBar(Widget):
    """Keys and labels in the registry's order. None is cut off; each one can be clicked."""

    DEFAULT_CSS = """
    KeyBar {
        dock: bottom;
        height: 1;
        background: $footer-background;
        color: $footer-foreground;
        padding: 0 1;
        text-wrap: nowrap;
    }
    """
    ALLOW_SELECT = False
    GAP = 2

    def __init__(self) -> None:
        super().__init__()
        self._places: list[tuple[int, int, LiveAction]] = []
        self._shown: list[tuple[LiveAction, str]] = []

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_changed)

    def _bindings_changed(self, screen: Screen) -> None:
        if self._shown != self._chosen():  # most steps of a chain change nothing here
            self.refresh()

    def render(self) -> Content:
        self._shown = self._chosen()
        return self._line(self._shown)

    def _chosen(self) -> list[tuple[LiveAction, str]]:
        """The actions that fit, each with its key."""
        screen = self.screen
        width = self.content_size.width
        shown: list[tuple[LiveAction, str]] = []
        used = 0
        live = [one for one in live_actions(screen, lab_app(self).keymap) if one.action.footer and one.usable]
        # Here the help is called "more", since it shows the keys that do not fit, unless the screen has its own label for it.
        live = [replace(one, label="more") if (one.action.id, one.label) == ("app.help", "help") else one for one in live]
        # The help and back keys come before all others, and what can be run now before what cannot.
        live.sort(key=lambda one: (one.action.id != "app.help", one.action.id != "app.back", not one.enabled, one.action.footer))
        for one in live:
            key = key_label(first_key(screen, one))
            need = cell_len(key) + 1 + cell_len(one.label) + (self.GAP if shown else 0)
            if used + need <= width:
                used += need
                shown.append((one, key))
        shown.sort(key=lambda pair: pair[0].action.footer)
        return shown

    def _line(self, shown: list[tuple[LiveAction, str]]) -> Content:
        parts: list[str | tuple[str, str]] = []
        self._places = []
        at = 0
        for one, key in shown:
            if parts:
                parts.append(" " * self.GAP)
                at += self.GAP
            length = cell_len(key) + 1 + cell_len(one.label)
            parts.append((key, "bold $footer-key-foreground" if one.enabled else "$footer-description-foreground italic"))
            parts.append((f" {one.label}", "$footer-description-foreground" + ("" if one.enabled else " italic")))
            self._places.append((at, at + length, one))
            at += length
        return Content.assemble(*parts)

    def action_at(self, x: int) -> LiveAction | None:
        """The action at a column of the content, or None."""
        return next((one for start, end, one in self._places if start <= x < end), None)

    def on_click(self, event: events.Click) -> None:
        event.stop()
        one = self.action_at(event.x - self.styles.padding.left)
        if one is not None and one.enabled:
            self.app.call_later(self.app.run_action, one.action.name, one.node)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        one = self.action_at(event.x - self.styles.padding.left)
        self.tooltip = Content(one.action.help) if one is not None else None
