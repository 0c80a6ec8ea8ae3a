"""Rank: passes on the best examples of this generation and of the pool, by a preference of the task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from iicl_tui.errors import Fault
from iicl_tui.filters.base import Draw, FilterKind, PhaseContext, PoolExample, Sample, SampleFilter
from iicl_tui.schema import Field, describe, nearest
from iicl_tui.schema import Path as KeyPath
from iicl_tui.tasks.base import Preference, Task

RANDOM = "random"
"""The preference that every task has: random order."""


@dataclass
class _Candidates:
    """What may still be passed on in this phase.

    Attributes:
        left: What may still be passed on, oldest first.
        offered: Outputs already passed on.
    """

    left: list[PoolExample | Sample]
    offered: set[str]


class Rank(SampleFilter):
    """Passes on as many samples as requested, best first. New samples that are not chosen stay in the pool."""

    kind = "rank"

    def __init__(
        self, key: Preference | None, source: str = "pool", distinct: bool = False, choose: str = "top", ties: str = "order"
    ) -> None:
        """Sets the options.

        Args:
            key: Sort key, lowest is best; None: random order.
            source: "pool" or "last", see `FIELDS`.
            distinct: Whether to pass on each output only once.
            choose: "top" or "weighted", see `FIELDS`.
            ties: "seed" or "order", see `FIELDS`.
        """
        self.key = key
        self.source = source
        self.distinct = distinct
        self.choose = choose
        self.ties = ties

    async def samples(self, draw: Draw, count: int, hypothesis: int, context: PhaseContext) -> Sequence[Sample]:
        """Returns the chosen samples, then the new samples that were not chosen.

        When called again, to replace rejected samples, it draws as many more and chooses among all not yet offered.
        """
        pool = context.memory.setdefault(self, _Candidates([], set()))
        if not pool.left and not pool.offered and self.source == "pool":
            pool.left += context.pool()
        made = list(await draw(count))
        pool.left += made
        chosen = self._chosen_indices(pool, count, context.rng)
        places = set(chosen)
        picked = [pool.left[at] for at in chosen]
        pool.offered.update(each.example.output for each in picked)
        pool.left = [each for at, each in enumerate(pool.left) if at not in places]
        passed = [_numbered(each, context.numbers) for each in picked]
        numbers = {sample.number for sample in passed}
        return [*passed, *(replace(sample, verdict="pooled") for sample in made if sample.number not in numbers)]

    def _chosen_indices(self, pool: _Candidates, count: int, rng: np.random.Generator) -> list[int]:
        """Returns indices into the pool, best first; ties are drawn, or go to the earliest."""
        examples = [each.example for each in pool.left]
        if self.key is None:
            order = rng.permutation(len(examples)).tolist()
        else:
            keys = [self.key(example) for example in examples]
            drawn = rng.permutation(len(examples)).tolist() if self.ties == "seed" else range(len(examples))
            order = sorted(drawn, key=keys.__getitem__)
        if self.distinct:
            first = {examples[at].output: at for at in reversed(order)}  # the best place of each output
            order = [at for at in order if first[examples[at].output] == at and examples[at].output not in pool.offered]
        if self.choose == "weighted" and len(order) > count:
            weights = np.arange(len(order), 0, -1, dtype=np.float64)
            picked = rng.choice(len(order), size=count, replace=False, p=weights / weights.sum())
            return [order[at] for at in sorted(picked.tolist())]
        return order[:count]


def _numbered(chosen: PoolExample | Sample, numbers: Iterator[int]) -> Sample:
    """The chosen one as a sample. Thousands may be in the pool, so only these become samples."""
    return chosen if isinstance(chosen, Sample) else Sample(chosen.example, next(numbers), origin=chosen.origin)


FIELDS = (
    Field("prefer", "str", "prefers", "Which examples are passed on first. Every task: random. Acronyms: easy (common words), hard "
          "(unlisted words, then rare ones), long, short, easylong and easyshort (common words, by length). Texts: most or least "
          "NAME of a feature, or NAME=VALUE.", RANDOM),
    Field("source", "choice", "chooses from", "pool: d⁰ and all samples so far that were not rejected. last: only samples of this "
          "generation.", "pool", choices=("pool", "last")),
    Field("distinct", "bool", "no duplicates", "Takes only the first of several examples with the same output.", False),
    Field("choose", "choice", "chooses", "top: the best ones. weighted: a random draw with weights from n for the best of n "
          "examples down to 1 for the last.", "top", choices=("top", "weighted")),
    Field("ties", "choice", "equal ranks", "order: the earliest of equally good examples comes first, so that later ones "
          "may never pass. seed: the chain's seed draws their order anew in each generation.", "order",
          choices=("order", "seed")),
)  # fmt: skip


def build(values: Mapping[str, Any], task: Task, path: KeyPath, faults: list[Fault]) -> Rank:
    """Builds the filter from the values of its [[filter]] table."""
    prefer = values["prefer"]
    known = [*task.preferences, RANDOM]
    if prefer not in known:
        near = nearest(prefer, known)
        hint = f"nearest known: {near}" if near and task.preferences else "known: " + ", ".join(known)
        faults.append(Fault((*path, "prefer"), f"{describe(prefer)} is not a preference of the task {task.name}; {hint}"))
    return Rank(task.preferences.get(prefer), values["source"], values["distinct"], values["choose"], values["ties"])


KIND = FilterKind(
    "rank",
    "rank",
    "Passes on the best examples by a preference; the others stay in the pool.",
    FIELDS,
    build,
    order=5,
    pools=True,
    redraws=False,
)
