"""A small laboratory around the review: it runs a chain with the pane below, or with the pane alone."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from textual.app import ComposeResult
from textual.widgets import Static

from iicl_tui.chain.engine import Chain
from iicl_tui.chain.records import PhaseRecord
from iicl_tui.review.decider import ReviewDecider
from iicl_tui.review.request import AnyRequest, repeat_when_reopened
from iicl_tui.store.paths import Paths
from iicl_tui.tui.app import LabApp
from iicl_tui.tui.review.pane import ReviewPane
from iicl_tui.tui.screens.base import AppScreen


class Clock:
    """Seconds that go by only when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Host(AppScreen):
    """Runs the chain phase by phase in a worker. ended: set when no phase is under way."""

    CSS = """
    Host #above { height: 1fr; }
    Host ReviewPane { height: 13; border-top: solid $border-blurred; }
    Host.-narrow #above, Host.-short #above { display: none; }
    Host.-narrow ReviewPane, Host.-short ReviewPane { height: 1fr; border: none; }
    """

    def __init__(self, chain: Chain, decider: ReviewDecider, clock: Clock | None = None) -> None:
        super().__init__()
        self.chain, self.decider = chain, decider
        self.pane = ReviewPane(decider, clock=clock or time.monotonic)
        self.records: list[PhaseRecord] = []
        self.blinds: list[bool] = []
        self.left = 0

    def body(self) -> ComposeResult:
        yield Static("charts stand here", id="above")
        yield self.pane

    def asked(self, request: AnyRequest | None) -> None:
        self.pane.show(request)

    def step(self) -> Any:
        return self.run_worker(self._step(), group="step", exclusive=True)

    async def _step(self) -> None:
        record = await repeat_when_reopened(self.chain.step)
        self.decider.recorded(record)
        self.records.append(record)

    async def until_asked(self, pilot: Any) -> None:
        """Steps until a person is asked or the chain is at its end."""
        while self.decider.request is None and self.chain.next is not None:
            worker = self.step()
            while self.decider.request is None and not worker.is_finished:
                await pilot.pause()
        await pilot.pause()

    def on_review_pane_blind_changed(self, event: ReviewPane.BlindChanged) -> None:
        self.blinds.append(event.blind)

    def on_review_pane_postponed(self) -> None:
        self.left += 1

    def back(self) -> None:
        self.pane.back()


class HostApp(LabApp):
    """The real shell around the host screen."""

    def __init__(self, folder: Path, chain: Chain, *, clock: Clock | None = None, theme: str | None = None,
                 drafts: bool = False, first: Any = None) -> None:  # fmt: skip
        paths = Paths(folder / "settings.toml", folder / "themes", folder / "sessions", folder / "state")
        super().__init__(paths, theme=theme)
        session = folder / "sessions" / "some.toml"
        self.decider = ReviewDecider(
            lambda: chain, lambda request: self.host.asked(request), *((paths.state, session) if drafts else (None, None))
        )
        chain.decider = self.decider
        self.host = Host(chain, self.decider, clock)

    def make(self, room: str, /, *args: Any, **values: Any) -> Any:
        return self.host if room == "home" else super().make(room, *args, **values)
