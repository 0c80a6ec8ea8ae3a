"""Reads a person's own CSV files for the acronym task: word ranks, and a pool of examples.

Each function raises ValueError with a message for the user.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from iicl_tui.files import named_file
from iicl_tui.schema import describe
from iicl_tui.tasks.acronym.words import RankList
from iicl_tui.tasks.example import Example
from iicl_tui.tasks.spelling import composed

MOST_BYTES = 16_000_000
"""File size limit. A list of 60,000 words with eight columns has about 2 MB."""

MOST_WORDS = 200_000
"""Limit on a list, since every session file holds a copy. 60,000 words take about half a megabyte."""

MOST_RANK = 10**9

OUTPUTS = ("output", "output_lower", "output_upper")
INPUTS = ("input", "words")
_QUOTATION = re.compile(r'".*"', re.DOTALL)


class _Row(NamedTuple):
    line: int
    cells: list[str]


def read_ranks(name: str, folder: Path | None) -> RankList:
    """Read word ranks from a CSV file with columns rank and word. Rows may be in any order.

    A word that appears twice has its better rank. Words with other characters than letters are left out, since no acronym
    can be one.
    """
    return _ranks(_bytes(name, folder), name)


@lru_cache(maxsize=2)  # a form rereads its files on every change
def _ranks(data: bytes, name: str) -> RankList:
    places, rows = _table(data, name, (("rank",), ("word",)))
    ranks: dict[str, int] = {}
    wrong: list[str] = []
    for line, cells in rows:
        number, word = cells[places[0]].strip(), composed(cells[places[1]].strip().lower())
        rank = _rank(number)
        if rank is None:
            wrong.append(f"line {line}: the rank is not a whole number from 1 to {MOST_RANK:,}")
        elif word.isalpha() and rank < ranks.get(word, MOST_RANK + 1):
            ranks[word] = rank
    if wrong:
        raise ValueError(f"{name}, {_some(wrong)}. Number the words by frequency, 1 for the most common")
    return _checked(ranks, name)


def _checked(ranks: dict[str, int], name: str) -> RankList:
    if not ranks:
        raise ValueError(f"{name} has no word made of letters only; write one line per word, with its rank")
    if len(ranks) > MOST_WORDS:
        raise ValueError(
            f"{name} has {len(ranks):,} words; keep the {MOST_WORDS:,} most common, since every session file holds a copy"
        )
    return RankList(name, dict(sorted(ranks.items(), key=lambda item: (item[1], item[0]))))


def _rank(text: str) -> int | None:
    whole = text.removesuffix(".0")  # how spreadsheets write integers in a column with gaps
    if not (whole.isascii() and whole.isdigit() and len(whole) <= 10):
        return None
    return int(whole) if 1 <= int(whole) <= MOST_RANK else None


def pack(ranks: RankList) -> str:
    """Serialise the list: its name, a colon, and the words in order of rank, separated by blanks.

    A number sets the rank of the next word. It is written only where ranks do not simply count up from 1.
    """
    parts = []
    expected = 1
    for word, rank in ranks.ranks.items():
        if rank != expected:
            parts.append(str(rank))
        parts.append(word)
        expected = rank + 1
    return f"{ranks.name}: {' '.join(parts)}"


@lru_cache(maxsize=2)
def unpack(text: str, name: str) -> RankList:
    """Parse the list that `pack` wrote under this name."""
    ranks: dict[str, int] = {}
    rank = 1
    for part in composed(text.removeprefix(f"{name}: ")).split():
        if part.isalpha():
            if rank > MOST_RANK:
                raise ValueError(f"the rank {rank} is above {MOST_RANK:,}; remove `words` to read {name} again")
            ranks.setdefault(part.lower(), rank)
            rank += 1
        else:
            number = _rank(part)
            if number is None:
                raise ValueError(f"{describe(part)} is neither a word nor a rank; remove `words` to read {name} again")
            rank = number
    return _checked(ranks, name)


def holds(text: object, name: str) -> bool:
    """Whether the text is a list that `pack` wrote under this name."""
    return isinstance(text, str) and text.startswith(f"{name}: ")


def read_pool(name: str, folder: Path | None, read: Callable[[object, object], Example]) -> list[Example]:
    """Read examples from a CSV file. Of examples with equal outputs the first is kept.

    Args:
        name: the file. Its columns are output, and input or words (separated by commas); the notebooks' Output_lower
            or Output_upper are accepted too.
        folder: where the file name is looked up.
        read: makes an example of a list of words and an output, or raises ValueError.
    """
    places, rows = _table(_bytes(name, folder), name, (OUTPUTS, INPUTS))
    pool: dict[str, Example] = {}
    wrong: list[str] = []
    for line, cells in rows:
        words = [word.strip() for word in cells[places[1]].split(",") if word.strip()]
        try:
            example = read(words, cells[places[0]].strip())
        except ValueError as error:
            wrong.append(f"line {line}: {_QUOTATION.sub('this', str(error))}")
        else:
            pool.setdefault(example.output, example)
    if wrong:
        raise ValueError(f"{name}, {_some(wrong)}. Correct or remove these lines")
    return list(pool.values())


def _some(wrong: Sequence[str]) -> str:
    more = f"; and {len(wrong) - 3} more lines" if len(wrong) > 4 else ""
    return "; ".join(wrong[: 3 if more else 4]) + more


def _bytes(name: str, folder: Path | None) -> bytes:
    try:
        file = named_file(name, folder)
        other = file.exists() and not file.is_file()
        data = b""
        if not other:  # reading a pipe or device may never end
            with file.open("rb") as stream:
                data = stream.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a name with a null character
        raise ValueError(f"{describe(name)} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if other:
        raise ValueError(f"{name} is not a regular file; give the name of a CSV file")
    if len(data) > MOST_BYTES:
        raise ValueError(f"{name} has more than {MOST_BYTES // 1_000_000} MB; remove columns and lines that are not needed")
    return data


def _text(data: bytes, name: str) -> str:
    """Decode as UTF-8, or as Latin-1, which never fails."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data:
        raise ValueError(f"{name} is not a CSV file, or is in UTF-16; save it as CSV in UTF-8")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _table(data: bytes, name: str, wanted: Sequence[Sequence[str]]) -> tuple[list[int], Iterator[_Row]]:
    """The index of each wanted column, which may have several names, and the non-empty rows below the header."""
    reader = csv.reader(io.StringIO(_text(data, name), newline=""))
    try:
        header = [cell.strip() for cell in next(reader, [])]
    except csv.Error as error:
        raise ValueError(f"{name} cannot be read: {error}; is a quotation mark not closed?") from None
    if not header:
        raise ValueError(f"{name} has no first line that names its columns, which are {_columns(wanted)}")
    found = [cell.lower() for cell in header]
    places = [next((found.index(each) for each in names if each in found), None) for names in wanted]
    missing = [names for names, place in zip(wanted, places, strict=True) if place is None]
    if missing:
        raise ValueError(f"{name} has no column {_columns(missing)}. Name the columns in the first line, separated by commas")
    twice = [names for names in wanted for each in names if found.count(each) > 1]
    if twice:
        raise ValueError(f"{name} has the column {twice[0][0]} twice; remove one")
    known = [place for place in places if place is not None]
    return known, _rows(reader, max(known), name)


def _rows(reader: Iterator[list[str]], last: int, name: str) -> Iterator[_Row]:
    line = 1
    try:
        for cells in reader:
            line = getattr(reader, "line_num", line + 1)
            if any(cell.strip() for cell in cells):
                yield _Row(line, cells + [""] * (last + 1 - len(cells)))
    except csv.Error as error:
        raise ValueError(f"{name}, after line {line}: cannot be read: {error}; is a quotation mark not closed?") from None


def _columns(wanted: Sequence[Sequence[str]]) -> str:
    return " and ".join(" or ".join(names) for names in wanted)
