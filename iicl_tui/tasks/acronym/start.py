"""d⁰ of an acronym chain: so many easy examples and so many hard ones, from a rank list or from a person's pool.

Each function raises ValueError with a sentence for a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from iicl_tui.tasks.acronym.words import Words
from iicl_tui.tasks.example import Example


class Wanted(NamedTuple):
    """How many examples d⁰ has, and how many letters the outputs of those that are made for it."""

    easy: int
    hard: int
    letters: int


def from_list(words: Words, wanted: Wanted, rng: np.random.Generator) -> list[Example]:
    """Examples made of the list's words, easy ones first, no output twice."""
    outputs = []
    for easy, count in ((True, wanted.easy), (False, wanted.hard)):
        try:
            outputs += words.distinct(easy, wanted.letters, count, rng)
        except ValueError as error:
            these = f"d⁰ wants {count} different {'easy' if easy else 'hard'} outputs"
            raise ValueError(f"{error}, and {these}; change `easy`, `initial` or `letters`") from None
    return list(map(Example, words.inputs(outputs, rng), outputs))


def from_pool(
    words: Words, wanted: Wanted, name: str, pool: Sequence[Example], rng: np.random.Generator, judged: bool = True
) -> list[Example]:
    """Examples drawn from the pool of this name, easy ones first. judged: False where it is not known which ones are easy."""
    count = wanted.easy + wanted.hard
    if len(pool) < count:
        raise ValueError(
            f"{name} has {len(pool)} different outputs, and d⁰ shows {count}, none twice; add some, or lower `initial`"
        )
    groups: dict[bool, list[Example]] = {True: [], False: []}
    for example in pool:
        groups[words.is_easy(example.output)].append(example)
    easy, hard = groups[True], groups[False]
    if judged and (len(easy) < wanted.easy or len(hard) < wanted.hard):
        raise ValueError(
            f"{name} has {len(easy)} easy outputs (with a rank below {words.easy_rank:,} in {words.list.name}) and {len(hard)} "
            f"hard ones, and d⁰ wants {wanted.easy} and {wanted.hard}; add some, or change `easy` and `initial`"
        )
    chosen = [easy[at] for at in rng.permutation(len(easy))[: wanted.easy].tolist()]
    return chosen + [hard[at] for at in rng.permutation(len(hard))[: wanted.hard].tolist()]
