"""The texts that d⁰ is drawn from and that a computed agent passes on: a set of ours, or a person's file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iicl_tui.bayes.space import ProductSpace
from iicl_tui.errors import Fault, LabError
from iicl_tui.files import named_file
from iicl_tui.schema import Path as KeyPath
from iicl_tui.schema import describe, is_finite, nearest
from iicl_tui.tasks.example import Example, Trait
from iicl_tui.tasks.text.features import Feature
from iicl_tui.tasks.text.rows import example_of, line_of, read_example, read_line
from iicl_tui.tasks.text.sets import own_rows
from iicl_tui.text import printable

MOST_ROWS = 20_000
MOST_COPIED = 8_000_000
"""Characters of a file's rows, since every session file holds a copy."""
_MOST_FAULTS = 3
_PLAIN = re.compile(r"[A-Za-z][A-Za-z_]{0,19}")
"""A field's name that may be told. Any other may be a secret in a file without a header."""
_QUOTATION = re.compile(r'".*"')


@dataclass(frozen=True)
class Quota:
    """How many texts of d⁰ have each of these values of a feature; the others have another value."""

    feature: str
    counts: Mapping[str, int]


class Pool:
    """Examples by cell.

    Args:
        examples: the rows.
        space: the grid.
        cell: the cell of an example.
        ordered: for each feature of the grid, whether its bins have an order.
    """

    def __init__(
        self, examples: tuple[Example, ...], space: ProductSpace, cell: Callable[[Example], int], ordered: Sequence[bool]
    ) -> None:
        self.examples = examples
        self._space, self._cell, self._ordered = space, cell, np.array(ordered, dtype=bool)
        self._cells: NDArray[np.int64] | None = None
        self._near: dict[int, NDArray[np.intp]] = {}

    def clear(self) -> None:
        """Forget the cells of the examples, which may have changed."""
        self._cells = None
        self._near.clear()

    def near(self, cell: int) -> NDArray[np.intp]:
        """Indices of the cell's examples. If it has none: of those that differ in the fewest features, and by the fewest bins."""
        found = self._near.get(cell)
        if found is None:
            if self._cells is None:
                self._cells = np.array([self._cell(example) for example in self.examples], dtype=np.int64)
            codes = self._space.codes.astype(np.int64)
            away = np.abs(codes[self._cells] - codes[cell])
            steps = np.where(self._ordered, away, 0).sum(axis=1)
            distance = (away > 0).sum(axis=1) * (1 + sum(self._space.shape)) + steps
            found = self._near[cell] = np.flatnonzero(distance == distance.min())
        return found

    def draw(self, cell: int, rng: np.random.Generator) -> Example:
        """One of the examples near the cell; each is equally likely."""
        near = self.near(cell)
        return self.examples[near[rng.integers(len(near))]]

    def initial(self, count: int, quota: Quota | None, traits: Mapping[str, Trait], rng: np.random.Generator) -> list[Example]:
        """Draw d⁰ in random order, no text twice. Raises ValueError with a message for the user."""
        different = list({example.output: example for example in self.examples}.values())
        shuffled = [different[at] for at in rng.permutation(len(different)).tolist()]
        if quota is None:
            if len(shuffled) < count:
                raise ValueError(f"there are {len(shuffled)} different texts, but d⁰ needs {count}; add some, or lower `initial`")
            return shuffled[:count]
        value = traits[quota.feature].of
        wanted: list[tuple[str | None, int]] = [*quota.counts.items(), (None, count - sum(quota.counts.values()))]
        chosen: list[Example] = []
        for name, needed in wanted:
            fitting = [each for each in shuffled if (value(each) if value(each) in quota.counts else None) == name]
            if len(fitting) < needed:
                what = "another value" if name is None else describe(name)
                raise ValueError(f"{len(fitting)} texts have {what} of {quota.feature}, but d⁰ needs {needed}; change `quota`")
            chosen += fitting[:needed]
        return [chosen[at] for at in rng.permutation(len(chosen)).tolist()]


def read_quota(
    table: Mapping[str, Any], features: Sequence[Feature], initial: int, path: KeyPath, faults: list[Fault]
) -> Quota | None:
    """Read { sentiment = { negative = 6 } }; None if there is none, or if it is invalid, which adds to faults."""
    if not table:
        return None
    bins = {feature.name: feature.bins for feature in features if feature.bins and not feature.against}
    name, counts = next(iter(table.items()))
    if len(table) > 1 or not isinstance(counts, Mapping) or not counts:
        faults.append(Fault(path, "expected one feature with its counts, as { sentiment = { negative = 6 } }"))
        return None
    if name not in bins:
        near = nearest(name, bins)
        hint = f"nearest: {near}" if near else "known: " + ", ".join(bins)
        faults.append(Fault((*path, name), f"there is no such feature with bins that does not compare texts; {hint}"))
        return None
    before = len(faults)
    for value, count in counts.items():
        if value not in bins[name]:
            faults.append(Fault((*path, name, value), f"is none of its values, which are {', '.join(bins[name])}"))
        elif not isinstance(count, int) or isinstance(count, bool) or not is_finite(count) or count < 0:
            faults.append(Fault((*path, name, value), f"expected a whole number, at least 0, found {describe(count)}"))
    if len(faults) == before and sum(counts.values()) > initial:
        faults.append(Fault((*path, name), f"has {sum(counts.values())} texts, but d⁰ has only {initial} (`initial`)"))
    return Quota(name, dict(counts)) if len(faults) == before else None


# -- where the rows come from ---------------------------------------------------------------------------------------------------


def read_rows(
    values: Mapping[str, Any], path: KeyPath, faults: list[Fault], folder: Path | None
) -> tuple[tuple[Example, ...], tuple[str, ...]]:
    """The rows that a [task] table asks for, and the names of their fields."""
    rows = own_rows(values["set"]) if values["file"] is None else ()
    fields = tuple([name for row in rows[:1] for name in row if name != "text"] if values["fields"] is None else values["fields"])
    wrong = next((name for name in fields if not _is_field(name) or fields.count(name) > 1), None)
    if wrong is not None:
        what = "expected different visible names without =, none of them text"
        faults.append(Fault((*path, "fields"), f"{describe(printable(wrong))}: {what}"))
        return (), ()
    if values["file"] is None:
        return tuple(example_of(row, row["text"], fields) for row in rows), fields
    try:
        if _is_copy(values["rows"], values):
            return tuple(_copied(values["rows"]["lines"], fields)), fields
        return _file_rows(values["file"], values["text"], fields, folder), fields
    except ValueError as error:
        faults.append(Fault((*path, "file"), str(error)))
        return (), fields


def _is_field(name: str) -> bool:
    return name not in ("", "text") and "=" not in name and printable(name) == name


def _source(values: Mapping[str, Any]) -> list[str]:
    return [values["file"], values.get("text", "text"), *(values.get("fields") or ())]


def _is_copy(copy: Any, values: Mapping[str, Any]) -> bool:
    return isinstance(copy, Mapping) and copy.get("of") == _source(values) and isinstance(copy.get("lines"), list)


def _copied(lines: Sequence[Any], fields: Sequence[str]) -> Iterator[Example]:
    for number, line in enumerate(lines, 1):
        try:
            yield read_line(line if isinstance(line, str) else "", fields)
        except ValueError as error:
            raise ValueError(f"row {number} of `rows`: {error}; remove `rows` to read the file again") from None


def table_of_copy(table: Mapping[str, Any], folder: Path | None) -> dict[str, Any]:
    """The [task] table with a copy of the file's rows. The texts of ours need none."""
    out = dict(table)
    if out.get("file") is None:
        out.pop("rows", None)
    elif not _is_copy(out.get("rows"), out):
        fields = tuple(out.get("fields") or ())
        examples = _file_rows(out["file"], out.get("text", "text"), fields, folder)
        out["rows"] = {"of": _source(out), "lines": [line_of(example, fields) for example in examples]}
    return out


def _file_rows(name: str, text: str, fields: tuple[str, ...], folder: Path | None) -> tuple[Example, ...]:
    """The rows of a person's file. Raises ValueError with a message for the user."""
    try:
        file = named_file(name, folder)
        status = file.stat()
    except (OSError, ValueError) as error:
        raise ValueError(f"{describe(name)} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    return _read_file(file, status.st_mtime_ns, status.st_size, text, fields)


@lru_cache(maxsize=2)  # a form rereads its files on every change
def _read_file(file: Path, changed: int, size: int, text: str, fields: tuple[str, ...]) -> tuple[Example, ...]:
    from iicl_tui.data_files import open_table

    try:
        with open_table(file) as table:
            names = [field.name for field in table.fields]
            for wanted in (text, *fields):
                if wanted not in names:
                    near = nearest(wanted, [each for each in names if _PLAIN.fullmatch(each)])
                    hint = f"nearest: {near}" if near else f"none of its {len(names)} fields has such a name"
                    raise ValueError(f"{file.name} has no field {describe(wanted)}; {hint}")
            if len(table) > MOST_ROWS:
                raise ValueError(f"{file.name} has {len(table):,} rows; keep {MOST_ROWS:,}, since every session file holds a copy")
            found: list[Example] = []
            wrong: list[str] = []
            total = 0
            for row in table:
                try:
                    found.append(read_example([f"{each}={row.text(each)}" for each in fields], row.text(text), fields))
                except ValueError as error:
                    said = str(error)
                    named = f"{printable(text, 40)}{said.removeprefix('output')}" if said.startswith("output:") else said
                    wrong.append(f"line {row.line}: {named}")
                    continue
                total += len(row.text(text))
                if total > MOST_COPIED:
                    raise ValueError(
                        f"{file.name} has more than {MOST_COPIED // 1_000_000} million characters of text; keep fewer rows, since "
                        "every session file holds a copy"
                    )
    except LabError as error:
        raise ValueError(_QUOTATION.sub("…", str(error))) from None  # what the file says may be secret
    if wrong:
        more = f"; and {len(wrong) - _MOST_FAULTS} more rows" if len(wrong) > _MOST_FAULTS else ""
        raise ValueError(f"{file.name}, {'; '.join(wrong[:_MOST_FAULTS])}{more}. Correct or remove these rows")
    if not found:
        raise ValueError(f"{file.name} has no rows")
    return tuple(found)
