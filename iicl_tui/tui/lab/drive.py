"""The chain's work as one coroutine: what went wrong comes back in words, and the chain stands where it was kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from iicl_tui.agents.calls import Call
from iicl_tui.chain.records import PhaseRecord
from iicl_tui.errors import LabError, StoreError
from iicl_tui.present.lab_session import LabSession
from iicl_tui.store import crash_reports


async def drive(session: LabSession, goal: int | None, done: Callable[[PhaseRecord], None], reports: Path) -> LabError | None:
    """Does the next phase (goal None), or runs to the end of generation `goal`; the error that stopped it, if one did.

    Where the last record is not kept yet, that comes first, and is a step of its own. done: told of each record that was
    kept. reports: the folder for the report of a fault of the program's own. Raises CancelledError; the phase under way is
    then given up.
    """
    chain = session.chain
    try:
        waiting = [record for record in chain.unsaved if not isinstance(record, Call)]
        session.flush()  # a call that waited belongs to the phase that comes now
        for record in waiting:
            done(record)
        if goal is None and not waiting:
            done(await chain.step())
        elif goal is not None:
            await chain.run(goal, done)
    except StoreError as error:
        session.trouble = error
        return error
    except LabError as error:
        return error
    except Exception as error:
        return LabError(
            "The chain stopped because of a fault of the program",
            crash_reports.sentence(crash_reports.write(error, reports)),
            "What was done before is saved. Try the phase again, or branch from an earlier generation.",
        )
    return None
