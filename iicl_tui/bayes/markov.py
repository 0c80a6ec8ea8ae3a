"""Exact prediction of a chain of Bayesian agents without look-back, which is a Markov chain over hypotheses.

Source: Griffiths & Kalish 2007, "Language evolution by iterated learning with Bayesian agents", Cognitive Science 31.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from iicl_tui.bayes import multisets
from iicl_tui.bayes.inference import TIE, exceeds, is_mode, posterior

Array = NDArray[np.float64]

BLOCK = 8192
"""Number of datasets in memory at once. With 243 hypotheses their array takes 16 MB."""


def transition(
    log_prior: Array,
    log_labels: Array,
    m: int,
    *,
    choose: Literal["sample", "map"] = "sample",
    temperature: float = 1.0,
    members: NDArray[np.bool_] | None = None,
    distinct: bool = False,
) -> Array:
    """Transition matrix T[h, h'] = Σ_d p(d|h) P(h'|d) of a chain that passes on m samples.

    Datasets are summed as multisets: C(XY + m − 1, m) of them, or C(X, m) Yᵐ with `distinct`, see `multisets`. For ACRE, m = 3 is
    instant, and m = 4 takes some seconds.

    Args:
        log_prior: (H,) in nats.
        log_labels: (X, Y, H) log p(y|x, h) in nats, as `Task.log_labels` gives them. x is uniform.
        m: samples per generation.
        choose: "sample" draws from the renormalised posterior^(1/τ); "map" takes its maximum, ties with equal chances.
        temperature: τ.
        members: (H,) hypotheses that an effective set accepts; others are redrawn without limit. None: all. For agents that choose
            within a set, give `log_prior` as −inf outside of it instead: P(h|d) restricted to a set is the posterior of the prior
            that is restricted to it.
        distinct: inputs are drawn without replacement.

    Returns:
        (H, H). A row sums to 1 minus the probability that the chain stops there, because no hypothesis of the prior
        explains the data or none in `members` can be drawn.
    """
    inputs, outputs, size = log_labels.shape
    by_pair = log_labels.reshape(inputs * outputs, size)
    if m and _in_range(log_prior, by_pair, m, 1.0 if choose == "map" else temperature):
        return _by_halves(log_prior, log_labels, m, choose, temperature, members, distinct)
    total = np.zeros((size, size))
    for pairs, log_weight in _datasets(inputs, outputs, m, distinct):
        log_likelihood = np.zeros((len(pairs), size))
        for column in pairs.T:
            log_likelihood += by_pair[column]
        possible = np.isfinite((log_prior + log_likelihood).max(axis=1))
        log_likelihood, log_weight = log_likelihood[possible], log_weight[possible]
        if choose == "map":
            learned = is_mode(log_prior + log_likelihood).astype(np.float64)
        else:
            learned = np.exp(posterior(log_prior, log_likelihood, temperature))
        if members is not None:
            learned = learned * members
        mass = learned.sum(axis=1, keepdims=True)
        learned = np.divide(learned, mass, out=np.zeros_like(learned), where=mass > 0)
        total += np.exp(log_likelihood + log_weight[:, None]).T @ learned
    return total


_SAFE = 600.0
"""Likelihoods and priors down to exp(−600) are ordinary numbers."""


def _in_range(log_prior: Array, by_pair: Array, m: int, temperature: float) -> bool:
    """Whether products of tempered chances stay ordinary numbers, so that no logarithms are needed."""
    prior, pairs = log_prior[np.isfinite(log_prior)], by_pair[np.isfinite(by_pair)]
    return float((prior.max() - prior.min()) + m * (pairs.max() - pairs.min())) / temperature < _SAFE


def _by_halves(
    log_prior: Array, log_labels: Array, m: int, choose: str, temperature: float, members: NDArray[np.bool_] | None, distinct: bool
) -> Array:
    inputs, outputs, size = log_labels.shape
    by_pair, tau = log_labels.reshape(inputs * outputs, size), 1.0 if choose == "map" else temperature
    learn = np.exp((by_pair - by_pair.max()) / tau)
    prior = np.exp((log_prior - log_prior.max()) / tau)
    accepts = None if members is None else members.astype(np.float64)
    return multisets.summed(
        np.exp(by_pair) / inputs, learn, prior, m, outputs=outputs if distinct else None, accepts=accepts,
        pick=likeliest(accepts) if choose == "map" else None,
    )  # fmt: skip


def likeliest(accepts: Array | None = None) -> multisets.Pick:
    """The maximum, ties with equal chances; of the maxima only those pass that `accepts`, and others are drawn again."""

    def pick(weights: Array) -> Array:
        top = weights.max(axis=1, keepdims=True)
        modes = ((weights >= top * (1 - TIE)) & (top > 0)).astype(np.float64)
        if accepts is not None:
            modes *= accepts
        mass = modes.sum(axis=1, keepdims=True)
        return np.divide(modes, mass, out=modes, where=mass > 0)

    return pick


def _datasets(inputs: int, outputs: int, m: int, distinct: bool) -> Iterator[tuple[NDArray[np.intp], Array]]:
    """Yield blocks of (D, m) datasets as sorted pair numbers x·Y + y, with their (D,) log p(inputs) over all orders."""
    if distinct:
        labels = np.array(list(itertools.product(range(outputs), repeat=m)), dtype=np.intp).reshape(outputs**m, m)
        for chosen in _blocks(itertools.combinations(range(inputs), m), m, max(BLOCK // len(labels), 1)):
            pairs = (chosen[:, None, :] * outputs + labels).reshape(len(chosen) * len(labels), m)
            yield pairs, np.full(len(pairs), -math.log(math.comb(inputs, m)))
        return
    for pairs in _blocks(itertools.combinations_with_replacement(range(inputs * outputs), m), m, BLOCK):
        log_orders = np.full(len(pairs), math.lgamma(m + 1))  # m! / Π (count of each pair)!
        count = np.ones(len(pairs))
        for before, column in itertools.pairwise(pairs.T):
            count = np.where(column == before, count + 1, 1)
            log_orders -= np.log(count)
        yield pairs, log_orders - m * math.log(inputs)


def _blocks(rows: Iterator[tuple[int, ...]], m: int, size: int) -> Iterator[NDArray[np.intp]]:
    while part := list(itertools.islice(rows, size)):
        yield np.array(part, dtype=np.intp).reshape(len(part), m)


def stationary(transition: Array) -> Array:
    """The (H,) distribution p with p T = p. Raises ValueError if there is none or more than one."""
    size = len(transition)
    equations = np.vstack([transition.T - np.eye(size), np.ones(size)])
    wanted = np.zeros(size + 1)
    wanted[-1] = 1.0
    p, _, rank, _ = np.linalg.lstsq(equations, wanted, rcond=1e-12)
    if rank < size or np.abs(equations @ p - wanted).max() > 1e-9:
        raise ValueError("the chain has no stationary distribution, or several: where it ends depends on where it began")
    p = np.maximum(p, 0.0)
    return p / p.sum()


def predict(first: Array, transition: Array, generations: int) -> Array:
    """(G, H) distributions of hᵗ for t = 1 … G, given the (H,) distribution of h¹: p_t = p_1 T^(t−1)."""
    rows = [first]
    while len(rows) < generations:
        rows.append(rows[-1] @ transition)
    return np.array(rows[:generations]).reshape(generations, len(first))


def absorbing(transition: Array) -> NDArray[np.bool_]:
    """(H,): hypotheses that a chain never leaves once it has reached them."""
    return np.diag(transition) >= 1 - 1e-9


def absorbing_map(log_prior: Array, labels: NDArray[np.integer], m: int) -> NDArray[np.bool_]:
    """Absorbing hypotheses (H,) for choose = "map", distinct inputs and no noise, without summing over datasets.

    A chain can leave h if another hypothesis with at least its prior agrees with it on m inputs or more, since these
    inputs may be drawn together.

    Args:
        log_prior: (H,) in nats.
        labels: (H, X) index of the output that each hypothesis gives to each input.
        m: samples per generation.
    """
    outputs = int(labels.max()) + 1
    agree = sum((labels == y).astype(np.float32) @ (labels == y).astype(np.float32).T for y in range(outputs))
    at_least = ~exceeds(log_prior[:, None], log_prior[None, :])
    np.fill_diagonal(at_least, False)
    can_leave = (at_least & np.isfinite(log_prior)[None, :] & (agree >= m)).any(axis=1)
    return np.isfinite(log_prior) & ~can_leave


@dataclass(frozen=True, eq=False)
class Ends:
    """Where a chain ends: sets of hypotheses that it never leaves, each of which it visits for ever.

    Attributes:
        classes: The hypotheses of each set.
        chances: (C,) of each set, from the given beginning. They sum to 1 less the chance that the chain stops.
        distributions: (C, H) the stationary distribution within each set.
        generations: The expected number of transitions until one of them is reached, or the chain stops.
    """

    classes: tuple[NDArray[np.intp], ...]
    chances: Array
    distributions: Array
    generations: float


def ends(transition: Array, first: Array) -> Ends:
    """Where chains end that begin with the (H,) distribution `first`.

    A set is a closed communicating class of the graph of possible transitions. Where a row of the matrix sums to less than 1, the
    chain stops with the rest.
    """
    size = len(transition)
    possible = transition > 0
    reach = possible | np.eye(size, dtype=np.bool_)
    for _ in range(max(size - 1, 1).bit_length()):
        reach = (reach.astype(np.float32) @ reach.astype(np.float32)) > 0
    closed = (~reach | reach.T).all(axis=1) & (transition.sum(axis=1) > 1 - 1e-9)
    closed &= ~(reach & ~closed[None, :]).any(axis=1)
    classes, left = [], closed.copy()
    while left.any():
        members = np.flatnonzero(reach[int(np.flatnonzero(left)[0])])
        classes.append(members)
        left[members] = False
    inside = np.zeros((size, len(classes)))
    distributions = np.zeros((len(classes), size))
    for at, members in enumerate(classes):
        inside[members, at] = 1.0
        distributions[at, members] = stationary(transition[np.ix_(members, members)])
    outside = ~closed
    seen = reach[first > 0].any(axis=0) & outside  # rows that are never reached may have no inverse
    chances, generations = first @ inside, 0.0
    if seen.any() and classes:
        rows = transition[np.ix_(seen, seen)]
        visits = np.linalg.solve(np.eye(len(rows)) - rows.T, first[seen])
        chances = chances + visits @ (transition[seen] @ inside)
        generations = float(visits.sum())
    return Ends(tuple(classes), chances, distributions, generations)


def second_eigenvalue(transition: Array) -> float:
    """|λ₂|: the second greatest modulus of the eigenvalues. Distances to the stationary distribution fall like |λ₂|ᵗ in the end."""
    if len(transition) < 2:
        return 0.0
    return float(np.sort(np.abs(np.linalg.eigvals(transition)))[-2])
