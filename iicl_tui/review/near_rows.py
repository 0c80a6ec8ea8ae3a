"""Rows whose texts are nearly equal, found in a time that grows with their number, not with its square.

Two texts that differ little nearly always begin or end alike, so that they are close to one another when the texts are sorted by
their beginnings, or by their ends. Only such neighbours are compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

LEAST = 0.9
"""How alike texts are at least: 1 − d / (m + n), where d is the Indel distance of texts of m and n characters."""
AROUND = 3
"""How many neighbours in each order a text is compared with."""
_KEY = 60
_COMPARED = 2000
"""Characters of each text that are compared: the time grows with the product of both lengths."""
_AT_ONCE = 500

Near = dict[int, tuple[int, float]]
"""By row: an earlier row that it is like, and how alike both are."""


def find_near(rows: int, text: Callable[[int], str], found: Near) -> Iterator[float]:
    """Finds rows that are nearly equal to an earlier one, in whatever case and spacing, and yields how much is done, from 0 to 1.

    Args:
        rows: Number of rows.
        text: Returns a row's text.
        found: Gets the rows.
    """
    from rapidfuzz import fuzz  # slow to import

    starts, ends = [], []
    for row in range(rows):
        plain = _plain(text(row))
        starts.append(plain[:_KEY])
        ends.append(plain[: -_KEY - 1 : -1])
        if row % _AT_ONCE == 0:
            yield row / rows / 3
    for turn, keys in enumerate((starts, ends), 1):
        order = sorted(range(rows), key=keys.__getitem__)
        window: list[tuple[int, str]] = []
        for at, row in enumerate(order):
            own = _plain(text(row))[:_COMPARED] if keys[row] else ""
            for other, theirs in window:
                share = fuzz.ratio(own, theirs, score_cutoff=100 * LEAST) / 100 if own else 0.0
                later, earlier = max(row, other), min(row, other)
                before = found.get(later, (rows, 0.0))
                if share and (share, -earlier) > (before[1], -before[0]):
                    found[later] = (earlier, share)
            window = [*window[1 - AROUND :], (row, own)]
            if at % _AT_ONCE == 0:
                yield (turn + at / rows) / 3


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
