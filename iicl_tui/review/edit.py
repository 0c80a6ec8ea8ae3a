"""The two row editors as frozen values: a hypothesis factor by factor, an example by its parts. Pure; any task."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from iicl_tui.bayes.space import ProductSpace
from iicl_tui.tasks.base import Example, Task

MOST_PARTS = 40
"""More words than this are no row of switches any more: then an example is edited as text."""


@dataclass(frozen=True)
class Control:
    """One control of a row. name: "" where the value says all. hue: place of the value among its values, −1: none."""

    name: str
    value: str
    on: bool = True
    hue: int = -1


@dataclass(frozen=True)
class HypothesisEdit:
    """One control a factor; changing it goes round the factor's values."""

    space: ProductSpace
    codes: tuple[int, ...]
    at: int = 0

    @staticmethod
    def of(space: ProductSpace, hypothesis: int) -> HypothesisEdit:
        return HypothesisEdit(space, tuple(space.codes[hypothesis].tolist()))

    @property
    def value(self) -> int:
        """The hypothesis as it stands."""
        return self.space.index(self.codes)

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
        """The factor's next value (by = −1: the one before)."""
        code = (self.codes[at] + by) % self.space.shape[at]
        return replace(self, codes=(*self.codes[:at], code, *self.codes[at + 1 :]), at=at)


@dataclass(frozen=True)
class ExampleEdit:
    """One switch for each part that inputs are made of, then one for each output (choosing one leaves the others).

    fault: why the last change was not made.
    """

    inputs: tuple[tuple[str, ...], ...]
    outputs: tuple[str, ...]
    value: Example
    at: int = 0
    fault: str = ""

    @staticmethod
    def of(task: Task, example: Example) -> ExampleEdit | None:
        """None where the task's examples can only be edited as text."""
        if not task.inputs or not task.outputs or len(_parts(task.inputs)) + len(task.outputs) > MOST_PARTS:
            return None
        return ExampleEdit(task.inputs, task.outputs, example)

    @property
    def controls(self) -> tuple[Control, ...]:
        parts = tuple(Control("", part, part in self.value.input) for part in _parts(self.inputs))
        outputs = tuple(Control("" if hue else "→", y, y == self.value.output, hue) for hue, y in enumerate(self.outputs))
        return parts + outputs

    def move(self, by: int) -> ExampleEdit:
        return replace(self, at=(self.at + by) % (len(_parts(self.inputs)) + len(self.outputs)))

    def change(self, at: int, by: int = 1) -> ExampleEdit:
        """Switches a part, or chooses an output. A part without which there is no input at all stays."""
        parts = _parts(self.inputs)
        if at >= len(parts):
            return replace(self, value=self.value._replace(output=self.outputs[at - len(parts)]), at=at, fault="")
        part = parts[at]
        wanted = frozenset(self.value.input) ^ {part}
        found = _by_set(self.inputs).get(wanted)
        if found is None and part in wanted:  # inputs that exclude each other: the nearest one that has the part
            having = [x for x in self.inputs if part in x]
            found = max(having, key=lambda x: len(wanted & set(x)) - len(set(x) - wanted))
        if found is None:
            return replace(self, at=at, fault=f"Without {part} this would be no input; add another first.")
        return replace(self, value=self.value._replace(input=found), at=at, fault="")


Edit = HypothesisEdit | ExampleEdit


@lru_cache(16)
def _parts(inputs: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    """What the inputs are made of, single ones first, so in the order in which the task names them."""
    seen: dict[str, None] = {}
    longest = max(inputs, key=len)
    for x in (longest, *inputs):
        seen.update(dict.fromkeys(x))
    return tuple(seen)


@lru_cache(16)
def _by_set(inputs: tuple[tuple[str, ...], ...]) -> dict[frozenset[str], tuple[str, ...]]:
    return {frozenset(x): x for x in inputs}
