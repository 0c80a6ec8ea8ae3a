"""Errors of files, each with a remedy."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from pathlib import Path

from iicl_tui.errors import StoreError
from iicl_tui.store.atomic import NO_ROOM


@dataclass(frozen=True)
class Words:
    """What errors say about a kind of file.

    Attributes:
        noun: What it is called.
        name_one: What to do if another file was named.
        missing: What to do if there is none.
        instead: What to do if it cannot be written to here.
        keep: How to keep what is not in the file.
        reopen: What to do if another program changed it.
        folder: What to do if its folder is not writable.
    """

    noun: str
    name_one: str
    missing: str
    instead: str
    keep: str
    reopen: str
    folder: str


SESSION = Words(
    "session",
    "Name a session file.",
    "Check the name. The home screen lists all sessions.",
    "Branch from it, or save a copy.",
    "Save a copy under another name. It has everything that was recorded so far.",
    "Save a copy under another name, or close the session and open the file as it is now.",
    "Choose a writable folder, for example with --sessions DIR.",
)
DECISIONS = Words(
    "file of decisions",
    "Name a file that `iicl-tui review` has made.",
    "Check the name. `iicl-tui review` makes one beside the data.",
    "Close the other program, or decide in a file of your own with --reviewer NAME.",
    "Move it back: the next key tries again. What is in the file is safe.",
    "Leave, and open it again as it is now. Only the last key is not in it.",
    "Choose a file in a writable folder with -o DECISIONS.",
)
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


def from_os_error(error: OSError, doing: str, path: str | os.PathLike[str], words: Words = SESSION) -> StoreError:
    """The StoreError for an OSError. doing: the verb of "Could not write NAME"."""
    title = f"Could not {doing} {name_of(path)}"
    where = f"{path}: {error.strerror or error}."
    if isinstance(error, FileNotFoundError):
        return MissingFile(title, where, words.missing)
    if isinstance(error, FileExistsError):
        return ExistingFile(title, where, "Choose another name. Nothing was overwritten.")
    if error.errno in NO_ROOM:
        return FullDisk(title, where, "Free space on the disk and try again, or save a copy in another folder.")
    if doing in ("read", "open", "list"):
        return StoreError(title, where, "Check the name and its permissions.")
    if error.errno in REFUSED:
        return ReadOnlyFile(title, where, words.folder)
    return StoreError(title, where, "Try again, or save a copy in another folder.")
