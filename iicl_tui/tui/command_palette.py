"""The command palette: every action of the active screen and of the app, with its key and its help."""

from __future__ import annotations

from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from iicl_tui.tui.app_protocol import lab_app
from iicl_tui.tui.keymap import LiveAction, key_label, live_actions


class ActionProvider(Provider):
    """Lists all actions, and marks those that cannot be run now."""

    @property
    def _live(self) -> list[LiveAction]:
        keymap = lab_app(self.screen).keymap
        return [one for one in live_actions(self.screen, keymap) if one.action.id != "app.command-palette"]

    async def discover(self) -> Hits:
        for one in self._live:
            yield DiscoveryHit(_display(one), partial(self._run, one), text=one.label, help=one.action.help)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for one in self._live:
            text = one.label
            if (score := max(matcher.match(text), 0.6 * matcher.match(one.action.help))) > 0:
                display = Content.assemble(matcher.highlight(text), *_suffix(one))
                yield Hit(score, display, partial(self._run, one), text=text, help=one.action.help)

    async def _run(self, one: LiveAction) -> None:
        await self.app.run_action(one.action.name, one.node)


def _suffix(one: LiveAction) -> list[tuple[str, str]]:
    parts = [("   " + " ".join(key_label(key) for key in one.keys), "$text-muted")]
    if not one.enabled:
        parts.append(("   not now", "$text-muted italic"))
    return parts


def _display(one: LiveAction) -> Content:
    return Content.assemble(one.label, *_suffix(one))
