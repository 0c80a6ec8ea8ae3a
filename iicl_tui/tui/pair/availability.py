"""Which actions of two chains side by side can be run now, and why another one cannot."""

from __future__ import annotations

from collections.abc import Sequence

from iicl_tui.lessons.chains import order
from iicl_tui.present.lab_session import LabSession
from iicl_tui.present.side_by_side import why_not_further
from iicl_tui.tui.pair.walk import Walk

_STEPS = ("next_phase", "end_generation", "run_to_end")
_NEEDS_REST = (*_STEPS, "start_session", "open_in_lab", "save_copy", "jump", "earlier", "later", "first", "latest")


def availability(action: str, walk: Walk, sessions: Sequence[LabSession]) -> bool | None:
    """Whether an action can be run, in the form of Textual's `check_action`."""
    if walk.busy and action in _NEEDS_REST:
        return None
    if action in _STEPS:
        return True if walk.can_advance else None
    if action in ("earlier", "first"):
        return True if walk.moment[0] else None
    if action in ("later", "latest"):
        return True if order(walk.moment) < order(walk.latest) else None
    if action == "start_session":
        return any(each.file is not None and each.file.is_configuration for each in sessions)
    return True


def reason(action: str, walk: Walk, sessions: Sequence[LabSession]) -> str:
    """Why an action cannot be run, as a sentence; "" if there is nothing to say."""
    if walk.busy and action in _NEEDS_REST:
        return "The chains are running. p pauses, Esc cancels."
    if action in _STEPS:
        return why_not_further(sessions)
    if action in ("earlier", "first"):
        return "This is the beginning: d⁰, the data that the chains were given."
    if action in ("later", "latest"):
        return "This is the newest moment on record. Space goes on."
    return "These are sessions already; only a configuration starts one." if action == "start_session" else ""
