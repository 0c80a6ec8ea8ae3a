"""The key bars of the panes, with clickable keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from textual.content import Content

from iicl_tui.agents.base import UnreadableReply
from iicl_tui.present import review_words as words
from iicl_tui.present.review_words import Key
from iicl_tui.review.state import Refusal, ReviewState
from iicl_tui.review.subject import ReviewSubject
from iicl_tui.tui.actions import ACTIONS
from iicl_tui.tui.review.clickables import Clickable
from iicl_tui.tui.review.styles import MUTED

Mode = Literal["decide", "edit", "text", "reason"]
"""decide, or what is open: the row editor, an item as text, the reason."""


def keys(subject: ReviewSubject, state: ReviewState, mode: Mode, key: Key, enabled: Mapping[str, bool]) -> list[Clickable]:
    """Returns the bar of a review. `enabled` has the name of each action of the group "review"."""
    if mode == "edit":
        arrows = Clickable(Content.styled("← → choose", MUTED), "", enabled=False)
        return [arrows, *(_clickable(f"edit.{name}", ACTIONS[f"edit.{name}"].label, key) for name in ("change", "keep", "cancel"))]
    if mode != "decide":
        return [_clickable("field.keep", "keep", key), _clickable("field.cancel", "cancel", key)]
    single, rules = subject.gate is not None, subject.rules
    names = ["approve", "reject", "edit", "reason", *([] if single else ["approve-rest", "reject-rest"]), "undo"]
    names += ["redo"] if state.future else []
    labels: dict[str, str] = {}
    if single:
        labels["reject"] = "reject and redraw" if rules.redraws_left else "reject"
        if state.all_rejected:
            labels["commit"] = "draw another"
    barred = [] if rules.may_reject else ["reject"]
    found = []
    names += ["commit", "blind", *(["full-screen"] if enabled["full_screen"] else [])]
    for name in names:
        action = ACTIONS[f"review.{name}"]
        found.append(_clickable(action.id, labels.get(name, action.label), key, enabled[action.name] and name not in barred))
    return [*found, _clickable("app.back", "later", key)]


def choices(subject: ReviewSubject, state: ReviewState, key: Key, refusal: Refusal | None) -> list[Clickable]:
    """Returns the choices if all items are rejected, or if the next agent could learn nothing."""
    return [_clickable(action, label, key) for action, label in words.choices(subject, state, refusal)]


def reply_keys(shown: UnreadableReply, editing: bool, readable: bool, draft: bool, key: Key) -> list[Clickable]:
    """Returns the bar of the reply pane."""
    if editing:
        names = ("text.keep", "text.start-over", "text.undo")
        found = [_clickable(name, ACTIONS[name].label, key, readable or name != "text.keep") for name in names]
        return [*found, _clickable("app.back", "close", key)]
    found = [_clickable("reply.edit", "continue editing" if draft else "edit", key), _clickable("reply.redraw", "ask again", key)]
    if shown.skip_effect:
        found.append(_clickable("reply.skip", "skip", key))
    return [*found, _clickable("app.copy", "copy", key), _clickable("app.back", "later", key)]


def _clickable(action: str, label: str, key: Key, enabled: bool = True) -> Clickable:
    return Clickable(Content.assemble((key(action), "bold $text-accent"), " " + label), action, enabled)
