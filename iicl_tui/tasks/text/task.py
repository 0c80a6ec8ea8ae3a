"""Texts, measured by declared features. A hypothesis is a cell of the grid of their bins: what the next text is like."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from iicl_tui.bayes.space import Factor, ProductSpace
from iicl_tui.errors import Fault
from iicl_tui.schema import Path as KeyPath
from iicl_tui.schema import describe, nearest
from iicl_tui.tasks.example import DatasetMetric, Example, Preference, Start, Trait, start_without_rival
from iicl_tui.tasks.priors import read_prior
from iicl_tui.tasks.text import rows
from iicl_tui.tasks.text.features import OTHER, Feature, read_features
from iicl_tui.tasks.text.fields import MOST_CELLS, OWN_SLOTS, SLOT_NAME
from iicl_tui.tasks.text.pool import Pool, Quota, read_quota, read_rows, table_of_copy

if TYPE_CHECKING:
    from iicl_tui.tasks.text.wording import TextWording

Array = NDArray[np.float64]

_MOST_CACHED = 20_000
_UNNAMED = ("yes", "no", OTHER)
"""Values that say nothing without the name of their feature."""


class TextTask:
    """Texts of any kind.

    A hypothesis is a cell: one bin of each feature in the belief. Its prior is that of an agent; see `log_likelihood`.

    Args:
        features: what is measured, at least one of them in the belief.
        examples: the rows that d⁰ is drawn from and that `transmit` passes on.
        initial: size of d⁰.
        samples: M.
        fields: names of the fields beside the text.
        smoothing: A, see `log_likelihood`.
        quota: how many of d⁰ have a value of a feature.
        what: plural noun for the texts.
        persona: bias level of the prompts.
        slots: a person's own slots of the prompts.
        draws: False draws no d⁰. For options that are invalid, so that nobody has to read follow-up faults.
    """

    name = "text"
    factor_word = "features"
    predictive = False
    outputs: tuple[str, ...] = ()
    focus: int | None = 0
    fresh_rules = True  # each text is one of a fresh cell, drawn from the belief

    def __init__(
        self,
        features: Sequence[Feature],
        examples: Sequence[Example],
        *,
        initial: int = 20,
        samples: int = 20,
        fields: Sequence[str] = (),
        smoothing: float = 1.0,
        quota: Quota | None = None,
        what: str = "texts",
        persona: str = "neutral",
        slots: Mapping[str, str] | None = None,
        draws: bool = True,
    ) -> None:
        self.features, self.fields = tuple(features), tuple(fields)
        self.axes = tuple(feature for feature in features if feature.in_belief)
        self.initial, self.samples, self.smoothing = initial, samples, smoothing
        self.what, self.persona = what, persona
        self.slots: Mapping[str, str] = dict(slots or {})
        self._quota, self._draws = quota, draws
        self._first: tuple[str, ...] = ()  # the texts of d⁰
        self._cells: dict[Example, int] = {}
        self.space = ProductSpace(tuple(Factor(axis.name, axis.bins) for axis in self.axes))
        self.pool = Pool(tuple(examples), self.space, self.cell, tuple(bool(axis.edges) for axis in self.axes))
        self.dataset_metrics = (*(metric for feature in features for metric in _metrics(feature)), DatasetMetric("different texts"))
        self.traits: Mapping[str, Trait] = {
            feature.name: Trait(feature.bins, partial(self._bin_name, feature)) for feature in features if feature.bins
        }
        self.preferences: Mapping[str, Preference] = dict(self._preferences())

    # -- semantics ----------------------------------------------------------------------------------------------------

    @property
    def inputs(self) -> tuple[tuple[str, ...], ...]:
        """Empty: inputs cannot be listed."""
        return ()

    def predict(self, hypothesis: int, input: tuple[str, ...]) -> str:
        """The hypothesis in words: it says what a text is like, not what it is."""
        return self.rule(hypothesis)

    def agrees(self, hypothesis: int, example: Example) -> bool:
        """Whether the example is in the hypothesis' cell."""
        return self.cell(example) == hypothesis

    def explained(self, examples: Sequence[Example]) -> NDArray[np.int64]:
        """(H,): all of them, for every hypothesis: no text is impossible."""
        return np.full(self.space.size, len(examples), dtype=np.int64)

    def cell(self, example: Example) -> int:
        """The hypothesis whose bins the example has."""
        found = self._cells.get(example)
        if found is None:
            found = self.space.index(tuple(axis.bin(example, self._others(axis)) for axis in self.axes))
            if len(self._cells) < _MOST_CACHED:
                self._cells[example] = found
        return found

    def _others(self, feature: Feature, before: Sequence[Example] = ()) -> Sequence[str]:
        return self._first if feature.against == "start" else [example.output for example in before]

    def _bin_name(self, feature: Feature, example: Example) -> str:
        return feature.bins[feature.bin(example, self._others(feature))]

    def counts(self, datasets: Sequence[Sequence[Example]]) -> Array:
        """(T, H): how many texts of each dataset are in each cell."""
        counts = np.zeros((len(datasets), self.space.size))
        for row, examples in zip(counts, datasets, strict=True):
            for example in examples:
                row[self.cell(example)] += 1
        return counts

    def log_labels(self, noise: float) -> Array | None:
        """None: inputs and outputs cannot be listed."""
        return None

    def log_likelihood(self, datasets: Sequence[Sequence[Example]], noise: float) -> Array:
        """(T, H) log p(dᵢ | h) in nats, up to a constant: ln(1 + n_h H / A) for n_h of N texts in the cell h.

        The shares of the cells have a Dirichlet prior with A/H for each of H cells (Perks 1947; A is `smoothing`), and h says in
        which cell the next text is. So P(h|d) ∝ P₀(h) (n_h + A/H), and with a uniform P₀ it is the predictive distribution of
        the Dirichlet-multinomial, (n_h + A/H) / (N + A). With label noise ε a text counts 1 − ε in its own cell and ε/H in all.
        """
        counts = self.counts(datasets)
        soft = (1 - noise) * counts + noise * counts.sum(axis=1, keepdims=True) / self.space.size
        return np.asarray(np.log1p(soft * self.space.size / self.smoothing))

    def transmit(self, hypothesis: int, count: int, noise: float, rng: np.random.Generator) -> tuple[Example, ...]:
        """Draw count rows of the pool that are in the cell, or nearest to it; each of a random cell with probability ε."""
        cells = np.where(rng.random(count) < noise, rng.integers(self.space.size, size=count), hypothesis)
        return tuple(self.pool.draw(cell, rng) for cell in cells.tolist())

    # -- measures -----------------------------------------------------------------------------------------------------

    def measure(self, examples: Sequence[Example], before: Sequence[Example] = ()) -> tuple[float, ...]:
        """Measure `dataset_metrics`: means of numbers, shares of values. A number that no text has is NaN."""
        found: list[float] = []
        for feature in self.features:
            others = self._others(feature, before)
            if feature.is_number:
                known = [value for value in (feature.number(each, others) for each in examples) if not math.isnan(value)]
                found.append(sum(known) / len(known) if known else math.nan)
            else:
                bins = [feature.bin(each, others) for each in examples]
                found += [bins.count(at) / len(bins) if bins else math.nan for at in _shown(feature)]
        return (*found, len({each.output for each in examples}) / len(examples) if examples else math.nan)

    def measuring_faults(self, examples: Sequence[Example]) -> list[str]:
        """Sentences on features that could not be computed of some examples."""
        found: list[str] = []
        for feature in self.features:
            faults = [fault for each in examples if (fault := feature.fault(each))]
            if faults:
                found.append(f"{feature.name} could not be measured in {len(faults)} of {len(examples)} texts: {faults[0]}")
        return found

    def _preferences(self) -> Sequence[tuple[str, Preference]]:
        found: list[tuple[str, Preference]] = []
        for feature in self.features:
            if feature.against == "last":
                continue
            if feature.is_number:
                found.append((f"most {feature.name}", partial(self._ranked, feature, -1.0)))
                found.append((f"least {feature.name}", partial(self._ranked, feature, 1.0)))
            else:
                found += [(f"{feature.name}={value}", partial(self._has, feature, value)) for value in feature.bins]
        return found

    def _ranked(self, feature: Feature, sign: float, example: Example) -> tuple[float, ...]:
        number = feature.number(example, self._others(feature))
        return (math.inf,) if math.isnan(number) else (sign * number,)

    def _has(self, feature: Feature, value: str, example: Example) -> tuple[float, ...]:
        return (float(self._bin_name(feature, example) != value),)

    # -- words --------------------------------------------------------------------------------------------------------

    def rule(self, hypothesis: int) -> str:
        """The hypothesis in words: sentiment negative, length 10–19"""
        return ", ".join(f"{name} {value}" for name, value in self.space.assignment(hypothesis).items())

    def rule_table(self, hypothesis: int) -> tuple[str, ...]:
        """Empty: `rule` is short enough."""
        return ()

    def example_text(self, example: Example) -> str:
        """The fields and the text on one line, see `rows.line_of`."""
        return rows.line_of(example, self.fields)

    def example_note(self, example: Example) -> str:
        """What is believed of the text and is not among its fields: negative · length 10–19"""
        found = ((axis, self._bin_name(axis, example)) for axis in self.axes if not axis.is_field)
        return " · ".join(f"{feature.name} {value}" if feature.edges or value in _UNNAMED else value for feature, value in found)

    def read_line(self, text: str) -> Example:
        """Parse a line as `example_text` writes it. Raises ValueError."""
        return rows.read_line(text, self.fields)

    def read_example(self, input: Any, output: Any) -> Example:
        """Read a list of fields and a text. Raises ValueError."""
        return rows.read_example(input, output, self.fields)

    def write_hypothesis(self, hypothesis: int) -> dict[str, str]:
        """The hypothesis as a file's value: {sentiment = "negative", length = "10–19"}"""
        return self.space.assignment(hypothesis)

    def read_hypothesis(self, value: Any) -> int:
        """Read a table with the bin of every feature in the belief. Raises ValueError."""
        if not isinstance(value, dict):
            raise ValueError(f"expected a table with a bin of each feature, found {describe(value)}")
        codes = []
        for factor in self.space.factors:
            given = value.get(factor.name)
            if given not in factor.values:
                raise ValueError(f"{factor.name} must be one of {', '.join(factor.values)}, found {describe(given)}")
            codes.append(factor.values.index(given))
        names = [factor.name for factor in self.space.factors]
        unknown = next((key for key in value if key not in names), None)
        if unknown is not None:
            raise ValueError(f"unknown feature {describe(unknown)}; nearest known: {nearest(unknown, names) or ', '.join(names)}")
        return self.space.index(tuple(codes))

    @cached_property
    def wording(self) -> TextWording:
        """How the task is put to a language model."""
        from iicl_tui.tasks.text.wording import TextWording  # most chains need no language model

        return TextWording(self)

    # -- prior and start ----------------------------------------------------------------------------------------------

    def log_prior(self, prior: Mapping[str, Any], path: KeyPath, faults: list[Fault], folder: Path | None) -> Array:
        """(H,) log P₀ in nats, see `read_prior`."""
        return read_prior(self.space, prior, path, faults, folder)

    def likeliest(self, examples: Sequence[Example]) -> int:
        """The cell with most of the examples; the first in case of ties."""
        return int(self.counts([examples])[0].argmax())

    def start(self, rng: np.random.Generator, given: Mapping[str, Any], path: KeyPath, faults: list[Fault]) -> Start:
        """d⁰, given or drawn from the rows, no text twice; and h*, given or else the cell with most of d⁰.

        The task then compares with these texts.
        """
        samples: list[Example] = []
        if "sample" in given:
            for at, entry in enumerate(given["sample"]):
                try:
                    samples.append(self.read_example(entry.get("input"), entry.get("output")))
                except ValueError as error:
                    faults.append(Fault((*path, "sample", at), str(error)))
        elif self._draws:
            try:
                samples = self.pool.initial(self.initial, self._quota, self.traits, rng)
            except ValueError as error:
                faults.append(Fault(("task", "initial" if self._quota is None else "quota"), str(error)))
        self._first = tuple(dict.fromkeys(sample.output for sample in samples))
        self._cells.clear()
        self.pool.clear()
        target = self.likeliest(samples)
        return start_without_rival(samples, target, given, path, faults, read=self.read_hypothesis, task="texts")


def _shown(feature: Feature) -> range:
    """The bins whose share is a metric: all but the last one, which is the rest."""
    return range(len(feature.bins) - 1)


def _metrics(feature: Feature) -> Sequence[DatasetMetric]:
    if feature.is_number:
        return (DatasetMetric(feature.name, feature.low, feature.high, feature.digits, feature.name[:5]),)
    return tuple(DatasetMetric(f"{feature.name}: {feature.bins[at]}", short=feature.bins[at][:5]) for at in _shown(feature))


def build(values: Mapping[str, Any], path: KeyPath, faults: list[Fault], folder: Path | None = None) -> TextTask:
    """Build the task of a [task] table. Errors in the table and in files are added to faults."""
    before = len(faults)
    examples, fields = read_rows(values, path, faults, folder)
    read = len(faults)
    features = read_features(values["feature"], fields, (*path, "feature"), faults)
    axes = [feature for feature in features if feature.in_belief]
    cells = prod(len(axis.bins) for axis in axes)
    if features and not axes:
        faults.append(Fault((*path, "feature"), "none of them is in the belief; leave out `belief = false` of one"))
    elif cells > MOST_CELLS:
        words = (
            f"the grid has {cells:,} cells, and each generation's belief is a number per cell; at most {MOST_CELLS:,}. Give fewer "
            "bins, or belief = false to features that need only be measured"
        )
        faults.append(Fault((*path, "feature"), words))
    if len(faults) > read:
        features = read_features(None, (), (*path, "feature"), [])
    slots = _slots(values["slots"], (*path, "slots"), faults)
    options: dict[str, Any] = {key: values[key] for key in ("initial", "samples", "smoothing", "what", "persona")}
    quota = read_quota(values["quota"], features, values["initial"], (*path, "quota"), faults) if len(faults) == before else None
    return TextTask(features, examples, fields=fields, quota=quota, slots=slots, draws=len(faults) == before, **options)


def _slots(table: Mapping[str, Any], path: KeyPath, faults: list[Fault]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in table.items():
        if SLOT_NAME.fullmatch(name) is None or name in OWN_SLOTS:
            wrong = "is one of the program's own slots" if name in OWN_SLOTS else "a slot has a name of letters, digits, - and _"
            faults.append(Fault((*path, name), f"{wrong}; choose another name"))
        elif not isinstance(value, str):
            faults.append(Fault((*path, name), f"expected a text in quotes, found {describe(value)}"))
        else:
            found[name] = value
    return found


def embed(table: Mapping[str, Any], folder: Path | None) -> dict[str, Any]:
    """Copy the rows of the file into `rows`."""
    return table_of_copy(table, folder)
