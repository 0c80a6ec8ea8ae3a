"""Exact prediction of a chain of Bayesian agents without look-back: over the hypotheses it is a Markov chain.

Source: Griffiths & Kalish 2007, "Language evolution by iterated learning with Bayesian agents", Cognitive Science 31.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from iicl_tui.bayes.inference import is_mode, posterior

Array = NDArray[np.float64]

BLOCK = 8192
"""Datasets in memory at once: with 243 hypotheses, 16 MB an array."""


def transition(
    log_prior: Array,
    log_label: Array,
    m: int,
    *,
    choose: Literal["sample", "map"] = "sample",
    temperature: float = 1.0,
    members: NDArray[np.bool_] | None = None,
    distinct: bool = False,
) -> Array:
    """T (H, H): T[h, h'] = Σ_d p(d|h) P(h'|d), the chance that h is followed by h' through m samples.

    log_prior (H,), log_label (X, Y, H): log p(y|x, h) in nats; x is uniform, with `distinct` drawn without repetition.
    choose: "sample" draws from posterior^(1/τ) renormalised, "map" takes its maximum, ties with equal chances.
    members (H,): only these go on, the rest is drawn again (an effective set without a limit on redraws).

    A row sums to 1 less the chance that the chain stops there: that h makes data which no hypothesis of the prior
    explains, or from which nothing in `members` can be drawn. Datasets are summed as multisets, C(XY + m − 1, m) of
    them (with `distinct` C(X, m) Yᵐ): for ACRE m = 2 is instant, m = 3 takes a second, m = 4 half a minute.
    """
    inputs, outputs, size = log_label.shape
    by_pair = log_label.reshape(inputs * outputs, size)
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


def _datasets(inputs: int, outputs: int, m: int, distinct: bool) -> Iterator[tuple[NDArray[np.intp], Array]]:
    """Blocks of (D, m) datasets as sorted numbers x·Y + y of their pairs, with (D,) log p(their inputs) over all orders."""
    if distinct:
        labels = np.array(list(itertools.product(range(outputs), repeat=m)), dtype=np.intp).reshape(outputs**m, m)
        for chosen in _blocks(itertools.combinations(range(inputs), m), m, max(BLOCK // len(labels), 1)):
            pairs = (chosen[:, None, :] * outputs + labels).reshape(len(chosen) * len(labels), m)
            yield pairs, np.full(len(pairs), -math.log(math.comb(inputs, m)))
        return
    for pairs in _blocks(itertools.combinations_with_replacement(range(inputs * outputs), m), m, BLOCK):
        log_orders = np.full(len(pairs), math.lgamma(m + 1))  # m! over the product of each pair's count!
        count = np.ones(len(pairs))
        for before, column in itertools.pairwise(pairs.T):
            count = np.where(column == before, count + 1, 1)
            log_orders -= np.log(count)
        yield pairs, log_orders - m * math.log(inputs)


def _blocks(rows: Iterator[tuple[int, ...]], m: int, size: int) -> Iterator[NDArray[np.intp]]:
    while part := list(itertools.islice(rows, size)):
        yield np.array(part, dtype=np.intp).reshape(len(part), m)


def stationary(transition: Array) -> Array:
    """(H,): the one distribution p with p T = p. Raises ValueError where there is none, or more than one."""
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
    """(G, H): the distribution of hᵗ for t = 1 … G, from that of h¹ (H,): p_t = p_1 T^(t−1)."""
    rows = [first]
    while len(rows) < generations:
        rows.append(rows[-1] @ transition)
    return np.array(rows[:generations]).reshape(generations, len(first))


def absorbing(transition: Array) -> NDArray[np.bool_]:
    """(H,): the hypotheses that a chain never leaves again."""
    return np.diag(transition) >= 1 - 1e-9


def absorbing_map(log_prior: Array, labels: NDArray[np.integer], m: int) -> NDArray[np.bool_]:
    """(H,): what `absorbing` gives for choose = "map", distinct inputs and no noise, without summing over any dataset.

    labels (H, X): the output that each hypothesis gives to each input. h is left when m inputs can be drawn on which
    another hypothesis agrees with it that has at least its prior: so h absorbs where every such one agrees on fewer.
    """
    outputs = int(labels.max()) + 1
    agree = sum((labels == y).astype(np.float32) @ (labels == y).astype(np.float32).T for y in range(outputs))
    at_least = log_prior[None, :] >= log_prior[:, None] - 1e-9
    np.fill_diagonal(at_least, False)
    better_is_drawn = (at_least & np.isfinite(log_prior)[None, :] & (agree >= m)).any(axis=1)
    return np.isfinite(log_prior) & ~better_is_drawn
