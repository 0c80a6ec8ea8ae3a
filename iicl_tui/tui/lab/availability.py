"""Which of the laboratory's actions can be run now."""

from __future__ import annotations

from dataclasses import dataclass

from iicl_tui.present.lab_state import Activity, LabState


@dataclass(frozen=True)
class Situation:
    """The facts that decide which actions can be run.

    Attributes:
        state: What the screen shows.
        activity: What the chain does.
        one_pane: The window has room for one pane only.
        uses_models: The chain calls language models.
        over: The chain has no next phase.
    """

    state: LabState
    activity: Activity
    one_pane: bool
    uses_models: bool
    over: bool


def availability(action: str, now: Situation) -> bool | None:
    """Whether an action can be run, in the form of Textual's `check_action`: True yes, None shown as unavailable, False hidden."""
    state, busy, asking = now.state, now.activity.busy, now.activity.asking
    if action.startswith("pane_"):
        return now.one_pane
    if action in ("next_phase", "end_generation", "run_to", "run_to_end"):
        return False if asking else True if state.steppable and not busy else None
    if action in ("branch", "save_copy"):
        return False if asking else None if busy else True
    if action == "pause":
        return now.activity.kind == "run"
    if action == "review":
        return asking or (state.waits_for_person and state.steppable)
    if action == "budget":
        return False if not now.uses_models or asking else None if busy else True
    if action == "messages":
        return None if now.over else True
    if action == "latest":
        return not state.following
    if action in ("earlier", "first"):
        return True if state.selected > 0 else None
    if action == "later":
        return True if state.selected < state.now else None
    return True
