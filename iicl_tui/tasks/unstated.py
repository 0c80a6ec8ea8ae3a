"""What wordings without a stated rule share: every reply consists of examples, and a hypothesis is inferred from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, Protocol

import numpy as np

from iicl_tui.tasks.example import Example
from iicl_tui.tasks.prompts import Prompts
from iicl_tui.tasks.wording import RuleReading, SamplesReading, Wording


class UnstatedTask(Protocol):
    """What such a wording needs of its task.

    Attributes:
        samples: M.
    """

    samples: int

    def transmit(self, hypothesis: int, count: int, noise: float, rng: np.random.Generator) -> tuple[Example, ...]: ...


class _ExampleWording(Protocol):
    """The methods of `Wording` that `UnstatedRule` builds on."""

    @property
    def task(self) -> UnstatedTask: ...

    def repair_samples(self, prompts: Prompts, trouble: str, count: int) -> str: ...

    def read_samples(self, text: str, count: int) -> SamplesReading: ...

    def samples_reply(self, examples: Sequence[Example]) -> str: ...

    def samples_schema(self, count: int) -> Mapping[str, Any]: ...

    def implied(self, examples: Sequence[Example]) -> int: ...


class UnstatedRule:
    """The methods of `Wording` that ask for a rule or read one, by examples instead. The class that inherits it has the others."""

    states_rule = False
    answer_form = None
    aside: Wording | None = None

    def self_refine(self, prompts: Prompts, hypothesis: int, data: Sequence[Example]) -> NoReturn:
        """Raises LookupError: no rule is stated, so none is refined."""
        raise LookupError("no rule is stated that could be refined")

    def hypothesis_search(self, prompts: Prompts, hypothesis: int, failing: Sequence[Example]) -> NoReturn:
        """Raises LookupError: no rule is stated, so none is refined."""
        raise LookupError("no rule is stated that could be refined")

    def repair_rule(self: _ExampleWording, prompts: Prompts, trouble: str) -> str:
        """As `repair_samples`, for M examples, since every reply consists of examples."""
        return self.repair_samples(prompts, trouble, self.task.samples)

    def read_rule(self: _ExampleWording, text: str) -> RuleReading:
        """Infer the hypothesis from the examples of a reply. Too few examples give a remark, not a failure."""
        reading = self.read_samples(text, self.task.samples)
        if not reading.examples:
            return RuleReading(None, (), reading.remarks, reading.trouble)
        few = (reading.trouble,) if reading.trouble else ()
        return RuleReading(self.implied(reading.examples), (), (*few, *reading.remarks))

    def rule_reply(self: _ExampleWording, hypothesis: int) -> str:
        """M examples drawn from the hypothesis with a fixed seed, in exactly the requested form."""
        return self.samples_reply(self.task.transmit(hypothesis, self.task.samples, 0.0, np.random.default_rng(0)))

    def rule_schema(self: _ExampleWording) -> Mapping[str, Any]:
        """The schema of M examples, since every reply consists of examples."""
        return self.samples_schema(self.task.samples)
