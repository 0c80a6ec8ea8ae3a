"""How ACRE is put to a language model: fills in the texts of prompts/acre.toml and reads replies."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from iicl_tui.bayes.space import ProductSpace
from iicl_tui.errors import Fault
from iicl_tui.schema import Path as KeyPath
from iicl_tui.tasks.acre.bias import PAIRS, STRENGTHS
from iicl_tui.tasks.answer_form import AnswerForm
from iicl_tui.tasks.example import Example
from iicl_tui.tasks.prompts import NO_SLOTS, Layout, Prompts, Slots, fill, own_prompts, read_prompts, variants
from iicl_tui.tasks.reply_parsing import read_rule, read_samples
from iicl_tui.tasks.wording import RuleReading, SamplesReading, Wording
from iicl_tui.text import printable

UNDETERMINED = ("und", "undetermined", "undefined", "undecided", "unknown", "uncertain", "unclear", "indeterminate")
"""Words that models write for the third state, whatever its name."""

VARIANT_NAME = re.compile(r"variant-\d{1,9}")
"""The names of variants. A file of such a name needs an ending."""

_MOST_TROUBLE = 400
_json = json.JSONEncoder(ensure_ascii=False).encode
_SCENE = ("objects", "states", "semantics", "form")


class AcreTask(Protocol):
    """What the wording needs of its task. See `Acre` for the attributes and `HypothesisModel` for the methods."""

    name: str
    space: ProductSpace
    objects: tuple[str, ...]
    outputs: tuple[str, ...]
    focus: int | None
    bias: str
    distinct: bool

    def read_example(self, input: Any, output: Any) -> Example: ...

    def write_hypothesis(self, hypothesis: int) -> dict[str, str]: ...

    def predict(self, hypothesis: int, input: tuple[str, ...]) -> str: ...

    def explained(self, examples: Sequence[Example]) -> NDArray[np.int64]: ...


class AcreWording:
    """Implements `Wording` for one ACRE task, whose state names must differ in more than case."""

    states_rule = True
    aside: Wording | None = None

    def __init__(self, task: AcreTask) -> None:
        self.task = task
        self._scene = {
            "objects": ", ".join(task.objects),
            "states": ", ".join(task.outputs),
            "form": _json(dict.fromkeys(task.objects, "...")),
        }

    @cached_property
    def _spellings(self) -> tuple[tuple[tuple[str, ...], ...], ...]:
        names = [state.lower() for state in self.task.outputs]
        others = tuple(word for word in UNDETERMINED if word not in names)
        states = tuple((name, *others) if state == 2 else (name,) for state, name in enumerate(names))
        return (states,) * len(self.task.objects)

    # -- prompts ------------------------------------------------------------------------------------------------------

    @property
    def layout(self) -> Layout:
        """The texts of a prompts file for this task, with their slots."""
        data = ("examples", "after")
        texts = {
            "system": Slots(("before",), _SCENE),
            "imitate": Slots(data, _SCENE),
            "transmit": Slots(("rule", "count", "distinct") if self.task.distinct else ("rule", "count"), (*_SCENE, "distinct")),
            "continue": Slots(
                ("examples", "count", "after", *(("distinct",) if self.task.distinct else ())), (*_SCENE, "distinct")
            ),
            "self-refine": Slots(("rule", "examples"), (*_SCENE, "after")),
            "hypothesis-search": Slots(("rule", "failing"), (*_SCENE, "after")),
            "repair-rule": Slots((), (*_SCENE, "trouble")),
            "repair-samples": Slots(("count",), (*_SCENE, "trouble")),
            "three-states": Slots(("on", "off", "und")),
            "two-states": Slots(("on", "off")),
            "example": Slots(("input", "output")),
            "failing-example": Slots(("input", "output", "predicted")),
            "no-examples": NO_SLOTS,
            "distinct": NO_SLOTS,
            **{f"bias-{strength}": Slots((), ("spurious",)) for strength in STRENGTHS},
        }
        return Layout(texts, tuple(own_prompts(self.task.name).bias), Slots((), ("spurious",)))

    def read_prompts(self, value: Any, path: KeyPath, faults: list[Fault], folder: Path | None) -> Prompts:
        """Read an agent's `prompts`, see `tasks.prompts.read_prompts`. The name of a variant stands for its texts."""
        known = variants(self.task.name)
        if isinstance(value, str) and value not in known and VARIANT_NAME.fullmatch(value):
            faults.append(Fault(path, f"there is no {value}; known: {', '.join(known)}"))
            value = None
        own = known.get(value, value) if isinstance(value, str) else value
        return read_prompts(own, own_prompts(self.task.name), self.layout, path, faults, folder)

    def system(self, prompts: Prompts) -> str:
        """Explain ACRE, and add the bias sentence that belongs before the data."""
        return self._fill(prompts, "system", before=self._bias(prompts)[0])

    def imitate(self, prompts: Prompts, data: Sequence[Example]) -> str:
        """Ask for a rule that explains the examples; the bias sentence that belongs after the data comes last."""
        return self._fill(prompts, "imitate", examples=self._examples(prompts, data), after=self._bias(prompts)[1])

    def transmit(self, prompts: Prompts, hypothesis: int, count: int, data: Sequence[Example] = ()) -> str:
        """Ask for count examples of the rule. The data are not shown again."""
        distinct = prompts.texts["distinct"] if self.task.distinct else ""
        return self._fill(prompts, "transmit", rule=self._rule(hypothesis), count=str(count), distinct=fill(distinct))

    def self_refine(self, prompts: Prompts, hypothesis: int, data: Sequence[Example]) -> str:
        """Show the rule and the examples, and ask to check the rule and correct it if needed."""
        examples = self._examples(prompts, data)
        return self._fill(prompts, "self-refine", rule=self._rule(hypothesis), examples=examples, after=self._bias(prompts)[1])

    def hypothesis_search(self, prompts: Prompts, hypothesis: int, failing: Sequence[Example]) -> str:
        """Show the examples that the rule gets wrong, with its predictions, and ask to correct the rule."""
        shown = _lines(
            fill(
                prompts.texts["failing-example"],
                input=", ".join(example.input),
                output=example.output,
                predicted=self.task.predict(hypothesis, example.input),
            )
            for example in failing
        )
        return self._fill(prompts, "hypothesis-search", rule=self._rule(hypothesis), failing=shown, after=self._bias(prompts)[1])

    def repair_rule(self, prompts: Prompts, trouble: str) -> str:
        """Say why the last reply could not be read as a rule, and ask again."""
        return self._fill(prompts, "repair-rule", trouble=printable(trouble, _MOST_TROUBLE))

    def repair_samples(self, prompts: Prompts, trouble: str, count: int) -> str:
        """Say why the last reply could not be read as count examples, and ask again."""
        return self._fill(prompts, "repair-samples", trouble=printable(trouble, _MOST_TROUBLE), count=str(count))

    # -- replies ------------------------------------------------------------------------------------------------------

    def read_rule(self, text: str) -> RuleReading:
        """Read the rule in a reply, see `reply_parsing.read_rule`."""
        return read_rule(text, self.task.space, self._spellings)

    def read_samples(self, text: str, count: int) -> SamplesReading:
        """Read the first count examples in a reply, see `reply_parsing.read_samples`."""
        outputs = dict(zip(self.task.outputs, self._spellings[0], strict=True))
        return read_samples(text, count, self.task.objects, outputs, self.task.read_example)

    def implied(self, examples: Sequence[Example]) -> int:
        """The rule that explains most of the examples; the first in case of ties."""
        return int(self.task.explained(examples).argmax())

    def rule_reply(self, hypothesis: int) -> str:
        """Rule: {"A": "on", …}"""
        return f"Rule: {self._rule(hypothesis)}"

    @property
    def answer_form(self) -> AnswerForm | None:
        """Rule: {"A": "…", "B": "…"}; None if a state's name needs an escape in JSON."""
        first, *others = (_json(name) for name in self.task.objects)
        states = tuple(_json(state)[1:-1] for state in self.task.outputs)
        if states != self.task.outputs:
            return None
        return AnswerForm((f'Rule: {{{first}: "', *(f'", {name}: "' for name in others), '"}'), (states,) * len(self.task.objects))

    def samples_reply(self, examples: Sequence[Example]) -> str:
        """Two lines per example: Input: A, C and Output: on."""
        return _lines(f"Input: {', '.join(x)}\nOutput: {y}" for x, y in examples)

    def spellings(self, factor: int) -> tuple[tuple[str, ...], ...]:
        """For each state its name in lower case; for the third also `UNDETERMINED`, without the other states' names."""
        return self._spellings[factor]

    def rule_schema(self) -> Mapping[str, Any]:
        """{"A": "on", …}: every object with one of the states."""
        return _object({name: _one_of(self.task.outputs) for name in self.task.objects})

    def samples_schema(self, count: int) -> Mapping[str, Any]:
        """{"example-1": {"input": ["A", "C"], "output": "on"}, …}: one key per example.

        An object rather than an array, since some providers ignore the length of arrays in a schema.
        """
        objects = {"type": "array", "items": _one_of(self.task.objects)}
        example = _object({"input": objects, "output": _one_of(self.task.outputs)})
        return _object({f"example-{number}": example for number in range(1, count + 1)})

    # -- parts --------------------------------------------------------------------------------------------------------

    def _fill(self, prompts: Prompts, text: str, **slots: str) -> str:
        return fill(prompts.texts[text], **self._scene, semantics=self._semantics(prompts), **slots)

    def _semantics(self, prompts: Prompts) -> str:
        outputs = self.task.outputs
        text = prompts.texts["three-states" if len(outputs) == 3 else "two-states"]
        return fill(text, **dict(zip(("on", "off", "und"), outputs, strict=False)))

    def _bias(self, prompts: Prompts) -> tuple[str, str]:
        """The bias sentences before and after the data; empty without a spurious object."""
        if self.task.focus is None:
            return "", ""
        if self.task.bias in PAIRS:
            before, after = (prompts.texts.get(f"bias-{strength}", "") for strength in PAIRS[self.task.bias])
        else:
            before, after = prompts.bias[self.task.bias]
        spurious = self.task.objects[self.task.focus]
        return fill(before, spurious=spurious), fill(after, spurious=spurious)

    def _examples(self, prompts: Prompts, data: Sequence[Example]) -> str:
        if not data:
            return fill(prompts.texts["no-examples"])
        return _lines(fill(prompts.texts["example"], input=", ".join(x), output=y) for x, y in data)

    def _rule(self, hypothesis: int) -> str:
        return _json(self.task.write_hypothesis(hypothesis))


def _lines(texts: Iterable[str]) -> str:
    return "\n".join(texts)


def _one_of(words: Sequence[str]) -> dict[str, Any]:
    return {"type": "string", "enum": list(words)}


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
