"""How alike two texts are, and how varied one is."""

from __future__ import annotations

import math
from collections.abc import Sequence

MOST_COMPARED = 2_000
"""How many characters of each text are compared: the time grows with the product of both lengths."""


def similarity(text: str, others: Sequence[str]) -> float:
    """Similarity to the most similar of the other texts, from 0 to 1; NaN without any.

    It is 1 − d / (m + n), where d is the Indel distance of texts of m and n characters: the fewest insertions and deletions that
    make one of the other (rapidfuzz's `fuzz.ratio`). Case counts.
    """
    if not others:
        return math.nan
    from rapidfuzz import fuzz, process  # slow to import

    best = process.extractOne(text[:MOST_COMPARED], [other[:MOST_COMPARED] for other in others], scorer=fuzz.ratio)
    return float(best[1]) / 100


def distinct(text: str, n: int) -> float:
    """Different n-grams of words divided by all n-grams (distinct-n, Li et al. 2016); NaN for a text of fewer than n words.

    Upper and lower case do not count.
    """
    words = text.lower().split()
    grams = list(zip(*(words[at:] for at in range(n)), strict=False))
    return len(set(grams)) / len(grams) if grams else math.nan
