"""How a task is put to a language model, and how what the model says is read: the protocol, and what a reading is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from iicl_tui.errors import Fault
from iicl_tui.schema import Path as KeyPath
from iicl_tui.tasks.base import Example
from iicl_tui.tasks.prompts import Prompts

Span = tuple[int, int]
"""Where something stands in a text: characters first … end − 1."""


@dataclass(frozen=True)
class RuleReading:
    """A rule read from a reply. hypothesis: None where it cannot be read; trouble then says why, in a sentence for a person.

    spans: for each factor of the space the place of its value in the reply. remarks: what was odd, but could be read all the same.
    """

    hypothesis: int | None
    spans: tuple[Span, ...] = ()
    remarks: tuple[str, ...] = ()
    trouble: str = ""


@dataclass(frozen=True)
class SamplesReading:
    """Examples read from a reply, in its order, at most as many as were asked for. trouble: why there are fewer; "" where
    there are not. remarks: what was odd, but could be read all the same."""

    examples: tuple[Example, ...]
    remarks: tuple[str, ...] = ()
    trouble: str = ""


class Wording(Protocol):
    """A task's own words. Whatever it is given, reading never raises."""

    states_rule: bool
    """The model is asked for a rule, and then for examples of it. False: it is shown examples and asked for more of them at once;
    its hypothesis is what they amount to, see `implied`, and nobody asks it to refine one."""

    def read_prompts(self, value: Any, path: KeyPath, faults: list[Fault], folder: Path | None) -> Prompts:
        """The texts of an agent's `prompts`: a file's name, the texts themselves, or None for the task's own.

        What is wrong with them is added to faults; the task's own take their place then.
        """

    def system(self, prompts: Prompts) -> str:
        """The system message."""

    def imitate(self, prompts: Prompts, data: Sequence[Example]) -> str:
        """Asks for a rule that explains the examples; where no rule is stated, for as many examples as a generation passes on."""

    def transmit(self, prompts: Prompts, hypothesis: int, count: int, data: Sequence[Example] = ()) -> str:
        """Asks for count examples of the rule; where no rule is stated, for so many more that are like the data."""

    def self_refine(self, prompts: Prompts, hypothesis: int, data: Sequence[Example]) -> str:
        """Shows the rule and the examples, and asks to check and if need be to mend it."""

    def hypothesis_search(self, prompts: Prompts, hypothesis: int, failing: Sequence[Example]) -> str:
        """Shows the examples that the rule gets wrong, with what it says of them, and asks to mend it."""

    def rule_reply(self, hypothesis: int) -> str:
        """A reply to `imitate` in exactly the form that is asked for; where no rule is stated, examples of the hypothesis."""

    def samples_reply(self, examples: Sequence[Example]) -> str:
        """A reply to `transmit` in exactly the form that is asked for."""

    def repair_rule(self, prompts: Prompts, trouble: str) -> str:
        """Says why the last reply could not be read as a rule, and asks for it again."""

    def repair_samples(self, prompts: Prompts, trouble: str, count: int) -> str:
        """Says why the last reply could not be read as count examples, and asks for them again."""

    def read_rule(self, text: str) -> RuleReading:
        """The rule in a reply; where no rule is stated, what its examples amount to."""

    def implied(self, examples: Sequence[Example]) -> int:
        """What examples amount to: the hypothesis that they are likeliest under, the first of several."""

    def read_samples(self, text: str, count: int) -> SamplesReading:
        """The examples in a reply."""

    def spellings(self, factor: int) -> tuple[tuple[str, ...], ...]:
        """For each value of a factor the spellings that `read_rule` takes for it, in lower case, its own name first."""

    def rule_schema(self) -> Mapping[str, Any]:
        """A JSON schema of a reply to `imitate`, `self_refine`, `hypothesis_search` or `repair_rule`."""

    def samples_schema(self, count: int) -> Mapping[str, Any]:
        """A JSON schema of a reply to `transmit` or `repair_samples`."""
