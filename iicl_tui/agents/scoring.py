"""A model's joint distribution over the hypotheses, from its next-token probabilities along a tree of answers.

Each node is the beginning of an answer. The model is asked for one token after it, and every token listed in the reply that
continues a canonical answer leads to a child node, the longer beginning. An answer's probability is the product along its path,
summed over all tokenisations: token sequences that spell the same text share a node.

The text between two values is given to the model, not read from it, so the result is conditional on that text. All masses are at
temperature 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp

import numpy as np
from numpy.typing import ArrayLike, NDArray

from iicl_tui.agents.beliefs import BeliefEvidence
from iicl_tui.bayes.space import ProductSpace
from iicl_tui.tasks.answer_form import AnswerForm

Array = NDArray[np.float64]

NextTokens = Sequence[tuple[str, float]]
"""The listed tokens after a beginning: text and log-probability in nats. No text is listed twice."""

FLOOR = 1e-6
"""Branches with less probability than this are not followed; their mass is bounded."""
MAX_READS = 2000
"""The most one-token reads for one belief."""


class TooManyReads(ValueError):
    """The tree needs more reads than the limit allows.

    Attributes:
        reads: How many reads the belief would take at least.
        limit: How many are allowed.
    """

    def __init__(self, reads: int, limit: int) -> None:
        super().__init__(f"the joint belief would take at least {reads:,} reads; `max-reads` allows {limit:,}")
        self.reads = reads
        self.limit = limit


@dataclass(frozen=True, order=True)
class _Node:
    """The beginning of an answer: the complete values, and the first characters of the next value."""

    depth: int
    length: int
    codes: tuple[int, ...]
    partial: str


def _node(codes: tuple[int, ...], partial: str) -> _Node:
    return _Node(len(codes), len(partial), codes, partial)


class TreeScore:
    """The state of one scoring. It makes no calls: it lists the beginnings to read next and is given the results.

    Results may be added in any order, also before they are listed, so an interrupted scoring continues from those on record.
    """

    def __init__(self, form: AnswerForm, floor: float = FLOOR, max_reads: int = MAX_READS) -> None:
        """Raises TooManyReads if even the smallest tree of this form is over the limit."""
        if form.least_reads > max_reads:
            raise TooManyReads(form.least_reads, max_reads)
        self.form = form
        self.reads = 0
        self._floor, self._max_reads = floor, max_reads
        self._known: dict[str, NextTokens] = {}
        self._waiting: dict[_Node, float] = {_node((), ""): 1.0}
        self._texts: dict[str, _Node] | None = None
        self._shape = tuple(len(names) for names in form.values)
        self._mass = np.zeros(self._shape)
        self._open = np.zeros(self._shape)
        self._unobserved = 0.0
        self._other = 0.0

    @property
    def done(self) -> bool:
        """Whether nothing is left to read."""
        return not self._waiting

    @property
    def pending(self) -> tuple[str, ...]:
        """The beginnings to read next. They are independent of each other, so they can be read side by side."""
        return tuple(self._pending)

    @property
    def _pending(self) -> Mapping[str, _Node]:
        if self._texts is None:
            self._texts = {self._text(node): node for node in self._round()}
        return self._texts

    def add(self, reads: Mapping[str, NextTokens]) -> None:
        """Adds the tokens read after these beginnings and expands the tree as far as they allow. Raises TooManyReads."""
        self._known.update(reads)
        self._texts = None
        while (nodes := self._round()) and all(self._text(node) in self._known for node in nodes):
            for node in nodes:
                self._expand(node, self._known[self._text(node)])
            self._cut_branches()

    def share_on_form(self, beginning: str, tokens: NextTokens) -> float:
        """The listed probability after a pending beginning that continues a canonical answer.

        Raises:
            KeyError: The beginning is not pending.
        """
        node = self._pending[beginning]
        ends = self.form.literals[node.depth + 1][0]
        wholes = [name + ends for name in self.form.values[node.depth]]
        texts = [(node.partial + text, exp(log_p)) for text, log_p in tokens]
        return sum(p for text, p in texts if any(whole.startswith(text) or text.startswith(whole) for whole in wholes))

    def result(self, space: ProductSpace) -> ScoredMasses:
        """The masses in the order of the space. Raises ValueError if the scoring is not done."""
        if not self.done:
            raise ValueError("the scoring is not done")
        at = tuple(space.codes.T)
        return ScoredMasses(space, self._mass[at], self._open[at], self._other, self._unobserved, self.reads)

    def _text(self, node: _Node) -> str:
        return self.form.beginning(node.codes) + node.partial

    def _round(self) -> list[_Node]:
        """The shortest waiting beginnings. Their mass is final, since every path to them has been read."""
        if not self._waiting:
            return []
        first = min(self._waiting)
        return sorted(node for node in self._waiting if (node.depth, node.length) == (first.depth, first.length))

    def _expand(self, node: _Node, tokens: NextTokens) -> None:
        mass = self._waiting.pop(node)
        self.reads += 1
        if self.reads > self._max_reads:
            raise TooManyReads(self.reads, self._max_reads)
        listed = [(text, exp(log_p)) for text, log_p in tokens]
        # Rounded probabilities may add up to slightly more than 1, so they are normalised.
        total = max(sum(p for _, p in listed), 1.0)
        for text, p in listed:
            self._follow(node.codes, node.partial + text, mass * p / total)
        self._leave_open(node, mass * (1 - sum(p for _, p in listed) / total))

    def _cut_branches(self) -> None:
        """Drops beginnings of this round with less mass than the floor; their mass is final."""
        while small := [node for node in self._round() if self._waiting[node] < self._floor]:
            for node in small:
                self._leave_open(node, self._waiting.pop(node))

    def _follow(self, codes: tuple[int, ...], partial: str, mass: float) -> None:
        """Adds the mass to a longer beginning or to a whole answer; to `_other` if no answer begins like this."""
        factor = len(codes)
        after = self.form.literals[factor + 1]
        for code, name in enumerate(self.form.values[factor]):
            whole = name + after[0]
            if len(partial) < len(whole):
                if whole.startswith(partial):
                    self._wait(_node(codes, partial), mass)
                    return
                continue
            if not partial.startswith(whole):
                continue
            rest = partial[len(name) :]
            if after.startswith(rest):
                self._complete((*codes, code), "", mass)
            elif rest.startswith(after):
                self._complete((*codes, code), rest[len(after) :], mass)
            else:
                break
            return
        self._other += mass

    def _complete(self, codes: tuple[int, ...], partial: str, mass: float) -> None:
        if len(codes) == len(self._shape):
            self._mass[codes] += mass
        elif partial:
            self._follow(codes, partial, mass)
        else:
            self._wait(_node(codes, ""), mass)

    def _wait(self, node: _Node, mass: float) -> None:
        self._waiting[node] = self._waiting.get(node, 0.0) + mass

    def _leave_open(self, node: _Node, mass: float) -> None:
        """Records mass that was not read: it may belong to any answer with this beginning, or to none."""
        if mass <= 0:
            return
        self._unobserved += mass
        names = self.form.values[node.depth]
        ends = self.form.literals[node.depth + 1][0]
        for code, name in enumerate(names):
            if (name + ends).startswith(node.partial):
                self._open[(*node.codes, code)] += mass


@dataclass(frozen=True, eq=False)
class ScoredMasses(BeliefEvidence):
    """The result of a scoring. `mass`, `off_form` and `unobserved_mass` add up to 1.

    Attributes:
        space: The hypothesis space.
        mass: (H,) the probability of each canonical answer.
        open: (H,) the most that each may have in addition, from tokens that were not listed and branches that were dropped.
        off_form: The probability of all other text.
        unobserved_mass: The probability of tokens that were not listed and of branches that were dropped.
        reads: How many reads it took.
        whole: Whether each read was that of a whole answer in one tokenisation.
    """

    space: ProductSpace
    mass: Array
    open: Array
    off_form: float
    unobserved_mass: float
    reads: int
    whole: bool = False

    @property
    def on_form(self) -> float:
        """The probability of all canonical answers together."""
        return float(self.mass.sum())

    @property
    def caption(self) -> str:
        how = "whole strings" if self.whole else "reads"
        return f"joint, scored: {self.reads} {how}, {_share(self.on_form)} of all probability on rules of this form"

    def log_p(self) -> Array | None:
        """(H,) log P(h | the answer is a rule of this form), normalised over all rules; None if no rule has mass."""
        if not self.on_form > 0:
            return None
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(self.mass) - np.log(self.on_form))

    def log_bounds(self) -> tuple[Array, Array]:
        """The lower bound gives all unobserved mass to other rules; the upper bound gives this rule as much as possible."""
        low, high = self._ends()
        with np.errstate(divide="ignore"):
            return np.log(low), np.log(high)

    def bounds(self, factor: int) -> tuple[Array, Array]:
        codes = self.space.codes[:, factor]
        ends = [self.group_bounds(np.flatnonzero(codes == value)) for value in range(self.space.shape[factor])]
        return np.array([low for low, _ in ends]), np.array([high for _, high in ends])

    def group_bounds(self, members: ArrayLike) -> tuple[float, float]:
        inside = np.zeros(self.space.size, dtype=np.bool_)
        inside[np.asarray(members, dtype=np.intp)] = True
        mass, others = float(self.mass[inside].sum()), float(self.mass[~inside].sum())
        own = min(float(self.open[inside].sum()), self.unobserved_mass)
        theirs = min(float(self.open[~inside].sum()), self.unobserved_mass)
        return _ratio(mass, others + theirs, 0.0), _ratio(mass + own, others, 1.0)

    def _ends(self) -> tuple[Array, Array]:
        ends = [self.group_bounds([hypothesis]) for hypothesis in range(self.space.size)]
        return np.array([low for low, _ in ends]), np.array([high for _, high in ends])


def _ratio(part: float, rest: float, otherwise: float) -> float:
    """part / (part + rest), or `otherwise` if both are 0."""
    return part / (part + rest) if part + rest > 0 else otherwise


def _share(p: float) -> str:
    return f"{p:.2f}".removeprefix("0") if p >= 0.005 else f"{p:.1g}"
