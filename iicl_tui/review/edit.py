"""Row editors as frozen values: a hypothesis factor by factor, an example part by part. Pure; they work for any task."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from iicl_tui.bayes.space import ProductSpace
from iicl_tui.tasks.base import Example, Task

MOST_PARTS = 40
"""Maximum number of switches; an example with more parts is edited as text."""


@dataclass(frozen=True)
class Control:
    """One control of a row.

    Attributes:
        name: Shown before the value; empty if the value is enough.
        hue: Index of the value among the factor's values, for its colour; −1: no colour.
    """

    name: str
    value: str
    on: bool = True
    hue: int = -1


@dataclass(frozen=True)
class HypothesisEdit:
    """Edits a hypothesis: one control per factor; a change selects the factor's next value."""

    space: ProductSpace
    codes: tuple[int, ...]
    at: int = 0

    @staticmethod
    def from_hypothesis(space: ProductSpace, hypothesis: int) -> HypothesisEdit:
        return HypothesisEdit(space, tuple(space.codes[hypothesis].tolist()))

    @property
    def value(self) -> int:
        """The hypothesis as edited."""
        return self.space.index(self.codes)

    @property
    def switches(self) -> bool:
        """Controls show all their values at once."""
        return False

    @property
    def controls(self) -> tuple[Control, ...]:
        return tuple(
            Control(factor.name, factor.values[code], hue=code) for factor, code in zip(self.space.factors, self.codes, strict=True)
        )

    @property
    def fault(self) -> str:
        return ""

    def move(self, by: int) -> HypothesisEdit:
        return replace(self, at=(self.at + by) % len(self.codes))

    def change(self, at: int, by: int = 1) -> HypothesisEdit:
        """Gives the factor its next value (by = −1: the previous one)."""
        code = (self.codes[at] + by) % self.space.shape[at]
        return replace(self, codes=(*self.codes[:at], code, *self.codes[at + 1 :]), at=at)


@dataclass(frozen=True)
class ExampleEdit:
    """Edits an example: one switch per part of the inputs, then one per output; exactly one output is chosen.

    Attributes:
        fault: Why the last change was not made; empty if it was.
    """

    inputs: tuple[tuple[str, ...], ...]
    outputs: tuple[str, ...]
    value: Example
    at: int = 0
    fault: str = ""

    @staticmethod
    def from_example(task: Task, example: Example) -> ExampleEdit | None:
        """Returns None if the task's examples can only be edited as text."""
        if not task.inputs or not task.outputs or len(_parts(task.inputs)) + len(task.outputs) > MOST_PARTS:
            return None
        return ExampleEdit(task.inputs, task.outputs, example)

    @property
    def switches(self) -> bool:
        """Controls are switches, or choices of one output."""
        return True

    @property
    def controls(self) -> tuple[Control, ...]:
        parts = tuple(Control("", part, part in self.value.input) for part in _parts(self.inputs))
        outputs = tuple(Control("" if hue else "→", y, y == self.value.output, hue) for hue, y in enumerate(self.outputs))
        return parts + outputs

    def move(self, by: int) -> ExampleEdit:
        return replace(self, at=(self.at + by) % (len(_parts(self.inputs)) + len(self.outputs)))

    def change(self, at: int, by: int = 1) -> ExampleEdit:
        """Switches a part, or chooses an output. Keeps a part that the input would not be valid without."""
        parts = _parts(self.inputs)
        if at >= len(parts):
            return replace(self, value=self.value._replace(output=self.outputs[at - len(parts)]), at=at, fault="")
        part = parts[at]
        wanted = frozenset(self.value.input) ^ {part}
        found = _by_set(self.inputs).get(wanted)
        if found is None and part in wanted:  # parts exclude each other: take the nearest input with this part
            having = [x for x in self.inputs if part in x]
            found = max(having, key=lambda x: len(wanted & set(x)) - len(set(x) - wanted))
        if found is None:
            return replace(self, at=at, fault=f"Without {part} this is not a valid input; add another part first.")
        return replace(self, value=self.value._replace(input=found), at=at, fault="")


Edit = HypothesisEdit | ExampleEdit


@lru_cache(16)
def _parts(inputs: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    """Returns the parts of the inputs, in the order in which the task names them."""
    seen: dict[str, None] = {}
    longest = max(inputs, key=len)
    for x in (longest, *inputs):
        seen.update(dict.fromkeys(x))
    return tuple(seen)


@lru_cache(16)
def _by_set(inputs: tuple[tuple[str, ...], ...]) -> dict[frozenset[str], tuple[str, ...]]:
    return {frozenset(x): x for x in inputs}
