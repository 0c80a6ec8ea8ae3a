"""How ACRE is put to a language model that states no rule: it is shown examples and asked for more of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from iicl_tui.tasks.acre.wording import AcreTask, AcreWording
from iicl_tui.tasks.example import Example
from iicl_tui.tasks.prompts import Prompts, fill
from iicl_tui.tasks.unstated import UnstatedRule, UnstatedTask


class HiddenTask(AcreTask, UnstatedTask, Protocol):
    """What this wording needs of its task."""


class HiddenAcreWording(UnstatedRule, AcreWording):
    """Implements `Wording` for one ACRE task whose rules stay hidden. A hypothesis is inferred from the examples made.

    What the model believes about rules can be asked for beside the chain.
    """

    task: HiddenTask

    def __init__(self, task: HiddenTask) -> None:
        super().__init__(task)
        self.aside = AcreWording(task)

    def imitate(self, prompts: Prompts, data: Sequence[Example]) -> str:
        """Show the data and ask for M examples like them; the bias sentence that belongs after the data comes last."""
        return self.transmit(prompts, 0, self.task.samples, data)

    def transmit(self, prompts: Prompts, hypothesis: int, count: int, data: Sequence[Example] = ()) -> str:
        """As `imitate`, for count examples. The hypothesis is not mentioned."""
        distinct = fill(prompts.texts["distinct"]) if self.task.distinct else ""
        examples, after = self._examples(prompts, data), self._bias(prompts)[1]
        return self._fill(prompts, "continue", examples=examples, count=str(count), distinct=distinct, after=after)
