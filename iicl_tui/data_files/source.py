"""Opens a data file as UTF-8 bytes: checks what it is, how large it is and how it is encoded."""

from __future__ import annotations

import codecs
import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from iicl_tui.data_files.faults import DataError, fault
from iicl_tui.errors import LabError
from iicl_tui.files import open_regular

MOST_BYTES = 2_000_000_000
"""Bytes in a data file."""

MOST_ROW = 4_000_000
"""Bytes in a row."""

_BOMS = (  # UTF-32 first: its mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_PARQUET = b"PAR1"
_CHUNK = 1 << 20
_KINDS = {".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl", ".csv": "csv", ".tsv": "csv", ".parquet": "parquet"}


@dataclass
class Source:
    """An open data file.

    Attributes:
        kind: "jsonl", "csv" or "parquet".
        stream: Its bytes; of a text in another encoding, those of a copy in UTF-8 that nobody else sees.
        start: Where the first row or header begins, after a byte order mark.
        notices: Sentences for the person.
    """

    path: Path
    kind: str
    stream: BinaryIO
    start: int
    notices: list[str]


def open_source(path: Path, encoding: str | None = None) -> Source:
    """Opens a data file. encoding: a text's encoding, if it is not UTF-8 and has no byte order mark.

    Raises:
        LabError: It cannot be read, is too large, or is of no known kind.
        DataError: It is not in this encoding.
    """
    try:
        with open_regular(path) as descriptor:
            size = os.fstat(descriptor).st_size
            stream: BinaryIO = open(os.dup(descriptor), "rb")  # noqa: SIM115 (the table closes it)
            head = stream.read(4096)
            stream.seek(0)
    except OSError as error:
        remedy = "Name a file of rows: .jsonl, .csv or .parquet."
        raise LabError(f"Could not read {path.name or path}", f"{path}: {error.strerror or error}.", remedy) from error
    try:
        if size > MOST_BYTES:
            raise LabError(
                f"{path.name} is too large",
                f"It has {-(-size // 1_000_000):,} MB; a data file has at most {MOST_BYTES // 1_000_000:,} MB.",
                "Divide it, for example with `split -l 1000000`, and review the parts.",
            )
        kind = _kind(path, head)
        if kind == "parquet":
            return Source(path, kind, stream, 0, [])
        found = encoding or next((name for mark, name in _BOMS if head.startswith(mark)), None)
        if found is not None and _is_other(found):
            stream = _as_utf8(path, stream, found)
            notices = [] if encoding else [f"{path.name} is in {found.upper()}, and was read so."]
            return Source(path, kind, stream, 0, notices)
        if head.count(b"\0") * 3 > len(head):
            remedy = "It may be in UTF-16 without a byte order mark: give --encoding utf-16-le or utf-16-be."
            raise DataError(path, [fault(1, "not UTF-8: full of NUL bytes")], remedy)
        return Source(path, kind, stream, len(codecs.BOM_UTF8) if head.startswith(codecs.BOM_UTF8) else 0, [])
    except BaseException:
        stream.close()
        raise


def not_utf8(path: Path, line: int, error: UnicodeDecodeError) -> DataError:
    """The error for a line that is not UTF-8."""
    message = f"not UTF-8: byte 0x{error.object[error.start]:02X} at byte {error.start + 1} of the line"
    remedy = "It may be in Latin-1 or Windows-1252: give --encoding cp1252, or convert it with `iconv -f cp1252 -t utf-8`."
    return DataError(path, [fault(line, message)], remedy)


def _kind(path: Path, head: bytes) -> str:
    if head.startswith(_PARQUET):
        return "parquet"
    kind = _KINDS.get(path.suffix.lower())
    if kind == "parquet":
        raise LabError(f"{path.name} is no Parquet file", "It does not begin with PAR1.", "Check how it was written.")
    text = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if kind is None and text.startswith(b"{"):
        return "jsonl"
    if kind == "jsonl" and text.startswith(b"["):
        raise LabError(
            f"{path.name} is one JSON list",
            "Rows are read from JSON lines: one object on each line.",
            f"Convert it, for example with `jq -c '.[]' {path.name} > {path.stem}.jsonl`.",
        )
    if kind is None:
        raise LabError(
            f"{path.name} is of no known kind",
            "Rows are read from JSON lines (.jsonl), CSV (.csv, .tsv) and Parquet (.parquet).",
            "Name the file so that its ending says what it is.",
        )
    return kind


def _is_other(encoding: str) -> bool:
    """Whether this is another encoding than UTF-8. Raises LabError if there is no such encoding for text."""
    try:
        codec = codecs.lookup(encoding)
        "".encode(encoding)
    except (LookupError, ValueError):
        remedy = "Give one such as utf-8, utf-16, latin-1 or cp1252."
        raise LabError(f"There is no encoding {encoding!r}", "", remedy) from None
    return codec.name not in ("utf-8", "utf-8-sig", "ascii")


def _as_utf8(path: Path, stream: BinaryIO, encoding: str) -> BinaryIO:
    """A copy in UTF-8, in an unnamed temporary file. Raises DataError for a line that is not in the encoding."""
    copy = tempfile.TemporaryFile()  # noqa: SIM115 (the table closes it)
    decoder = codecs.getincrementaldecoder(encoding)()
    lines = 1
    try:
        while True:
            chunk = stream.read(_CHUNK)
            text = decoder.decode(chunk, final=not chunk)
            lines += text.count("\n")
            copy.write(text.encode())
            if not chunk:
                break
    except UnicodeError as error:
        copy.close()
        with suppress(AttributeError):
            lines += error.object[: error.start].decode(encoding, "ignore").count("\n")  # type: ignore[attr-defined]
        raise DataError(path, [fault(lines, f"not {encoding}: {error}")], "Give its encoding with --encoding NAME.") from error
    except OSError as error:
        copy.close()
        remedy = "Free space in the folder of temporary files, or convert the file to UTF-8."
        raise LabError(f"Could not convert {path.name} to UTF-8", f"{error.strerror or error}.", remedy) from error
    stream.close()
    copy.seek(0)
    return copy
