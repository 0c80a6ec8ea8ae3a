"""How ACRE is put to a language model that states no rule: it is shown examples and asked for more of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, Protocol

import numpy as np

from iicl_tui.tasks.acre.wording import AcreTask, AcreWording
from iicl_tui.tasks.example import Example
from iicl_tui.tasks.prompts import Prompts, fill
from iicl_tui.tasks.wording import RuleReading


class HiddenTask(AcreTask, Protocol):
    """What this wording needs of its task besides."""

    samples: int

    def transmit(self, hypothesis: int, count: int, noise: float, rng: np.random.Generator) -> tuple[Example, ...]: ...


class HiddenAcreWording(AcreWording):
    """Implements `Wording` for one ACRE task whose rules stay hidden. A hypothesis is inferred from the examples made."""

    states_rule = False
    task: HiddenTask

    def imitate(self, prompts: Prompts, data: Sequence[Example]) -> str:
        """Show the data and ask for M examples like them; the bias sentence that belongs after the data comes last."""
        return self.transmit(prompts, 0, self.task.samples, data)

    def transmit(self, prompts: Prompts, hypothesis: int, count: int, data: Sequence[Example] = ()) -> str:
        """As `imitate`, for count examples. The hypothesis is not mentioned."""
        distinct = fill(prompts.texts["distinct"]) if self.task.distinct else ""
        examples, after = self._examples(prompts, data), self._bias(prompts)[1]
        return self._fill(prompts, "continue", examples=examples, count=str(count), distinct=distinct, after=after)

    def self_refine(self, prompts: Prompts, hypothesis: int, data: Sequence[Example]) -> NoReturn:
        """Raises LookupError: no rule is stated, so none is refined."""
        raise LookupError("no rule is stated that could be refined")

    def hypothesis_search(self, prompts: Prompts, hypothesis: int, failing: Sequence[Example]) -> NoReturn:
        """Raises LookupError: no rule is stated, so none is refined."""
        raise LookupError("no rule is stated that could be refined")

    def repair_rule(self, prompts: Prompts, trouble: str) -> str:
        """As `repair_samples`, for M examples, since every reply consists of examples."""
        return self.repair_samples(prompts, trouble, self.task.samples)

    def read_rule(self, text: str) -> RuleReading:
        """Infer the hypothesis from the examples of a reply. Too few examples give a remark, not a failure."""
        reading = self.read_samples(text, self.task.samples)
        if not reading.examples:
            return RuleReading(None, (), reading.remarks, reading.trouble)
        few = (reading.trouble,) if reading.trouble else ()
        return RuleReading(self.implied(reading.examples), (), (*few, *reading.remarks))

    def rule_reply(self, hypothesis: int) -> str:
        """M examples drawn from the hypothesis with a fixed seed, in exactly the requested form."""
        return self.samples_reply(self.task.transmit(hypothesis, self.task.samples, 0.0, np.random.default_rng(0)))

    @property
    def answer_form(self) -> None:
        """None: no rule is answered."""
        return None

    def rule_schema(self) -> Mapping[str, Any]:
        """The schema of M examples, since every reply consists of examples."""
        return self.samples_schema(self.task.samples)
