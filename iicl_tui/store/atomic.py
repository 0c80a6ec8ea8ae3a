"""Writes files atomically and durably: after a crash or a power cut, a file is either complete or absent."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from zlib import crc32

_NO_HARD_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EACCES}

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_TEMPORARY = re.compile(r"\.[0-9a-f]{16}\.([0-9a-f]{8})\.([0-9]{1,10})\.tmp")
_LONGEST_WRITE = 86_400.0
"""Seconds."""
_cleaned: set[str] = set()
"""The folders that this process has written to. Each was cleaned before."""
_BINARY = getattr(os, "O_BINARY", 0)
"""Exists on Windows, which changes line ends without it."""


def write_all(descriptor: int, data: bytes, offset: int) -> None:
    """Writes all of data at the offset, however few bytes the system accepts at a time. Raises OSError."""
    view = memoryview(data)
    while view:
        written = _pwrite(descriptor, view, offset)
        if written == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        view = view[written:]
        offset += written


def _pwrite(descriptor: int, view: memoryview, offset: int) -> int:
    if hasattr(os, "pwrite"):
        return os.pwrite(descriptor, view, offset)
    os.lseek(descriptor, offset, os.SEEK_SET)
    return os.write(descriptor, view)


def read_at(descriptor: int, size: int, offset: int) -> bytes:
    """At most size bytes from the offset. Raises OSError."""
    if hasattr(os, "pread"):
        return os.pread(descriptor, size, offset)
    os.lseek(descriptor, offset, os.SEEK_SET)
    return os.read(descriptor, size)


def open_file(path: Path, flags: int, mode: int = 0o666) -> int:
    """Opens a file in binary mode on every system and returns its descriptor. Raises OSError."""
    return os.open(path, flags | _BINARY, mode)


def close(descriptor: int) -> None:
    """Closes a file whose content is on the disk already, so that an error says nothing about it."""
    with contextlib.suppress(OSError):
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Makes a new or changed name durable, on systems that can sync folders."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    with contextlib.suppress(OSError):
        os.fsync(descriptor)
    close(descriptor)


def _temporary(path: Path) -> Path:
    """A temporary name in the same folder. It names the machine and the process, so that `clean` can tell whether it still runs."""
    return path.with_name(f".{os.urandom(8).hex()}.{_machine()}.{os.getpid()}.tmp")


def _machine() -> str:
    """A hash of this machine's name."""
    return f"{crc32(socket.gethostname().encode()):08x}"


def clean(folder: Path) -> None:
    """Removes temporary files of programs on this machine that were killed while they were writing. Never raises.

    A file that is older than a day is removed even if a process with its number runs, which is another one.
    """
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            found = _TEMPORARY.fullmatch(entry.name)
            if found and found[1] == _machine():
                with contextlib.suppress(OSError):
                    if not _is_running(int(found[2])) or time.time() - entry.stat().st_mtime > _LONGEST_WRITE:
                        os.unlink(entry.path)


def _is_running(process: int) -> bool:
    if os.name != "posix":  # on Windows os.kill would end the process
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


@contextmanager
def _written_beside(path: Path, data: Iterable[bytes], mode: int = 0o666) -> Iterator[tuple[int, Path]]:
    """Writes and fsyncs a file under a temporary name in path's folder. It is removed at the end unless it was renamed."""
    if str(path.parent) not in _cleaned:
        _cleaned.add(str(path.parent))
        clean(path.parent)
    temporary = _temporary(path)
    descriptor = open_file(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, mode)
    try:
        size = 0
        for part in data:
            write_all(descriptor, part, size)
            size += len(part)
        os.fsync(descriptor)
        yield descriptor, temporary
    except BaseException:
        close(descriptor)
        raise
    finally:
        with contextlib.suppress(OSError):  # `clean` removes what is left
            os.unlink(temporary)


def reserve(path: Path, size: int, room: int) -> None:
    """Checks that a file of this size could grow by `room` bytes, without touching it.

    The bytes are allocated for a moment in an unnamed file in the same folder.

    Raises:
        OSError: ENOSPC, EDQUOT or EFBIG: there is no room.
    """
    free = _free(path.parent)
    if free is not None and free < room:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if not hasattr(os, "posix_fallocate"):
        return
    scratch = _temporary(path)
    try:
        descriptor = open_file(scratch, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError:  # the file may be writable even if its folder is not
        return
    try:
        os.unlink(scratch)
        os.posix_fallocate(descriptor, size, room)
    except OSError as error:
        if error.errno in NO_ROOM:
            raise
    finally:
        close(descriptor)


def _free(folder: Path) -> int | None:
    """Free bytes on the folder's disk; None if the system does not say."""
    try:
        disk = os.statvfs(folder)
    except (OSError, AttributeError):
        return None
    return disk.f_bavail * disk.f_frsize


def create(path: Path, data: bytes, mode: int | None = None) -> int:
    """Creates a file with this content and returns its descriptor, open for reading and writing.

    The name appears once the content is on the disk. Raises FileExistsError instead of overwriting, and OSError.

    mode: Who may read and write it; None: whoever may do so with other new files.
    """
    with _written_beside(path, [data], 0o666 if mode is None else mode & 0o700) as (descriptor, temporary):
        if mode is not None:
            with contextlib.suppress(OSError, AttributeError):  # Windows may have no fchmod
                os.fchmod(descriptor, mode)
        try:
            os.link(temporary, path)
        except OSError as error:
            if error.errno not in _NO_HARD_LINKS:
                raise
            _rename_to_new(temporary, path)
        sync_folder(path.parent)
    return descriptor


def replace(path: Path, data: bytes | Iterable[bytes]) -> None:
    """Replaces the file's content, and keeps its permissions and a symbolic link to it.

    Args:
        path: The file.
        data: The content; in parts if a long file should not be held in memory.

    Raises:
        OSError: The old file is unchanged.
    """
    path = Path(os.path.realpath(path))
    with _written_beside(path, [data] if isinstance(data, bytes) else data) as (descriptor, temporary):
        with contextlib.suppress(OSError, AttributeError):  # Windows may have no fchmod
            os.fchmod(descriptor, path.stat().st_mode & 0o7777)
        os.replace(temporary, path)
        sync_folder(path.parent)
    close(descriptor)


def _rename_to_new(source: Path, target: Path) -> None:
    """Renames without hard links: claims the name first, so that no other file is replaced. Raises OSError."""
    close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
    try:
        os.replace(source, target)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(target)
        raise


def move(source: Path, target: Path) -> None:
    """Renames a file. Raises FileExistsError instead of overwriting, and OSError."""
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        _rename_to_new(source, target)
    else:
        try:
            os.unlink(source)
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(target)
            raise
    sync_folder(target.parent)
    if source.parent != target.parent:
        sync_folder(source.parent)
