"""The page that explains what the lab shows: how its belief came about, then what each term on the screen means."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from iicl_tui.charts.view import likeliest
from iicl_tui.present.belief_provenance import caption
from iicl_tui.present.explain import Claim, Depth, claim_of_rule, claim_of_value, explain, lines
from iicl_tui.present.glossary import Entry, lookup
from iicl_tui.present.lab_session import LabSession
from iicl_tui.present.lab_state import LabState
from iicl_tui.text import printable

Section = tuple[str, str]
"""A heading and a text."""


def page_of(session: LabSession, state: LabState, depth: Depth) -> list[Section]:
    """The sections of the page at one depth, safe to print."""
    config = session.chain.config
    about = "\n".join(filter(None, [config.description, *(f"• {each}" for each in config.notice)]))
    first = [("This session", printable(about, 2000, newlines=True))] if about else []
    return [*first, *_came_about(session, state, depth), *((entry.term, _text(entry, depth)) for entry in entries_on_screen(state))]


def entries_on_screen(state: LabState) -> list[Entry]:
    """The glossary's entries for what the lab shows now, each once."""
    words = [state.belief.title, *(panel.title for panel in state.curves)]
    words += [mark.name for mark in state.belief.marks] + [block.name for block in state.data]
    words += [step.phase for step in state.phases] + ["prior", "likelihood", "odds", "bit", "temperature", "label noise"]
    found = [lookup(_without_generation(word)) for word in words]
    return list(dict.fromkeys(entry for entry in found if entry is not None))


def _without_generation(word: str) -> str:
    """A term without the number of its generation: h³ → hᵗ."""
    return f"{word[0]}ᵗ" if word[:1] in "hd" and word[1:].strip("⁰¹²³⁴⁵⁶⁷⁸⁹") == "" and word[1:] not in ("", "⁰") else word


def _came_about(session: LabSession, state: LabState, depth: Depth) -> Iterator[Section]:
    chain, view = session.chain, state.belief
    if view.log_p is None:
        yield "How it came about", f"{view.absent[:1].upper()}{view.absent[1:]}."
        return
    told = [explain(chain, state.selected, claim) for claim in _claims(session, state)]
    if not any(told):
        known = caption(chain, chain.belief(max(state.selected, 1)))
        yield "How it came about", f"This belief was not computed by Bayes' rule: {known or 'it is a plug-in’s own'}."
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


def _text(entry: Entry, depth: Depth) -> str:
    return entry.plain if depth == "newcomer" else entry.exact
