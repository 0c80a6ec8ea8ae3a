"""The rows of a data file: an index of places and hashes, and rows that are decoded when they are asked for."""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from iicl_tui.data_files.faults import DataError, fault

HASH_BYTES = 16


@dataclass(frozen=True)
class FieldInfo:
    """A field of the rows.

    Attributes:
        name: Its name.
        types: How many rows have it as "text", "number", "yes/no", "list", "table" or "empty", the most frequent first.
    """

    name: str
    types: Mapping[str, int]

    @property
    def type(self) -> str:
        """The most frequent type that is not empty; "empty" if there is none."""
        return next((name for name in self.types if name != "empty"), "empty")

    @property
    def is_mixed(self) -> bool:
        """Whether rows have it as different types, apart from empty ones."""
        return len(set(self.types) - {"empty"}) > 1

    @property
    def count(self) -> int:
        """Number of rows that have the field."""
        return sum(self.types.values())


@dataclass(frozen=True)
class Row:
    """A row of a data file.

    Attributes:
        index: Its place among the rows, from 0.
        line: The line at which it begins, from 1; of a Parquet file, the number of the row.
        key: A hash of its content; `-2` follows for the second of equal rows.
        values: Its fields, in the file's order.
    """

    index: int
    line: int
    key: str
    values: Mapping[str, Any]

    def text(self, field: str) -> str:
        """The field as text, as it is in the file; "" if it is absent or null."""
        return text_of(self.values.get(field))


def text_of(value: Any) -> str:
    """A field's value as text: texts as they are, null as "", anything else as JSON."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def value_of(text: str, original: Any) -> Any:
    """The value that an edited text stands for: of the original's type if the text can be read so, otherwise the text."""
    if isinstance(original, str) or original is None:
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


class Index:
    """Where the rows are: offset, size, line and hash of each. 32 bytes a row."""

    def __init__(self) -> None:
        self.offsets = array("Q")
        self.sizes = array("I")
        self.lines = array("I")
        self.digests = bytearray()

    def add(self, offset: int, line: int, raw: bytes) -> None:
        """Adds a row with these bytes."""
        self.offsets.append(offset)
        self.sizes.append(len(raw))
        self.lines.append(line)
        self.digests += blake2b(raw, digest_size=HASH_BYTES).digest()

    def __len__(self) -> int:
        return len(self.offsets)

    def digest(self, index: int) -> bytes:
        """The hash of a row."""
        return bytes(self.digests[index * HASH_BYTES : (index + 1) * HASH_BYTES])


class DataTable:
    """An open data file of rows. Close it, or use it as a context manager. It is not for several threads.

    Attributes:
        path: The file.
        kind: "jsonl", "csv" or "parquet".
        fields: The fields, in the order in which they appear.
        notices: Sentences for the person.
        digest: A hash of all rows, in hexadecimal digits.
    """

    def __init__(
        self,
        path: Path,
        kind: str,
        stream: BinaryIO,
        index: Index,
        fields: tuple[FieldInfo, ...],
        decode: Callable[[bytes], Mapping[str, Any]],
        notices: tuple[str, ...] = (),
    ) -> None:
        self.path = path
        self.kind = kind
        self.fields = fields
        self.notices = notices
        self._stream = stream
        self._index = index
        self._decode = decode
        self.digest = blake2b(index.digests, digest_size=HASH_BYTES).hexdigest()
        halves = np.frombuffer(index.digests, dtype=">u8").reshape(len(index), 2).astype(np.uint64)
        self._order = np.lexsort((halves[:, 1], halves[:, 0])).astype(np.uint32)  # equal rows stay in their order
        self._sorted = halves[self._order]
        self._copies = _copies(self._order, self._sorted)

    def __enter__(self) -> DataTable:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file. May be called twice."""
        self._stream.close()

    def __len__(self) -> int:
        return len(self._index)

    def __getitem__(self, index: int) -> Row:
        """The row at this index.

        Raises:
            IndexError: There is no such row.
            DataError: The row has changed since the file was opened.
        """
        raw = self.raw(index)
        return Row(index, self.line(index), self.key(index), self._decode(raw))

    def __iter__(self) -> Iterator[Row]:
        return map(self.__getitem__, range(len(self)))

    def raw(self, index: int) -> bytes:
        """The bytes of a row, without its line end, in UTF-8. A row of a Parquet file is given as a JSON line. Raises as `[]`."""
        if not 0 <= index < len(self):
            raise IndexError(index)
        self._stream.seek(self._index.offsets[index])
        raw = self._stream.read(self._index.sizes[index])
        if blake2b(raw, digest_size=HASH_BYTES).digest() != self._index.digest(index):
            message = "this row was changed by another program since the file was opened"
            raise DataError(self.path, [fault(self.line(index), message)], "Open the file again: decisions are found by content.")
        return raw

    def line(self, index: int) -> int:
        """The line at which a row begins, from 1; of a Parquet file, the number of the row."""
        return self._index.lines[index]

    def key(self, index: int) -> str:
        """The row's key."""
        copy = self._copies.get(index, 1)
        return self._index.digest(index).hex() + (f"-{copy}" if copy > 1 else "")

    def find(self, key: str) -> int | None:
        """The index of the row with this key; None if there is none. Of a further copy that is gone, None."""
        content, _, copy = key.partition("-")
        try:
            digest, number = bytes.fromhex(content), int(copy or 1)
        except ValueError:
            return None
        if len(digest) != HASH_BYTES:
            return None
        high, low = (np.uint64(int.from_bytes(half, "big")) for half in (digest[:8], digest[8:]))
        first, last = (int(self._sorted[:, 0].searchsorted(high, side)) for side in ("left", "right"))
        same = [at for at in range(first, last) if self._sorted[at, 1] == low]
        return int(self._order[same[number - 1]]) if 1 <= number <= len(same) else None

    def find_all(self, keys: Sequence[str]) -> list[int | None]:
        """As `find` of each key, and much faster for many."""
        try:
            digests = bytes.fromhex("".join([key[: 2 * HASH_BYTES] for key in keys]))
            copies = np.array([int(key[2 * HASH_BYTES + 1 :] or 1) for key in keys], dtype=np.int64)
        except (ValueError, OverflowError):
            return list(map(self.find, keys))
        if len(digests) != HASH_BYTES * len(keys):
            return list(map(self.find, keys))
        halves = np.frombuffer(digests, dtype=">u8").reshape(len(keys), 2).astype(np.uint64)
        places = np.searchsorted(self._sorted[:, 0], halves[:, 0]) + copies - 1
        places = np.where((copies >= 1) & (places < len(self)), places, 0)
        same = np.all(self._sorted[places] == halves, axis=1) & (copies >= 1)
        rows = self._order[places].tolist()
        # A row that is not at its place is absent, or shares half of its hash with another one.
        return [row if is_here else self.find(key) for row, is_here, key in zip(rows, same.tolist(), keys, strict=True)]

    @property
    def repeated(self) -> dict[int, int]:
        """The rows that are equal to an earlier one: their index, and which of the equal rows each is (2 for the second)."""
        return dict(self._copies)

    def field(self, name: str) -> FieldInfo | None:
        """The field of this name; None if there is none."""
        return next((field for field in self.fields if field.name == name), None)


def _copies(order: Any, ordered: Any) -> dict[int, int]:
    """Which of equal rows each is, without first ones. ordered: the hashes, sorted; order: their rows."""
    same = np.all(ordered[1:] == ordered[:-1], axis=1) if len(ordered) > 1 else np.zeros(0, bool)
    found: dict[int, int] = {}
    for at in np.flatnonzero(same).tolist():
        found[int(order[at + 1])] = found.get(int(order[at]), 1) + 1
    return dict(sorted(found.items()))
