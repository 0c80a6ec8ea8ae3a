"""The naming game: four meanings and four signals. A hypothesis is a language, which gives each meaning a signal.

The prior favours languages with a short description (coding_length.py). Source of the experiment: Ren, Guo, Qiu, Wang and
Sutherland 2024, App. C.2. The paper counts characters (its Table 3) and does not give c, ε and the number of rounds.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iicl_tui.bayes.inference import log_normalise
from iicl_tui.bayes.space import Factor, Partition, ProductSpace
from iicl_tui.errors import Fault
from iicl_tui.schema import Field, describe, nearest
from iicl_tui.schema import Path as KeyPath
from iicl_tui.tasks.example import Example, Start
from iicl_tui.tasks.labelling import Labelling
from iicl_tui.tasks.naming.coding_length import coding_length, text_length
from iicl_tui.tasks.priors import read_prior

Array = NDArray[np.float64]

COLOURS, SHAPES = ("blue", "red"), ("circle", "box")
MEANINGS = tuple(itertools.product(COLOURS, SHAPES))
NAMES = tuple(" ".join(meaning) for meaning in MEANINGS)
SIGNALS = ("00", "01", "10", "11")
CLASSES = ("degenerate", "systematic", "holistic", "other")


def class_of(language: Sequence[str]) -> str:
    """Classify the language that gives language[i] to MEANINGS[i].

    degenerate: one signal for all meanings. systematic: one character encodes the colour, the other the shape. holistic:
    four signals, but not systematic. other: the rest.
    """
    different = len(set(language))
    if different == 1:
        return "degenerate"
    if different < len(MEANINGS):
        return "other"
    encoded = [_encoded_feature(characters) for characters in zip(*language, strict=True)]
    return "systematic" if sorted(encoded) == [0, 1] else "holistic"


def _encoded_feature(characters: Sequence[str]) -> int:
    """Index of the feature that these characters encode, one character per meaning; −1 for none."""
    for feature in range(2):
        pairs = {(meaning[feature], character) for meaning, character in zip(MEANINGS, characters, strict=True)}
        if len(pairs) == len(dict(pairs)) == len(set(characters)):
            return feature
    return -1


class Naming(Labelling):
    """A naming game.

    Args:
        hypothesis: h*, as in the [task] table: a class, "random", or a table of signals.
        initial: size of d⁰.
        samples: M.
        base: the prior of a language is proportional to base^(−α/scale), with α its coding length.
        scale: see base.
        coding: "symbols" or "characters": how α is counted, see `coding_length`.
    """

    name = "naming"
    factor_word = "meanings"
    inputs = MEANINGS
    outputs: tuple[str, ...] = SIGNALS
    wording = None

    def __init__(
        self,
        hypothesis: Any = "holistic",
        *,
        initial: int = 20,
        samples: int = 20,
        base: float = 2.0,
        scale: float = 1.3,
        coding: str = "symbols",
    ) -> None:
        factors = tuple(Factor(name, SIGNALS) for name in NAMES)
        plain = ProductSpace(factors)
        self.classes = np.array([CLASSES.index(class_of(_signals(row))) for row in plain.codes], dtype=np.int8)
        self.space = ProductSpace(factors, (Partition("class", CLASSES, self.classes),))
        self.focus: int | None = len(factors)
        self.samples = samples
        self.base, self.scale, self.coding = base, scale, coding
        self._hypothesis, self._initial = hypothesis, initial

    # -- semantics ----------------------------------------------------------------------------------------------------

    @property
    def table(self) -> NDArray[np.int8]:
        """(H, X): index of the signal that each language gives to each meaning."""
        return self.space.codes

    @cached_property
    def coding_lengths(self) -> NDArray[np.int64]:
        """(H,): coding length α of every language, in the unit of `coding`."""
        length = text_length if self.coding == "characters" else coding_length
        return np.array([length(_signals(row), MEANINGS) for row in self.space.codes])

    def transmit(self, hypothesis: int, count: int, noise: float, rng: np.random.Generator) -> tuple[Example, ...]:
        """Draw count samples: x uniform over the meanings, y with label noise."""
        chosen = rng.integers(len(MEANINGS), size=count)
        return self.draw_labels(hypothesis, chosen, noise, rng)

    # -- words --------------------------------------------------------------------------------------------------------

    def class_name(self, hypothesis: int) -> str:
        """The class of the language."""
        return CLASSES[self.classes[hypothesis]]

    def rule(self, hypothesis: int) -> str:
        """The language in words: blue circle 00  blue box 01  red circle 10  red box 11 (systematic)"""
        signals = "  ".join(f"{name} {signal}" for name, signal in self.space.assignment(hypothesis).items())
        return f"{signals} ({self.class_name(hypothesis)})"

    def rule_table(self, hypothesis: int) -> tuple[str, ...]:
        """Colours down, shapes across; then the class and the coding length."""
        signals = iter(self.space.assignment(hypothesis).values())
        rows = [f"{colour:<6}" + "".join(f"{next(signals):<8}" for _ in SHAPES) for colour in COLOURS]
        head = " " * 6 + "".join(f"{shape:<8}" for shape in SHAPES)
        about = f"{self.class_name(hypothesis)} · α = {self.coding_lengths[hypothesis]}"
        return tuple(line.rstrip() for line in (head, *rows, about))

    def example_text(self, example: Example) -> str:
        """The example on one line: blue circle → 01"""
        return f"{' '.join(example.input)} → {example.output}"

    def read_hypothesis(self, value: Any) -> int:
        """Read {"blue circle" = "00", …}. Raises ValueError."""
        if not isinstance(value, dict):
            raise ValueError(f"expected a table that gives every meaning a signal, found {describe(value)}")
        codes = []
        for name in NAMES:
            if name not in value:
                raise ValueError(f"gives no signal to {name}")
            signal = value[name]
            if not isinstance(signal, str) or signal not in SIGNALS:
                raise ValueError(f"{name} must be one of {_listed(SIGNALS)}, found {describe(signal)}")
            codes.append(SIGNALS.index(signal))
        unknown = [key for key in value if key not in NAMES]
        if unknown:
            hint = nearest(unknown[0], NAMES) or ", ".join(NAMES)
            raise ValueError(f"unknown meaning {describe(unknown[0])}; nearest known: {hint}")
        return self.space.index(tuple(codes))

    def read_example(self, input: Any, output: Any) -> Example:
        """Read a list of a colour and a shape, and a signal. Raises ValueError."""
        if not isinstance(input, list) or not all(isinstance(word, str) for word in input):
            raise ValueError(f'input: expected a list of a colour and a shape, as ["blue", "circle"], found {describe(input)}')
        words = " ".join(input).split()
        known = (*COLOURS, *SHAPES)
        for word in words:
            if word not in known:
                raise ValueError(f"input: unknown word {describe(word)}; nearest known: {nearest(word, known) or ', '.join(known)}")
        meaning = next((meaning for meaning in MEANINGS if sorted(meaning) == sorted(words)), None)
        if meaning is None:
            raise ValueError(f"input: expected one colour and one shape, found {describe(' '.join(words))}")
        if not isinstance(output, str) or output not in SIGNALS:
            raise ValueError(f"output: expected one of {_listed(SIGNALS)}, found {describe(output)}")
        return Example(meaning, output)

    # -- prior and start ----------------------------------------------------------------------------------------------

    def log_prior(self, prior: Mapping[str, Any], path: KeyPath, faults: list[Fault], folder: Path | None) -> Array:
        """(H,) log P₀: the agent's own weights times base^(−α/scale)."""
        own = read_prior(self.space, prior, path, faults, folder)
        return log_normalise(own - self.coding_lengths * (math.log(self.base) / self.scale))

    def start(self, rng: np.random.Generator, given: Mapping[str, Any], path: KeyPath, faults: list[Fault]) -> Start:
        """h* and d⁰. What is not given is drawn: first h*, then d⁰ (meanings spread evenly, labels without noise)."""
        target = self._draw_target(rng)
        try:
            if "hypothesis" in given:
                target = self.read_hypothesis(given["hypothesis"])
        except ValueError as error:
            faults.append(Fault((*path, "hypothesis"), str(error)))
        if "rival" in given:
            faults.append(Fault((*path, "rival"), "a naming game has no ĥ; remove it"))
        if "sample" in given:
            return Start(target, None, self.read_given_samples(given, path, faults))
        rounds, rest = divmod(self._initial, len(MEANINGS))
        shown = [*list(MEANINGS) * rounds, *(MEANINGS[x] for x in sorted(rng.permutation(len(MEANINGS))[:rest].tolist()))]
        return Start(target, None, tuple(Example(x, self.predict(target, x)) for x in shown))

    def _draw_target(self, rng: np.random.Generator) -> int:
        if isinstance(self._hypothesis, str):
            wanted = self._hypothesis
            pool = np.arange(self.space.size) if wanted == "random" else np.flatnonzero(self.classes == CLASSES.index(wanted))
            return int(rng.choice(pool))
        return self.read_hypothesis(self._hypothesis)


def _signals(codes: NDArray[np.int8]) -> tuple[str, ...]:
    return tuple(SIGNALS[code] for code in codes.tolist())


def _listed(signals: Sequence[str]) -> str:
    return ", ".join(f'"{signal}"' for signal in signals)


FIELDS = (
    Field("hypothesis", "any", "d⁰'s language h*", "degenerate: all meanings share one signal. systematic: one character tells "
          "the colour, the other one the shape. holistic: four signals without such an order. Or other, random, or a table of "
          "signals. Of a class, the seed draws one.", "holistic"),
    Field("initial", "int", "|d⁰|", "How many examples start the chain. They show each meaning as often, as far as that goes.", 20,
          low=0, high=1000),
    Field("samples", "int", "samples M", "How many samples a generation passes to the next: the bottleneck.", 20, low=1, high=1000),
    Field("base", "float", "prior's base", "The prior of a language is proportional to base^(−α/c), α its coding length. 1 makes "
          "all languages equal.", 2.0, low=1, high=1_000_000),
    Field("coding", "choice", "coding length α", "symbols: by a grammar of rules. characters: of the shortest text, spaces "
          "included, as the paper counts; a degenerate language has 18.", "symbols", choices=("symbols", "characters")),
    Field("scale", "float", "prior's scale c", "How many units of α more divide the prior of a language by the base. Smaller: "
          "short languages weigh more.", 1.3, low=0.01, high=1_000_000),
)  # fmt: skip


def build(values: Mapping[str, Any], path: KeyPath, faults: list[Fault], folder: Path | None = None) -> Naming:
    """Build the task of a [task] table. Faults are added."""
    options = dict(values)
    wanted = options.pop("hypothesis")
    task = Naming(wanted, **options)
    known = (*CLASSES, "random")
    try:
        if isinstance(wanted, dict):
            task.read_hypothesis(wanted)
        elif not isinstance(wanted, str) or wanted not in known:
            near = nearest(wanted, known) if isinstance(wanted, str) else None
            hint = f"; nearest: {near}" if near else ""
            raise ValueError(f"expected {', '.join(known)}, or a table of signals, found {describe(wanted)}{hint}")
    except ValueError as error:
        faults.append(Fault((*path, "hypothesis"), str(error)))
        return Naming(**options)
    return task
