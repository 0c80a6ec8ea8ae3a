"""The laboratory with a chain of language models in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from speaking import InMemory, connected, follows, spoken
from textual.pilot import Pilot
from waiting import until

from iicl_tui.agents.access import Access
from iicl_tui.agents.calls import Request
from iicl_tui.chain.engine import Chain
from iicl_tui.present.lab_session import LabSession
from iicl_tui.present.lab_state import LabState
from iicl_tui.store.paths import Paths
from iicl_tui.store.session import SessionFile
from iicl_tui.store.settings import Settings
from iicl_tui.tui.app import LabApp, Start
from iicl_tui.tui.screens.lab import LabScreen
from iicl_tui.tui.widgets.action_bar import ActionBar


class Host:
    """A lab in a running app, and short ways to what is in it."""

    def __init__(self, app: LabApp, pilot: Pilot[None], model: InMemory) -> None:
        self.app, self.pilot, self.model = app, pilot, model

    @property
    def screen(self) -> LabScreen:
        return next(screen for screen in reversed(self.app.screen_stack) if isinstance(screen, LabScreen))

    @property
    def state(self) -> LabState:
        assert self.screen.state is not None
        return self.screen.state

    @property
    def chain(self) -> Chain:
        return self.screen.session.chain

    async def press(self, *keys: str) -> None:
        """Keys, one by one, each until the chain rests and all messages are handled."""
        for key in keys:
            await self.pilot.press(key)
            await self.rest()

    async def rest(self) -> None:
        await until(lambda: not self.screen.activity.busy or self.screen.activity.asking)
        await self.pilot.pause()

    def text(self, selector: str) -> str:
        widget = self.screen.query_one(selector)
        return "\n".join(widget.render_line(y).text for y in range(widget.size.height))

    @property
    def header(self) -> str:
        return self.text("HeaderLine")

    @property
    def words(self) -> str:
        return self.screen.query_one("#words", ActionBar).text

    @property
    def actions(self) -> list[str]:
        return [button.action for button in self.screen.query_one("#words", ActionBar).buttons]

    @property
    def toasts(self) -> list[str]:
        return [notification.message for notification in self.app._notifications]


@asynccontextmanager
async def lab_of(
    folder: Path,
    answers: Sequence[Any] | Callable[[Request], Any] | None = None,
    *,
    size: tuple[int, int] = (120, 40),
    steps: int = 0,
    settings: Settings | None = None,
    environment: Mapping[str, str] | None = None,
    **document: Any,
) -> AsyncIterator[Host]:
    """document: as `spoken` takes it. answers: the model's; absent, it follows rule 5. environment: where keys are; empty here."""
    config, model = spoken(**document)
    model.answers = follows(config) if answers is None else answers
    with SessionFile.create(config, folder / "spoken.toml") as file:
        chain = Chain(config, sink=file)
        for _ in range(steps):
            await chain.step()
    session = LabSession.from_file(SessionFile.open(folder / "spoken.toml"))
    connected(session.chain.config, model)
    session.chain.access = Access(environment=environment or {})
    paths = Paths(folder / "settings.toml", folder / "themes", folder, folder / "state")
    app = LabApp(paths, settings, start=Start("lab", {"session": session}))
    async with app.run_test(size=size) as pilot:
        host = Host(app, pilot, model)
        await host.rest()
        yield host
