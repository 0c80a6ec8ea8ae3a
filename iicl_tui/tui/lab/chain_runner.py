"""Runs a session's chain in a worker of its screen and reports by messages."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from textual.message import Message
from textual.screen import Screen
from textual.worker import Worker, WorkerError

from iicl_tui.agents.calls import Call
from iicl_tui.agents.model_session import BudgetReached
from iicl_tui.chain.records import PhaseRecord
from iicl_tui.errors import LabError, StoreError
from iicl_tui.present.lab_session import LabSession
from iicl_tui.present.lab_state import IDLE, Activity
from iicl_tui.present.remarks import unmeasured
from iicl_tui.review.request import repeat_when_reopened
from iicl_tui.store import crash_reports

REPAINT_AFTER = 0.1
"""Minimum seconds between two repaints while a chain runs."""
_PAUSE_FACTOR = 3
"""A slow repaint is followed by a pause this many times as long, so that the chain gets most of the time."""
_GROUP = "chain"
_PATIENCE = 2.0
"""Seconds that a cancelled phase may take to end."""


async def run_phases(
    session: LabSession, goal: int | None, recorded: Callable[[PhaseRecord], None], reports: Path
) -> LabError | None:
    """Run the next phase, or run to the end of a generation.

    Saves unsaved records first. Without a goal, that is a step of its own.

    Args:
        session: The session whose chain is run.
        goal: The last generation to run; None does one phase.
        recorded: Called with each saved record.
        reports: Folder for the report of an unforeseen error.

    Returns:
        The error that stopped the chain, or None.

    Raises:
        CancelledError: The task was cancelled; the phase in progress is dropped.
    """
    chain = session.chain
    try:
        waiting = [record for record in chain.unsaved if not isinstance(record, Call)]
        session.flush()  # an unsaved call belongs to the phase that comes now
        for record in waiting:
            recorded(record)
        if goal is None and not waiting:
            recorded(await repeat_when_reopened(chain.step))
        elif goal is not None:
            await repeat_when_reopened(lambda: chain.run(goal, recorded))
    except StoreError as error:
        session.trouble = error
        return error
    except LabError as error:
        return error
    except Exception as error:
        return LabError(
            "The chain stopped because of an error in the program",
            crash_reports.sentence(crash_reports.write(error, reports)),
            "Everything before this phase is saved. Try the phase again, or branch from an earlier generation.",
        )
    return None


class ChainRunner:
    """Runs one chain, one worker at a time.

    Attributes:
        activity: What the chain does now.
    """

    class Advanced(Message):
        """The chain has advanced, and a repaint is due."""

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, ChainRunner.Advanced)

    @dataclass
    class Stopped(Message):
        """The worker has ended, with the error that stopped it, if any."""

        error: LabError | None

    def __init__(self, screen: Screen, session: LabSession, recorded: Callable[[PhaseRecord], None]) -> None:
        self.activity: Activity = IDLE
        self._screen = screen
        self._session = session
        self._recorded = recorded
        self._next_repaint = 0.0
        self._repaint_pending = False
        self._worker: Worker[None] | None = None
        self._said_unmeasured = False

    def start(self, goal: int | None, reports: Path) -> None:
        """Run the next phase (no goal), or run to the end of generation `goal`."""
        self.activity = Activity("step") if goal is None else Activity("run", goal)
        self._worker = self._screen.run_worker(self._work(goal, reports), group=_GROUP, exclusive=True, exit_on_error=False)

    async def _work(self, goal: int | None, reports: Path) -> None:
        error = None
        try:
            error = await run_phases(self._session, goal, self._phase_recorded, reports)
        finally:
            self._screen.post_message(self.Stopped(error))

    def _phase_recorded(self, record: PhaseRecord) -> None:
        self._recorded(record)
        if record.phase == "transmission" and not self._said_unmeasured:
            texts = unmeasured(self._session.chain, record.generation)
            self._said_unmeasured = bool(texts)  # one notice is enough: every generation may have it
            for text in texts:
                self._session.chain.on_notice(text)
        if self.activity.kind == "run" and not self._repaint_pending and time.monotonic() >= self._next_repaint:
            self._repaint_pending = True
            self._screen.post_message(self.Advanced())

    def repainted(self, began: float) -> None:
        """Note that a repaint which began at this time (`time.monotonic`) is done."""
        now = time.monotonic()
        self._next_repaint = now + max(REPAINT_AFTER, min(_PAUSE_FACTOR * (now - began), 1.0))
        self._repaint_pending = False

    def stopped(self, error: LabError | None) -> None:
        """The worker has ended."""
        self.activity = replace(IDLE, budget_reached=isinstance(error, BudgetReached))
        self._repaint_pending = False

    def pause(self) -> None:
        """Stop after the current phase."""
        self._session.chain.pause()
        self.activity = replace(self.activity, pausing=True)

    def cancel(self) -> None:
        """Drop the current phase."""
        self._screen.workers.cancel_group(self._screen, _GROUP)

    async def end(self) -> None:
        """Drop the current phase, and wait until what its cancelled call may cost is recorded."""
        self.cancel()
        if self._worker is not None:
            with contextlib.suppress(WorkerError, asyncio.TimeoutError):
                await asyncio.wait_for(self._worker.wait(), _PATIENCE)

    def set_asking(self, asking: bool) -> None:
        """Note whether the chain waits for a person's decision."""
        self.activity = replace(self.activity, asking=asking)

    def forget_budget(self) -> None:
        """Note that the budget has changed, so that a call that it stopped may be tried again."""
        self.activity = IDLE
