"""Keeps computed arrays on the disk by a hash of what they were computed from. Losing any of it costs only time."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from iicl_tui import files
from iicl_tui.errors import StoreError
from iicl_tui.store import atomic

MOST = 200_000_000
"""Bytes of all files together; the oldest are deleted."""

_SUFFIX = ".npz"


class ArrayCache:
    """A folder of files of arrays. A file that cannot be read is deleted, and one that cannot be written is left out.

    Args:
        folder: Is created when something is kept.
        most: Bytes of all files together.
    """

    def __init__(self, folder: Path, most: int = MOST) -> None:
        self.folder, self.most = folder, most

    def get(self, key: str) -> dict[str, NDArray[np.float64]] | None:
        """The arrays kept under this key; None if there are none, or their file is damaged."""
        path = self.folder / (key + _SUFFIX)
        try:
            stream = io.BytesIO(files.read_bytes(path, self.most))
            with zipfile.ZipFile(stream) as members:
                if sum(member.file_size for member in members.infolist()) > self.most:
                    raise ValueError("larger than anything that is kept")
            with np.load(stream, allow_pickle=False) as kept:  # each array has a checksum
                found = {name: np.asarray(kept[name], dtype=np.float64) for name in kept.files}
            os.utime(path)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, NotImplementedError, MemoryError):
            with contextlib.suppress(OSError):
                path.unlink()
            return None
        return found

    def put(self, key: str, arrays: Mapping[str, NDArray[np.float64]]) -> None:
        """Keeps arrays, if the disk lets it and they are not too large."""
        stream = io.BytesIO()
        np.savez(stream, **arrays)  # type: ignore[arg-type]
        data = stream.getvalue()
        if len(data) > self.most:
            return
        with contextlib.suppress(OSError, StoreError):
            self.folder.mkdir(parents=True, exist_ok=True)
            atomic.replace(self.folder / (key + _SUFFIX), data)
            self._shrink()

    def _shrink(self) -> None:
        """Deletes the files that were not used for longest, until the rest is small enough."""
        files = []
        for path in self.folder.glob("*" + _SUFFIX):
            with contextlib.suppress(OSError):
                files.append((path.stat().st_mtime_ns, path.stat().st_size, path))
        total = sum(size for _, size, _ in files)
        for _, size, path in sorted(files):
            if total <= self.most:
                return
            with contextlib.suppress(OSError):
                path.unlink()
            total -= size


def content_key(parts: Sequence[object]) -> str:
    """A hash of arrays (their bytes and shapes) and of other values (their text)."""
    found = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            found.update(f"{part.dtype}{part.shape}".encode())
            found.update(np.ascontiguousarray(part).tobytes())
        else:
            found.update(repr(part).encode())
        found.update(b"\x00")
    return found.hexdigest()[:40]
