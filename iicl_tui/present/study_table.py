"""The chains of a study as a table, a line at a time, so that a hundred thousand cost no more than those that are seen."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from iicl_tui.agents.money import money_text
from iicl_tui.agents.retry import duration_text
from iicl_tui.charts.panel import number_text
from iicl_tui.study.axes import Axis
from iicl_tui.study.following import STATES, ChainRow, State, StudyNow
from iicl_tui.study.study_file import Study
from iicl_tui.study.sweep import Progress
from iicl_tui.text import printable, shorten, text_width

MARKS: dict[State, str] = {"done": "✓", "stuck": "■", "failed": "✗", "running": "▶", "begun": "…", "reading": "?", "waiting": "·"}
_MOST, _LEAST = 24, 5
"""Cells of a column of a key."""
_GENERATION, _VALUE, _MONEY = 7, 7, 8
_STATE = 9


@dataclass(frozen=True)
class Columns:
    """The widths of a table's columns.

    Attributes:
        axes: For each axis the place of its column and its width, conditions first.
        metric: The name of the metric whose last value is shown.
        money: Whether there is room and reason for the costs.
    """

    axes: tuple[tuple[int, int], ...]
    metric: str
    money: bool

    def head(self, study: Study) -> str:
        """The names of the columns."""
        cells = [_cell(study.axes[place].title.rpartition(".")[2], width) for place, width in self.axes]
        cells += [_cell("state", _STATE), _right("gen", _GENERATION), _right("last", _VALUE)]
        return " " + " ".join([*cells, *([_right("$", _MONEY)] if self.money else [])])

    def line(self, study: Study, index: int, row: ChainRow, planned: int) -> str:
        """One chain. planned: how many generations it is to have if that is not known from its file."""
        labels = [axis.label(step) for axis, step in zip(study.axes, study.steps(index), strict=True)]
        cells = [_cell(printable(labels[place], 60), width) for place, width in self.axes]
        of = row.data.generations if row.data is not None else planned
        cells += [
            _cell(f"{MARKS[row.state]} {row.state}", _STATE),
            _right(f"{row.generation}/{of}" if row.generation else "", _GENERATION),
            _right(_last(row, self.metric), _VALUE),
        ]
        return " " + " ".join([*cells, *([_right(money_text(row.spent) if row.spent else "", _MONEY)] if self.money else [])])


def columns(study: Study, width: int, metric: str, money: bool) -> Columns:
    """The columns for this width: keys give way first to the state, then conditions to seeds."""
    order = sorted(range(len(study.axes)), key=lambda place: study.axes[place].is_seed)
    wanted = [min(max(_longest(study.axes[place]), 4), _MOST) for place in order]
    room = width - 1 - (_STATE + _GENERATION + _VALUE + 3)
    money = money and room - (_MONEY + 1) >= (_LEAST + 1) * len(order)
    room -= (_MONEY + 1) if money else 0
    while sum(wanted) + len(wanted) > room and max(wanted, default=0) > _LEAST:
        wanted[wanted.index(max(wanted))] -= 1
    return Columns(tuple(zip(order, wanted, strict=True)), metric, money)


def _longest(axis: Axis) -> int:
    steps = (0, len(axis) - 1) if isinstance(axis.columns[0], range) and not axis.names else range(len(axis))
    return max(text_width(axis.title.rpartition(".")[2]), *(text_width(axis.label(step)) for step in steps))


def _last(row: ChainRow, metric: str) -> str:
    values = row.data.metrics.get(metric) if row.data is not None else None
    return number_text(float(values[-1])) if values is not None and len(values) and isfinite(values[-1]) else ""


def detail(study: Study, index: int, row: ChainRow) -> str:
    """One line about a chain: its file, and its last rule, or why it failed."""
    words = [printable(study.plan(index).file, 120)]
    if row.fault:
        words.append(printable(row.fault.replace("\n", " "), 400))
    elif row.rule:
        words.append(f"h{'' if row.state == 'done' else ' so far'}: {row.rule}")
    return " · ".join(words)


def sums(now: StudyNow, progress: Progress | None) -> tuple[str, ...]:
    """How far the study is, in a few words each: chains done, failed, money, time left."""
    words = [f"{now.ended:,} of {now.study.count:,} done"]
    words += [f"{count:,} {state}" for state in STATES if state not in ("done", "waiting") and (count := now.counts.get(state))]
    spent = progress.spent if progress is not None and progress.spent is not None else now.spent
    if spent:
        words.append(money_text(spent))
    if progress is not None and (left := progress.seconds_left) is not None:
        words.append(f"{duration_text(left)} left")
    return tuple(words)


def ordered(now: StudyNow, by_state: bool) -> list[int] | range:
    """The chains in the study's order, or those that need a look first: failed, stuck, begun, running, done, waiting."""
    if not by_state:
        return range(now.study.count)
    rank = {state: place for place, state in enumerate(("failed", "stuck", "begun", "running", "reading", "done", "waiting"))}
    return sorted(range(now.study.count), key=lambda index: rank[now.row(index).state])


def _cell(text: str, width: int) -> str:
    text = shorten(text, width)
    return text + " " * (width - text_width(text))


def _right(text: str, width: int) -> str:
    text = shorten(text, width)
    return " " * (width - text_width(text)) + text
