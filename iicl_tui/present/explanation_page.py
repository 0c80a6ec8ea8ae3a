"""Explains the numbers that the lab shows: how its belief came about, and what its other parts say now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np

from iicl_tui.charts.panel import Panel
from iicl_tui.charts.view import likeliest
from iicl_tui.present.drawn_terms import Section
from iicl_tui.present.explain import Claim, Depth, claim_of_rule, claim_of_value, explain, lines
from iicl_tui.present.glossary import lookup
from iicl_tui.present.lab_session import LabSession
from iicl_tui.present.lab_state import LabState
from iicl_tui.present.read_beliefs import sections
from iicl_tui.text import printable

Focus = Literal["belief", "curves", "objects", "data", "generations", "phases", "review"]
"""What on the screen the person asks about."""

_MOST_PANELS = 12


def page_of(session: LabSession, state: LabState, depth: Depth, focus: Focus = "belief") -> list[Section]:
    """The sections of the page at one depth, safe to print: first what the person asks about, then how the belief came about."""
    config = session.chain.config
    about = "\n".join(filter(None, [config.description, *(f"• {each}" for each in config.notice)]))
    told = [*_focused(session, state, depth, focus)]
    if about:
        told.append(("This session", printable(about, 2000, newlines=True)))
    if focus not in ("belief", "objects"):
        told += _came_about(session, state, depth)
    return told


def focus_of(charts: Sequence[str]) -> Focus:
    """What a person asks about who sees these charts, the most important first."""
    parts: dict[str, Focus] = {"entropy": "curves", "curves": "curves", "objects": "objects", "data": "data"}
    return next((parts.get(chart, "belief") for chart in charts), "belief")


def _focused(session: LabSession, state: LabState, depth: Depth, focus: Focus) -> Iterator[Section]:
    if focus == "belief":
        yield from _came_about(session, state, depth)
    elif focus == "objects":
        yield from _objects(session, state, depth)
    elif focus == "curves":
        yield "These curves now", "\n".join(_curves(state))
    elif focus == "data":
        yield "What is passed on here", "\n".join(f"  {block.name}  {printable(block.caption, 200)}" for block in state.data)
    elif focus == "generations":
        yield f"Generation {state.selected}", "\n".join(_generation(state))
    else:
        phases = "\n".join(f"  {step.mark} {step.phase}  {printable(step.detail, 200)}" for step in state.phases)
        yield "What happens here", f"{printable(state.words, 400)}\n{phases}"


def values_of(state: LabState) -> dict[str, str]:
    """What each term that has a curve is in the selected generation, by term."""
    found: dict[str, str] = {}
    for panel in state.curves[:_MOST_PANELS]:
        entry = lookup(panel.title)
        if entry is not None:
            found[entry.term] = "\n".join([f"In generation {state.selected}:", *_panel(panel)])
    return found


def _curves(state: LabState) -> Iterator[str]:
    """The value of every curve at the selected generation, and its change from the one before."""
    for panel in state.curves[:_MOST_PANELS]:
        yield f"  {printable(panel.title, 80)}"
        yield from _panel(panel)


def _panel(panel: Panel) -> Iterator[str]:
    at = panel.selected
    for series in panel.series:
        if at is None or not 0 <= at < len(series.values) or not np.isfinite(series.values[at]):
            yield f"    {printable(series.name, 40)}: not known here"
            continue
        now = float(series.values[at])
        before = float(series.values[at - 1]) if at else float("nan")
        change = f", {now - before:+.3g} since the generation before" if np.isfinite(before) else ""
        yield f"    {printable(series.name, 40)}: {now:.3g}{change}"


def _generation(state: LabState) -> Iterator[str]:
    rows, at = state.rows, state.selected
    if at == 0:
        yield "  d⁰: the first data, before any agent has learned."
    elif at <= len(rows.entropy) and np.isfinite(rows.entropy[at - 1]):
        yield f"  The agent's entropy is {rows.entropy[at - 1]:.2f} nats."
    if 0 < at <= len(rows.explained):
        yield f"  Its rule explains {rows.explained[at - 1]} of the {rows.initial} first examples."
    if rows.note and at == rows.now:
        yield f"  {printable(rows.note, 200)}"


def _objects(session: LabSession, state: LabState, depth: Depth) -> Iterator[Section]:
    """How the likeliest state of each object came about, the object that the charts are grouped by first."""
    view, space = state.belief, session.chain.task.space
    if view.log_p is None:
        yield from _came_about(session, state, depth)
        return
    factors = sorted(range(len(space.factors)), key=lambda at: at != view.by)
    for at in factors[:_MOST_PANELS]:
        likeliest_value = int(space.marginal(np.exp(view.log_p), at).argmax())
        told = explain(session.chain, state.selected, claim_of_value(session.chain, at, likeliest_value))
        if told is None:
            yield from _came_about(session, state, depth)
            return
        yield f"Each of the {printable(state.objects.word, 40)}", "\n".join(lines(told, depth))


def _came_about(session: LabSession, state: LabState, depth: Depth) -> Iterator[Section]:
    chain, view = session.chain, state.belief
    if view.log_p is None:
        yield "How it came about", f"{view.absent[:1].upper()}{view.absent[1:]}."
        return
    told = [explain(chain, state.selected, claim) for claim in _claims(session, state)]
    if not any(told):
        belief = chain.belief(state.selected) if state.selected else chain.prior()
        if belief is not None:
            yield from sections(chain, belief, depth)
        return
    for each in told:
        if each is not None:
            yield "How it came about", "\n".join(lines(each, depth))


def _claims(session: LabSession, state: LabState) -> Iterator[Claim]:
    """The likeliest value of what the chart is grouped by, and the rule under the cursor, or else the likeliest rule."""
    view, space = state.belief, session.chain.task.space
    assert view.log_p is not None
    by = view.by if view.by is not None else session.chain.task.focus or 0
    shares = np.bincount(space.groupings[by].codes, np.exp(view.log_p), len(space.groupings[by].values))
    yield claim_of_value(session.chain, by, int(shares.argmax()))
    yield claim_of_rule(session.chain, likeliest(view.log_p) if view.cursor is None else view.cursor)
