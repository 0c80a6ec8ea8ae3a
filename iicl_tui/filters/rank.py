"""Rank: of what a generation made, and of the pool, the best examples are passed on, by a preference of the task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from iicl_tui.errors import Fault
from iicl_tui.filters.base import Draw, FilterKind, OfSamples, PhaseContext, Sample
from iicl_tui.schema import Field, describe, nearest
from iicl_tui.schema import Path as KeyPath
from iicl_tui.tasks.base import Preference, Task

RANDOM = "random"
"""The preference that every task has: none."""


@dataclass
class _Candidates:
    """What may still be passed on in this phase, in the order in which it was made. offered: outputs that were."""

    left: list[Sample]
    offered: set[str]


class Rank(OfSamples):
    """Passes on as many as are asked for, best first. What was made now and is not chosen stays in the pool."""

    kind = "rank"

    def __init__(self, key: Preference | None, source: str = "pool", distinct: bool = False, choose: str = "top") -> None:
        """key: the least is the best; None: in random order."""
        self.key = key
        self.source = source
        self.distinct = distinct
        self.choose = choose

    async def samples(self, draw: Draw, count: int, hypothesis: int, context: PhaseContext) -> Sequence[Sample]:
        """The chosen ones, and what was made now and not chosen.

        Asked again (for others in the place of rejected ones), it has as many more made, and chooses among all not yet offered.
        """
        pool = context.memory.setdefault(self, _Candidates([], set()))
        if not pool.left and not pool.offered and self.source == "pool":
            pool.left = [Sample(each.example, verdict="pooled", origin=each.origin) for each in context.pool()]
        made = list(await draw(count))
        pool.left += made
        chosen = self._chosen(pool, count, context.rng)
        places = set(chosen)
        passing = [pool.left[at] for at in chosen]
        pool.offered.update(sample.example.output for sample in passing)
        pool.left = [sample for at, sample in enumerate(pool.left) if at not in places]
        out = [sample if sample.origin is None else replace(sample, number=next(context.numbers)) for sample in passing]
        numbers = {sample.number for sample in out}
        standing = [replace(sample, verdict="approved") if sample.verdict == "pooled" else sample for sample in out]
        return [*standing, *(replace(sample, verdict="pooled") for sample in made if sample.number not in numbers)]

    def _chosen(self, pool: _Candidates, count: int, rng: np.random.Generator) -> list[int]:
        """Places in the pool, the best first; of equals the earliest is better."""
        examples = [sample.example for sample in pool.left]
        if self.key is None:
            order = rng.permutation(len(examples)).tolist()
        else:
            keys = [self.key(example) for example in examples]
            order = sorted(range(len(examples)), key=keys.__getitem__)
        if self.distinct:
            first = {examples[at].output: at for at in reversed(order)}  # by its output, the best place
            order = [at for at in order if first[examples[at].output] == at and examples[at].output not in pool.offered]
        if self.choose == "weighted" and len(order) > count:
            weights = np.arange(len(order), 0, -1, dtype=np.float64)
            picked = rng.choice(len(order), size=count, replace=False, p=weights / weights.sum())
            return [order[at] for at in sorted(picked.tolist())]
        return order[:count]


FIELDS = (
    Field("prefer", "str", "prefers", "What is passed on first. In every task: random. Acronyms: easy (common words), hard (words "
          "in no list, then rare ones), long, short, easylong and easyshort (common words, by their length).", RANDOM),
    Field("source", "choice", "chooses from", "pool: d⁰ and all that was made so far and not rejected. last: what this generation "
          "made.", "pool", choices=("pool", "last")),
    Field("distinct", "bool", "no output twice", "Of examples with the same output only the earliest is taken.", False),
    Field("choose", "choice", "chooses", "top: the best ones. weighted: drawn with weights that fall from n for the best of n "
          "examples to 1 for the last.", "top", choices=("top", "weighted")),
)  # fmt: skip


def build(values: Mapping[str, Any], task: Task, path: KeyPath, faults: list[Fault]) -> Rank:
    """The filter of a [[filter]] table."""
    prefer = values["prefer"]
    known = [*task.preferences, RANDOM]
    if prefer not in known:
        near = nearest(prefer, known)
        hint = f"nearest known: {near}" if near and task.preferences else "known: " + ", ".join(known)
        faults.append(Fault((*path, "prefer"), f"{describe(prefer)} is no preference of the task {task.name}; {hint}"))
    return Rank(task.preferences.get(prefer), values["source"], values["distinct"], values["choose"])


KIND = FilterKind(
    "rank",
    "rank",
    "The best examples are passed on, as it prefers; the others stay in the pool.",
    FIELDS,
    build,
    order=5,
    pools=True,
)
