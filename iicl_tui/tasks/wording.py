"""The protocol of a wording: how a task is put to a language model, and how the model's replies are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from iicl_tui.errors import Fault
from iicl_tui.schema import Path as KeyPath
from iicl_tui.tasks.answer_form import AnswerForm
from iicl_tui.tasks.example import Example
from iicl_tui.tasks.prompts import Prompts

Span = tuple[int, int]
"""A range of characters in a text: (first, end), with end excluded."""


@dataclass(frozen=True)
class RuleReading:
    """A rule read from a reply.

    Attributes:
        hypothesis: None if no rule can be read.
        spans: where the reply has the value of each factor of the space.
        remarks: what was odd or ignored although a rule could be read, in sentences for a person.
        trouble: why no rule can be read, in sentences for a person; "" if one can.
    """

    hypothesis: int | None
    spans: tuple[Span, ...] = ()
    remarks: tuple[str, ...] = ()
    trouble: str = ""


@dataclass(frozen=True)
class SamplesReading:
    """Examples read from a reply.

    Attributes:
        examples: in the reply's order, at most as many as were requested.
        remarks: what was odd or ignored, in sentences for a person.
        trouble: why there are fewer than requested, in sentences for a person; "" if there are not.
    """

    examples: tuple[Example, ...]
    remarks: tuple[str, ...] = ()
    trouble: str = ""


def rule_wording(wording: Wording) -> Wording | None:
    """How a model can be asked for a rule: by the wording itself, or beside a chain that states none; None if it cannot."""
    return wording if wording.states_rule else wording.aside


class Wording(Protocol):
    """How one task talks to language models. The methods that read never raise, whatever the text.

    Attributes:
        states_rule: True if the model is asked for a rule, and then for examples of it. False if it is shown examples
            and asked for more of them directly; then its hypothesis is inferred, see `implied`, and never refined.
    """

    states_rule: bool

    @property
    def aside(self) -> Wording | None:
        """How the model can be asked for a rule beside a chain that states none; None if it cannot, or the chain states rules."""

    @property
    def answer_form(self) -> AnswerForm | None:
        """The replies of `rule_reply` as a form whose beginnings a model can be made to continue; None if they have none."""

    def read_prompts(self, value: Any, path: KeyPath, faults: list[Fault], folder: Path | None) -> Prompts:
        """Read an agent's `prompts`: a file name, a table of texts, or None for the task's own texts.

        Invalid texts are added to faults and replaced by the task's own.
        """

    def system(self, prompts: Prompts) -> str:
        """The system message."""

    def imitate(self, prompts: Prompts, data: Sequence[Example]) -> str:
        """Ask for a rule that explains the examples, or for M examples like them if no rule is stated."""

    def transmit(self, prompts: Prompts, hypothesis: int, count: int, data: Sequence[Example] = ()) -> str:
        """Ask for count examples of the rule, or for count more like the data if no rule is stated."""

    def self_refine(self, prompts: Prompts, hypothesis: int, data: Sequence[Example]) -> str:
        """Show the rule and the examples, and ask to check the rule and correct it if needed."""

    def hypothesis_search(self, prompts: Prompts, hypothesis: int, failing: Sequence[Example]) -> str:
        """Show the examples that the rule gets wrong, with its predictions, and ask to correct the rule."""

    def rule_reply(self, hypothesis: int) -> str:
        """A reply to `imitate` in exactly the requested form; examples of the hypothesis if no rule is stated."""

    def samples_reply(self, examples: Sequence[Example]) -> str:
        """A reply to `transmit` in exactly the requested form."""

    def repair_rule(self, prompts: Prompts, trouble: str) -> str:
        """Say why the last reply could not be read as a rule, and ask again."""

    def repair_samples(self, prompts: Prompts, trouble: str, count: int) -> str:
        """Say why the last reply could not be read as count examples, and ask again."""

    def read_rule(self, text: str) -> RuleReading:
        """Read the rule in a reply, or infer it from the reply's examples if no rule is stated."""

    def implied(self, examples: Sequence[Example]) -> int:
        """The maximum-likelihood hypothesis of the examples; the first in case of ties."""

    def read_samples(self, text: str, count: int) -> SamplesReading:
        """Read the first count examples in a reply."""

    def spellings(self, factor: int) -> tuple[tuple[str, ...], ...]:
        """For each value of a factor, the spellings that `read_rule` accepts, in lower case, its own name first."""

    def rule_schema(self) -> Mapping[str, Any]:
        """JSON schema of a reply to `imitate`, `self_refine`, `hypothesis_search` or `repair_rule`.

        Lengths and letters are bounded by `pattern`, `minItems` and `maxItems` alone, which `without_bounds` takes out.
        """

    def samples_schema(self, count: int) -> Mapping[str, Any]:
        """JSON schema of a reply to `transmit` or `repair_samples`."""
