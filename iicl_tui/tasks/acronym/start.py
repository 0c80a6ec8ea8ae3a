"""Draws d⁰ of an acronym chain: easy and hard examples, from a rank list or from a person's pool.

Each function raises ValueError with a message for the user.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from iicl_tui.tasks.acronym.words import Words
from iicl_tui.tasks.example import Example


class Wanted(NamedTuple):
    """What d⁰ should have.

    Attributes:
        easy: number of easy examples.
        hard: number of hard examples.
        letters: length of outputs made from a rank list.
    """

    easy: int
    hard: int
    letters: int


def from_list(words: Words, wanted: Wanted, rng: np.random.Generator) -> list[Example]:
    """Make examples from the list's words: easy ones first, no output twice."""
    outputs = []
    for easy, count in ((True, wanted.easy), (False, wanted.hard)):
        try:
            outputs += words.distinct(easy, wanted.letters, count, rng)
        except ValueError as error:
            needed = f"d⁰ needs {count} different {'easy' if easy else 'hard'} outputs"
            raise ValueError(f"{error}, but {needed}; change `easy`, `initial` or `letters`") from None
    return list(map(Example, words.inputs(outputs, rng), outputs))


def from_pool(
    words: Words, wanted: Wanted, name: str, pool: Sequence[Example], rng: np.random.Generator, judged: bool = True
) -> list[Example]:
    """Draw examples from a pool, easy ones first.

    Args:
        words: tell which outputs are easy.
        wanted: numbers of examples.
        name: the pool's file, for messages.
        pool: the examples.
        rng: source of randomness.
        judged: False if the rank list is invalid, so that nobody needs to hear that easy or hard ones are missing.
    """
    count = wanted.easy + wanted.hard
    if len(pool) < count:
        raise ValueError(f"{name} has {len(pool)} different outputs, but d⁰ needs {count}; add some, or lower `initial`")
    groups: dict[bool, list[Example]] = {True: [], False: []}
    for example in pool:
        groups[words.is_easy(example.output)].append(example)
    easy, hard = groups[True], groups[False]
    if judged and (len(easy) < wanted.easy or len(hard) < wanted.hard):
        raise ValueError(
            f"{name} has {len(easy)} easy outputs (with a rank below {words.easy_rank:,} in {words.list.name}) and {len(hard)} "
            f"hard ones, but d⁰ needs {wanted.easy} and {wanted.hard}; add some, or change `easy` and `initial`"
        )
    chosen = [easy[at] for at in rng.permutation(len(easy))[: wanted.easy].tolist()]
    return chosen + [hard[at] for at in rng.permutation(len(hard))[: wanted.hard].tolist()]
