"""The levels of ACRE's bias: the paper's six conditions, and any pair of the notebooks' strengths before and after the data."""

from __future__ import annotations

BIASES = ("none", "very-low", "low", "mild", "medium", "high", "very-high")
"""The named levels. Each doubles the prior weight of "the spurious object is off" relative to each other state: 1, 2, 4, … 64."""

STRENGTHS = ("strong", "medium", "weak")
"""The notebooks' sentences. A prompt may have one before the data and one after them."""

NO_SENTENCE = "none"

PAIRS = {
    f"{before}/{after}": (before, after)
    for before in (*STRENGTHS, NO_SENTENCE)
    for after in (*STRENGTHS, NO_SENTENCE)
    if (before, after) != (NO_SENTENCE, NO_SENTENCE)
}
"""The levels that name a sentence before the data and one after them, such as medium/none."""

LEVELS = (*BIASES, *PAIRS)

_BEFORE = {NO_SENTENCE: 0, "weak": 2, "medium": 3, "strong": 5}
_AFTER = {NO_SENTENCE: 0, "weak": 1, "medium": 2, "strong": 4}


def doublings(level: str) -> int:
    """How often a level doubles the prior weight of "the spurious object is off".

    The named levels count 0 to 6. A pair has the stronger of its two sentences, and one more if it has both. This gives
    strong/strong the weight of very-high, strong/none that of high, none/strong medium, medium/none mild, weak/none low, and
    none/weak very-low. The paper has no such numbers; they are this program's own.
    """
    if level not in PAIRS:
        return BIASES.index(level)
    before, after = PAIRS[level]
    return max(_BEFORE[before], _AFTER[after]) + (NO_SENTENCE not in (before, after))
