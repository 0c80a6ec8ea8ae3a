"""One tidy table of many chains: a row for each chain, generation and metric, with every key in which the chains differ."""

from __future__ import annotations

import csv
import importlib
import io
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from iicl_tui.errors import LabError
from iicl_tui.store import atomic, errors
from iicl_tui.store.export import safe_cell
from iicl_tui.study.collection import ChainData, Collection

COLUMNS = ("generation", "metric", "value")
_FIRST = "chain"


def columns(collection: Collection) -> tuple[str, ...]:
    """The names of the columns."""
    return (_FIRST, *collection.keys, *COLUMNS)


def rows(chain: ChainData, keys: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """The rows of one chain. A value that is not known has no row."""
    head = (chain.name, *(chain.keys[key] for key in keys))
    for metric, values in chain.metrics.items():
        for place, value in enumerate(values.tolist()):
            if math.isfinite(value):
                yield (*head, place + 1, metric, value)


def write_csv(collection: Collection, path: Path) -> None:
    """Writes the table as CSV. Raises StoreError."""

    def parts() -> Iterator[bytes]:
        yield _csv_line(columns(collection))
        for chain in collection.chains:
            yield _csv_rows(chain, collection.keys)

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic.replace(path, parts())
    except OSError as error:
        raise errors.from_os_error(error, "export", path) from error


def _csv_rows(chain: ChainData, keys: Sequence[str]) -> bytes:
    """The rows of one chain. What they share is written once and repeated."""
    head = _csv_line((chain.name, *(chain.keys[key] for key in keys)))[:-2]
    lines = []
    for metric, values in chain.metrics.items():
        name = _csv_line((metric,))[:-2]
        known = ((place, value) for place, value in enumerate(values.tolist(), 1) if math.isfinite(value))
        lines += [b"%b,%d,%b,%b\r\n" % (head, place, name, repr(value).encode()) for place, value in known]
    return b"".join(lines)


def _csv_line(cells: Sequence[Any]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerow([safe_cell(cell) for cell in cells])
    return text.getvalue().encode(errors="replace")


def write_parquet(collection: Collection, path: Path) -> None:
    """Writes the table as Parquet, a row group for some hundred chains. Raises StoreError; LabError without pyarrow."""
    try:
        arrow: Any = importlib.import_module("pyarrow")
        parquet: Any = importlib.import_module("pyarrow.parquet")
    except ImportError as error:
        raise LabError("pyarrow is not installed", "Parquet files need it.", "pip install 'iicl-tui[parquet]'") from error
    kinds = [arrow.string(), *(_kind(collection, key, arrow) for key in collection.keys)]
    schema = arrow.schema(list(zip(columns(collection), [*kinds, arrow.int64(), arrow.string(), arrow.float64()], strict=True)))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        buffer = io.BytesIO()
        with parquet.ParquetWriter(buffer, schema) as writer:
            for at in range(0, len(collection.chains), _TOGETHER):
                together = [row for chain in collection.chains[at : at + _TOGETHER] for row in rows(chain, collection.keys)]
                if together:
                    cells = zip(*together, strict=True)
                    arrays = [_array(column, field.type, arrow) for column, field in zip(cells, schema, strict=True)]
                    writer.write_table(arrow.table(arrays, schema=schema))
        atomic.replace(path, buffer.getvalue())
    except OSError as error:
        raise errors.from_os_error(error, "export", path) from error


_TOGETHER = 200


def _kind(collection: Collection, key: str, arrow: Any) -> Any:
    values = [chain.keys[key] for chain in collection.chains]
    if all(isinstance(value, int) for value in values):
        return arrow.int64()
    return arrow.float64() if all(isinstance(value, (int, float)) for value in values) else arrow.string()


def _array(column: Sequence[Any], kind: Any, arrow: Any) -> Any:
    return arrow.array([str(value) for value in column] if kind == arrow.string() else column, kind)
