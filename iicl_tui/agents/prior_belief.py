"""A model's prior: its belief without examples, measured in the same way as its belief after examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain, repeat
from typing import Any

from iicl_tui.agents.calls import Call
from iicl_tui.errors import Fault
from iicl_tui.schema import Field
from iicl_tui.schema import Path as KeyPath
from iicl_tui.tasks.base import Task
from iicl_tui.tasks.wording import Wording

PRIOR_FIELD = Field(
    "ask-prior", "bool", "asks its prior", "Also asks for its belief without examples, once, before its first generation: the "
    "prior, drawn as generation 0. It costs as many calls as the belief of a generation.", False,
)  # fmt: skip


def asks_aside(belief: str, wording: Wording) -> bool:
    """Whether a belief about rules is measured beside a chain that states none."""
    return wording.aside is not None and belief in ("score", "samples")


def asks_prior(values: Mapping[str, Any], task: Task, path: KeyPath, faults: list[Fault]) -> bool:
    """Whether the agent of an [[agent]] table is asked for its prior. A prior that cannot be asked for is added to faults."""
    if not values["ask-prior"]:
        return False
    if values["belief"] == "none":
        faults.append(Fault((*path, "ask-prior"), 'a prior is a belief without examples: it needs a belief other than "none"'))
    elif task.wording is not None and not task.wording.states_rule and not asks_aside(values["belief"], task.wording):
        what = f"in the task {task.name} a model states no rule, so that it has no belief without examples"
        if task.wording.aside is not None:
            what = 'without stated rules only belief = "score" or "samples" asks for a belief without examples'
        faults.append(Fault((*path, "ask-prior"), what))
    return True


def as_imitation(calls: Sequence[Call]) -> tuple[Call, ...]:
    """The calls for the prior as if they were those of an imitation, so that they are read in the same way."""
    replies = chain(["imitate"], repeat("draw"))
    return tuple(
        replace(call, purpose="score" if call.purpose == "prior-score" else next(replies))
        for call in calls
        if call.purpose in ("prior", "prior-score")
    )
