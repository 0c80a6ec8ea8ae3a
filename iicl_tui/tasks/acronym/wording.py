"""Acronyms as they are put to a language model: the texts of prompts/acronym.toml filled in, and how replies are read.

No rule is stated. A model sees examples and makes more of them; its hypothesis is the point of the task's grid under which what
it made is likeliest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn, Protocol

import numpy as np
from numpy.typing import NDArray

from iicl_tui.bayes.space import ProductSpace
from iicl_tui.errors import Fault
from iicl_tui.schema import Path as KeyPath
from iicl_tui.tasks.example import Example
from iicl_tui.tasks.prompts import NO_SLOTS, Layout, Prompts, Slots, fill, own_prompts, read_prompts
from iicl_tui.tasks.reply_parsing.acronyms import read_acronyms
from iicl_tui.tasks.wording import RuleReading, SamplesReading
from iicl_tui.text import printable

_MOST_TROUBLE = 400
_SCENE = ("form", "case")


class Acronyms(Protocol):
    """What the wording needs of its task. order: "output-first" or "input-first". case: of outputs, "upper" or "lower".

    persona: the level of the bias in the prompts file. samples: M.
    """

    space: ProductSpace
    samples: int
    order: str
    case: str
    persona: str

    def read_example(self, input: Any, output: Any) -> Example:
        """As the task's protocol says."""

    def log_likelihood(self, datasets: Sequence[Sequence[Example]], noise: float) -> NDArray[np.float64]:
        """As the task's protocol says."""

    def transmit(self, hypothesis: int, count: int, noise: float, rng: np.random.Generator) -> tuple[Example, ...]:
        """As the task's protocol says."""


class AcronymWording:
    """The wording of one acronym task."""

    states_rule = False

    def __init__(self, task: Acronyms) -> None:
        self.task = task

    # -- prompts ------------------------------------------------------------------------------------------------------

    @property
    def layout(self) -> Layout:
        """The texts of a prompts file for this task and their slots."""
        asking, pair = Slots(("examples", "count", "after"), _SCENE), Slots(("output", "input"))
        texts = {
            "system": Slots(("before",), _SCENE),
            "imitate": asking,
            "transmit": asking,
            "repair-samples": Slots(("count",), (*_SCENE, "trouble")),
            "output-first": pair,
            "input-first": pair,
            "form-output": Slots((), ("case",)),
            "form-input": NO_SLOTS,
            "upper": NO_SLOTS,
            "lower": NO_SLOTS,
            "no-examples": NO_SLOTS,
        }
        return Layout(texts, tuple(own_prompts("acronym").bias))

    def read_prompts(self, value: Any, path: KeyPath, faults: list[Fault], folder: Path | None) -> Prompts:
        """The prompts of an agent's key `prompts`, see `tasks.prompts.read_prompts`; whatever is wrong is added to faults."""
        return read_prompts(value, own_prompts("acronym"), self.layout, path, faults, folder)

    def system(self, prompts: Prompts) -> str:
        """What an example is, and the persona's sentence that stands before the data."""
        return self._fill(prompts, "system", before=fill(prompts.bias[self.task.persona][0]))

    def imitate(self, prompts: Prompts, data: Sequence[Example]) -> str:
        """Shows the data and asks for M examples like them; the persona's sentence that stands after the data comes last."""
        return self._asking(prompts, "imitate", data, self.task.samples)

    def transmit(self, prompts: Prompts, hypothesis: int, count: int, data: Sequence[Example] = ()) -> str:
        """As `imitate`, for count examples; the hypothesis is not said."""
        return self._asking(prompts, "transmit", data, count)

    def repair_samples(self, prompts: Prompts, trouble: str, count: int) -> str:
        """Says why the last reply could not be read as count examples, and asks for them again."""
        return self._fill(prompts, "repair-samples", trouble=printable(trouble, _MOST_TROUBLE), count=str(count))

    def repair_rule(self, prompts: Prompts, trouble: str) -> str:
        """As `repair_samples`, for M examples: there is no other reply."""
        return self.repair_samples(prompts, trouble, self.task.samples)

    def self_refine(self, prompts: Prompts, hypothesis: int, data: Sequence[Example]) -> NoReturn:
        """Never asked. Raises LookupError."""
        raise LookupError("no rule is stated that could be refined")

    def hypothesis_search(self, prompts: Prompts, hypothesis: int, failing: Sequence[Example]) -> NoReturn:
        """Never asked. Raises LookupError."""
        raise LookupError("no rule is stated that could be refined")

    # -- replies ------------------------------------------------------------------------------------------------------

    def read_samples(self, text: str, count: int) -> SamplesReading:
        """The first count examples in a reply, see `tasks.reading_acronyms.read_acronyms`."""
        return read_acronyms(text, count, self.task.read_example)

    def read_rule(self, text: str) -> RuleReading:
        """What the examples of a reply amount to. That there are too few of them is a remark only."""
        reading = self.read_samples(text, self.task.samples)
        if not reading.examples:
            return RuleReading(None, (), reading.remarks, reading.trouble)
        few = (reading.trouble,) if reading.trouble else ()
        return RuleReading(self.implied(reading.examples), (), (*few, *reading.remarks))

    def implied(self, examples: Sequence[Example]) -> int:
        """The hypothesis under which the examples are likeliest, the first of several."""
        return int(self.task.log_likelihood([examples], 0.0)[0].argmax())

    def rule_reply(self, hypothesis: int) -> str:
        """M examples that the hypothesis makes, always the same, in exactly the form that is asked for."""
        return self.samples_reply(self.task.transmit(hypothesis, self.task.samples, 0.0, np.random.default_rng(0)))

    def samples_reply(self, examples: Sequence[Example]) -> str:
        """Output: CAT, and Input: cold, air, test in the next line (or the other way round); one example after the other."""
        return self._examples(own_prompts("acronym"), examples)

    def spellings(self, factor: int) -> tuple[tuple[str, ...], ...]:
        """The names of the factor's values, which no reply has."""
        return tuple((value.lower(),) for value in self.task.space.factors[factor].values)

    def rule_schema(self) -> Mapping[str, Any]:
        """That of M examples: there is no other reply."""
        return self.samples_schema(self.task.samples)

    def samples_schema(self, count: int) -> Mapping[str, Any]:
        """{"example-1": {"output": "CAT", "input": ["cold", …]}, …}: exactly count of them, with the input first where the
        task has it first."""
        pair = {"output": {"type": "string"}, "input": {"type": "array", "items": {"type": "string"}}}
        example = _object(pair if self._output_first else dict(reversed(pair.items())))
        return _object({f"example-{number}": example for number in range(1, count + 1)})

    # -- parts --------------------------------------------------------------------------------------------------------

    @property
    def _output_first(self) -> bool:
        return self.task.order == "output-first"

    def _asking(self, prompts: Prompts, text: str, data: Sequence[Example], count: int) -> str:
        examples = self._examples(prompts, data) if data else fill(prompts.texts["no-examples"])
        return self._fill(prompts, text, examples=examples, count=str(count), after=fill(prompts.bias[self.task.persona][1]))

    def _fill(self, prompts: Prompts, text: str, **slots: str) -> str:
        case = fill(prompts.texts[self.task.case])
        output, words = fill(prompts.texts["form-output"], case=case), fill(prompts.texts["form-input"])
        form = fill(prompts.texts[self.task.order], output=output, input=words)
        return fill(prompts.texts[text], case=case, form=form, **slots)

    def _examples(self, prompts: Prompts, data: Sequence[Example]) -> str:
        one = prompts.texts[self.task.order]
        return "\n".join(fill(one, output=self._cased(y), input=", ".join(x)) for x, y in data)

    def _cased(self, output: str) -> str:
        return output.upper() if self.task.case == "upper" else output.lower()


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
