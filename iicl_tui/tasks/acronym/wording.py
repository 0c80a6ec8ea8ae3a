"""How acronyms are put to a language model: fills in the texts of prompts/acronym.toml and reads replies.

No rule is stated. The model sees examples and makes more of them. Its hypothesis is inferred: the maximum-likelihood point of
the task's grid, given what it made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from iicl_tui.bayes.space import ProductSpace
from iicl_tui.errors import Fault
from iicl_tui.schema import Path as KeyPath
from iicl_tui.tasks.example import Example
from iicl_tui.tasks.prompts import NO_SLOTS, Layout, Prompts, Slots, fill, own_prompts, read_prompts
from iicl_tui.tasks.reply_parsing.acronyms import read_acronyms
from iicl_tui.tasks.unstated import UnstatedRule, UnstatedTask
from iicl_tui.tasks.wording import SamplesReading
from iicl_tui.text import printable

_MOST_TROUBLE = 400
_SCENE = ("form", "case")
_LENGTHS = "{2,14}"
_MOST_WORDS = 10


class AcronymTask(UnstatedTask, Protocol):
    """What the wording needs of its task. See `HypothesisModel` and `ExampleSpec` for the methods.

    Attributes:
        space: the hypotheses.
        order: "output-first" or "input-first".
        case: of outputs, "upper" or "lower".
        persona: bias level in the prompts file.
    """

    space: ProductSpace
    order: str
    case: str
    persona: str

    def read_example(self, input: Any, output: Any) -> Example: ...

    def log_likelihood(self, datasets: Sequence[Sequence[Example]], noise: float) -> NDArray[np.float64]: ...


class AcronymWording(UnstatedRule):
    """Implements `Wording` for one acronym task."""

    task: AcronymTask

    def __init__(self, task: AcronymTask) -> None:
        self.task = task

    # -- prompts ------------------------------------------------------------------------------------------------------

    @property
    def layout(self) -> Layout:
        """The texts of a prompts file for this task, with their slots."""
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
        """Read an agent's `prompts`, see `tasks.prompts.read_prompts`."""
        return read_prompts(value, own_prompts("acronym"), self.layout, path, faults, folder)

    def system(self, prompts: Prompts) -> str:
        """Explain what an example is, and add the persona's sentence that belongs before the data."""
        return self._fill(prompts, "system", before=fill(prompts.bias[self.task.persona][0]))

    def imitate(self, prompts: Prompts, data: Sequence[Example]) -> str:
        """Show the data and ask for M examples like them; the persona's sentence that belongs after the data comes last."""
        return self._asking(prompts, "imitate", data, self.task.samples)

    def transmit(self, prompts: Prompts, hypothesis: int, count: int, data: Sequence[Example] = ()) -> str:
        """As `imitate`, for count examples. The hypothesis is not mentioned."""
        return self._asking(prompts, "transmit", data, count)

    def repair_samples(self, prompts: Prompts, trouble: str, count: int) -> str:
        """Say why the last reply could not be read as count examples, and ask again."""
        return self._fill(prompts, "repair-samples", trouble=printable(trouble, _MOST_TROUBLE), count=str(count))

    # -- replies ------------------------------------------------------------------------------------------------------

    def read_samples(self, text: str, count: int) -> SamplesReading:
        """Read the first count examples in a reply, see `reply_parsing.acronyms.read_acronyms`."""
        return read_acronyms(text, count, self.task.read_example)

    def implied(self, examples: Sequence[Example]) -> int:
        """The maximum-likelihood hypothesis of the examples; the first in case of ties."""
        return int(self.task.log_likelihood([examples], 0.0)[0].argmax())

    def samples_reply(self, examples: Sequence[Example]) -> str:
        """Two lines per example: Output: CAT and Input: cold, air, test, in the task's order."""
        return self._examples(own_prompts("acronym"), examples)

    def spellings(self, factor: int) -> tuple[tuple[str, ...], ...]:
        """The names of the factor's values, although no reply states them."""
        return tuple((value.lower(),) for value in self.task.space.factors[factor].values)

    def samples_schema(self, count: int) -> Mapping[str, Any]:
        """{"example-1": {"output": "CAT", "input": ["cold", …]}, …}: count examples, their keys in the task's order.

        It bounds the lengths: a small model would write one word for ever.
        """
        letters = "[A-Z]" if self.task.case == "upper" else "[a-z]"
        words = {
            "type": "array",
            "items": {"type": "string", "pattern": f"^[a-z]{_LENGTHS}$"},
            "minItems": 2,
            "maxItems": _MOST_WORDS,
        }
        pair = {"output": {"type": "string", "pattern": f"^{letters}{_LENGTHS}$"}, "input": words}
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
