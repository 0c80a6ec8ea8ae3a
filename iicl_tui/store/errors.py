"""Errors of files, each with a remedy."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from iicl_tui.errors import StoreError
from iicl_tui.store.atomic import NO_ROOM

REFUSED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


class MissingFile(StoreError):
    """There is no such file."""

    exit_code = 2


class DeletedFile(StoreError):
    """The file was deleted or moved while it was open. Nothing was written."""


class ChangedFile(StoreError):
    """Another program changed the file since this program wrote it. Nothing was written."""


class ExistingFile(StoreError):
    """A file of this name exists already and is not overwritten."""

    exit_code = 2


class FullDisk(StoreError):
    """The disk is full. The file is unchanged, and the same write can be tried again."""


class ReadOnlyFile(StoreError):
    """The file or its folder is not writable."""


def name_of(path: str | os.PathLike[str]) -> str:
    """The last part of a path. A folder such as `.` or `..`, which has none, gives its own name."""
    name = Path(path).name
    return name if name.strip(".") else Path(os.path.abspath(path)).name or str(path)


def from_os_error(error: OSError, doing: str, path: str | os.PathLike[str]) -> StoreError:
    """The StoreError for an OSError. doing: the verb of "Could not write NAME"."""
    title = f"Could not {doing} {name_of(path)}"
    where = f"{path}: {error.strerror or error}."
    if isinstance(error, FileNotFoundError):
        return MissingFile(title, where, "Check the name. The home screen lists all sessions.")
    if isinstance(error, FileExistsError):
        return ExistingFile(title, where, "Choose another name. Nothing was overwritten.")
    if error.errno in NO_ROOM:
        return FullDisk(title, where, "Free space on the disk and try again, or save a copy in another folder.")
    if doing in ("read", "open", "list"):
        return StoreError(title, where, "Check the name and its permissions.")
    if error.errno in REFUSED:
        return ReadOnlyFile(title, where, "Choose a writable folder, for example with --sessions DIR.")
    return StoreError(title, where, "Try again, or save a copy in another folder.")
