"""An agent's distribution over the hypotheses at one generation, how it was estimated, and how precisely."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil, exp
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from iicl_tui.bayes import binomial, dirichlet
from iicl_tui.bayes.inference import log_normalise
from iicl_tui.bayes.space import ProductSpace

Array = NDArray[np.float64]

Source = Literal["exact", "scored", "logprobs", "samples", "examples"]


class BeliefEvidence(ABC):
    """What an estimated belief is based on. It bounds every probability."""

    @property
    @abstractmethod
    def caption(self) -> str:
        """How the belief was estimated, in one line."""

    @abstractmethod
    def log_bounds(self) -> tuple[Array, Array]:
        """Low and high, both (H,): bounds of each log P(h) in nats."""

    @abstractmethod
    def bounds(self, factor: int) -> tuple[Array, Array]:
        """Low and high, both (values,): bounds of the probabilities of a factor's values."""

    @abstractmethod
    def group_bounds(self, members: ArrayLike) -> tuple[float, float]:
        """Bounds of the probability of a set of hypotheses, given by their indices."""

    @property
    def unobserved(self) -> Array | None:
        """(factors,): the probability that token log-probabilities leave open; None without log-probabilities."""
        return None

    @property
    def other(self) -> Array | None:
        """(factors,): the probability of tokens that begin no value; None without log-probabilities."""
        return None

    @property
    def draws(self) -> tuple[int, int] | None:
        """How many drawn hypotheses could be read, and how many were requested; None without draws."""
        return None

    @property
    def entropy_range(self) -> tuple[float, float] | None:
        """The least and greatest entropy, in nats, that so many draws can show, whatever the truth; None without draws."""
        return None


_MUCH_OTHER = 0.05
"""The mass of tokens that begin no value from which on the caption names it, and the bounds of a value take it in."""


@dataclass(frozen=True, eq=False)
class FactorMass:
    """The token probabilities of one factor's value, given the reply up to it. They add up to 1.

    Attributes:
        observed: (values,) the mass of the tokens that can only begin this value.
        other: The mass of the tokens that can begin no value.
        unobserved: The mass of the tokens that were not listed or could begin several values.
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
        """Low and high, both (values,): bounds of the probability of each value, given that there is a value.

        Low assigns the unobserved mass to the other values, high assigns it to this one. A small mass that begins no value is
        left out, as in `shares`, which therefore lie between the two. A large one counts as unobserved: it may be values in a
        spelling that is not known.
        """
        hidden = self.unobserved + (self.other if self.other > _MUCH_OTHER else 0.0)
        least = self.observed / (self.observed.sum() + hidden)
        return least, np.minimum((self.observed + hidden) / (self.observed.sum() + hidden), 1.0)


@dataclass(frozen=True, eq=False)
class TokenMasses(BeliefEvidence):
    """One mass per factor, in the order of the space. The factors are treated as independent."""

    space: ProductSpace
    factors: tuple[FactorMass, ...]

    @property
    def caption(self) -> str:
        missing, other = (1 - float(np.prod([1 - part for part in parts])) for parts in (self.unobserved, self.other))
        if other > _MUCH_OTHER:
            return f"factorised, along one reply; ≤ {_percent(missing)} unobserved, {_percent(other)} other"
        return f"factorised, along one reply; ≤ {_percent(missing)} unobserved"

    @property
    def unobserved(self) -> Array:
        return np.array([mass.unobserved for mass in self.factors])

    @property
    def other(self) -> Array:
        return np.array([mass.other for mass in self.factors])

    def log_p(self) -> Array:
        """(H,): log of the product over the factors of the observed masses, renormalised over the values."""
        return self._product([mass.shares for mass in self.factors])

    def log_bounds(self) -> tuple[Array, Array]:
        """The products of the factors' bounds."""
        ends = [mass.bounds for mass in self.factors]
        return self._product([low for low, _ in ends]), self._product([high for _, high in ends])

    def bounds(self, factor: int) -> tuple[Array, Array]:
        return self.factors[factor].bounds

    def group_bounds(self, members: ArrayLike) -> tuple[float, float]:
        """The sums of the members' bounds, limited by the lower bounds of the others."""
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
class Draws(BeliefEvidence):
    """Hypotheses drawn from the same prompt.

    Attributes:
        space: The hypothesis space.
        counts: (H,) how often each hypothesis was read.
        asked: How many hypotheses were requested.
        weight: The weight of the prior, in draws.
    """

    space: ProductSpace
    counts: NDArray[np.int64]
    asked: int
    weight: float = dirichlet.WEIGHT

    @property
    def read(self) -> int:
        """K, the number of hypotheses that could be read."""
        return int(self.counts.sum())

    @property
    def caption(self) -> str:
        read, asked = self.read, self.asked
        return f"estimated from {read if read == asked else f'{read} of {asked}'} draws, 95% intervals"

    @property
    def draws(self) -> tuple[int, int]:
        return self.read, self.asked

    def log_bounds(self) -> tuple[Array, Array]:
        """Each hypothesis' exact 95 % interval, extended to its estimate where smoothing puts that outside."""
        distinct, which = np.unique(self.counts, return_inverse=True)
        ends = np.array([binomial.log_interval(int(count), self.read) for count in distinct])[which.reshape(-1)]
        estimates = dirichlet.log_mean(self.counts, self.weight)
        return np.minimum(ends[:, 0], estimates), np.maximum(ends[:, 1], estimates)

    def bounds(self, factor: int) -> tuple[Array, Array]:
        """The interval of each value by itself, see `group_bounds`."""
        codes = self.space.codes[:, factor]
        ends = [self.group_bounds(np.flatnonzero(codes == value)) for value in range(self.space.shape[factor])]
        return np.array([low for low, _ in ends]), np.array([high for _, high in ends])

    def group_bounds(self, members: ArrayLike) -> tuple[float, float]:
        """The exact 95 % interval of the group's count, extended likewise."""
        chosen = np.unique(np.asarray(members, dtype=np.intp))
        if chosen.size in (0, self.space.size):
            return (1.0, 1.0) if chosen.size else (0.0, 0.0)
        count = int(self.counts[chosen].sum())
        low, high = map(exp, binomial.log_interval(count, self.read))
        estimate = (count + self.weight * chosen.size / self.space.size) / (self.read + self.weight)
        return min(low, estimate), max(high, estimate)

    @property
    def entropy_range(self) -> tuple[float, float]:
        return dirichlet.entropy_range(self.read, self.space.size, self.weight)


@dataclass(frozen=True, eq=False)
class Belief:
    """A distribution over the hypotheses.

    Attributes:
        log_p: (H,) log-probabilities in nats; −inf if impossible or never observed, never NaN.
        source: How they were obtained.
        evidence: What bounds them; None if they are exact.
        notes: Further remarks, such as "under a JSON schema".
        notebook_entropy: The notebooks' entropy of their own reading of the tokens, in nats: −Σ p ln p over values that do not
            add up to 1. None for every other reading.
        made: The number of examples that the belief is inferred from, for the source "examples".
    """

    log_p: Array
    source: Source
    evidence: BeliefEvidence | None = None
    notes: tuple[str, ...] = ()
    notebook_entropy: float | None = None
    made: int | None = None

    @cached_property
    def _log_bounds(self) -> tuple[Array, Array] | None:
        return self.evidence.log_bounds() if self.evidence is not None else None

    @property
    def low(self) -> Array | None:
        """(H,): the lower bound of each log P(h) in nats, −inf for P = 0; None if the belief is exact.

        From token log-probabilities it is a bound given that the reply states a rule, from draws the lower end of an exact 95 %
        interval. Each interval is one by itself: that all of them hold at once is less probable.
        """
        return self._log_bounds[0] if self._log_bounds is not None else None

    @property
    def high(self) -> Array | None:
        """(H,): the upper bounds, as `low`."""
        return self._log_bounds[1] if self._log_bounds is not None else None

    def bounds(self, factor: int) -> tuple[Array, Array] | None:
        """Low and high, both (values,): bounds of the probabilities of a factor's values; None if the belief is exact."""
        return self.evidence.bounds(factor) if self.evidence is not None else None

    def group_bounds(self, members: ArrayLike) -> tuple[float, float] | None:
        """Bounds of the probability of a set of hypotheses, given by their indices; None if the belief is exact.

        For all hypotheses that share a factor's value, `bounds` of the factor are at least as tight.
        """
        return self.evidence.group_bounds(members) if self.evidence is not None else None

    @property
    def unobserved(self) -> Array | None:
        """(factors,): the probability that token log-probabilities leave open; None for any other source or reading."""
        return self.evidence.unobserved if self.evidence is not None else None

    @property
    def other(self) -> Array | None:
        """(factors,): the probability of tokens that begin no value; None for any other source or reading."""
        return self.evidence.other if self.evidence is not None else None

    @property
    def draws(self) -> tuple[int, int] | None:
        """How many drawn hypotheses could be read, and how many were requested; None for any other source."""
        return self.evidence.draws if self.evidence is not None else None

    @property
    def entropy_range(self) -> tuple[float, float] | None:
        """The least and greatest entropy, in nats, that its draws can show, whatever the truth; None for any other source."""
        return self.evidence.entropy_range if self.evidence is not None else None

    @property
    def caption(self) -> str:
        """How the belief was obtained, in one line, for the title of a chart."""
        if self.evidence is not None:
            return self.evidence.caption
        if self.notebook_entropy is not None:
            return "the notebooks' reading, factorised along one reply"
        if self.made is not None:
            examples = f"{self.made:,} examples" if self.made != 1 else "one example"
            return f"inferred from the {examples} it made, uniform prior"
        return _CAPTIONS[self.source]


def from_masses(space: ProductSpace, factors: Sequence[FactorMass]) -> Belief:
    """The factorised belief from one mass per factor, each with some observed mass."""
    masses = TokenMasses(space, tuple(factors))
    return Belief(masses.log_p(), "logprobs", masses)


def from_draws(space: ProductSpace, drawn: Sequence[int], asked: int, weight: float = dirichlet.WEIGHT) -> Belief:
    """The belief estimated from drawn hypotheses: the posterior mean under a Dirichlet prior; uniform without draws.

    Args:
        space: The hypothesis space.
        drawn: The hypotheses that could be read.
        asked: How many were requested.
        weight: The weight of the prior, in draws.
    """
    counts = np.bincount(np.asarray(drawn, dtype=np.int64), minlength=space.size)
    return Belief(dirichlet.log_mean(counts, weight), "samples", Draws(space, counts, asked, weight))


def from_examples(log_likelihood: Array, made: int) -> Belief | None:
    """The belief inferred from the examples that an agent made: P(h|d) under a uniform prior.

    Args:
        log_likelihood: (H,) log p(d | h) in nats, −inf if impossible.
        made: The number of examples.

    Returns:
        The belief; None if no hypothesis can have made the examples.
    """
    if not np.isfinite(log_likelihood.max()):
        return None
    return Belief(log_normalise(log_likelihood), "examples", made=made)


_CAPTIONS: dict[Source, str] = {
    "exact": "exact",
    "scored": "joint, scored",
    "logprobs": "factorised, along one reply",
    "samples": "estimated from draws",
    "examples": "inferred from the examples it made",
}


def _percent(part: float) -> str:
    """The part as a percentage, rounded up."""
    percent = round(100 * part, 9)  # 1 − .9 is slightly less than .1
    decimals = 2 if percent < 0.1 else 1 if percent < 10 else 0
    most = ceil(round(percent * 10**decimals, 6)) / 10**decimals
    return f"{max(most, 0.01):.{decimals}f}%"
