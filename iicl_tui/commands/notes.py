"""iicl-tui notes [SESSION|LESSON]: the speaker's notes, in a second terminal that follows the one in presenter mode.

The key i explains the words of the page, a second time exactly; q ends it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path

from iicl_tui.commands.common import surroundings
from iicl_tui.errors import LabError
from iicl_tui.files import OutsideFiles, outside_files
from iicl_tui.lessons import library, notes
from iicl_tui.lessons.prepared import Prepared, prepare_now
from iicl_tui.lessons.reading import read_lesson
from iicl_tui.present import speaker_notes
from iicl_tui.present.explain import DEPTHS, Depth
from iicl_tui.present.presenting import Position, read
from iicl_tui.present.speaker_notes import Line
from iicl_tui.store.session import SessionFile
from iicl_tui.text import printable

_EVERY = 0.3
"""Seconds between two looks at the file."""
_ENTER, _LEAVE = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"
_CLEAR = "\x1b[2J"
_HOME, _REST, _BOLD, _PLAIN = "\x1b[H", "\x1b[K", "\x1b[1m", "\x1b[0m"


def main(arguments: argparse.Namespace) -> int:
    """Shows the notes until q or Ctrl+C; without a terminal, prints them once. Raises LabError."""
    state = surroundings(arguments)[0].state
    wanted = _named(arguments.name) if arguments.name is not None else None
    if not sys.stdout.isatty():
        for line in page(read(state), wanted, shutil.get_terminal_size((100, 30)).columns):
            print(line.text)
        return 0
    _handle_signals()
    sys.stdout.write(_ENTER)
    try:
        with single_keys() as key:
            follow(lambda width: page(read(state), wanted, width), key)
    except (KeyboardInterrupt, OSError):  # OSError: the terminal was closed
        pass
    finally:
        with suppress(OSError):
            sys.stdout.write(_LEAVE)
            sys.stdout.flush()
    return 0


def _handle_signals() -> None:
    """Gives the terminal back on a signal that ends or suspends programs."""

    def suspend(number: int, frame: object) -> None:
        sys.stdout.write(_LEAVE)
        sys.stdout.flush()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        signal.signal(number, suspend)  # it was continued
        sys.stdout.write(f"{_ENTER}{_CLEAR}")
        _shown.clear()

    for name in ("SIGTERM", "SIGHUP", "SIGQUIT"):
        with suppress(AttributeError):  # not on this system
            signal.signal(getattr(signal, name), signal.default_int_handler)
    with suppress(AttributeError):
        signal.signal(signal.SIGTSTP, suspend)


_shown: list[tuple[list[Line], os.terminal_size]] = []
"""What is on the terminal; empty if nothing is."""


def follow(make: Callable[[int], list[Line]], key: Callable[[float], str]) -> None:
    """Draws a page again whenever it, or the terminal's size, is another. Ends with q or KeyboardInterrupt.

    Args:
        make: Makes the page of a width.
        key: Waits so many seconds at most for a key, and returns it, or "".
    """
    _shown.clear()
    depths: tuple[Depth | None, ...] = (None, *DEPTHS)
    at, pressed = 0, ""
    while pressed != "q":
        at = (at + (pressed == "i")) % len(depths)
        depth = depths[at]
        size = shutil.get_terminal_size((100, 30))
        lines = [*make(size.columns), Line(""), Line(speaker_notes.KEYS)]
        if depth is not None:
            lines = speaker_notes.words_page(lines, depth, size.columns)
        if _shown != [(lines, size)]:
            sys.stdout.write(drawn(lines, size.lines))
            sys.stdout.flush()
            _shown[:] = [(lines, size)]
        pressed = key(_EVERY)


@contextmanager
def single_keys() -> Iterator[Callable[[float], str]]:
    """Gives a reader of single keys. It waits and gives none where standard input is no terminal."""

    def no_key(seconds: float) -> str:
        time.sleep(seconds)
        return ""

    if not sys.stdin.isatty():
        yield no_key
        return
    import select
    import termios
    import tty

    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)

    def key(seconds: float) -> str:
        if not select.select([terminal], [], [], seconds)[0]:
            return ""
        read_now = os.read(terminal, 1)
        if not read_now:
            raise OSError("the terminal was closed")
        return read_now.decode("ascii", "replace")

    try:
        tty.setcbreak(terminal)
        yield key
    finally:
        with suppress(termios.error):  # the terminal was closed
            termios.tcsetattr(terminal, termios.TCSADRAIN, before)


def drawn(lines: list[Line], height: int) -> str:
    """A page as a terminal takes it. What does not fit is left out, and said to be."""
    if len(lines) > height:
        lines = [*lines[: height - 1], Line("… make the window larger to read on")]
    texts = [f"{_BOLD}{line.text}{_PLAIN}" if line.kind == "heading" else line.text for line in lines]
    return _HOME + f"{_REST}\r\n".join(texts) + "\x1b[J"


def page(position: Position | None, wanted: Path | None, width: int) -> list[Line]:
    """The page for a position; without one, or for another talk than the one that is wanted, the notes to read before."""
    if position is not None and (wanted is None or Path(position.path) == wanted):
        return _page_of(position, width)
    lines = [Line(part) for part in textwrap.wrap(speaker_notes.NOBODY, max(width, 20))]
    if wanted is None:
        return lines
    return [*lines, Line(""), *_overview(wanted, width)]


def _page_of(position: Position, width: int) -> list[Line]:
    path = Path(position.path)
    try:
        if position.kind == "lesson":
            with outside_files(OutsideFiles(True)):  # who presents it has agreed to what it names
                lesson = _lesson(path, _changed(path))
            return speaker_notes.lesson_page(lesson, position, width)
        return speaker_notes.session_page(notes.load(path), _session(path, _changed(path))[1], position, width)
    except LabError as error:
        return [Line(position.title, "heading"), Line(printable(str(error).replace("\n", " "), 400))]


def _overview(path: Path, width: int) -> list[Line]:
    if library.is_lesson(path):
        return speaker_notes.lesson_overview(_lesson(path, _changed(path)), width)
    title, notice = _session(path, _changed(path))
    return speaker_notes.session_overview(title, notes.load(path), notice, width)


@lru_cache(maxsize=4)
def _lesson(path: Path, changed: float) -> Prepared:
    return prepare_now(read_lesson(path))


@lru_cache(maxsize=4)
def _session(path: Path, changed: float) -> tuple[str, tuple[str, ...]]:
    with SessionFile.open(path, read_only=True) as file:
        title, notice = file.config.title, file.config.notice
    return printable(title, 200), tuple(printable(each, 300) for each in notice)


def _changed(path: Path) -> float:
    """When a file was changed, so that it is read again then."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _named(name: str) -> Path:
    """The file of a session or a lesson that a person names. Raises LabError if there is neither."""
    path = Path(name)
    if path.suffix == ".toml":
        if not path.is_file():
            raise LabError(f"There is no file {printable(name, 200)}", "", "Name a session's or a lesson's file, or a lesson.")
        return path.resolve()
    return library.find(name).resolve()
