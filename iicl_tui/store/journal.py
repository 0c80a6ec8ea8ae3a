"""An append-only text file of blocks, one a phase, each on the disk before the next is begun.

A block ends with a marker, a comment line such as `# end: imitation 3`. What follows the last marker is a block that was
not finished, even where it happens to be valid TOML, and it never counts.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from iicl_tui.errors import StoreError
from iicl_tui.store import atomic, errors
from iicl_tui.store.lock import Lock, take

HEAD = "head"
_MARKER = re.compile(rb"^# end: [a-z]+(?: [0-9]+)?\r?\n", re.MULTILINE)
_HEAD_MARKER = re.compile(rb"^# end: head\r?\n", re.MULTILINE)
_SPACE = b" \t\r\n"
LEAST_ROOM = 256 * 1024
"""Bytes that are asked for at least before something is begun that costs."""


def marker_line(marker: str) -> str:
    """The line that ends a block."""
    return f"# end: {marker}\n"


@dataclass(frozen=True)
class Split:
    """A file's bytes, told apart. is_journal: it has blocks; a text without any is taken whole, as a person wrote it."""

    whole: bytes
    torn: bytes
    is_journal: bool


def split(data: bytes) -> Split:
    """Whole blocks, and what is left of one that was not finished (white space does not count)."""
    if not _HEAD_MARKER.search(data):
        return Split(data, b"", False)
    end = end_of_last_block(data)
    return Split(data[:end], data[end:], True)


def end_of_last_block(data: bytes) -> int:
    """Where the last whole block ends; 0 where there is none."""
    end = len(data)
    while (start := data.rfind(b"# end: ", 0, end)) >= 0:
        match = _MARKER.match(data, start) if start == 0 or data[start - 1 : start] == b"\n" else None
        if match:
            return match.end()
        end = start + 1
    return 0


class Journal:
    """An open file of blocks.

    read_only: a sentence that says why nothing may be appended, or None. notices: what a person should hear of.
    is_journal: False for a text written by hand. torn: bytes of an unfinished last block, found on opening. Close it, or use
    it as a context manager.
    """

    def __init__(self, path: Path, descriptor: int, size: int) -> None:
        self.path = path
        self.read_only: str | None = None
        self.notices: list[str] = []
        self.is_journal = True
        self.torn = 0
        self._descriptor = descriptor
        self._size = size
        self._digest = hashlib.blake2b()  # of the whole blocks, so that a change by another program is never taken for ours
        self._tail_to_cut = False
        self._has_writer = False  # another program; then an unfinished block is one under way

    @classmethod
    def create(cls, path: Path, head: str, blocks: bytes = b"") -> Journal:
        """A new file that holds the head as its first block, and whole blocks after it. Raises StoreError; never overwrites."""
        data = (head + marker_line(HEAD)).encode() + blocks
        try:
            descriptor = atomic.create(path, data)
        except OSError as error:
            raise errors.from_os_error(error, "create", path) from error
        journal = cls(path, descriptor, len(data))
        journal._digest.update(data)
        journal._lock()
        return journal

    @classmethod
    def open(cls, path: Path, read_only: bool = False) -> Journal:
        """Open for appending, or for reading alone where asked for or where nothing else can be had.

        Raises StoreError where the file cannot be read at all.
        """
        descriptor, reason = _open(path, read_only)
        journal = cls(path, descriptor, 0)
        journal.read_only = reason
        try:
            if not reason:
                journal._lock()
            journal._read()
        except OSError as error:
            journal.close()
            raise errors.from_os_error(error, "read", path) from error
        except BaseException:
            journal.close()
            raise
        return journal

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def size(self) -> int:
        """Bytes in whole blocks."""
        return self._size

    def close(self) -> None:
        """Give up the file and its lock. Closing twice is no fault."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def append(self, text: str, marker: str) -> None:
        """Add a block; when this returns it is on the disk. The cost does not depend on the file's length.

        Raises StoreError with the file as it was before, so that the same append may be tried again: ReadOnlyFile,
        DeletedFile, ChangedFile, FullDisk, or a plain one for a failing disk.
        """
        data = (text + marker_line(marker)).encode()
        self._check_writable()
        try:
            if self._tail_to_cut:
                os.ftruncate(self._descriptor, self._size)
            self._tail_to_cut = True
            atomic.write_all(self._descriptor, data, self._size)
            os.fsync(self._descriptor)
        except OSError as error:
            self._cut_tail()
            raise errors.from_os_error(error, "write", self.path) from error
        except BaseException:
            self._cut_tail()
            raise
        self._tail_to_cut = False
        self._size += len(data)
        self._digest.update(data)

    def check_space(self, size: int = LEAST_ROOM) -> None:
        """Raises StoreError, as `append` would, if the file cannot be appended to or this many bytes have no room: on the disk, in
        a quota, or within a limit on file sizes. Silent if the system cannot say."""
        self._check_writable()
        try:
            atomic.reserve(self.path, self._size, max(size, LEAST_ROOM))
        except OSError as error:
            raise errors.from_os_error(error, "write", self.path) from error

    def read(self) -> bytes:
        """All whole blocks (or a text written by hand), also when the file was deleted meanwhile.

        Raises ChangedFile where they are not what was read and written here, StoreError where the disk fails.
        """
        try:
            data = _read_all(self._descriptor, self._size)
        except OSError as error:
            raise errors.from_os_error(error, "read", self.path) from error
        if hashlib.blake2b(data).digest() != self._digest.digest():
            raise _changed(self.path)
        return data

    def save_copy(self, path: Path, more: bytes = b"") -> None:
        """What `read` gives, and more whole blocks after it, in a new file. Raises StoreError; never overwrites."""
        data = self.read() + more
        try:
            os.close(atomic.create(path, data))
        except OSError as error:
            raise errors.from_os_error(error, "create", path) from error

    def _lock(self) -> None:
        lock = take(self._descriptor)
        self._has_writer = lock is Lock.TAKEN
        if self._has_writer:
            self.read_only = f"{self.path.name} is open in another window or program, which may write to it."
        elif lock is Lock.NONE:
            self.notices.append(f"{self.path.parent} has no file locks: do not open {self.path.name} twice at the same time.")

    def _read(self) -> None:
        data = _read_all(self._descriptor, None)
        parts = split(data)
        self.is_journal = parts.is_journal
        self.torn = len(parts.torn) if parts.torn.strip(_SPACE) else 0
        self._size = len(parts.whole)
        self._digest.update(parts.whole)
        if not parts.is_journal:
            self.read_only = self.read_only or f"{self.path.name} was not written by a run; running it starts a new file."
        elif parts.torn and not self.read_only:
            self._mend(parts.torn)
        elif self.torn and not self._has_writer:
            self.notices.append(f"{self.path.name} ends in an unfinished block, left out here; the file is untouched.")

    def _mend(self, torn: bytes) -> None:
        """Cut an unfinished block off, but only once its bytes are safe beside the file."""
        try:
            if self.torn:
                kept = _keep_beside(self.path, torn)
                self.notices.append(
                    f"The last block of {self.path.name} was unfinished and is cut off; its {len(torn)} bytes are in {kept.name}."
                )
            os.ftruncate(self._descriptor, self._size)
            os.fsync(self._descriptor)
        except OSError as error:
            self.read_only = f"{self.path.name} ends in an unfinished block that cannot be set aside: {error.strerror or error}."

    def _check_writable(self) -> None:
        if self.read_only is not None or self._descriptor < 0:
            why = self.read_only or "It was closed."
            raise errors.ReadOnlyFile(f"{self.path.name} is read-only here", why, "Branch from it, or save a copy.")
        self._check_still_ours()

    def _check_still_ours(self) -> None:
        try:
            there = os.stat(self.path)
        except FileNotFoundError:
            there = None
        except OSError as error:
            raise errors.from_os_error(error, "write", self.path) from error
        ours = os.fstat(self._descriptor)
        if there is None or not os.path.samestat(there, ours):
            raise errors.DeletedFile(
                f"{self.path.name} was deleted, moved or replaced",
                "It is no longer the file that this session was opened from. Nothing was written.",
                "Save a copy under another name: all that was kept so far goes with it.",
            )
        if ours.st_size != self._size and not self._tail_to_cut:
            raise _changed(self.path)

    def _cut_tail(self) -> None:
        """Back to the last whole block. Where even that fails, the next append begins with it."""
        with contextlib.suppress(OSError):
            os.ftruncate(self._descriptor, self._size)
            self._tail_to_cut = False


def _changed(path: Path) -> StoreError:
    return errors.ChangedFile(
        f"{path.name} was changed by another program",
        "It is not what was last written here. Nothing was written.",
        "Save a copy under another name, or close the session and open the file as it is now.",
    )


def _open(path: Path, read_only: bool) -> tuple[int, str | None]:
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise StoreError(f"{path.name} is no file", f"{path} is a folder or a device.", "Name a session file.")
        if read_only:
            return atomic.open_file(path, os.O_RDONLY), f"{path.name} was opened to be read."
        try:
            return atomic.open_file(path, os.O_RDWR), None
        except OSError as error:
            if error.errno not in errors.REFUSED:
                raise
            return atomic.open_file(path, os.O_RDONLY), f"{path.name} may not be written to: {error.strerror}."
    except OSError as error:
        raise errors.from_os_error(error, "open", path) from error


def _read_all(descriptor: int, size: int | None) -> bytes:
    """The first size bytes, or all; fewer where the file is shorter."""
    parts: list[bytes] = []
    offset = 0
    while size is None or offset < size:
        part = atomic.read_at(descriptor, 1 << 20 if size is None else min(1 << 20, size - offset), offset)
        if not part:
            break
        parts.append(part)
        offset += len(part)
    return b"".join(parts)


def _keep_beside(path: Path, data: bytes) -> Path:
    number = 1
    while True:
        kept = path.with_name(f"{path.name}.torn" + (f"-{number}" if number > 1 else ""))
        try:
            os.close(atomic.create(kept, data))
        except FileExistsError:
            number += 1
        else:
            return kept
