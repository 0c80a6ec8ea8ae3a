"""The states of a lesson's charts, and a branch to try something with its chain."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from iicl_tui.agents.calls import Call
from iicl_tui.chain.config import read_config
from iicl_tui.chain.engine import Chain
from iicl_tui.chain.records import in_order
from iicl_tui.charts.panel import Panel
from iicl_tui.lessons.chains import Moment, cut
from iicl_tui.lessons.lesson import Chart, Step
from iicl_tui.lessons.metrics import grouping
from iicl_tui.present.lab_builder import build_lab_state
from iicl_tui.present.lab_session import LabSession
from iicl_tui.present.lab_state import ChartSettings, LabState
from iicl_tui.store.format import start_table
from iicl_tui.store.session import SessionFile

_BOTH = re.compile(r", [^,]*: BOTH$")


def session_at(chain: Chain, moment: Moment) -> LabSession:
    """The chain as it was at a moment, in memory."""
    return LabSession(cut(chain, (min(moment[0], len(chain.generations)), moment[1])))


def chart_state(chain: Chain, moment: Moment, step: Step, blind: bool = False) -> LabState:
    """What the lab would show of the chain at a moment, drawn as the step says; blind: without h*."""
    session = session_at(chain, moment)
    generation = min(moment[0], len(chain.generations))
    by = grouping(chain, step.focus) if step.focus is not None else chain.task.focus or 0
    state_charts = ChartSettings("strips", "linear", by, cursor=_cursor(session.chain, generation, step))
    return _for_newcomers(build_lab_state(session, generation, state_charts, blind=blind), step)


def _for_newcomers(state: LabState, step: Step) -> LabState:
    """The state without what no lesson has introduced: the rival's mark, unless the step is about it, and BOTH."""
    marks = tuple(mark for mark in state.belief.marks if mark.name != "ĥ" or step.hypothesis == "rival")
    data = tuple(
        block._replace(items=tuple(item._replace(note=_BOTH.sub("", item.note)) for item in block.items)) for block in state.data
    )
    return replace(state, belief=replace(state.belief, marks=marks), data=data)


def _cursor(chain: Chain, generation: int, step: Step) -> int | None:
    """The hypothesis to highlight."""
    wanted = step.hypothesis
    if wanted is None:
        return None
    if wanted == "h*":
        return chain.start.target
    if wanted == "rival":
        return chain.start.rival
    if wanted == "kept":
        return chain.generations[generation - 1].hypothesis if 0 < generation <= len(chain.generations) else None
    if wanted == "likeliest":
        belief = chain.belief(generation) if generation else chain.prior()
        return int(belief.log_p.argmax()) if belief is not None else None
    return chain.task.read_hypothesis(wanted)


def step_panels(chain: Chain, state: LabState, step: Step, charts: Sequence[Chart]) -> tuple[Panel, ...]:
    """The curves of a step: the entropy, or those of the states of its object, or else the first ones."""
    if "entropy" in charts:
        return tuple(panel for panel in state.curves if "entropy" in panel.title)[:1]
    by = grouping(chain, step.focus) if step.focus is not None else chain.task.focus
    if by is not None:
        values = chain.task.space.groupings[by].values
        found = tuple(panel for panel in state.curves if tuple(series.name for series in panel.series) == values)
        if found and not chain.task.dataset_metrics:
            return found
    return state.curves[:1]


def try_out(chain: Chain, moment: Moment, title: str, folder: Path) -> LabSession:
    """A session that goes on from the complete generations at a moment, with a person as one more filter.

    Raises StoreError if it cannot be written.
    """
    kept = cut(chain, (min(moment[0], len(chain.generations)), moment[1]))
    complete = [each for each in kept.generations if each.complete]
    document = {**chain.config.document, "start": start_table(chain.task, chain.start)}
    length = max(chain.config.generations, len(complete) + 1)
    document["chain"] = {**document["chain"], "title": title, "generations": length}
    if not (chain.config.asks_at("hypothesis") or chain.config.asks_at("samples")):
        document["filter"] = [*document.get("filter", ()), {"kind": "human"}]
    file = SessionFile.create(read_config(document), folder)
    calls = [call for call in kept.calls if call.generation <= len(complete)]
    for record in in_order(complete, calls):
        if isinstance(record, Call):
            file.append_loosely(record)
        else:
            file.append(record)
    return LabSession.from_file(file)
