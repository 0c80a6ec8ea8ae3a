"""Sums over all datasets of m examples, as multisets of outcomes, with one small matrix product for each half of a dataset.

A dataset is a sorted list of outcomes: a first half and a second half whose outcomes come no earlier. For one first half a, and all
second halves b that may follow it, with the products of chances M and of likelihoods L over the outcomes of a half,

    Σ_b p(a, b | h) P(h′ | a, b) = M_a(h) L_a(h′) P₀(h′) Σ_b w(a, b) M_b(h) L_b(h′) / Z(a, b)
    Z(a, b) = Σ P₀(h′) L_a(h′) L_b(h′) over h′,

where w is the number of orders. So nothing but the matrix product and one scaling of L_b is done for each dataset and hypothesis:
no exponential, and no product over the examples of a dataset.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Pick = Callable[[Array], Array]
"""(N, H) weights P₀(h) p(d | h) of each dataset → (N, H) the chances of each hypothesis to be learned."""

ROOM = 64_000_000
"""Bytes for the products of all second halves."""


@dataclass(frozen=True, eq=False)
class _Halves:
    """All lists of some length.

    Attributes:
        rows: (D, length) sorted outcomes, in lexical order.
        chances: (D,) 1 / Π (count of each outcome)!
    """

    rows: NDArray[np.intp]
    chances: Array

    @property
    def leading(self) -> NDArray[np.intp]:
        """(D,) how many outcomes at the beginning are the same."""
        same = self.rows == self.rows[:, :1]
        return np.where(same.all(axis=1), self.rows.shape[1], (~same).argmax(axis=1))


def count(outcomes: int, m: int, outputs: int | None = None) -> int:
    """How many datasets there are; outputs: see `summed`."""
    if outputs is None:
        return math.comb(outcomes + m - 1, m)
    return math.comb(outcomes // outputs, m) * outputs**m


def summed(
    make: Array, learn: Array, prior: Array, m: int, *, outputs: int | None = None, accepts: Array | None = None,
    redraws: int | None = None, pick: Pick | None = None, progress: Callable[[float], None] | None = None,
) -> Array:  # fmt: skip
    """(H, H) Σ_d p(d | h) P(h' | d) over the datasets d of m outcomes.

    Args:
        make: (K, H) the chance of each outcome, for each of the m examples.
        learn: (K, H) the likelihood of each outcome, up to a factor of each row; tempered.
        prior: (H,) P₀, up to a factor; tempered.
        outputs: Y, if inputs are drawn without replacement; the outcome is x·Y + y. None: examples are independent.
        accepts: (H,) the chance of each hypothesis to pass; others are drawn again. None: all pass.
        redraws: How often at most; None: without limit.
        pick: How a hypothesis is learned from weights. None: by a draw, which then passes with `accepts`.
        progress: Called now and then with the share that is done.

    Returns:
        A row sums to 1 less the chance that nothing can be learned, or nothing passes.
    """
    outcomes, size = make.shape
    first, second = lengths(outcomes, size, m, outputs)
    tails = _halves(outcomes, second, outputs)
    makes, learns = _products(make, tails.rows), _products(learn, tails.rows)
    # One factor for both: then the product is of a matrix with itself, which takes half the time.
    shared = pick is None and np.array_equal(make > 0, learn > 0) and _proportional(make, learn)
    orders = _orders(outcomes, m, outputs)
    total = np.zeros((size, size))
    done, all_rows = 0, count(outcomes, m, outputs)
    room = np.empty_like(makes)
    for head, chance, run in heads(outcomes, first, outputs):
        at = _follows(tails.rows, head, outputs)
        if at == len(tails.rows):
            continue
        weights = orders * chance * tails.chances[at:]
        if run and outputs is None:
            same = np.flatnonzero(tails.rows[at:, 0] == head[-1])
            leads = tails.leading[at:][same]
            weights[same] *= [math.factorial(run) * math.factorial(lead) / math.factorial(run + lead) for lead in leads.tolist()]
        head_make, head_learn = make[head].prod(axis=0), prior * learn[head].prod(axis=0)
        rows = room[: len(makes) - at]
        if pick is not None:
            learned = pick(np.multiply(learns[at:], head_learn, out=rows)) * weights[:, None]
            total += head_make[:, None] * (makes[at:].T @ learned)
        else:
            scale = weights * _scales(learns[at:], head_learn, accepts, redraws)
            if shared:
                np.multiply(learns[at:], np.sqrt(scale)[:, None], out=rows)
                product = rows.T @ rows
            else:
                np.multiply(learns[at:], scale[:, None], out=rows)
                product = makes[at:].T @ rows
            passed = head_learn if accepts is None else head_learn * accepts
            total += (head_make[:, None] * product) * passed
        done += len(weights)
        if progress is not None:
            progress(done / all_rows)
    return total * _ratio(make, learn) ** second if shared else total


def _scales(learns: Array, head: Array, accepts: Array | None, redraws: int | None) -> Array:
    """(N,) what each weight is to be multiplied by to become the chance to be learned and to pass; 0 if nothing can be learned."""
    mass = learns @ head
    if accepts is None:
        return np.divide(1.0, mass, out=np.zeros_like(mass), where=mass > 0)
    passed = learns @ (head * accepts)
    if redraws is None:
        return np.divide(1.0, passed, out=np.zeros_like(mass), where=passed > 0)
    share = np.divide(passed, mass, out=np.zeros_like(mass), where=mass > 0).clip(0.0, 1.0)
    with np.errstate(divide="ignore"):
        ever = -np.expm1((redraws + 1) * np.log1p(-share))
    return np.divide(ever, passed, out=np.zeros_like(mass), where=passed > 0)


def _proportional(make: Array, learn: Array) -> bool:
    return bool(np.allclose(make, learn * _ratio(make, learn), rtol=1e-13, atol=0.0))


def _ratio(make: Array, learn: Array) -> float:
    place = np.unravel_index(int(make.argmax()), make.shape)
    return float(make[place] / learn[place])


def _orders(outcomes: int, m: int, outputs: int | None) -> float:
    """The number of orders of different examples, and for different inputs their chance against independent ones."""
    if outputs is None:
        return float(math.factorial(m))
    inputs = outcomes // outputs
    return inputs**m / math.comb(inputs, m)


def lengths(outcomes: int, size: int, m: int, outputs: int | None) -> tuple[int, int]:
    """The lengths of the halves: equal, or the second one shorter if its products would take too much room."""
    second = m - m // 2
    while second > 1 and count(outcomes, second, outputs) * size * 8 > ROOM:
        second -= 1
    return m - second, second


def _lists(outcomes: int, length: int, outputs: int | None) -> Iterator[tuple[int, ...]]:
    if outputs is None:
        return itertools.combinations_with_replacement(range(outcomes), length)
    return (
        tuple(x * outputs + y for x, y in zip(inputs, labels, strict=True))
        for inputs in itertools.combinations(range(outcomes // outputs), length)
        for labels in itertools.product(range(outputs), repeat=length)
    )


def _halves(outcomes: int, length: int, outputs: int | None) -> _Halves:
    lists = sorted(_lists(outcomes, length, outputs))
    rows = np.array(lists, dtype=np.intp).reshape(len(lists), length)
    chances, run = np.ones(len(rows)), np.ones(len(rows))
    for before, column in itertools.pairwise(rows.T):
        run = np.where(column == before, run + 1, 1)
        chances /= run
    return _Halves(rows, chances)


def heads(outcomes: int, length: int, outputs: int | None) -> Iterator[tuple[list[int], float, int]]:
    """Each first half, 1 / Π (count of each outcome)!, and how many outcomes at its end are the same."""
    for each in _lists(outcomes, length, outputs):
        runs = [len(list(same)) for _, same in itertools.groupby(each)]
        yield list(each), 1 / math.prod(map(math.factorial, runs)), runs[-1] if runs else 0


def _follows(rows: NDArray[np.intp], head: list[int], outputs: int | None) -> int:
    """The first of the second halves that may follow a first half; those after it may, too."""
    if not head or not rows.shape[1]:
        return 0
    least = head[-1] if outputs is None else (head[-1] // outputs + 1) * outputs
    return int(np.searchsorted(rows[:, 0], least))


def _products(factors: Array, rows: NDArray[np.intp]) -> Array:
    """(D, H) the product of the factors of each row's outcomes."""
    out = np.ones((len(rows), factors.shape[1]))
    for column in rows.T:
        out *= factors[column]
    return out
