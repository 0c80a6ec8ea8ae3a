"""What can be done now, as things to click: the bar of keys, and the choices when all samples are rejected."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from textual.content import Content

from iicl_tui.filters.base import HypothesisShown, SamplesShown
from iicl_tui.review.state import ReviewState, Shown
from iicl_tui.tui.actions import ACTIONS
from iicl_tui.tui.review.clickables import Clickable
from iicl_tui.tui.review.words import MUTED, Key, redraws

Mode = Literal["decide", "edit", "text", "reason"]
"""decide, or what is open: the row editor, an example as text, the reason."""


def keys(shown: Shown, state: ReviewState, mode: Mode, key: Key, enabled: Mapping[str, bool]) -> list[Clickable]:
    """The bar. enabled: by the name of each action of the group "review"."""
    if mode == "edit":
        arrows = Clickable(Content.styled("← → choose", MUTED), "", enabled=False)
        return [arrows, *(_token(f"edit.{name}", ACTIONS[f"edit.{name}"].label, key) for name in ("change", "keep", "cancel"))]
    if mode != "decide":
        return [_token("field.keep", "keep", key), _token("field.cancel", "cancel", key)]
    first_gate = isinstance(shown, HypothesisShown)
    names = ["approve", "reject", "edit", "reason", *([] if first_gate else ["approve-rest", "reject-rest"]), "undo"]
    names += ["redo"] if state.future else []
    labels: dict[str, str] = {}
    if first_gate:
        labels["reject"] = "reject and redraw" if shown.redraws_left else "reject"
        if state.all_rejected:
            labels["commit"] = "draw another"
    barred = ["reject"] if first_gate and shown.redraws_left == 0 else []
    tokens = []
    for name in [*names, "commit", "blind"]:
        action = ACTIONS[f"review.{name}"]
        tokens.append(_token(action.id, labels.get(name, action.label), key, enabled[action.name] and name not in barred))
    return [*tokens, _token("app.back", "later", key)]


def choices(shown: Shown, state: ReviewState, key: Key, lookback: bool, decides: bool) -> list[Clickable]:
    """What can be done when all samples are rejected; nothing otherwise. decides: the next agent learns from these alone."""
    if not isinstance(shown, SamplesShown) or not state.all_rejected:
        return []
    if shown.refill:
        first = _token("review.commit", f"draw {len(state.items)} anew ({redraws(shown)})", key)
    elif shown.kept:
        first = _token("review.commit", "go on without them", key)
    elif not decides:
        first = _token("review.pass-nothing", "pass none of these on", key)
    else:
        alone = "its prior and its own earlier rounds alone" if lookback else "its prior alone"
        first = _token("review.pass-nothing", f"pass nothing on: the next agent learns from {alone}", key)
    return [first, _token("review.edit", "edit this one", key), _token("review.undo", "go back", key)]


def _token(action: str, label: str, key: Key, enabled: bool = True) -> Clickable:
    return Clickable(Content.assemble((key(action), "bold $footer-key-foreground"), " " + label), action, enabled)
