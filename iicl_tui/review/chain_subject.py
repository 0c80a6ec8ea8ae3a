"""A phase of a chain as the subject of a review: one hypothesis, or the samples drawn from it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from iicl_tui.bayes import inference
from iicl_tui.bayes.space import ProductSpace
from iicl_tui.chain.engine import Chain
from iicl_tui.filters.base import Decision, Gate, HypothesisShown, Sample, SamplesShown, SampleStatus
from iicl_tui.filters.human import EDIT_NOT_POSSIBLE
from iicl_tui.review.chain_forecast import belief_now, filters_around, hypothesis_forecast, samples_forecast
from iicl_tui.review.edit import Edit, ExampleEdit, HypothesisEdit
from iicl_tui.review.forecast import Forecast
from iicl_tui.review.rules import Value, VerdictRules
from iicl_tui.review.state import Item, ReviewState
from iicl_tui.review.styled import Part, StyledText, hue, styled
from iicl_tui.review.subject import LONGEST, ExampleTable, KeptItem, ReviewSubject
from iicl_tui.tasks.base import Example, Task
from iicl_tui.text import printable, superscript

Shown = HypothesisShown | SamplesShown


class ChainSubject(ReviewSubject):
    """One phase of a chain.

    Attributes:
        stage: The gate at which the person is asked.
    """

    stage: Gate

    def __init__(self, chain: Chain, shown: Shown) -> None:
        self.chain = chain
        self.attempt = shown.attempt
        self.generation = shown.context.generation
        self.blind = shown.blind

    @property
    def task(self) -> Task:
        """The chain's task."""
        return self.chain.task

    @abstractmethod
    def write(self, value: Value) -> Any:
        """Returns an item as TOML data."""

    @abstractmethod
    def read(self, data: Any) -> Value:
        """Reads an item from TOML data. Raises ValueError, KeyError or TypeError."""


class HypothesisSubject(ChainSubject):
    """The hypothesis that an agent drew."""

    noun = "hypothesis"
    stage: Gate = "hypothesis"

    def __init__(self, chain: Chain, shown: HypothesisShown) -> None:
        super().__init__(chain, shown)
        self.shown = shown
        self.gate = self
        self.rules = hypothesis_rules(shown)
        self.progress = _draws(self.attempt)

    @property
    def heading(self) -> str:
        return f"review hypothesis h{superscript(self.generation)}: does it pass on?"

    @property
    def values(self) -> tuple[int, ...]:
        return (self.shown.hypothesis,)

    def text(self, value: int) -> StyledText:
        return rule_text(self.task.space, value)

    def copy_text(self, value: int) -> str:
        return printable(self.task.rule(value))

    def row_editor(self, value: int) -> Edit:
        return HypothesisEdit.from_hypothesis(self.task.space, value)

    async def forecast(self, state: ReviewState, trial: int | None = None) -> Forecast:
        return await hypothesis_forecast(self.chain, self.generation, state, trial)

    def place(self, hypothesis: int) -> tuple[float, int, int] | None:
        """Returns log P (nats), the rank and the number of hypotheses; None if the belief is not known exactly."""
        log_p = belief_now(self.chain, self.generation)
        if log_p is None:
            return None
        return float(log_p[hypothesis]), inference.rank(log_p, hypothesis), self.task.space.size

    def tables(self, hypothesis: int) -> Sequence[ExampleTable]:
        """Returns d⁰, and the samples of the generation before."""
        found = [self._table(hypothesis, 0, self.chain.start.samples)]
        if self.generation > 1:
            found.append(self._table(hypothesis, self.generation - 1, self.chain.data(self.generation - 1)))
        return found

    def _table(self, hypothesis: int, generation: int, examples: Sequence[Example]) -> ExampleTable:
        rows = ((example_text(self.task, example), self.task.agrees(hypothesis, example)) for example in examples)
        return ExampleTable(f"d{superscript(generation)}", tuple(rows))

    def write(self, value: int) -> Any:
        return self.task.write_hypothesis(value)

    def read(self, data: Any) -> int:
        return self.task.read_hypothesis(data)


class SamplesSubject(ChainSubject):
    """The samples drawn from a hypothesis."""

    noun = "sample"
    stage: Gate = "samples"

    def __init__(self, chain: Chain, shown: SamplesShown) -> None:
        super().__init__(chain, shown)
        self.shown = shown
        self.rules = sample_rules(shown)
        self.kept = tuple(KeptItem(sample.example, sample.verdict == "edited") for sample in shown.kept)
        self.progress = _draws(self.attempt) or (["a filter needs more samples"] if shown.more_requested else [])
        if not shown.more_requested and not filters_around(chain)[1] and not chain.config.keep.mix:
            own = " and its own earlier rounds" if chain.config.lookback else ""
            own = " and the data so far" if chain.config.keep.accumulates else own
            self.if_nothing_passes = f"the next agent learns from its prior{own} alone"

    @property
    def heading(self) -> str:
        return f"review samples d{superscript(self.generation)}: which of them pass on?"

    @property
    def values(self) -> tuple[Example, ...]:
        return tuple(sample.example for sample in self.shown.samples)

    def text(self, value: Example) -> StyledText:
        return example_text(self.task, value)

    def note(self, value: Example) -> str:
        return printable(self.task.example_note(value), 80)

    def marks(self, value: Example, blind: bool, detailed: bool = False) -> Sequence[str]:
        noted = list(super().marks(value, blind))
        if blind:
            return noted
        seen = [f"seen in d{superscript(0)}"] if value in self.chain.start.samples else self._other_outputs(value)
        if not self.task.predictive:
            return [*noted, *(seen if value in self.chain.start.samples else [])]
        return [self._follows(value, detailed), *noted, *seen]

    def _follows(self, value: Example, detailed: bool) -> str:
        h = f"h{superscript(self.generation)}"
        if self.task.agrees(self.shown.hypothesis, value):
            return f"follows {h}"
        predicted = printable(self.task.predict(self.shown.hypothesis, value.input), LONGEST)
        return f"contradicts {h}" + (f", which gives {predicted}" if detailed else "")

    def _other_outputs(self, value: Example) -> list[str]:
        outputs = {seen.output: None for seen in self.chain.start.samples if seen.input == value.input}
        return [f"d{superscript(0)} has {printable(', '.join(outputs), 40)}"] if outputs else []

    def row_editor(self, value: Example) -> Edit | None:
        return ExampleEdit.from_example(self.task, value)

    def editable_text(self, value: Example) -> str:
        return self.task.example_text(value)

    def read_text(self, text: str) -> Example:
        return self.task.read_line(text)

    async def forecast(self, state: ReviewState, trial: Example | None = None) -> Forecast:
        return await samples_forecast(self.chain, self.shown, state, trial)

    def write(self, value: Example) -> Any:
        return {"input": list(value.input), "output": value.output}

    def read(self, data: Any) -> Example:
        return self.task.read_example(data["input"], data["output"])


def chain_subject(chain: Chain, shown: Shown) -> HypothesisSubject | SamplesSubject:
    """Returns the subject of a review at a gate of the chain."""
    return HypothesisSubject(chain, shown) if isinstance(shown, HypothesisShown) else SamplesSubject(chain, shown)


def _draws(attempt: int) -> list[str]:
    return [f"draw {attempt + 1}"] if attempt else []


# -- rules and answers ------------------------------------------------------------------------------------------------


def hypothesis_rules(shown: HypothesisShown) -> VerdictRules:
    """A rejected hypothesis is redrawn, so without redraws it cannot be rejected."""
    left = shown.redraws_left
    refusal = "" if shown.context.accepts_edit else " ".join(EDIT_NOT_POSSIBLE[1:])
    return VerdictRules(left > 0, left, left > 0, "refuse", refusal)


def sample_rules(shown: SamplesShown) -> VerdictRules:
    """Rejected samples are redrawn if the filter says so. A person must confirm that nothing passes."""
    return VerdictRules(True, shown.redraws_left, shown.refill, "confirm")


def hypothesis_answer(shown: HypothesisShown, state: ReviewState) -> Decision:
    """Returns the decision on a hypothesis. Raises ValueError while it is undecided."""
    (item,) = state.items
    if item.verdict is None:
        raise ValueError("nothing is decided yet")
    return Decision(shown.hypothesis, item.verdict, item.value, item.reason, _rounded(item.seconds))


def samples_answer(shown: SamplesShown, state: ReviewState) -> tuple[Sample, ...]:
    """Returns the samples with the decisions on them. Raises ValueError while one is undecided."""
    return tuple(_decided(sample, item) for sample, item in zip(shown.samples, state.items, strict=True))


def _decided(sample: Sample, item: Item) -> Sample:
    if item.verdict is None:
        raise ValueError("not all is decided yet")
    # An earlier filter of the chain may have edited the sample: what was drawn stays on record.
    drawn = sample.drawn
    passed: SampleStatus = "approved" if item.value == drawn else "edited"
    return replace(
        sample,
        example=item.value,
        verdict="rejected" if item.verdict == "reject" else passed,
        shown=None if item.value == drawn else drawn,
        reason=item.reason or sample.reason,
        seconds=_rounded(item.seconds),
    )


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


# -- text -------------------------------------------------------------------------------------------------------------


def example_text(task: Task, example: Example) -> StyledText:
    """Returns an example as "A, C → on", the output in its hue."""
    text, output = printable(task.example_text(example), LONGEST), printable(example.output)
    if example.output in task.outputs and text.endswith(output):
        return styled(text[: len(text) - len(output)], (output, hue(task.outputs.index(example.output))))
    return styled(text)


def rule_text(space: ProductSpace, hypothesis: int) -> StyledText:
    """Returns a hypothesis as "A on  B off  …", each value in its hue."""
    parts: list[Part] = []
    for factor, code in zip(space.factors, space.codes[hypothesis].tolist(), strict=True):
        parts += [
            "  " if parts else "",
            printable(factor.name, LONGEST) + " ",
            (printable(factor.values[code], LONGEST), hue(code)),
        ]
    return styled(*parts)
