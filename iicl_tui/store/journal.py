"""An append-only text file of blocks, one per phase or call. Each block is on the disk before the next one begins.

See `block_ends` for the lines that end blocks. Anything after the last end line, except comments, is an unfinished block. It is
ignored even if it happens to be valid TOML.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from iicl_tui import files
from iicl_tui.errors import StoreError
from iicl_tui.store import atomic, errors
from iicl_tui.store.block_ends import (
    HEAD,
    Damage,
    after_comments,
    damaged,
    head_end,
    is_broken_journal,
    last_end,
    lost_head,
    marker_line,
)
from iicl_tui.store.errors import SESSION, Words
from iicl_tui.store.fingerprint import Fingerprint
from iicl_tui.store.lock import Lock, take

_SPACE = b" \t\r\n"
MOST_BYTES = 256_000_000
LEAST_ROOM = 256 * 1024
"""Bytes that must be free before a call that costs money."""


@dataclass(frozen=True)
class Split:
    """The bytes of a file.

    Attributes:
        whole: All complete blocks.
        torn: An unfinished last block.
        is_journal: Whether the file has blocks; otherwise it is a configuration that a person wrote.
        damaged: Blocks that do not match their checksums.
    """

    whole: bytes
    torn: bytes
    is_journal: bool
    damaged: Sequence[Damage] = ()


def split(data: bytes) -> Split:
    """Separates complete blocks, with the comments below them, from an unfinished block."""
    head = head_end(data)
    if head is None and (lost := lost_head(data)) is not None:
        return Split(data, b"", True, [lost])
    if head is None:
        return Split(data, b"", is_broken_journal(data))
    end = last_end(data, head.end())
    whole = after_comments(data, end)
    return Split(data[:whole], data[whole:], True, damaged(data[:end], head))


class Journal:
    """An open file of blocks. Close it, or use it as a context manager.

    Attributes:
        path: The file.
        words: What errors say about it.
        read_only: Why nothing can be appended, as a sentence; None if blocks can be appended.
        notices: Sentences for the person about what happened on opening.
        is_journal: Whether the file has blocks; False for a text written by hand.
        torn: The size of an unfinished last block, in bytes.
        damaged: Blocks that do not match their checksums.
        damage: A sentence about them; None if all match.
    """

    def __init__(self, path: Path, descriptor: int, size: int, words: Words = SESSION) -> None:
        self.path = path
        self.words = words
        self.read_only: str | None = None
        self.notices: list[str] = []
        self.is_journal = True
        self.torn = 0
        self._descriptor = descriptor
        self._size = size
        self.damaged: Sequence[Damage] = ()
        self.damage: str | None = None
        self._fingerprint = Fingerprint()  # of the whole blocks, to find changes by other programs
        self._stamp = (0, 0)
        self._lead = b""  # written before the next block: a newline if the file does not end in one
        self._tail_to_cut = False  # an append failed and left bytes after the whole blocks
        self._synced: tuple[int, Fingerprint, bytes] | None = None
        self._has_writer = False  # in another program, so an unfinished block may be under way

    @classmethod
    def create(cls, path: Path, head: str, blocks: bytes = b"", words: Words = SESSION, mode: int | None = None) -> Journal:
        """Creates a file with the head as its first block, and complete blocks after it. Never overwrites. Raises StoreError."""
        data = (head + marker_line(HEAD, head)).encode() + blocks
        try:
            descriptor = atomic.create(path, data, mode)
        except OSError as error:
            raise errors.from_os_error(error, "create", path, words) from error
        journal = cls(path, descriptor, len(data), words)
        journal._fingerprint.update(data)
        journal._note_stamp()
        journal._lock()
        return journal

    @classmethod
    def open(cls, path: Path, read_only: bool = False, words: Words = SESSION) -> Journal:
        """Opens a file for appending, or for reading only if `read_only` is set or the file is not writable.

        Raises StoreError if the file cannot be read.
        """
        descriptor, reason = _open(path, read_only, words)
        journal = cls(path, descriptor, 0, words)
        journal.read_only = reason
        try:
            if not reason:
                atomic.clean(path.parent)
                journal._lock()
            journal._read()
        except OSError as error:
            journal.close()
            raise errors.from_os_error(error, "read", path, words) from error
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
        """The size of the whole blocks, in bytes."""
        return self._size

    @property
    def mode(self) -> int | None:
        """Who may read and write the file; None if the system does not say."""
        with contextlib.suppress(OSError):
            return stat.S_IMODE(os.fstat(self._descriptor).st_mode)
        return None

    def close(self) -> None:
        """Closes the file and releases its lock. May be called twice."""
        if self._descriptor >= 0:
            atomic.close(self._descriptor)
            self._descriptor = -1

    def append(self, text: str, marker: str, durable: bool = True) -> None:
        """Adds a block, which is on the disk when this returns. The cost does not depend on the file's length.

        Args:
            text: The block.
            marker: What its end is called.
            durable: False leaves it to the system when the block goes to the disk, until `sync` or a durable append. It survives
                the end of this process, but not a power cut.

        Raises:
            StoreError: The file is unchanged, and the same append can be tried again. It is a ReadOnlyFile, DeletedFile,
                ChangedFile or FullDisk, or a plain StoreError if the disk fails.
        """
        self.append_together([(text, marker)], durable)

    def append_together(self, blocks: Sequence[tuple[str, str]], durable: bool = True) -> None:
        """As `append`, for blocks that are written at once, so that a process that is killed leaves all of them or none."""
        self._check_writable()
        data = self._lead + "".join(text + marker_line(marker, text) for text, marker in blocks).encode()
        try:
            if self._tail_to_cut:
                os.ftruncate(self._descriptor, self._size)
            self._tail_to_cut = True
            atomic.write_all(self._descriptor, data, self._size)
            if durable:
                os.fsync(self._descriptor)
        except OSError as error:
            self._cut_tail()
            raise errors.from_os_error(error, "write", self.path, self.words) from error
        except BaseException:
            self._cut_tail()
            raise
        if durable:
            self._synced = None
        elif self._synced is None:
            self._synced = self._size, self._fingerprint.copy(), self._lead
        self._tail_to_cut = False
        self._lead = b""
        self._size += len(data)
        self._fingerprint.update(data)
        self._note_stamp()

    def sync(self) -> None:
        """Puts the blocks on the disk that were appended and not made durable.

        Raises:
            StoreError: They cannot be, and are cut off again: the file ends in the last block that is durable.
        """
        if self._synced is None:
            return
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            self._size, self._fingerprint, self._lead = self._synced
            self._synced, self._tail_to_cut = None, True
            self._cut_tail()
            raise errors.from_os_error(error, "write", self.path, self.words) from error
        self._synced = None

    def check_space(self, size: int = LEAST_ROOM) -> None:
        """Checks that this many bytes can be appended: on the disk, in a quota, and within a limit on file sizes.

        It passes if the system cannot tell. Raises StoreError, as `append` would.
        """
        self._check_writable()
        try:
            atomic.reserve(self.path, self._size, max(size, LEAST_ROOM))
        except OSError as error:
            raise errors.from_os_error(error, "write", self.path, self.words) from error

    def read(self) -> bytes:
        """All whole blocks, or a text written by hand, even if the file was deleted in the meantime.

        Raises ChangedFile if another program changed them, StoreError if the disk fails.
        """
        try:
            data = _read_all(self._descriptor, self._size)
        except OSError as error:
            raise errors.from_os_error(error, "read", self.path, self.words) from error
        if not self._fingerprint.matches(data):
            raise _changed(self.path, self.words)
        return data

    def save_copy(self, path: Path, more: bytes = b"") -> None:
        """Saves the whole blocks, followed by `more`, in a new file of the same mode. Never overwrites. Raises StoreError."""
        data = self.read() + (self._lead + more if more else b"")
        try:
            atomic.close(atomic.create(path, data, self.mode))
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
        self._lead = b"" if parts.whole.endswith(b"\n") else b"\n"
        self._fingerprint.update(parts.whole)
        self._note_stamp()
        self.damaged = parts.damaged
        if not parts.is_journal:
            self.read_only = self.read_only or f"{self.path.name} is a configuration without records. Running it starts a new file."
        elif self.damaged:
            self._refuse_damaged(self.damaged[0])
        elif parts.torn and not self.read_only:
            self._cut_off(parts.torn)
        elif self.torn and not self._has_writer:
            self.notices.append(f"{self.path.name} ends in an unfinished block, which is ignored here. The file is unchanged.")

    def _refuse_damaged(self, first: Damage) -> None:
        """Makes the journal read-only, with the reason."""
        more = f", and {len(self.damaged) - 1} more" if len(self.damaged) > 1 else ""
        self.damage = self.read_only = (
            f"{self.path.name} was changed after it was written: its block “{first.block}”, which ends in line {first.line}{more}, "
            f"does not match its checksum. Undo the change, or remove “sum …” from that line to accept it."
        )
        self.notices.append(self.damage)

    def _cut_off(self, torn: bytes) -> None:
        """Saves the bytes of an unfinished block beside the file, then cuts the block off."""
        try:
            if self.torn:
                kept = _keep_beside(self.path, torn, self.mode)
                self.notices.append(
                    f"The unfinished last block of {self.path.name} was cut off. Its {len(torn)} bytes are in {kept.name}."
                )
            os.ftruncate(self._descriptor, self._size)
            os.fsync(self._descriptor)
            self._note_stamp()
        except OSError as error:
            self.read_only = f"{self.path.name} ends in an unfinished block that cannot be set aside: {error.strerror or error}."

    def _check_writable(self) -> None:
        if self.read_only is not None or self._descriptor < 0:
            why = self.read_only or "It was closed."
            raise errors.ReadOnlyFile(f"{self.path.name} is read-only here", why, self.words.instead)
        self._check_still_ours()

    def _check_still_ours(self) -> None:
        try:
            ours = os.fstat(self._descriptor)
            there = os.stat(self.path)
        except FileNotFoundError:
            there = None
        except OSError as error:
            raise errors.from_os_error(error, "write", self.path, self.words) from error
        if there is None or not os.path.samestat(there, ours):
            raise errors.DeletedFile(
                f"{self.path.name} was deleted, moved or replaced",
                f"It is no longer the {self.words.noun} that was opened. Nothing was written.",
                self.words.keep,
            )
        if self._tail_to_cut:
            return
        if ours.st_size != self._size or not self._fingerprint.spot_check(self._read_part):
            raise _changed(self.path, self.words)
        if (ours.st_mtime_ns, ours.st_ctime_ns) != self._stamp:  # the file was written to, or its mode was changed
            self.read()
            self._stamp = ours.st_mtime_ns, ours.st_ctime_ns

    def _read_part(self, size: int, offset: int) -> bytes:
        try:
            return atomic.read_at(self._descriptor, size, offset)
        except OSError as error:
            raise errors.from_os_error(error, "read", self.path, self.words) from error

    def _note_stamp(self) -> None:
        """Notes the file's times. Without them, the next append compares the whole file."""
        self._stamp = (0, 0)
        with contextlib.suppress(OSError):
            there = os.fstat(self._descriptor)
            self._stamp = there.st_mtime_ns, there.st_ctime_ns

    def _cut_tail(self) -> None:
        """Cuts the file back to the last whole block. If that fails, the next append tries it again first."""
        with contextlib.suppress(OSError):
            os.ftruncate(self._descriptor, self._size)
            self._tail_to_cut = False


def _changed(path: Path, words: Words) -> StoreError:
    return errors.ChangedFile(
        f"{path.name} was changed by another program",
        "It differs from what this program last wrote. Nothing was written now.",
        words.reopen,
    )


def _open(path: Path, read_only: bool, words: Words) -> tuple[int, str | None]:
    try:
        there = os.stat(path)
        if not stat.S_ISREG(there.st_mode):
            raise StoreError(f"{errors.name_of(path)} is not a file", f"{path} is a folder or a device.", words.name_one)
        if there.st_size > MOST_BYTES:
            what = f"It has {there.st_size // 1_000_000:,} MB; a {words.noun} has at most {MOST_BYTES // 1_000_000} MB."
            raise StoreError(f"{path.name} is too large", what, words.name_one)
        if read_only:
            return atomic.open_file(path, os.O_RDONLY), f"{path.name} was opened for reading only."
        try:
            return atomic.open_file(path, os.O_RDWR), None
        except OSError as error:
            if error.errno not in errors.REFUSED:
                raise
            return atomic.open_file(path, os.O_RDONLY), f"{path.name} is not writable: {error.strerror}."
    except OSError as error:
        raise errors.from_os_error(error, "open", path, words) from error


def _read_all(descriptor: int, size: int | None) -> bytes:
    """The first `size` bytes, or all; fewer if the file is shorter."""
    parts: list[bytes] = []
    offset = 0
    while size is None or offset < size:
        part = atomic.read_at(descriptor, 1 << 20 if size is None else min(1 << 20, size - offset), offset)
        if not part:
            break
        parts.append(part)
        offset += len(part)
    return b"".join(parts)


def _keep_beside(path: Path, data: bytes, mode: int | None) -> Path:
    """Saves the bytes beside the file under a name that is free, and returns that path."""
    number = 1
    while True:
        kept = path.with_name(f"{path.name}.torn" + (f"-{number}" if number > 1 else ""))
        try:
            atomic.close(atomic.create(kept, data, mode))
        except FileExistsError:
            if _holds(kept, data):  # an earlier opening kept it, and could not cut the session
                return kept
            number += 1
        else:
            return kept


def _holds(path: Path, data: bytes) -> bool:
    """Whether a file has exactly this content."""
    with contextlib.suppress(OSError):
        return files.read_bytes(path, len(data)) == data
    return False
