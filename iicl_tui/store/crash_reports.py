"""Crash reports: enough to find the bug, and nothing private.

A report has the traceback, the types of the errors, versions and the terminal's size. It has no environment variables and no local
variables, and it leaves out parts of an error's message that could be a key or come from a file.
"""

from __future__ import annotations

import platform
import re
import sys
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from iicl_tui.store.paths import user_paths
from iicl_tui.text import printable

_PACKAGES = ("iicl-tui", "textual", "rich", "numpy", "plotext")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|‘[^’]*’|“[^”]*”")
_LONG = re.compile(r"\S{24,}")
_PLAIN = re.compile(r"[\w.\- ]{1,24}")


def write(error: BaseException, folder: Path, size: tuple[int, int] | None = None) -> Path | None:
    """Writes the report of this error into the folder. Returns None if that fails too."""
    now = datetime.now(UTC)
    path = folder / f"crash-{now:%Y%m%d-%H%M%S-%f}.txt"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(report(error, now, size), encoding="utf-8")
    except OSError:
        return None
    return path


def report(error: BaseException, now: datetime, size: tuple[int, int] | None = None) -> str:
    """The text of the report. now: with a time zone. size: columns and lines of the terminal."""
    lines = [f"iicl-tui stopped: {type(error).__name__}", f"{now:%Y-%m-%dT%H:%M:%SZ}", ""]
    lines += [f"{name} {version}" for name, version in _versions()]
    lines.append(f"Python {platform.python_version()} on {platform.system()} {platform.release()}")
    lines.append(f"terminal {size[0]} × {size[1]}" if size else "terminal of unknown size")
    for each in _causes(error):
        lines += ["", f"{type(each).__module__}.{type(each).__qualname__}: {redacted(str(each))}"]
        for frame in traceback.extract_tb(each.__traceback__):
            lines.append(f"  {_place(frame.filename)}:{frame.lineno} in {frame.name}")
            if frame.line:
                lines.append(f"    {printable(frame.line, 160)}")
    return "\n".join(lines) + "\n"


def cannot_show(error: BaseException) -> str:
    """One line for something in a list or a preview that a bug in the program keeps from being shown. Writes the report of it."""
    path = write(error, user_paths().state)
    where = f"a report is in {path}" if path else "no report could be written"
    return f"this one cannot be shown because of a bug in the program; {where}"


def sentence(path: Path | None) -> str:
    """The message for the person. path: the report; None if it could not be written."""
    stopped = "iicl-tui stopped because of a bug in the program. Every finished phase is saved in its session file."
    if path is None:
        return f"{stopped}\nA crash report could not be written."
    return f"{stopped}\nA crash report, without keys and without anything from your files, is in\n{path}"


def redacted(text: str) -> str:
    """The first line of an error's message, without quotations and long words, which may be a key or come from a file."""
    text = _QUOTED.sub(lambda match: match[0] if _PLAIN.fullmatch(match[0][1:-1]) else "‹left out›", text)
    text = _LONG.sub("‹left out›", text)
    first = text.splitlines()[0] if text else ""
    return printable(first, 200)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error, then the errors that it was raised from."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)


def _versions() -> Iterator[tuple[str, str]]:
    from importlib import metadata  # slow to import

    for name in _PACKAGES:
        try:
            yield name, metadata.version(name)
        except metadata.PackageNotFoundError:
            yield name, "not installed"


def _place(filename: str) -> str:
    """The file's path without the person's home folder."""
    path = Path(filename)
    for root in (*map(Path, sys.path), Path.home()):
        if root.is_absolute() and root != Path("/") and path.is_relative_to(root):
            return str(path.relative_to(root))
    return path.name
