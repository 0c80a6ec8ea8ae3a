"""The prior weights of an agent as a table: one line for each object or other factor, one cell for each of its values."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from iicl_tui.errors import Fault
from iicl_tui.schema import Path, is_finite
from iicl_tui.store.config_draft import Draft
from iicl_tui.tasks.base import Task
from iicl_tui.tasks.spelling import composed

STEPS = (0, 0.1, 0.25, 0.5, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 100, 1000)
"""The weights that a key goes through; the file may have any other."""
_MOST_CELLS = 64
_WHOLE = ("weights", "table")
"""Keys of a prior over whole hypotheses."""


@dataclass(frozen=True)
class Cell:
    """The weight of one value.

    Attributes:
        path: Of the weight in the file, as ("agent", 0, "prior", "screen", "off").
        share: Its part of the factor's weights, 0 to 1.
    """

    path: Path
    weight: float
    share: float

    @property
    def factor(self) -> str:
        """The object or other factor."""
        return str(self.path[-2])

    @property
    def value(self) -> str:
        """The state or other value."""
        return str(self.path[-1])


@dataclass(frozen=True)
class PriorTable:
    """All weights of one agent.

    Attributes:
        path: Of the prior, as ("agent", 0, "prior").
        lines: The cells of each factor; none if they are too many for a form.
        faults: What is wrong with the prior.
        note: What to do instead of using the table; "" if there is one.
    """

    path: Path
    lines: tuple[tuple[Cell, ...], ...]
    faults: tuple[str, ...] = ()
    note: str = ""

    @property
    def cells(self) -> list[Cell]:
        """All cells, line by line."""
        return [cell for line in self.lines for cell in line]


def prior_table(prior: Any, path: Path, task: Task | None) -> PriorTable | None:
    """The table of an agent's prior; None if it has no such form.

    Args:
        prior: The value in the file; None if it is absent.
        path: Its path.
        task: What is learned, as last read without a fault.
    """
    prior = {} if prior is None else prior
    if task is None or not isinstance(prior, Mapping) or not _takes_weights(task):
        return None
    count = sum(len(factor.values) for factor in task.space.factors)
    if count > _MOST_CELLS:
        where = ".".join(str(step) for step in path if isinstance(step, str))
        return PriorTable(
            path, (), (), f"{count:,} weights are too many for a table here. Write them in the file, under [{where}]."
        )
    given = {composed(key): value for key, value in prior.items() if key not in _WHOLE}
    factors = {factor.name: factor.values for factor in task.space.factors}
    lines = []
    for name, values in factors.items():
        found = given.pop(name, {})
        if not isinstance(found, Mapping):
            return None
        weights = {composed(key): weight for key, weight in found.items()}
        if not set(weights) <= set(values) or not all(map(_is_weight, weights.values())):
            return None
        row = [weights.get(value, 1) for value in values]
        total = sum(row) or 1
        lines.append(tuple(Cell((*path, name, value), weight, weight / total) for value, weight in zip(values, row, strict=True)))
    return None if given else PriorTable(path, tuple(lines))


def whole_keys(prior: Any) -> list[str]:
    """The keys of a prior that give weights to whole hypotheses. The table beside them multiplies."""
    return [key for key in _WHOLE if key in _table(prior)]


def stepped(weight: float, by: int) -> float:
    """The next weight above or below."""
    at = bisect_right(STEPS, weight) if by > 0 else bisect_left(STEPS, weight) - 1
    return STEPS[min(max(at, 0), len(STEPS) - 1)] if by < 0 or at < len(STEPS) else weight


def with_weight(draft: Draft, cell: Cell, table: PriorTable, weight: float) -> Draft:
    """The draft with another weight. A factor whose weights are all 1 is left out, and so is a prior that says nothing."""
    factor, value = cell.path[:-1], cell.value
    line = next(each for each in table.lines if each[0].path[:-1] == factor)
    weights = {each.value: weight if each.value == value else each.weight for each in line}
    if all(each == 1 for each in weights.values()):
        draft = draft.set(_spelt(draft, factor), None)
        return draft if draft.get(table.path) else draft.set(table.path, None)
    leaf = _spelt(draft, cell.path)
    return draft.set(leaf, weight) if draft.get(leaf) is not None else draft.set(_spelt(draft, factor), weights)


def _spelt(draft: Draft, path: Path) -> Path:
    """The path with its last key as the file spells it."""
    known = {composed(key): key for key in _table(draft.get(path[:-1]))}
    return (*path[:-1], known.get(str(path[-1]), path[-1]))


def _takes_weights(task: Task) -> bool:
    """Whether the task reads weights of a factor's values."""
    faults: list[Fault] = []
    task.log_prior({factor.name: {factor.values[0]: 1} for factor in task.space.factors}, (), faults, None)
    return not faults


def _is_weight(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and is_finite(value) and value >= 0


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
