"""Ways to bring a screen where its picture is to be taken; each waits for what is to be seen, never for a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from textual.pilot import Pilot
from textual.widgets import OptionList, Static
from waiting import app_until

from iicl_tui.tui.home.session_list import Tab
from iicl_tui.tui.review.pane import ReviewPane
from iicl_tui.tui.screens.configure import ConfigureScreen
from iicl_tui.tui.screens.home import HomeScreen
from iicl_tui.tui.screens.lab import LabScreen

Do = Callable[[Pilot[Any]], Awaitable[None]]
Shoot = Callable[..., None]

SMALL, MIDDLE, LARGE = SIZES = (80, 24), (120, 40), (200, 60)
DARK, LIGHT, ANSI = "iicl-dark", "iicl-light", "ansi-dark"


async def idle(pilot: Pilot[Any]) -> None:
    """No worker is at work, and what they brought is shown."""
    await app_until(pilot, lambda: all(worker.is_finished for worker in pilot.app.workers))
    await pilot.pause()


async def press(pilot: Pilot[Any], *keys: str) -> None:
    """Keys, one by one, each until all of its messages are handled."""
    for key in keys:
        await pilot.press(key)
        await pilot.pause()


def opened(group: str, *keys: str) -> Do:
    """A screen of this group is there; then keys."""

    async def do(pilot: Pilot[Any]) -> None:
        await app_until(pilot, lambda: getattr(pilot.app.screen, "GROUP", "") == group)
        await press(pilot, *keys)

    return do


def at_home(tab: Tab = "yours", *keys: str, down: int = 0) -> Do:
    """A tab is listed, and what stands beside its first entry, or of one further down, is there; then keys."""

    async def do(pilot: Pilot[Any]) -> None:
        screen = pilot.app.screen
        assert isinstance(screen, HomeScreen)
        entries = screen.query_one("#list", OptionList)
        await app_until(pilot, lambda: "yours" in screen.items)
        if tab != "yours":
            await press(pilot, {"examples": "2", "presets": "3"}[tab])
            await app_until(pilot, lambda: tab in screen.items)
        await idle(pilot)  # the list is read twice: at once, then with what each session came to
        if screen.items[tab]:
            await app_until(pilot, lambda: entries.highlighted is not None)
            await press(pilot, *["down"] * down)
            item = screen.items[tab][down]
            await app_until(pilot, lambda: _dense(item.title) in _dense(_plain(screen.query_one("#words", Static))))
        await idle(pilot)
        await press(pilot, *keys)

    return do


def _dense(text: str) -> str:
    """Without spaces: where a line is wrapped there is none."""
    return text.replace(" ", "")


def _plain(widget: Static) -> str:
    """What a widget shows, its lines joined."""
    widget._render_content()
    return "".join(strip.text.rstrip() for strip in widget._render_cache.lines)


def configured(faults: int, *keys: str) -> Do:
    """The form is there, was checked, and has so many faults; then keys."""

    async def do(pilot: Pilot[Any]) -> None:
        screen = pilot.app.screen
        assert isinstance(screen, ConfigureScreen)
        await app_until(pilot, lambda: bool(str(screen.query_one("#total", Static).content)) and screen.form.count == faults)
        await press(pilot, *keys)

    return do


def in_lab(*keys: str) -> Do:
    """The laboratory stands; then keys, each until the chain rests or a person is asked."""

    async def do(pilot: Pilot[Any]) -> None:
        screen = pilot.app.screen
        assert isinstance(screen, LabScreen)
        await app_until(pilot, lambda: screen.state is not None)
        for key in keys:
            await press(pilot, key)
            await app_until(pilot, lambda: not screen.activity.busy or screen.activity.asking)

    return do


def reviewing(*keys: str) -> Do:
    """A person is asked, and the effect is there; then keys."""

    async def do(pilot: Pilot[Any]) -> None:
        await in_lab("space")(pilot)
        await app_until(pilot, lambda: bool(pilot.app.screen.query(ReviewPane)))
        pane = pilot.app.screen.query_one(ReviewPane)
        await app_until(pilot, lambda: pane.live and pane.forecast is not None)
        await press(pilot, *keys)

    return do
