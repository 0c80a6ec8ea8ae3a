"""Files that are there whole or not at all, also after a power cut."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EACCES}


NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def write_all(descriptor: int, data: bytes, offset: int) -> None:
    """Write all of data at the offset, however few bytes the system takes at a time. Raises OSError."""
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, offset)
        if written == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        view = view[written:]
        offset += written


def sync_folder(folder: Path) -> None:
    """Make a new or changed name durable. A system that cannot open or sync folders has nothing to offer here."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    with contextlib.suppress(OSError):
        os.fsync(descriptor)
    os.close(descriptor)


@contextmanager
def _written_beside(path: Path, data: Iterable[bytes]) -> Iterator[tuple[int, Path]]:
    """A whole, fsynced file in path's folder under a name of its own; gone again, unless it was renamed, on leaving."""
    temporary = path.with_name(f".{os.urandom(8).hex()}.tmp")
    descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        size = 0
        for part in data:
            write_all(descriptor, part, size)
            size += len(part)
        os.fsync(descriptor)
        yield descriptor, temporary
    except BaseException:
        os.close(descriptor)
        raise
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)


def reserve(path: Path, size: int, room: int) -> None:
    """Raises OSError (ENOSPC, EDQUOT, EFBIG) where a file of this size could not grow by so many bytes. The file is not touched.

    The bytes are taken for a moment by a file beside it, which has no name any more when they are.
    """
    free = _free(path.parent)
    if free is not None and free < room:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if not hasattr(os, "posix_fallocate"):
        return
    scratch = path.with_name(f".{os.urandom(8).hex()}.tmp")
    try:
        descriptor = os.open(scratch, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError:  # a file that may be added to, in a folder where none can be made
        return
    try:
        os.unlink(scratch)
        os.posix_fallocate(descriptor, size, room)
    except OSError as error:
        if error.errno in NO_ROOM:
            raise
    finally:
        os.close(descriptor)


def _free(folder: Path) -> int | None:
    """Bytes; None on a system that does not say."""
    try:
        disk = os.statvfs(folder)
    except (OSError, AttributeError):
        return None
    return disk.f_bavail * disk.f_frsize


def create(path: Path, data: bytes) -> int:
    """A new file with this content; returns its descriptor, open for reading and writing.

    The name appears only when the content is safe on the disk. Raises FileExistsError rather than overwrite, else OSError.
    """
    with _written_beside(path, [data]) as (descriptor, temporary):
        try:
            os.link(temporary, path)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            # No hard links on this file system: take the name first, so that nobody's file is replaced.
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
            os.replace(temporary, path)
        sync_folder(path.parent)
    return descriptor


def replace(path: Path, data: bytes | Iterable[bytes]) -> None:
    """Write the file anew, keeping its permissions; a symbolic link stays one. Raises OSError, the old file untouched.

    data: also in parts, so that a long file need not be in memory as a whole.
    """
    path = Path(os.path.realpath(path))
    with _written_beside(path, [data] if isinstance(data, bytes) else data) as (descriptor, temporary):
        with contextlib.suppress(OSError):
            os.fchmod(descriptor, path.stat().st_mode & 0o7777)
        os.replace(temporary, path)
        sync_folder(path.parent)
    os.close(descriptor)


def move(source: Path, target: Path) -> None:
    """Give a file another name. Raises FileExistsError rather than overwrite, else OSError."""
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
        os.replace(source, target)
    else:
        os.unlink(source)
    sync_folder(target.parent)
    if source.parent != target.parent:
        sync_folder(source.parent)
