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
        configuration: The file is a configuration without records.
    """

    state: LabState
    activity: Activity
    one_pane: bool
    uses_models: bool
    over: bool
    configuration: bool = False


STEPS = ("next_phase", "end_generation", "run_to", "run_to_end")


def is_configuration(now: Situation) -> bool:
    """Whether the file is a configuration, which cannot be stepped itself."""
    return now.configuration and not now.activity.busy


def reason(action: str, now: Situation) -> str:
    """Why an action cannot be run, as a sentence, with what can be done instead; "" if there is nothing to say."""
    state, activity = now.state, now.activity
    if action in STEPS:
        if activity.asking:
            return f"Generation {state.now} waits for your decision. Decide first."
        if activity.busy:
            return "The chain is running already."
        if now.configuration:
            return "This is a configuration, which stays as it is. N starts a session from it."
        if now.over:
            return "The chain is over: nothing is left to run. { goes back to d⁰, from where Space walks on; b branches."
        return f"Read-only: {state.saving.reason} b starts a session of your own from here." if state.saving.reason else ""
    if action in ("branch", "save_copy", "export", "note", "study", "budget") and activity.asking:
        return "Decide first, then this can be done."
    if action in ("branch", "save_copy", "export", "note", "study", "budget") and activity.busy:
        return "The chain is running. Pause it first, then this can be done."
    if action == "budget":
        return "No language model is asked in this chain, so that there is nothing to pay for."
    if action == "pause":
        return "Nothing is running."
    if action == "review":
        return "Nothing waits for a decision here."
    if action == "messages":
        return "The chain is over: no call will be made."
    if action == "start_session":
        return "This is a session already. b starts another one from the generation shown."
    if action in ("earlier", "first"):
        return "This is the beginning: d⁰, the data that the chain was given."
    if action in ("later", "latest"):
        return "This is the newest generation."
    if action.startswith("pane_"):
        return "All panes are on the screen."
    return ""


def availability(action: str, now: Situation) -> bool | None:
    """Whether an action can be run, in the form of Textual's `check_action`: True yes, None shown as unavailable, False hidden."""
    state, busy, asking = now.state, now.activity.busy, now.activity.asking
    if action.startswith("pane_"):
        return now.one_pane
    if action == "next_phase" and not asking and not busy and not state.steppable and state.selected < state.now:
        return True  # it looks at the next generation
    if action == "start_session":
        return is_configuration(now)
    if action in STEPS:
        return False if asking else True if state.steppable and not busy else None
    if action in ("branch", "save_copy", "export", "note", "study"):
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
