"""How texts are put to a language model, and how its replies are read."""

from __future__ import annotations

import json
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
from iicl_tui.tasks.reply_parsing.texts import read_texts
from iicl_tui.tasks.text.rows import fields_of
from iicl_tui.tasks.unstated import UnstatedRule, UnstatedTask
from iicl_tui.tasks.wording import SamplesReading
from iicl_tui.text import printable

_MOST_TROUBLE = 400
_TEXT_PATTERN = r'^[^"\\\n]{1,400}$'
_FIELD_PATTERN = r'^[^"\\\n]{1,40}$'


class AskedTask(UnstatedTask, Protocol):
    """What the wording needs of its task. See `HypothesisModel` and `ExampleSpec` for the methods.

    Attributes:
        space: the hypotheses.
        fields: names of the fields beside the text.
        slots: a person's own slots.
        what: plural noun for the texts.
        persona: bias level in the prompts file.
    """

    space: ProductSpace
    fields: tuple[str, ...]
    what: str
    persona: str

    @property
    def slots(self) -> Mapping[str, str]: ...

    def read_example(self, input: Any, output: Any) -> Example: ...

    def likeliest(self, examples: Sequence[Example]) -> int: ...

    def log_likelihood(self, datasets: Sequence[Sequence[Example]], noise: float) -> NDArray[np.float64]: ...


class TextWording(UnstatedRule):
    """Implements `Wording` for one text task."""

    task: AskedTask

    def __init__(self, task: AskedTask) -> None:
        self.task = task

    # -- prompts ------------------------------------------------------------------------------------------------------

    @property
    def layout(self) -> Layout:
        """The texts of a prompts file for this task, with their slots; a person's own slots may be in all that is sent."""
        own = tuple(self.task.slots)
        asking = Slots(("examples",), ("count", "form", "after", "what", *own))
        texts = {
            "system": Slots((), ("before", "what", *own)),
            "imitate": asking,
            "transmit": asking,
            "repair-samples": Slots((), ("count", "trouble", "form", "what", *own)),
            "form-one": Slots((), ("what", *own)),
            "form-list": Slots((), ("what", *own)),
            "form-fields": Slots(("fields",), ("what", *own)),
            "numbered": Slots(("number", "item")),
            "no-examples": NO_SLOTS,
        }
        return Layout(texts, tuple(own_prompts("text").bias))

    def read_prompts(self, value: Any, path: KeyPath, faults: list[Fault], folder: Path | None) -> Prompts:
        """Read an agent's `prompts`, see `tasks.prompts.read_prompts`."""
        return read_prompts(value, own_prompts("text"), self.layout, path, faults, folder)

    def system(self, prompts: Prompts) -> str:
        """Say what the texts are, and add the persona's sentence that belongs before the data."""
        before = fill(prompts.bias[self.task.persona][0])
        return fill(prompts.texts["system"], before=before, what=self.task.what, **self.task.slots)

    def imitate(self, prompts: Prompts, data: Sequence[Example]) -> str:
        """Show the data and ask for M texts like them; the persona's sentence that belongs after the data comes last."""
        return self._asking(prompts, "imitate", data, self.task.samples)

    def transmit(self, prompts: Prompts, hypothesis: int, count: int, data: Sequence[Example] = ()) -> str:
        """As `imitate`, for count texts. The hypothesis is not mentioned."""
        return self._asking(prompts, "transmit", data, count)

    def repair_samples(self, prompts: Prompts, trouble: str, count: int) -> str:
        """Say why the last reply could not be read as count texts, and ask again."""
        shown = printable(trouble, _MOST_TROUBLE)
        return self._fill(prompts, "repair-samples", count, trouble=shown)

    # -- replies ------------------------------------------------------------------------------------------------------

    def read_samples(self, text: str, count: int) -> SamplesReading:
        """Read the first count texts in a reply, see `reply_parsing.texts.read_texts`."""
        return read_texts(text, count, self.task.fields, self.task.read_example)

    def implied(self, examples: Sequence[Example]) -> int:
        """The cell with most of the examples; the first in case of ties."""
        return self.task.likeliest(examples)

    def samples_reply(self, examples: Sequence[Example]) -> str:
        """The texts in exactly the requested form: one text alone, a numbered list, or a JSON list if there are fields."""
        if self.task.fields:
            return "\n".join(["[", ",\n".join(self._object(example) for example in examples), "]"])
        if len(examples) == 1:
            return examples[0].output
        return "\n".join(f"{number}. {_on_one_line(example.output)}" for number, example in enumerate(examples, 1))

    def spellings(self, factor: int) -> tuple[tuple[str, ...], ...]:
        """The names of the factor's values, although no reply states them."""
        return tuple((value.lower(),) for value in self.task.space.factors[factor].values)

    def samples_schema(self, count: int) -> Mapping[str, Any]:
        """{"text-1": "…", …}: count texts, each an object with its fields if it has any.

        It bounds the lengths: a small model would write one text for ever.
        """
        one: dict[str, Any] = {"type": "string", "pattern": _TEXT_PATTERN}
        if self.task.fields:
            field = {"type": "string", "pattern": _FIELD_PATTERN}
            one = _object({**dict.fromkeys(self.task.fields, field), "text": one})
        return _object({f"text-{number}": one for number in range(1, count + 1)})

    # -- parts --------------------------------------------------------------------------------------------------------

    def _asking(self, prompts: Prompts, text: str, data: Sequence[Example], count: int) -> str:
        examples = self._examples(prompts, data) if data else fill(prompts.texts["no-examples"])
        return self._fill(prompts, text, count, examples=examples, after=fill(prompts.bias[self.task.persona][1]))

    def _fill(self, prompts: Prompts, text: str, count: int, **slots: str) -> str:
        form = "form-fields" if self.task.fields else "form-one" if count == 1 else "form-list"
        keys = ", ".join(json.dumps(name, ensure_ascii=False) for name in (*self.task.fields, "text"))
        said = {"what": self.task.what, **self.task.slots}
        in_form = fill(prompts.texts[form], **said, **({"fields": keys} if self.task.fields else {}))
        return fill(prompts.texts[text], **said, count=str(count), form=in_form, **slots)

    def _examples(self, prompts: Prompts, data: Sequence[Example]) -> str:
        if self.task.fields:
            return "\n".join(map(self._object, data))
        if len(data) == 1:
            return data[0].output
        one = prompts.texts["numbered"]
        return "\n".join(fill(one, number=str(number), item=_on_one_line(each.output)) for number, each in enumerate(data, 1))

    def _object(self, example: Example) -> str:
        values = fields_of(example)
        shown = {name: values[name] for name in self.task.fields if name in values}
        return json.dumps({**shown, "text": example.output}, ensure_ascii=False)


def _on_one_line(text: str) -> str:
    return " ".join(text.split())


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
