"""The filter that ranks, for many chains at once: which of the samples made so far are passed on.

An easy word is drawn with the weight 1/rank among those of its length, and a hard one is in no list, so that an outcome (easy or
not, and its length) and a drawn rank are all that a preference sees of an example.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from iicl_tui.chain.config import ChainConfig
from iicl_tui.errors import LabError
from iicl_tui.filters.rank import Rank
from iicl_tui.study.theory.outcomes import AcronymOutcomes, Outcomes
from iicl_tui.tasks.acronym.task import Acronym

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST_POOLED = 50_000_000
"""Chains × examples of their pools; each takes ten bytes, twice."""

_LONG, _RARE = 1e6, 1e9
"""Ranks are below the first, lengths times it below the second, so that one number orders by several things in turn."""

_Key = Callable[[Array, Array, NDArray[np.bool_]], Array]
_KEYS: Mapping[str, _Key] = {
    "easy": lambda rank, length, easy: rank,
    "hard": lambda rank, length, easy: -rank,
    "long": lambda rank, length, easy: -length,
    "short": lambda rank, length, easy: length,
    "easylong": lambda rank, length, easy: _RARE * ~easy - _LONG * length + rank,
    "easyshort": lambda rank, length, easy: _RARE * ~easy + _LONG * length + rank,
}
"""By preference, from rank, length and easiness: what is sorted by, the least first. As `Acronym.preferences` has them."""


@dataclass(frozen=True, eq=False)
class Ranking:
    """A rank filter.

    Attributes:
        prefer: The preference; "" for a random order.
        start: (|d⁰|,) outcomes.
        start_keys: (|d⁰|,) what they are sorted by.
    """

    rank: Rank
    prefer: str
    outcomes: Outcomes
    start: Ints
    start_keys: Array
    task: Acronym | None = None

    @property
    def forgets(self) -> bool:
        """Whether only those that were just passed on can be passed on again: what ranks lower now always will."""
        return bool(self.prefer) and self.rank.choose == "top" and self.rank.ties == "order"

    def width(self, generations: int, made: int) -> int:
        """The greatest pool of a chain."""
        return len(self.start) + made * (1 if self.forgets or self.rank.source == "last" else generations)

    @cached_property
    def _words(self) -> Mapping[int, tuple[Array, Array]]:
        """For each length of the grid the ranks of its words, and the cumulative sums of their weights."""
        assert self.task is not None
        out = {}
        for length in range(self.task.shortest, self.task.longest + 1):
            ranks = np.array([self.task.words.counted_rank(word) for word in self.task.words.easy_words(length)], dtype=np.float64)
            out[length] = ranks, np.cumsum(1 / ranks)
        return out

    def keys(self, outcomes: Ints, rng: np.random.Generator) -> Array:
        """(n, m) what the outcomes are sorted by, their words drawn."""
        if not self.prefer or self.task is None:
            return np.zeros(outcomes.shape)
        assert isinstance(self.outcomes, AcronymOutcomes)
        easy, length = outcomes // self.outcomes.lengths > 0, self.task.shortest + outcomes % self.outcomes.lengths
        rank = np.full(outcomes.shape, float(self.task.words.unlisted))
        for each, (ranks, sums) in self._words.items():
            at = easy & (length == each)
            if at.any():
                rank[at] = ranks[np.searchsorted(sums, rng.random(int(at.sum())) * sums[-1], side="right")]
        return _KEYS[self.prefer](rank, length.astype(np.float64), easy)


class Pools:
    """What each chain may still pass on, oldest first.

    `begin` a generation, then `choose` for blocks of chains, then `end` it.
    """

    def __init__(self, ranking: Ranking, chains: int) -> None:
        self.ranking = ranking
        start = ranking.start if ranking.rank.source == "pool" else ranking.start[:0]
        self._outcomes = np.broadcast_to(start.astype(np.int16), (chains, len(start)))
        self._keys = np.broadcast_to(ranking.start_keys[: len(start)], self._outcomes.shape)
        self._next: tuple[NDArray[np.int16], Array] | None = None

    def begin(self, made: int) -> None:
        """Makes room for a generation's own samples."""
        if self.ranking.rank.source == "pool":
            shape = len(self._outcomes), made + (0 if self.ranking.forgets else self._outcomes.shape[1])
            self._next = np.zeros(shape, dtype=np.int16), np.zeros(shape)

    def choose(self, rows: Ints, made: Ints, rng: np.random.Generator) -> Ints:
        """(n, m) outcomes passed on, as many as were made, from the (n, m) made ones and the pools of these rows."""
        outcomes = np.concatenate([self._outcomes[rows].astype(np.int64), made], axis=1)
        keys = np.concatenate([self._keys[rows], self.ranking.keys(made, rng)], axis=1)
        places = self._places(keys, made.shape[1], rng)
        picked = np.take_along_axis(outcomes, places, axis=1)
        if self._next is not None:
            forgets = self.ranking.forgets
            self._next[0][rows] = picked if forgets else outcomes
            self._next[1][rows] = np.take_along_axis(keys, places, axis=1) if forgets else keys
        return picked

    def end(self) -> None:
        """Keeps what is in the pools for the next generation."""
        if self._next is not None:
            self._outcomes, self._keys = self._next

    def _places(self, keys: Array, count: int, rng: np.random.Generator) -> Ints:
        """(n, count) places of those passed on. The earliest of equal ones comes first, unless ties are drawn."""
        rank, width = self.ranking.rank, keys.shape[1]
        if not self.ranking.prefer or rank.ties == "seed":
            order = np.lexsort((rng.random(keys.shape), keys), axis=1)
        else:
            order = keys.argsort(axis=1, kind="stable")
        if rank.choose == "weighted" and width > count:
            # Drawing without replacement with weights w is taking the greatest of log(u)/w (Efraimidis and Spirakis 2006).
            sizes = np.log1p(-rng.random(keys.shape)) / np.arange(width, 0, -1)
            return np.take_along_axis(order, np.argpartition(-sizes, count - 1, axis=1)[:, :count], axis=1)
        return order[:, :count]


def ranking_of(config: ChainConfig, outcomes: Outcomes, start: Ints) -> Ranking | None:
    """The chain's rank filter; None if it has none.

    Raises:
        LabError: It looks at more of an example than its outcome and rank.
    """
    found = [each for each in config.filters if isinstance(each, Rank)]
    if not found:
        return None
    (rank, *more), task = found, config.task
    prefer = next((name for name, key in task.preferences.items() if key is rank.key), "")
    if more or rank.distinct or (prefer and (not isinstance(task, Acronym) or prefer not in _KEYS)):
        what = "Its rank filters are several." if more else f"Its filter ranks by {prefer or 'chance'}, each output once."
        raise LabError("No theory of this chain", what, "Run the chain itself.")
    if not isinstance(task, Acronym):
        return Ranking(rank, prefer, outcomes, start, np.zeros(len(start)))
    samples = config.start.samples
    ranks = np.array([task.words.counted_rank(each.output) for each in samples], dtype=np.float64)
    lengths = np.array([len(each.output) for each in samples], dtype=np.float64)
    easy = np.array([task.is_easy(each) for each in samples], dtype=np.bool_)
    keys = _KEYS[prefer](ranks, lengths, easy) if prefer else np.zeros(len(start))
    return Ranking(rank, prefer, outcomes, start, keys, task)
