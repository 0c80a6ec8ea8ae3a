"""Two chains at the same moment: what their configurations differ in, how far both are, and what the next step does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from iicl_tui.agents.base import agent_kinds
from iicl_tui.chain.config import ChainConfig, chain_fields
from iicl_tui.chain.engine import Chain
from iicl_tui.charts.panel import Panel
from iicl_tui.filters.base import filter_kinds
from iicl_tui.lessons.chains import Moment, after, cut, end_of, order
from iicl_tui.lessons.lesson import Chart
from iicl_tui.present.lab_builder import build_lab_state
from iicl_tui.present.lab_session import LabSession
from iicl_tui.present.lab_state import ChartSettings, LabState
from iicl_tui.schema import REQUIRED, Field
from iicl_tui.study.axes import value_text
from iicl_tui.tasks.base import task_kinds
from iicl_tui.text import printable

VIEWS: tuple[tuple[Chart, Chart], ...] = (
    ("curves", "belief"),
    ("belief", "data"),
    ("objects", "curves"),
    ("data", "objects"),
    ("entropy", "curves"),
    ("film", "belief"),
)
"""The charts of each chain, the most important first."""
ALIKE = "Both are set up alike, with the same seed: the same chain twice, as long as nobody decides otherwise."

_NOT_COMPARED = ("title", "task", "description", "notice", "budget", "token-budget")
"""Keys of [chain] that do not change what happens."""
_MOST = 200


@dataclass(frozen=True)
class Difference:
    """One key with its two values, in words."""

    what: str
    first: str
    second: str

    def __str__(self) -> str:
        return f"{self.what} {self.first} | {self.second}"


# -- what differs -----------------------------------------------------------------------------------------------------


def differences(first: ChainConfig, second: ChainConfig) -> tuple[Difference, ...]:
    """What two configurations differ in, by the keys of the schema, what matters most first. Left-out keys have their defaults."""
    return tuple(
        Difference(printable(each.what, 60), printable(each.first, _MOST), printable(each.second, _MOST))
        for each in _differences(first, second)
    )


def difference_line(first: ChainConfig, second: ChainConfig, blind: bool = False) -> str:
    """The differences in a line. blind: without what h* is."""
    found = [each for each in differences(first, second) if not (blind and each.what.endswith("h*"))]
    return " · ".join(map(str, found)) if found else ALIKE


def _differences(first: ChainConfig, second: ChainConfig) -> Iterator[Difference]:
    one, other = first.document, second.document
    names = [each.document["chain"]["task"] for each in (first, second)]
    yield from _lists("filter", filter_kinds(), one, other)
    yield from _lists("agent", agent_kinds(), one, other)
    if names[0] != names[1]:
        yield Difference("task", names[0], names[1])
    else:
        yield from _tables("", task_kinds()[names[0]].fields, one.get("task", {}), other.get("task", {}))
    fields = [field for field in chain_fields() if field.key not in _NOT_COMPARED]
    yield from _tables("", fields, one["chain"], other["chain"])
    if first.task.name == second.task.name and first.task.space.size == second.task.space.size:
        yield from _starts(first, second)


def _lists(name: str, kinds: Mapping[str, Any], first: Mapping[str, Any], second: Mapping[str, Any]) -> Iterator[Difference]:
    one, other = ([{"kind": "bayes", **table} for table in each.get(name, ())] for each in (first, second))
    if [each.get("kind") for each in one] != [each.get("kind") for each in other]:
        yield Difference(name, value_text(one), value_text(other))
        return
    for place, (left, right) in enumerate(zip(one, other, strict=True)):
        kind = kinds.get(left["kind"])
        prefix = f"{name} {place + 1} " if len(one) > 1 else "filter's " if name == "filter" else ""
        if kind is not None:
            yield from _tables(prefix, kind.fields, left, right)


def _tables(prefix: str, fields: Sequence[Field], first: Mapping[str, Any], second: Mapping[str, Any]) -> Iterator[Difference]:
    for field in fields:
        one, other = _effective(field, first), _effective(field, second)
        if _words(one) != _words(other):
            yield Difference(prefix + field.label, _words(one), _words(other))


def _effective(field: Field, table: Mapping[str, Any]) -> Any:
    """The value that counts: the table's, or the default."""
    return table.get(field.key, None if field.default is REQUIRED else field.default)


def _words(value: Any) -> str:
    return "none" if value is None or value == {} else value_text(value)


def _starts(first: ChainConfig, second: ChainConfig) -> Iterator[Difference]:
    """h* and d⁰, which a seed may have drawn."""
    task, one, other = first.task, first.start, second.start
    if one.target != other.target:
        yield Difference("h*", task.rule(one.target), second.task.rule(other.target))
    left, right = ("; ".join(map(task.example_text, each.samples)) or "none" for each in (one, other))
    if left != right:
        yield Difference("d⁰", left, right)


# -- one transport ----------------------------------------------------------------------------------------------------


def common_moment(chains: Sequence[Chain]) -> Moment:
    """The last moment that all chains have."""
    return min(map(end_of, chains), key=order)


def can_run(session: LabSession) -> bool:
    """Whether the chain's next phase can be run here: it has one, its file can be written, and nobody has to decide."""
    chain = session.chain
    return chain.next is not None and session.read_only is None and not chain.waits_for_person


def can_advance(sessions: Sequence[LabSession], moment: Moment) -> bool:
    """Whether a chain has a later moment, or can make one."""
    return any(order(end_of(each.chain)) > order(moment) or can_run(each) for each in sessions)


def why_not_further(sessions: Sequence[LabSession]) -> str:
    """Why neither chain can go on, as a sentence."""
    waiting = [each for each in sessions if each.chain.waits_for_person and each.read_only is None]
    if waiting:
        title = printable(waiting[0].chain.config.title, 60)
        return f"“{title}” waits for your decision. Put it in front (x), then o opens it in the laboratory."
    closed = [each for each in sessions if each.chain.next is not None]
    if not closed:
        return "Both chains are over: nothing is left to run. { goes back to d⁰, from where Space walks on."
    if closed[0].file is not None and closed[0].file.is_configuration:
        return "A configuration stays as it is. N starts a session from it."
    return f"Read-only: {printable(closed[0].read_only or '', 200)}"


def session_until(session: LabSession, moment: Moment) -> LabSession:
    """The session as it was at a moment, in memory; the session itself if it has nothing later."""
    return session if order(moment) >= order(end_of(session.chain)) else LabSession(cut(session.chain, moment))


def state_at(session: LabSession, moment: Moment, charts: ChartSettings, blind: bool = False) -> LabState:
    """What the lab would show of a session at a moment, or at its end if that is earlier."""
    shown = session_until(session, moment)
    return build_lab_state(shown, min(moment[0], len(shown.chain.generations)), charts, blind=blind)


def shown_moment(chain: Chain, moment: Moment) -> Moment:
    """The moment, or the chain's end if that is earlier."""
    return min(moment, end_of(chain), key=order)


def panels_of(state: LabState, by: int | None, charts: Sequence[Chart]) -> tuple[Panel, ...]:
    """The curves: the entropy, or those of the states of the factor that the belief is grouped by, or else the first ones."""
    if "entropy" in charts:
        found = tuple(panel for panel in state.curves if "entropy" in panel.title)
        return (found or state.curves)[:1]
    if by is not None:
        values = state.belief.space.groupings[by].values
        found = tuple(panel for panel in state.curves if tuple(series.name for series in panel.series) == values)
        if found:
            return found
    return state.curves[:1]


def next_words(sessions: Sequence[LabSession], moment: Moment) -> str:
    """What the next step does, in a sentence."""
    if not can_advance(sessions, moment):
        return why_not_further(sessions)
    generation, phase = after(moment)
    new = [each for each in sessions if order(end_of(each.chain)) <= order(moment) and can_run(each)]
    what = "runs in both" if len(new) == 2 else "runs in one and is looked at in the other" if new else "is looked at"
    if len(new) < 2 and all(order(end_of(each.chain)) <= order(moment) for each in sessions):
        what = "runs in one; the other one is at its end"
    return f"Next: the {phase} of generation {generation} {what}."
