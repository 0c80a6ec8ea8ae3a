"""Acronyms: words, and what their initials spell.

A hypothesis is the share of outputs that are common words, and their length.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from iicl_tui.bayes.inference import log_normalise
from iicl_tui.bayes.space import Factor, Partition, ProductSpace
from iicl_tui.errors import Fault
from iicl_tui.schema import Path as KeyPath
from iicl_tui.schema import describe, is_finite, nearest
from iicl_tui.tasks.acronym.fields import FIELDS
from iicl_tui.tasks.acronym.files import read_pool
from iicl_tui.tasks.acronym.prior import read_acronym_prior
from iicl_tui.tasks.acronym.rank_lists import check_lengths, standard_words, words_for
from iicl_tui.tasks.acronym.start import Wanted, from_list, from_pool
from iicl_tui.tasks.acronym.words import Words, alphabetical_order, initials, unaccented
from iicl_tui.tasks.example import DatasetMetric, Example, Preference, Start, Trait, start_without_rival
from iicl_tui.tasks.spelling import comparable, composed

if TYPE_CHECKING:
    from iicl_tui.tasks.acronym.wording import AcronymWording

Array = NDArray[np.float64]

STEPS = 20
"""The share of common words is k/20, k = 1 … 19. Shares of 0 and 1 would make single examples impossible."""

MOST_LETTERS = 40
"""Limit on an output, and on each word of an input."""

_WORD = re.compile(r"[^\W\d_](?:[^\W_]|[ '’.-](?=[^\W_]))*")
"""A word begins with a letter; punctuation and blanks only separate letters or digits."""

_LEFT, _RIGHT = re.compile(r"←|<-|<="), re.compile(r"→|->|=>")


class Acronym:
    """An acronym task: hypotheses are the grid share of common words × length.

    An output is common ("easy") if its rank is below the limit of `words`.

    Args:
        words: default is wordfreq's 60,000 most common.
        initial: size of d⁰.
        easy: how many of d⁰ are easy.
        letters: length of the outputs of d⁰.
        samples: M.
        shortest: shortest length of the grid.
        longest: longest length of the grid.
        spread: scale of the distribution of lengths, see `log_likelihood`.
        order: "output-first" or "input-first", for showing examples.
        case: "upper" or "lower", for showing outputs.
        persona: bias level of the prompts.
        pool: a person's file of examples for d⁰.
        folder: where the pool's file name is looked up.
        draws: False makes no d⁰ from the words. For options that are invalid, so that nobody has to read follow-up faults.
        judges: False does not check which examples of the pool are easy, for the same reason.
    """

    name = "acronym"
    factor_word = "traits"
    predictive = False
    outputs: tuple[str, ...] = ()
    focus: int | None = 2  # the partition "words"

    def __init__(
        self,
        words: Words | None = None,
        *,
        initial: int = 20,
        easy: int = 10,
        letters: int = 7,
        samples: int = 20,
        shortest: int = 4,
        longest: int = 10,
        spread: float = 1.0,
        order: str = "output-first",
        case: str = "upper",
        persona: str = "neutral",
        pool: str | None = None,
        folder: Path | None = None,
        draws: bool = True,
        judges: bool = True,
    ) -> None:

        self.words = words if words is not None else standard_words()
        self.initial, self.easy, self.letters, self.samples = initial, easy, letters, samples
        self.shortest, self.longest = shortest, longest
        self.order, self.case, self.persona = order, case, persona
        self._pool, self._folder, self._draws, self._judges = pool, folder, draws, judges
        shares = Factor("common", tuple(f"{100 * k // STEPS}%" for k in range(1, STEPS)))
        lengths = Factor("length", tuple(str(letters) for letters in range(shortest, longest + 1)))
        grid = ProductSpace((shares, lengths))
        third = 3 * (grid.codes[:, 0].astype(np.int64) + 1)
        kinds = np.where(third < STEPS, 0, np.where(third > 2 * STEPS, 2, 1)).astype(np.int8)
        self.space = ProductSpace(grid.factors, (Partition("words", ("rare", "mixed", "common"), kinds),))
        self._shares = np.arange(1, STEPS) / STEPS
        away = np.abs(np.subtract.outer(np.arange(shortest, longest + 1), np.arange(shortest, longest + 1)))
        self._log_lengths = log_normalise(-away / spread)
        self._sums = np.cumsum(np.exp(self._log_lengths), axis=1)
        self.dataset_metrics: tuple[DatasetMetric, ...] = (
            DatasetMetric("share of common words", short="easy", pooled=True),
            DatasetMetric("mean rank", 0, self.words.unlisted, 0),
            DatasetMetric("mean rank of those in the list", 0, self.words.list.last, 0),
            DatasetMetric("mean length", shortest, longest, 1),
            DatasetMetric("different outputs"),
            DatasetMetric("initials match"),
            DatasetMetric("alphabetical order"),
        )
        self.preferences: Mapping[str, Preference] = {
            "easy": lambda example: (self._rank(example),),
            "hard": lambda example: (-self._rank(example),),
            "long": lambda example: (-len(example.output),),
            "short": lambda example: (len(example.output),),
            "easylong": lambda example: (not self.is_easy(example), -len(example.output), self._rank(example)),
            "easyshort": lambda example: (not self.is_easy(example), len(example.output), self._rank(example)),
        }
        self.traits: Mapping[str, Trait] = {
            "word": Trait(("easy", "hard"), lambda example: "easy" if self.is_easy(example) else "hard")
        }

    # -- semantics ----------------------------------------------------------------------------------------------------

    @property
    def inputs(self) -> tuple[tuple[str, ...], ...]:
        """Empty: inputs cannot be listed."""
        return ()

    def predict(self, hypothesis: int, input: tuple[str, ...]) -> str:
        """The initials. They do not depend on the hypothesis."""
        return initials(input)

    def agrees(self, hypothesis: int, example: Example) -> bool:
        """Whether the initials spell the output. This does not depend on the hypothesis."""
        return self.matches(example)

    def matches(self, example: Example) -> bool:
        """Whether the initials spell the output, ignoring accents."""
        return initials(example.input) == unaccented(example.output)

    def explained(self, examples: Sequence[Example]) -> NDArray[np.int64]:
        """(H,): how many outputs are spelt by their initials; the same for every hypothesis."""
        return np.full(self.space.size, sum(map(self.matches, examples)), dtype=np.int64)

    def is_easy(self, example: Example) -> bool:
        """Whether the output's rank is below the limit."""
        return self.words.is_easy(example.output)

    def _rank(self, example: Example) -> int:
        return self.words.counted_rank(example.output)

    def _noisy(self, noise: float) -> Array:
        """(shares,): probability s′ of an easy output, see `log_likelihood`."""
        return self._shares * (1 - noise) + (1 - self._shares) * noise

    def log_labels(self, noise: float) -> Array | None:
        """None: inputs and outputs cannot be listed."""
        return None

    def log_likelihood(self, datasets: Sequence[Sequence[Example]], noise: float) -> Array:
        """(T, H) log p(dᵢ | h) in nats for h = (share s, length ℓ).

        An example has the probability p(length | ℓ) times s′ if its output is easy, 1 − s′ if not, with
        s′ = s(1 − ε) + (1 − s)ε and p(length | ℓ) ∝ exp(−|length − ℓ| / spread) over the lengths of the grid. An output
        beyond the grid counts as its nearest end. The words of the input add the same factor for every h, which is omitted.
        """
        totals = np.array([[len(examples)] for examples in datasets], dtype=np.float64).reshape(-1, 1)
        easy = np.array([[sum(map(self.is_easy, examples))] for examples in datasets], dtype=np.float64).reshape(-1, 1)
        counts = np.zeros((len(datasets), len(self._log_lengths)))
        for row, examples in zip(counts, datasets, strict=True):
            for example in examples:
                row[min(max(len(example.output), self.shortest), self.longest) - self.shortest] += 1
        share = self._noisy(noise)
        by_share = easy * np.log(share) + (totals - easy) * np.log1p(-share)
        by_length = counts @ self._log_lengths.T
        return np.asarray((by_share[:, :, None] + by_length[:, None, :]).reshape(-1, self.space.size))

    def transmit(self, hypothesis: int, count: int, noise: float, rng: np.random.Generator) -> tuple[Example, ...]:
        """Draw count samples: easiness and length as in `log_likelihood`, then an output, then words that spell it.

        See `Words.outputs` and `Words.inputs`.
        """
        share, length = self.space.codes[hypothesis].tolist()
        easy = rng.random(count) < self._noisy(noise)[share]
        sums = self._sums[length]
        lengths = self.shortest + np.searchsorted(sums, rng.random(count) * sums[-1], side="right")
        outputs = self.words.outputs(easy.tolist(), lengths.tolist(), rng)
        return tuple(map(Example, self.words.inputs(outputs, rng), outputs))

    def measure(self, examples: Sequence[Example], before: Sequence[Example] = ()) -> tuple[float, ...]:
        """Measure `dataset_metrics`. In the mean rank, unlisted outputs count as `Words.unlisted`."""
        if not examples:
            return (math.nan,) * len(self.dataset_metrics)
        count = len(examples)
        listed = [rank for rank in (self.words.rank(example.output) for example in examples) if rank is not None]
        return (
            sum(map(self.is_easy, examples)) / count,
            sum(map(self._rank, examples)) / count,
            sum(listed) / len(listed) if listed else math.nan,
            sum(len(example.output) for example in examples) / count,
            len({example.output for example in examples}) / count,
            sum(map(self.matches, examples)) / count,
            alphabetical_order([example.output for example in examples]),
        )

    # -- words --------------------------------------------------------------------------------------------------------

    def rule(self, hypothesis: int) -> str:
        """The hypothesis in words: 30% common, 7 letters"""
        values = self.space.assignment(hypothesis)
        return f"{values['common']} common, {values['length']} letters"

    def rule_table(self, hypothesis: int) -> tuple[str, ...]:
        """Empty: `rule` is short enough."""
        return ()

    def shown(self, output: str) -> str:
        """An output in the task's case."""
        return output.upper() if self.case == "upper" else output

    def example_text(self, example: Example) -> str:
        """CAT ← cabinet, arbiter, trainer; or cabinet, arbiter, trainer → CAT if the input comes first."""
        words = ", ".join(example.input)
        shown = self.shown(example.output)
        return f"{shown} ← {words}" if self.order == "output-first" else f"{words} → {shown}"

    def example_note(self, example: Example) -> str:
        """The output's rank, or that it is not in the list; and what the initials spell if it is something else."""
        rank = self.words.rank(example.output)
        note = "not in the list" if rank is None else f"rank {rank:,}"
        return note if self.matches(example) else f"{note} · spells {self.shown(initials(example.input))}"

    def read_line(self, text: str) -> Example:
        """Parse CAT ← cabinet, arbiter, trainer or the reverse; <- and -> are accepted too. Raises ValueError."""
        text = comparable(text)
        left, right = _LEFT.split(text), _RIGHT.split(text)
        if len(left) + len(right) != 3:
            raise ValueError(
                "expected words separated by commas and one arrow to what they spell: CAT <- cabinet, arbiter, trainer"
            )
        output, words = left if len(left) == 2 else reversed(right)
        return self.read_example([part.strip() for part in words.split(",") if part.strip()], output.strip())

    def write_hypothesis(self, hypothesis: int) -> dict[str, str]:
        """The hypothesis as a file's value: {common = "30%", length = "7"}"""
        return self.space.assignment(hypothesis)

    def read_hypothesis(self, value: Any) -> int:
        """Read {common = "30%", length = 7}; the length may be a string. Raises ValueError."""
        names = [factor.name for factor in self.space.factors]
        if not isinstance(value, dict):
            raise ValueError(f'expected a table, as {{ common = "30%", length = 7 }}, found {describe(value)}')
        codes = []
        for factor in self.space.factors:
            if factor.name not in value:
                raise ValueError(f"has no key {factor.name}")
            given = value[factor.name]
            word = str(given) if isinstance(given, int) and is_finite(given) else given
            if word not in factor.values:
                raise ValueError(f"{factor.name} must be one of {', '.join(factor.values)}, found {describe(given)}")
            codes.append(factor.values.index(word))
        unknown = [key for key in value if key not in names]
        if unknown:
            near = nearest(unknown[0], names)
            raise ValueError(f"unknown trait {describe(unknown[0])}; nearest known: {near or ', '.join(names)}")
        return self.space.index(tuple(codes))

    def read_example(self, input: Any, output: Any) -> Example:
        """Read a list of words and what they should spell, both kept in lower case. Raises ValueError.

        Words that do not spell the output are valid, since mismatches are measured.
        """
        if not isinstance(input, list) or not input:
            raise ValueError(f"input: expected a list of at least one word, found {describe(input)}")
        if len(input) > MOST_LETTERS:
            raise ValueError(f"input: expected at most {MOST_LETTERS} words, found {len(input)}")
        words = []
        for word in input:
            lower = composed(word.lower()) if isinstance(word, str) else ""
            if len(lower) > MOST_LETTERS or not _WORD.fullmatch(lower):
                raise ValueError(
                    f"input: {describe(word)} is not a word; expected a letter, then at most {MOST_LETTERS - 1} letters, "
                    "digits, hyphens, apostrophes, full stops and blanks"
                )
            words.append(lower)
        lower = composed(output.lower()) if isinstance(output, str) else ""
        if len(lower) > MOST_LETTERS or not lower.isalpha() or lower.upper().lower() != lower:  # upper case must round-trip
            raise ValueError(f"output: expected 1 to {MOST_LETTERS} letters, found {describe(output)}")
        return Example(tuple(words), lower)

    @cached_property
    def wording(self) -> AcronymWording:
        """How the task is put to a language model."""
        from iicl_tui.tasks.acronym.wording import AcronymWording  # most chains need no language model

        return AcronymWording(self)

    # -- prior and start ----------------------------------------------------------------------------------------------

    def log_prior(self, prior: Mapping[str, Any], path: KeyPath, faults: list[Fault], folder: Path | None) -> Array:
        """(H,) log P₀ in nats, see `read_acronym_prior`."""
        letters = np.arange(self.shortest, self.longest + 1)
        return read_acronym_prior(self.space, self._shares, letters, prior, path, faults, folder)

    def likeliest(self, examples: Sequence[Example]) -> int:
        """The maximum-likelihood hypothesis of the examples without noise; the first in case of ties."""
        return int(self.log_likelihood([examples], 0.0)[0].argmax())

    def nearest_hypothesis(self, easy: int, count: int) -> int:
        """The hypothesis whose share is nearest to easy / count (halves round up), with outputs of `letters`."""
        share = (2 * STEPS * easy + count) // (2 * count) if count else STEPS // 2
        return self.space.index((min(max(share, 1), STEPS - 1) - 1, self.letters - self.shortest))

    def start(self, rng: np.random.Generator, given: Mapping[str, Any], path: KeyPath, faults: list[Fault]) -> Start:
        """h* and d⁰. d⁰ is given, or drawn from the pool or the rank list in random order, no output twice.

        h* is given, or else the hypothesis that d⁰ was drawn from (rank list), or its maximum-likelihood hypothesis (given
        or pool).
        """
        samples: list[Example] = []
        target = self.nearest_hypothesis(self.easy, self.initial)
        if "sample" in given:
            for i, entry in enumerate(given["sample"]):
                try:
                    samples.append(self.read_example(entry.get("input"), entry.get("output")))
                except ValueError as error:
                    faults.append(Fault((*path, "sample", i), str(error)))
        else:
            try:
                drawn = self._draw_initial(rng)
                samples = [drawn[at] for at in rng.permutation(len(drawn)).tolist()]
            except ValueError as error:
                faults.append(Fault(("task", "easy" if self._pool is None else "pool"), str(error)))
        if samples and ("sample" in given or self._pool is not None):
            target = self.likeliest(samples)
        return start_without_rival(samples, target, given, path, faults, read=self.read_hypothesis, task="acronyms")

    def _draw_initial(self, rng: np.random.Generator) -> list[Example]:
        wanted = Wanted(self.easy, self.initial - self.easy, self.letters)
        if self._pool is None:
            return from_list(self.words, wanted, rng) if self._draws else []
        pool = read_pool(self._pool, self._folder, self.read_example)
        return from_pool(self.words, wanted, self._pool, pool, rng, self._judges)


def build(values: Mapping[str, Any], path: KeyPath, faults: list[Fault], folder: Path | None = None) -> Acronym:
    """Build the task of a [task] table. Conflicts between keys and errors in files are added to faults."""
    options = {field.key: values[field.key] for field in FIELDS}
    if options["easy"] > options["initial"]:
        count = f"{options['initial']} example{'s' if options['initial'] > 1 else ''}"
        faults.append(Fault((*path, "easy"), f"d⁰ has only {count} (`initial`); give at most as many"))
        options["easy"] = options["initial"]
    before = len(faults)
    shortest, longest = options["shortest"], options["longest"]
    if longest < shortest:
        faults.append(Fault((*path, "longest"), f"is less than `shortest`, which is {shortest}; give {shortest} or more"))
        options |= {key: next(field.default for field in FIELDS if field.key == key) for key in ("shortest", "longest")}
    elif not shortest <= options["letters"] <= longest:
        reach = f"the grid of hypotheses has {shortest} to {longest} letters; change `letters`, `shortest` or `longest`"
        faults.append(Fault((*path, "letters"), f"{options['letters']} is outside: {reach}"))
    options["letters"] = min(max(options["letters"], options["shortest"]), options["longest"])
    words = words_for(options, path, faults, folder)
    if words is not None and longest >= shortest:
        check_lengths(words, range(shortest, longest + 1), path, faults)
    direct = {key: value for key, value in options.items() if key not in ("word-letters", "easy-rank", "ranks", "words")}
    return Acronym(words, **direct, folder=folder, draws=len(faults) == before, judges=words is not None)
