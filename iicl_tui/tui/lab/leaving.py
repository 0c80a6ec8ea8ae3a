"""Asks twice before something is lost."""

from __future__ import annotations

from collections.abc import Sequence

from iicl_tui.agents.model_session import MAY_BE_BILLED
from iicl_tui.errors import StoreError
from iicl_tui.present.lab_session import LabSession
from iicl_tui.text import printable
from iicl_tui.tui.app_protocol import AppProtocol


class LeaveGuard:
    """Tries to save unsaved records. Warns once if leaving would still lose them, or would cancel a running call."""

    def __init__(self) -> None:
        self._warned = False

    def forget(self) -> None:
        """Something happened since the warning."""
        self._warned = False

    def may_leave(self, sessions: Sequence[LabSession], app: AppProtocol) -> bool:
        """Whether the sessions may be left."""
        if self._warned:
            return True
        calls = [each.chain.calling for each in sessions]
        if any(call is not None and call.in_flight for call in calls):
            self._warned = True
            app.notify(
                f"Leave again to cancel it. {MAY_BE_BILLED}", title="A model is being asked", severity="warning", markup=False
            )
            return False
        saved = [self._saved(each, app) for each in sessions]  # each is tried
        return all(saved)

    def _saved(self, session: LabSession, app: AppProtocol) -> bool:
        if not session.chain.unsaved:
            return True
        try:
            session.flush()
        except StoreError as error:
            self._warned = True
            app.notify(
                f"{printable(error.title, 200)}. Save a copy, or leave again and lose what is not saved.",
                title="Not all of this session is saved", severity="warning", markup=False,
            )  # fmt: skip
            return False
        return True
