"""What is wrong with a data file, with its lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

from iicl_tui.errors import Fault, LabError

MOST_FAULTS = 20
"""After so many faults the rest of a file is not read."""

_MOST_NAMED = 5


class DataError(LabError):
    """A data file that cannot be used, with its faults.

    Attributes:
        faults: At most MOST_FAULTS, in the order of the file.
    """

    def __init__(self, path: Path, faults: Sequence[Fault], remedy: str = "") -> None:
        self.faults = tuple(faults)
        count = len(self.faults)
        title = f"{path.name}: {'more faults than are listed' if count >= MOST_FAULTS else f'{count} fault' + 's' * (count != 1)}"
        super().__init__(title, "\n".join(map(str, self.faults)), remedy or "Correct these lines. Nothing was read or written.")


def fault(line: int | None, message: str) -> Fault:
    """A fault at a line of a data file; None if it is in no line."""
    return Fault((), message, line)


def named_lines(lines: Sequence[int] | Iterable[int], count: int) -> str:
    """The first lines of `count` of them, in words: "line 7", "lines 3, 9 and 12 more"."""
    named = ", ".join(map(str, islice(lines, _MOST_NAMED)))
    more = f" and {count - _MOST_NAMED:,} more" if count > _MOST_NAMED else ""
    return f"line{'s' * (count != 1)} {named}{more}"
