"""What is known of an agent's distribution over the hypotheses at one generation, how it is known, and how well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from typing import Literal, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from iicl_tui.bayes import dirichlet
from iicl_tui.bayes.inference import log_normalise
from iicl_tui.bayes.space import ProductSpace

Array = NDArray[np.float64]

Source = Literal["exact", "logprobs", "samples", "examples"]


class Grounds(Protocol):
    """What a belief that is not exact rests on: it bounds every probability."""

    def log_bounds(self) -> tuple[Array, Array]:
        """Low and high, both (H,): bounds of each log P(h) in nats."""

    def bounds(self, factor: int) -> tuple[Array, Array]:
        """Low and high, both (values,): bounds of the probabilities of a factor's values."""

    def group_bounds(self, members: ArrayLike) -> tuple[float, float]:
        """Bounds of the probability of a set of hypotheses, given by their indices."""


@dataclass(frozen=True, eq=False)
class FactorMass:
    """What the tokens say of one factor's value: probabilities that add up to 1, given the reply up to there.

    observed: (values,) of the tokens that can only begin this value. other: of those that can begin no value. unobserved:
    of those that were not listed, or that could begin several values.
    """

    observed: Array
    other: float
    unobserved: float

    @property
    def shares(self) -> Array:
        """(values,): the observed masses, renormalised over the values."""
        return self.observed / self.observed.sum()

    @property
    def bounds(self) -> tuple[Array, Array]:
        """Low and high, both (values,): bounds of the probability of each value, given that a value stands there.

        Low gives all that is unobserved to the other values, high gives it to this one. What can begin no value
        is left out, as it is of `shares`, which therefore lie between the two.
        """
        least = self.observed / (self.observed.sum() + self.unobserved)
        return least, np.minimum((self.observed + self.unobserved) / (self.observed.sum() + self.unobserved), 1.0)


@dataclass(frozen=True, eq=False)
class TokenMasses:
    """One mass a factor, in the order of the space. The factors are taken as independent."""

    space: ProductSpace
    factors: tuple[FactorMass, ...]

    def log_p(self) -> Array:
        """(H,): log of the product over the factors of the observed masses, renormalised over the values."""
        return self._product([mass.shares for mass in self.factors])

    def log_bounds(self) -> tuple[Array, Array]:
        """As the protocol says: the products of the factors' bounds."""
        ends = [mass.bounds for mass in self.factors]
        return self._product([low for low, _ in ends]), self._product([high for _, high in ends])

    def bounds(self, factor: int) -> tuple[Array, Array]:
        """As the protocol says."""
        return self.factors[factor].bounds

    def group_bounds(self, members: ArrayLike) -> tuple[float, float]:
        """As the protocol says. What the others have at least, the members cannot have."""
        inside = np.zeros(self.space.size, dtype=np.bool_)
        inside[np.asarray(members, dtype=np.intp)] = True
        low, high = (np.exp(ends) for ends in self.log_bounds())
        most = min(float(high[inside].sum()), 1 - float(low[~inside].sum())) if inside.any() else 0.0
        least = min(float(low[inside].sum()), 1.0)
        return (least, max(least, most)) if not inside.all() else (1.0, 1.0)

    def _product(self, parts: Sequence[Array]) -> Array:
        codes = self.space.codes
        with np.errstate(divide="ignore"):
            logs = [np.log(part)[codes[:, factor]] for factor, part in enumerate(parts)]
        return np.sum(logs, axis=0)


@dataclass(frozen=True, eq=False)
class Draws:
    """Hypotheses drawn from the same prompt. counts: (H,) of those that could be read. asked: how many were asked for."""

    space: ProductSpace
    counts: NDArray[np.int64]
    asked: int
    weight: float = dirichlet.WEIGHT

    @property
    def read(self) -> int:
        """K: how many could be read."""
        return int(self.counts.sum())

    def log_bounds(self) -> tuple[Array, Array]:
        """As the protocol says: 95 % credible intervals."""
        return dirichlet.log_intervals(self.counts, self.weight)

    def bounds(self, factor: int) -> tuple[Array, Array]:
        """As the protocol says: 95 % credible intervals."""
        codes = self.space.codes[:, factor]
        ends = [self.group_bounds(np.flatnonzero(codes == value)) for value in range(self.space.shape[factor])]
        return np.array([low for low, _ in ends]), np.array([high for _, high in ends])

    def group_bounds(self, members: ArrayLike) -> tuple[float, float]:
        """As the protocol says: a 95 % credible interval."""
        chosen = np.unique(np.asarray(members, dtype=np.intp))
        share = chosen.size / self.space.size
        low, high = dirichlet.log_interval(float(self.counts[chosen].sum()), float(self.read), share, self.weight)
        return float(np.exp(low)), float(np.exp(high))


@dataclass(frozen=True, eq=False)
class Belief:
    """log_p: (H,) log-probabilities in nats, −inf where impossible or where nothing was seen of them, never NaN.

    source: how they are known. grounds: what bounds them, where they are not exact. notes: what else is to be known of
    them ("under a JSON schema"). own_entropy: in nats, what the notebooks' formula gives for their own reading
    of the tokens, −Σ p ln p over values that do not add up to 1; None for every other reading. made: how many examples they are
    inferred from, where they are.
    """

    log_p: Array
    source: Source
    grounds: Grounds | None = None
    notes: tuple[str, ...] = ()
    own_entropy: float | None = None
    made: int | None = None

    @cached_property
    def _log_bounds(self) -> tuple[Array, Array] | None:
        return self.grounds.log_bounds() if self.grounds is not None else None

    @property
    def low(self) -> Array | None:
        """(H,): from token log-probabilities a lower bound of each log P(h), given that the reply states a rule; from draws
        the lower end of a 95 % credible interval. In nats, −inf for P = 0. None where there is nothing to bound."""
        return self._log_bounds[0] if self._log_bounds is not None else None

    @property
    def high(self) -> Array | None:
        """(H,): the upper bounds that belong to `low`. From draws, that of a hypothesis never drawn may lie below `log_p`:
        see `bayes.dirichlet`."""
        return self._log_bounds[1] if self._log_bounds is not None else None

    def bounds(self, factor: int) -> tuple[Array, Array] | None:
        """Low and high, both (values,): bounds of the probabilities of a factor's values, of the same kind as `low` and
        `high`. None where there is nothing to bound."""
        return self.grounds.bounds(factor) if self.grounds is not None else None

    def group_bounds(self, members: ArrayLike) -> tuple[float, float] | None:
        """Bounds of the probability of a set of hypotheses, given by their indices, of the same kind as `low` and `high`.

        For all hypotheses with one value of a factor, `bounds` of the factor are at least as close, and may be closer.
        """
        return self.grounds.group_bounds(members) if self.grounds is not None else None

    @property
    def unobserved(self) -> Array | None:
        """(factors,): the probability that token log-probabilities leave open. None for any other source or reading."""
        return np.array([mass.unobserved for mass in self.grounds.factors]) if isinstance(self.grounds, TokenMasses) else None

    @property
    def other(self) -> Array | None:
        """(factors,): the probability of tokens that begin no value. None for any other source or reading."""
        return np.array([mass.other for mass in self.grounds.factors]) if isinstance(self.grounds, TokenMasses) else None

    @property
    def draws(self) -> tuple[int, int] | None:
        """How many drawn hypotheses could be read, and how many were asked for. None for any other source."""
        return (self.grounds.read, self.grounds.asked) if isinstance(self.grounds, Draws) else None

    @property
    def caption(self) -> str:
        """How it is known, in at most 60 characters, for the title of a chart."""
        if isinstance(self.grounds, TokenMasses):
            missing = 1 - float(np.prod([1 - mass.unobserved for mass in self.grounds.factors]))
            return f"from token log-probabilities, factorised; ≤ {_percent(missing)} unobserved"
        if isinstance(self.grounds, Draws):
            read, asked = self.grounds.read, self.grounds.asked
            return f"estimated from {read if read == asked else f'{read} of {asked}'} draws, 95% intervals"
        if self.own_entropy is not None:
            return "the notebooks' reading of token log-probabilities"
        if self.made is not None:
            examples = f"{self.made:,} examples" if self.made != 1 else "one example"
            return f"inferred from the {examples} it made, uniform prior"
        return _CAPTIONS[self.source]


def from_masses(space: ProductSpace, factors: Sequence[FactorMass]) -> Belief:
    """The factorised belief from one mass a factor, each with some observed mass."""
    masses = TokenMasses(space, tuple(factors))
    return Belief(masses.log_p(), "logprobs", masses)


def from_draws(space: ProductSpace, drawn: Sequence[int], asked: int, weight: float = dirichlet.WEIGHT) -> Belief:
    """The belief estimated from drawn hypotheses: the posterior mean under a Dirichlet prior. None drawn: uniform.

    asked: how many draws were asked for, also those that could not be read. weight: the prior's, in draws.
    """
    counts = np.bincount(np.asarray(drawn, dtype=np.int64), minlength=space.size)
    return Belief(dirichlet.log_mean(counts, weight), "samples", Draws(space, counts, asked, weight))


def from_examples(log_likelihood: Array, made: int) -> Belief | None:
    """The belief inferred from so many examples that an agent made: P(h|d) under a uniform prior.

    log_likelihood: (H,) log p(d | h) in nats, −inf where it is impossible. None where no hypothesis can have made them.
    """
    if not np.isfinite(log_likelihood.max()):
        return None
    return Belief(log_normalise(log_likelihood), "examples", made=made)


_CAPTIONS: dict[Source, str] = {
    "exact": "exact",
    "logprobs": "from token log-probabilities",
    "samples": "estimated from draws",
    "examples": "inferred from the examples it made",
}


def _percent(part: float) -> str:
    """Rounded up, since it is said to be at most so much."""
    percent = round(100 * part, 9)  # 1 − .9 is a little less than .1
    decimals = 2 if percent < 0.1 else 1 if percent < 10 else 0
    most = ceil(round(percent * 10**decimals, 6)) / 10**decimals
    return f"{max(most, 0.01):.{decimals}f}%"
