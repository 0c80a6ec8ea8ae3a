"""Reads untrusted files within limits: nothing endless, nothing huge, nothing nested without end."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
import tomllib
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

MOST_TEXT = 16_000_000
"""Bytes in a configuration, a list of decisions or the settings."""

MOST_DEPTH = 64
MOST_VALUES = 60_000
"""Values in a configuration, which take tomllib some seven microseconds each."""
MOST_RECORDED = 5_000_000
"""Values in a session that is parsed as a whole, since it has another form than the program's."""
_MOST_REFUSED = 20
_MOST_ANYWHERE = 1000
"""Parts of a key in a header or an inline table, or of a text that looks like one. More take tomllib quadratic time and memory."""
_PART = r"""(?:[A-Za-z0-9_-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')"""
_LONG_KEY = re.compile(rf"[ \t]*{_PART}(?:[ \t]*\.[ \t]*{_PART}){{{MOST_DEPTH},}}[ \t]*=")
_VERY_LONG_KEY = re.compile(
    rf"(?<![\w.-])(?<!\.[ \t])(?<!\.[ \t][ \t]){_PART}(?:[ \t]{{0,2}}\.[ \t]{{0,2}}{_PART}){{{_MOST_ANYWHERE},}}+"
)
_QUOTED = re.compile(r"\(['\"].*['\"],?\)|(?P<quote>['\"]).{2,}(?P=quote)", re.DOTALL)
"""A key or a text in a message of tomllib. A single character, as in “Expected '='”, is none."""
_TEXT = re.compile(r'"(?:[^"\\\n]|\\.)*+"')
_LONG_NUMBER = re.compile(r"(?<![\w\"])[+-]?[0-9][0-9_]{4299,}")


@dataclass
class OutsideFiles:
    """Whether a configuration may name files outside its folder.

    Attributes:
        allowed: Whether it may.
        denied: Files that it may not name in any case.
        home: Its folder, if names in it are looked up elsewhere.
        refused: Files that it named and may not.
    """

    allowed: bool = False
    denied: frozenset[Path] = frozenset()
    home: Path | None = None
    refused: list[Path] = field(default_factory=list)


_outside: ContextVar[OutsideFiles] = ContextVar("outside", default=OutsideFiles())  # noqa: B039 (nobody looks at its list)


@contextlib.contextmanager
def outside_files(outside: OutsideFiles) -> Iterator[OutsideFiles]:
    """Sets, for the time of a `with`, whether configurations may name files outside their folders."""
    token = _outside.set(outside)
    try:
        yield outside
    finally:
        _outside.reset(token)


@contextlib.contextmanager
def at_home(home: Path | None) -> Iterator[None]:
    """Takes, for the time of a `with`, this folder for that of the configuration, wherever the names in it are looked up."""
    before = _outside.get()
    with outside_files(replace(before, home=home)) as outside:
        try:
            yield
        finally:
            before.refused = outside.refused


def named_file(name: str, folder: Path | None) -> Path:
    """The file that a configuration names. Raises ValueError for one outside its folder that was not agreed to.

    A configuration may come from elsewhere, and must not have any file read that its author thinks of. folder: None for values
    that do not come from a file.
    """
    file = (folder or Path()) / name
    try:
        there = file.resolve()
    except (OSError, RuntimeError):  # up to Python 3.12, pathlib raises RuntimeError for a loop of links
        raise ValueError("its symbolic links lead in a circle, or it cannot be looked up") from None
    outside = _outside.get()
    home = outside.home or folder
    is_outside = home is not None and not there.is_relative_to(home.resolve())
    if is_outside and (not outside.allowed or there in outside.denied):
        outside.refused = [*outside.refused, there][-_MOST_REFUSED:]
        how = "`iicl-tui run` and `check` read it with --outside, and read_config in Python with outside=True"
        raise ValueError(f"it is outside the folder of this file; {how}")
    return file


class TooLarge(OSError):
    """A file with too many bytes."""


class BeyondLimits(tomllib.TOMLDecodeError):
    """A text that is beyond what this program reads."""


@contextlib.contextmanager
def open_regular(path: Path) -> Iterator[int]:
    """The descriptor of a file, open for reading in a `with`. Raises OSError, also for a folder, a pipe or a device."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "it is a folder, a pipe or a device, not a file")
        yield descriptor
    finally:
        with contextlib.suppress(OSError):  # it was read
            os.close(descriptor)


def read_bytes(path: Path, most: int = MOST_TEXT) -> bytes:
    """The content of a file. Raises OSError, also for a folder, a pipe or a device, and for one with more than `most` bytes."""
    with open_regular(path) as descriptor, open(descriptor, "rb", closefd=False) as stream:
        is_too_large = os.fstat(descriptor).st_size > most  # then nothing is read
        data = b"" if is_too_large else stream.read(most + 1)
    if is_too_large or len(data) > most:
        raise TooLarge(errno.EINVAL, f"it has more than {f'{most // 1_000_000} MB' if most >= 1_000_000 else f'{most // 1000} kB'}")
    return data


def read_beginning(path: Path, most: int) -> bytes:
    """The first bytes of a file, at most `most`. Raises OSError, also for a folder, a pipe or a device."""
    with open_regular(path) as descriptor, open(descriptor, "rb", closefd=False) as stream:
        return stream.read(most)


def parse_toml(text: str) -> dict[str, Any]:
    """The values of a TOML text.

    Raises:
        BeyondLimits: It has a number of thousands of digits, or is nested more than MOST_DEPTH deep.
        TOMLDecodeError: It is no TOML.
    """
    if (at := _long_key(text)) is not None:
        raise _error(f"A key with more than {MOST_DEPTH} parts", text, at)
    most = MOST_RECORDED if "\n# end: head" in text else MOST_VALUES
    if _separators(text, most) > most:
        raise BeyondLimits(f"More than {most:,} values")
    try:
        values = tomllib.loads(text)
    except RecursionError:
        raise BeyondLimits("Lists or tables nested too deeply") from None
    except tomllib.TOMLDecodeError:
        raise
    except ValueError:  # Python reads no integer of more than 4,300 digits
        number = _LONG_NUMBER.search(text)
        raise _error("A number has thousands of digits", text, number.start() if number else 0) from None
    if is_nested_deeper(values, MOST_DEPTH):
        raise BeyondLimits("Lists or tables nested too deeply")
    return values


def _long_key(text: str) -> int | None:
    """Where a key of too many parts is; None if there is none. Few lines have so many full stops that they must be searched."""
    if text.count(".") < MOST_DEPTH:
        return None
    at = 0
    for line in text.split("\n"):
        dots = line.count(".")
        found = _LONG_KEY.match(line) if dots >= MOST_DEPTH else None
        if found is None and dots >= _MOST_ANYWHERE:
            found = _VERY_LONG_KEY.search(line)
        if found is not None:
            return at + found.start()
        at += len(line) + 1
    return None


def _separators(text: str, most: int) -> int:
    """How many values a text has at most, or so many that it does not matter if they are not more than `most`."""
    count = text.count(",") + text.count("=")
    if count > most:  # perhaps in texts
        bare = _TEXT.sub("", text)
        count = bare.count(",") + bare.count("=")
    return count


def unquoted(error: ValueError) -> str:
    """What is wrong with a TOML text that another file names, without anything that the text says, which may be secret."""
    return _QUOTED.sub("…", str(error))


def is_nested_deeper(value: Any, most: int) -> bool:
    """Whether lists and tables are nested more than `most` deep."""
    level = [value]
    for _ in range(most):
        level = [inner for each in level for inner in _members(each) if isinstance(inner, (dict, list))]
        if not level:
            return False
    return True


def _members(value: Any) -> Any:
    return value.values() if isinstance(value, dict) else value


def _error(message: str, text: str, at: int) -> BeyondLimits:
    line = text.count("\n", 0, at) + 1
    return BeyondLimits(f"{message} (at line {line}, column {at - text.rfind(chr(10), 0, at)})")
