"""Takes two chains through time together, in a worker of their screen."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

from textual.message import Message
from textual.screen import Screen

from iicl_tui.chain.records import PHASES
from iicl_tui.errors import LabError
from iicl_tui.lessons.chains import Moment, after, end_of, order
from iicl_tui.present.lab_session import LabSession
from iicl_tui.present.side_by_side import can_advance, can_run, common_moment
from iicl_tui.tui.lab.chain_runner import REPAINT_AFTER, run_phases

_GROUP = "chains"


class Walk:
    """The moment that both chains are at, and the worker that goes on.

    Attributes:
        moment: What is shown of both.
        busy: A phase runs.
    """

    class Advanced(Message):
        """Both chains have a later moment, and a repaint is due."""

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, Walk.Advanced)

    class Stopped(Message):
        """The worker has ended, with the error that stopped it, if any."""

        def __init__(self, error: LabError | None) -> None:
            super().__init__()
            self.error = error

    def __init__(self, screen: Screen, sessions: Sequence[LabSession]) -> None:
        """sessions: a sequence of the screen, whose entries may be exchanged while nothing runs."""
        self._screen = screen
        self._sessions = sessions
        self.moment: Moment = common_moment([each.chain for each in sessions])
        self.busy = False
        self._pausing = False
        self._repainted = 0.0

    @property
    def can_advance(self) -> bool:
        """Whether a chain has a later moment, or can make one."""
        return can_advance(self._sessions, self.moment)

    @property
    def latest(self) -> Moment:
        """The last moment on record."""
        return max((end_of(each.chain) for each in self._sessions), key=order)

    @property
    def last(self) -> Moment:
        """The last moment that the chains can reach."""
        return max(max(each.chain.config.generations, len(each.chain.generations)) for each in self._sessions), PHASES[-1]

    def start(self, goal: Moment, reports: Path) -> None:
        """Go on to a moment, and run what is not on record."""
        self.busy, self._pausing = True, False
        self._screen.run_worker(self._work(goal, reports), group=_GROUP, exclusive=True, exit_on_error=False)

    def pause(self) -> None:
        """Stop after the current phase."""
        self._pausing = True

    def cancel(self) -> None:
        """Drop the current phase."""
        self._screen.workers.cancel_group(self._screen, _GROUP)

    def repainted(self) -> None:
        """Note that the screen has just been drawn."""
        self._repainted = time.monotonic()

    async def _work(self, goal: Moment, reports: Path) -> None:
        error: LabError | None = None
        try:
            while error is None and not self._pausing and order(self.moment) < order(goal) and self.can_advance:
                following = after(self.moment)
                errors = await asyncio.gather(*(_reach(each, following, reports) for each in self._sessions))
                error = next((each for each in errors if each is not None), None)
                if error is None:
                    self.moment = following
                    if time.monotonic() - self._repainted > REPAINT_AFTER:
                        self._screen.post_message(self.Advanced())
                await asyncio.sleep(0)
        finally:
            self.busy = False
            self._screen.post_message(self.Stopped(error))


async def _reach(session: LabSession, moment: Moment, reports: Path) -> LabError | None:
    """Run a chain up to a moment, as far as it can be run here."""
    while order(end_of(session.chain)) < order(moment) and can_run(session):
        error = await run_phases(session, None, lambda record: None, reports)
        if error is not None:
            return error
    return None
