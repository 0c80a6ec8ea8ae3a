"""The orders in which rows are gone through."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from iicl_tui.errors import LabError
from iicl_tui.review.row_subject import RowsSubject

Order = Callable[[RowsSubject], Sequence[int]]
"""Returns all rows in the order in which they are gone through."""

SEEDED = "seed:"


def read_order(text: str) -> Order:
    """Reads the name of an order: file, length, or seed:N. Raises LabError."""
    if text == "file":
        return in_file
    if text == "length":
        return by_length
    if text == "disagreement":
        return by_disagreement
    number = text.removeprefix(SEEDED)
    if text.startswith(SEEDED) and number.isascii() and number.isdigit() and len(number) < 20:
        return partial(by_seed, int(number))
    raise LabError(f"There is no order {text!r}", "", "Give --order file, length, seed:N with a whole number N, or disagreement.")


def in_file(subject: RowsSubject) -> Sequence[int]:
    """The rows as they are in the file."""
    return range(len(subject.table))


def by_seed(seed: int, subject: RowsSubject) -> Sequence[int]:
    """The rows in a random order, the same for each seed."""
    import numpy as np

    found: list[int] = np.random.default_rng(seed).permutation(len(subject.table)).tolist()
    return found


def by_length(subject: RowsSubject) -> Sequence[int]:
    """The rows with the shortest text first. Decodes all rows."""
    lengths = [len(subject.editable_text(row)) for row in range(len(subject.table))]
    return sorted(range(len(lengths)), key=lengths.__getitem__)


def by_disagreement(subject: RowsSubject) -> Sequence[int]:
    """First the rows on which others disagree whether they pass. Raises LabError without two other files of decisions."""
    if len(subject.others) < 2:
        what = "This order puts the rows first on which other people disagree."
        raise LabError("There is nobody to disagree", what, "Name two files of decisions or more with --others.")

    return sorted(range(len(subject.table)), key=lambda row: row not in subject.disputed)
